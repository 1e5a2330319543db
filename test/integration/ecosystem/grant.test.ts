/** Grant: it keeps what it knows of the provider in the session, saves it by itself, and leaves the answer there. */
import type { RequestHandler } from 'express';
import { createApp, dataOf } from '../peers/site';
import { back, oauth2Server } from './oauth2-server';
import { load } from './packages';
import { describePackage, type Run } from './side-by-side';
import type { Visitor } from './visitor';

interface Grant {
  express(config: object): RequestHandler;
}

interface GrantData {
  response?: { access_token?: string; error?: string };
}

async function open(run: Run): Promise<Visitor> {
  const provider = await run.listen(oauth2Server());
  const app = createApp();
  const visitor = await run.visitor(app);
  app.use(run.session());
  app.use(
    load<Grant>('grant').express({
      defaults: { origin: visitor.url, transport: 'session', state: true, pkce: true },
      provider: {
        authorize_url: `${provider.url}/authorize`,
        access_url: `${provider.url}/token`,
        oauth: 2,
        key: 'shop',
        secret: 'secret',
        callback: '/signed-in',
      },
    }),
  );
  app.get('/signed-in', (req, res) => {
    const { response } = (dataOf(req).grant ?? {}) as GrantData;
    delete dataOf(req).grant;
    const user = response?.access_token?.replace('token-of-', '');
    if (user !== undefined) dataOf(req).user = user;
    res.send(user ?? response?.error ?? 'nothing came');
  });
  app.get('/', (req, res) => {
    res.send(dataOf(req).user ?? 'nobody');
  });
  return visitor;
}

describePackage('grant', ['grant'], (sideBySide) => {
  sideBySide(
    'signs in by a provider that knows the state and the verifier',
    {
      'wants to sign in': '302 elsewhere/authorize +connect.sid',
      'comes back': '302 /signed-in +connect.sid',
      'is signed in': '200 ann +connect.sid',
      'whoever has the cookie from before': '200 ann',
      'looks around': '200 ann',
    },
    async (run) => {
      const ann = await open(run);
      const address = await back(await ann.visit('wants to sign in', '/connect/provider'));
      await ann.visit('comes back', address);
      const planted = ann.copy();
      await ann.visit('is signed in', '/signed-in');
      await planted.visit('whoever has the cookie from before', '/');
      await ann.visit('looks around', '/');
    },
  );

  sideBySide(
    'refuses the answer to somebody else',
    {
      'comes back': '302 /signed-in +connect.sid',
      'is not signed in': '200 Grant: OAuth2 state mismatch +connect.sid',
    },
    async (run) => {
      const ann = await open(run);
      await ann.open('/connect/provider');
      const foreign = await back(await run.visitorOf(ann.url).open('/connect/provider'));
      await ann.visit('comes back', foreign);
      await ann.visit('is not signed in', '/signed-in');
    },
  );
});
