/** express-openid-connect with a store for its own sessions: it puts them into a store of the session library by itself, under
 * ids and a cookie of its own, beside the middleware of the application. */
import type { Request, RequestHandler } from 'express';
import type expressSession from 'express-session';
import { createApp, dataOf } from '../peers/site';
import { back } from './oauth2-server';
import { CLIENT, oidcServer, REALM } from './oidc-server';
import { load } from './packages';
import { describePackage, type Run } from './side-by-side';
import type { Visitor } from './visitor';

interface OidcRequest {
  readonly oidc: { user?: { sub: string } };
}

interface OidcResponse {
  readonly oidc: { logout(): void };
}

/** The claims of a site that asks the provider's middleware who is there. */
function jwtFromReq(req: object): object | null {
  const { oidc } = req as Partial<OidcRequest>;
  return oidc?.user === undefined ? null : { sub: oidc.user.sub };
}

interface Setup {
  /** Whether both keep their sessions in one store. */
  readonly isShared: boolean;
  /** Whether the session is mounted first, and is told who has signed in, and out. */
  readonly isTold: boolean;
}

async function open(run: Run, { isShared, isTold }: Setup): Promise<Visitor> {
  const { url } = await run.listen(oidcServer().listener);
  const app = createApp();
  const visitor = await run.visitor(app);
  const store: expressSession.Store = new run.side.library.MemoryStore();
  const auth = load<{ auth(options: object): RequestHandler }>('express-openid-connect').auth({
    authRequired: false,
    issuerBaseURL: url + REALM,
    baseURL: visitor.url,
    clientID: CLIENT.id,
    clientSecret: CLIENT.secret,
    secret: 'a secret of the application, and a long one',
    authorizationParams: { response_type: 'code' },
    idpLogout: false,
    session: { store: isShared ? store : new run.side.library.MemoryStore() },
    ...(isTold && { afterCallback: remember, routes: { logout: false } }),
  });
  app.use(isTold ? [run.session({ store }), auth] : [auth, run.session({ store, jwtFromReq })]);
  if (isTold) {
    app.get('/logout', (req, res) => {
      delete dataOf(req).user;
      (res as unknown as OidcResponse).oidc.logout();
    });
  }
  app.get('/cart', (req, res) => {
    dataOf(req).cart = ['apple'];
    res.send('in the cart');
  });
  app.get('/', (req, res) => {
    const { oidc } = req as unknown as OidcRequest;
    const { cart = ['nothing'] } = dataOf(req) as { cart?: string[] };
    res.send(`${oidc.user?.sub ?? 'nobody'}, ${cart.join()}`);
  });
  return visitor;
}

/** The session is told of it. */
function remember(req: Request, _res: unknown, session: { id_token: string }): object {
  const payload = Buffer.from(session.id_token.split('.')[1] ?? '', 'base64url').toString();
  dataOf(req).user = (JSON.parse(payload) as { sub: string }).sub;
  return session;
}

/** What a verifier would read in the cookie. */
function subjectOf({ jar }: Visitor): string {
  const [, payload] = (jar.get('connect.sid') ?? '').split('.');
  try {
    const { sub } = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as { sub?: string };
    return sub ?? 'nobody';
  } catch {
    return 'nothing';
  }
}

describePackage('express-openid-connect', ['express-openid-connect'], (sideBySide) => {
  const setups: Readonly<Record<string, Setup>> = {
    'with a store of its own': { isShared: false, isTold: false },
    'in the store of the session': { isShared: true, isTold: false },
    'and tells the session': { isShared: true, isTold: true },
  };
  for (const [title, setup] of Object.entries(setups)) {
    const also = setup.isTold ? ' +connect.sid' : '';
    sideBySide(
      `signs in and out ${title}`,
      {
        'fills a cart': '200 in the cart +connect.sid',
        'wants to sign in': '302 elsewhere/realms/test/protocol/openid-connect/auth +auth_verification',
        'comes back': `302 / -auth_verification -_auth_verification -skipSilentLogin +appSession${also}`,
        'is signed in': '200 ann, apple +appSession',
        'looks again': '200 ann, apple +appSession',
        'the cookie says': 'nothing',
        'whoever has the cookie from before': '200 nobody, apple',
        'signs out': `302 / +skipSilentLogin -appSession${also}`,
        'is gone': '200 nobody, apple',
        'the cookie says now': 'nothing',
        'whoever has the cookies of the session': '200 nobody, apple -appSession',
      },
      async (run) => {
        const ann = await open(run, setup);
        await ann.visit('fills a cart', '/cart');
        const address = await back(await ann.visit('wants to sign in', '/login'));
        const planted = ann.copy();
        await ann.visit('comes back', address);
        await ann.visit('is signed in', '/');
        await ann.visit('looks again', '/');
        ann.note('the cookie says', subjectOf(ann));
        await planted.visit('whoever has the cookie from before', '/');
        const copy = ann.copy();
        await ann.visit('signs out', '/logout');
        await ann.visit('is gone', '/');
        ann.note('the cookie says now', subjectOf(ann));
        await copy.visit('whoever has the cookies of the session', '/');
      },
    );
  }
});
