/** keycloak-connect with a stand-in of Keycloak: it keeps its tokens in the session, and ends sessions by their ids past the
 * middleware, on the store. */
import assert from 'node:assert/strict';
import type { RequestHandler } from 'express';
import { createApp, dataOf } from '../peers/site';
import { back } from './oauth2-server';
import { CLIENT, type OidcServer, oidcServer, REALM } from './oidc-server';
import { load } from './packages';
import { describePackage, type Run } from './side-by-side';
import type { Visitor } from './visitor';

interface Keycloak {
  middleware(): RequestHandler[];
  protect(): RequestHandler;
}

type KeycloakConnect = new (options: object, config: object) => Keycloak;

/** The claims of a site that leaves signing in to Keycloak. */
function jwtFromReq({ session }: { session?: unknown }): object | null {
  const grant = ((session ?? {}) as Record<string, string | undefined>)['keycloak-token'];
  if (grant === undefined) return null;
  const { id_token: token } = JSON.parse(grant) as { id_token: string };
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return { sub: (JSON.parse(payload) as { sub: string }).sub };
}

async function open(run: Run): Promise<{ ann: Visitor; provider: OidcServer }> {
  const provider = oidcServer();
  const { url } = await run.listen(provider.listener);
  const store = new run.side.library.MemoryStore();
  const keycloak = new (load<KeycloakConnect>('keycloak-connect'))(
    { store },
    {
      realm: REALM.replace('/realms/', ''),
      'auth-server-url': url,
      resource: CLIENT.id,
      credentials: { secret: CLIENT.secret },
    },
  );
  const app = createApp();
  app.use(run.session({ store, jwtFromReq }));
  app.use(keycloak.middleware());
  app.get('/cart', (req, res) => {
    dataOf(req).cart = ['apple'];
    res.send('in the cart');
  });
  app.get('/', (req, res) => {
    const { cart = ['nothing'] } = dataOf(req) as { cart?: string[] };
    const { grant } = (req as unknown as { kauth: { grant?: object } }).kauth;
    res.send(`${grant ? 'ann' : 'nobody'}, ${cart.join()}`);
  });
  app.get('/account', keycloak.protect(), (_req, res) => {
    res.send('the account of ann');
  });
  return { ann: await run.visitor(app), provider };
}

describePackage('keycloak-connect', ['keycloak-connect'], (sideBySide) => {
  sideBySide(
    'signs in at a protected page, and out',
    {
      'fills a cart': '200 in the cart +connect.sid',
      'asks for a protected page': '302 elsewhere/realms/test/protocol/openid-connect/auth +connect.sid',
      'comes back': '302 /account +connect.sid',
      'sees the page': '200 the account of ann',
      'keeps the cart': '200 ann, apple',
      'whoever has the cookie from before': '200 ann, apple',
      'signs out': '302 elsewhere/realms/test/protocol/openid-connect/logout +connect.sid',
      'is gone': '200 nobody, apple',
      'whoever has the cookie of the session': '200 nobody, apple',
    },
    async (run) => {
      const { ann } = await open(run);
      await ann.visit('fills a cart', '/cart');
      const address = await back(await ann.visit('asks for a protected page', '/account'));
      const planted = ann.copy();
      await ann.visit('comes back', address);
      await ann.visit('sees the page', '/account');
      await ann.visit('keeps the cart', '/');
      await planted.visit('whoever has the cookie from before', '/');
      const copy = ann.copy();
      await ann.visit('signs out', '/logout');
      await ann.visit('is gone', '/');
      await copy.visit('whoever has the cookie of the session', '/');
    },
  );

  sideBySide(
    'is signed out by Keycloak, by the id that the code was exchanged with',
    {
      'the id is that of the session': true,
      'Keycloak signs out': '200 ok',
      'is gone': '200 nobody, apple',
      'goes on': '200 in the cart',
      'asks again': '302 elsewhere/realms/test/protocol/openid-connect/auth',
      'comes back again': '302 /account +connect.sid',
      'is back': '200 ann, apple',
    },
    async (run) => {
      const { ann, provider } = await open(run);
      await ann.open('/cart');
      await ann.open(await back(await ann.open('/account')));
      const [id] = provider.sessionIds;
      ann.note('the id is that of the session', /^[\w-]{32}$/.test(id ?? assert.fail()));
      const admin = run.visitorOf(ann.url);
      const body = provider.token({ action: 'LOGOUT', adapterSessionIds: [id] });
      await admin.visit('Keycloak signs out', '/k_logout', { method: 'POST', body });
      await ann.visit('is gone', '/');
      await ann.visit('goes on', '/cart');
      await ann.visit('comes back again', await back(await ann.visit('asks again', '/account')));
      await ann.visit('is back', '/');
    },
  );
});
