/** Who has a dump of the store, and a secret, opens no session of ours. */
import assert from 'node:assert/strict';
import cookieParser from 'cookie-parser';
import type { RequestHandler } from 'express';
import session from '../../src';
import { cookieOf, setCookie } from '../support/cookies';
import { recordOf } from '../support/forge';
import { keys } from '../support/keys';
import { legacyCookie, legacySecret } from '../support/legacy';
import { type Handler, serverOf } from '../support/server';
import { asStore, countHits, data, open, routes, serve, showHits, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';

const showData: Handler = (req, res) =>
  res.end(JSON.stringify(req.session, (name, value: unknown) => (name === 'cookie' ? undefined : value)));

const pages: Record<string, Handler> = { '/': countHits, '/show': showHits, '/data': showData };

function siteOn(
  store: ForeignStore,
  options: session.SessionOptions = {},
  more: Record<string, Handler> = {},
) {
  return serve({ secret: legacySecret, store, ...options }, { ...pages, ...more });
}

/** Every text in a JSON value. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(texts);
}

describe('who has a dump of the store and a secret', () => {
  const parserSecret = "cookie-parser's own";

  /** Sessions of all kinds: new, rotated, upgraded. */
  async function fill(site: Site, store: ForeignStore): Promise<string[]> {
    const first = await site.visit('/login');
    await site.visit('/login', cookieOf(await site.visit('/')));
    store.records.set('old-id', recordOf({ hits: 2 }));
    const upgraded = await site.visit('/login', legacyCookie('old-id'));
    const cookies = [first, upgraded].map((res) => cookieOf(res));
    for (const cookie of cookies) assert.notEqual((await site.visit('/show', cookie)).text, 'undefined');
    return [...store.records].flatMap(([id, text]) => [id, ...texts(JSON.parse(text))]);
  }

  const login: Handler = (req, res) => {
    data(req).user = 'victim';
    return countHits(req, res);
  };
  const jwtFromReq = (req: object): object => ({
    user: (req as { session?: { user?: string } }).session?.user,
  });

  for (const secret of [undefined, legacySecret, [legacySecret, 'an older one']]) {
    it(`of cookie-parser opens nothing, the secret option being ${JSON.stringify(secret)} (B116, B186, B221)`, async () => {
      const store = new ForeignStore();
      const middleware = session({ keys, store: asStore(store), jwtFromReq, ...(secret && { secret }) });
      const parse = cookieParser(parserSecret);
      const behind: RequestHandler = (req, res, next) => {
        parse(req, res, () => middleware(req, res, next));
      };
      const headerless: RequestHandler = (req, res, next) => {
        parse(req, res, () => {
          delete req.headers.cookie;
          middleware(req, res, next);
        });
      };
      const own = await siteOn(store, { jwtFromReq }, { '/login': login });
      const dump = await fill(own, store);
      assert.ok(dump.length >= 9);
      for (const handler of [behind, headerless]) {
        const site = await open(serverOf(handler, routes(pages)));
        for (const text of dump) {
          for (const cookie of [
            legacyCookie(text, parserSecret),
            `connect.sid=${encodeURIComponent(text)}`,
            `connect.sid=${encodeURIComponent(`s:${text}`)}`,
          ]) {
            const res = await site.visit('/data', cookie);
            assert.equal(res.text, '{}');
            assert.equal(setCookie(res), undefined);
          }
        }
      }
    });
  }

  it('that express-session had signed its cookies with opens no session of ours, and none that has rotated (B221)', async () => {
    const store = new ForeignStore();
    const site = await siteOn(store, { jwtFromReq }, { '/login': login });
    const dump = await fill(site, store);
    for (const text of dump) {
      const res = await site.visit('/data', legacyCookie(text));
      assert.equal(res.text, '{}');
      assert.equal(setCookie(res), undefined);
    }
    for (const [id, text] of store.records) {
      const { __session: state } = JSON.parse(text) as { __session?: { adopted?: unknown } };
      assert.ok(state);
      assert.equal(state.adopted, id === 'old-id' ? true : undefined);
    }
  });
});
