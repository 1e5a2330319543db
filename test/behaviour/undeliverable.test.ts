// Rotations whose token cannot be delivered: nothing of the request is stored, and a coded error says why.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { Request, Response } from 'express';
import request from 'supertest';
import session from '../../src';
import { cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { keys } from '../support/keys';
import { lateCodes, lateErrors } from '../support/late-errors';
import { sesOf } from '../support/session-tokens';
import { type Handler } from '../support/server';
import { asStore, countHits, data, serve, showHits, type Site, turn } from '../support/site';
import { ForeignStore } from '../support/stores';

const CODE = 'ERR_SESSION_TOKEN_UNDELIVERABLE';

/** What `save()` rejected with, in the response. */
const codeOf = (error: unknown): string => String((error as { code?: unknown }).code);

/** Signs in by claims, and changes the data as well. */
function signIn(req: Request): void {
  data(req).user = 'ada';
  data(req).hits = 50;
}

const jwtFromReq = (req: Request): object | null => {
  const { session: current } = req as { session?: { user?: unknown; mode?: unknown } };
  const { user } = current ?? {};
  if (user === undefined) return null;
  if (user === 'thrower') throw new Error('no claims today');
  return user === 'endless' ? { user, list: 'x'.repeat(4096) } : { user };
};

/** A way in which no token can be sent any more, or at all. */
interface Way {
  options?: session.SessionOptions;
  /** What happens to the response before the claims change. */
  start?: (res: Response) => unknown;
  signIn?: (req: Request) => void;
  headers?: Record<string, string>;
}

const ways: Record<string, Way> = {
  'headers that write has sent': { start: (res) => res.write('a') },
  'headers that flushHeaders has sent': {
    start: (res) => {
      res.flushHeaders();
    },
  },
  'headers that writeHead has sent': { start: (res) => res.writeHead(200) },
  'headers that pipe has sent': {
    start: (res) => Readable.from(['a']).pipe(res, { end: false }),
  },
  'a secure cookie and an insecure connection': { options: { cookie: { secure: true } } },
  'no private key': { options: { keys: { public: keys.public } } },
  'a jwtFromReq that throws': {
    signIn: (req) => {
      signIn(req);
      data(req).user = 'thrower';
    },
  },
  'a token over 4096 bytes': {
    signIn: (req) => {
      signIn(req);
      data(req).user = 'endless';
    },
  },
};

describe('a token that cannot be delivered', () => {
  let store: ForeignStore;
  beforeEach(() => {
    store = new ForeignStore();
  });

  /** The cookie of a session with one hit, made where nothing stands in the way. */
  async function begin(way: Way): Promise<string> {
    const { cookie } = way.options ?? {};
    const options = { store: asStore(store), jwtFromReq, proxy: true, ...(cookie && { cookie }) };
    const site = await serve(options, { '/': countHits });
    const res = await request(`http://127.0.0.1:${String(site.port)}`)
      .get('/')
      .set('X-Forwarded-Proto', 'https');
    return cookieOf(res);
  }

  function start(way: Way, act: (req: Request, res: Response) => unknown): Promise<Site> {
    const handler: Handler = async (req, res) => {
      if (way.start) {
        way.start(res);
        while (!res.headersSent) await turn();
        await turn();
      }
      (way.signIn ?? signIn)(req);
      await act(req, res);
    };
    return serve({ store, jwtFromReq, ...way.options }, { '/': showHits, '/login': handler });
  }

  for (const [name, way] of Object.entries(ways)) {
    it(`because of ${name}: nothing of the request is stored, and a late error says so (B213 B214)`, async () => {
      const cookie = await begin(way);
      const before = [...store.records];
      const site = await start(way, (_, res) => res.end('b'));
      const res = await site.visit('/login', cookie);
      assert.ok(res.text.endsWith('b'));
      assert.equal(setCookie(res), undefined);
      assert.deepEqual([...store.records], before);
      assert.deepEqual(await lateCodes(site), [CODE]);
      assert.equal((await site.visit('/', cookie)).text, '1');
    });

    it(`because of ${name}: save rejects with a code, and nothing is stored (B214 B219)`, async () => {
      const cookie = await begin(way);
      const before = [...store.records];
      let code = '';
      const site = await start(way, async (req, res) => {
        await req.session.save().catch((error: unknown) => (code = codeOf(error)));
        res.end();
      });
      const res = await site.visit('/login', cookie);
      assert.equal(code, CODE);
      assert.equal(setCookie(res), undefined);
      assert.deepEqual([...store.records], before);
      assert.equal((await site.visit('/', cookie)).text, '1');
    });

    it(`because of ${name}: renewToken fails, and nothing has changed (B249)`, async () => {
      const cookie = await begin(way);
      const before = [...store.records];
      let code = '';
      const site = await start(way, async (req, res) => {
        await req.session.renewToken().catch((error: unknown) => (code = codeOf(error)));
        res.end();
      });
      await site.visit('/login', cookie);
      assert.equal(code, CODE);
      assert.deepEqual([...store.records], before);
    });
  }

  it('says what was in the way, where there is more to say (B214)', async () => {
    for (const [name, message] of [
      ['a jwtFromReq that throws', /no claims today/],
      ['a token over 4096 bytes', /4096/],
      ['no private key', /keys.*private/],
    ] as const) {
      const way = ways[name] ?? assert.fail();
      const cookie = await begin(way);
      const site = await start(way, (_, res) => res.end());
      await site.visit('/login', cookie);
      assert.match((await lateErrors(site)).join(), message);
    }
  });

  it('because of a handshake, whose response is {}: save rejects, and nothing is stored (B214 B262)', async () => {
    const cookie = await begin({});
    const before = [...store.records];
    const middleware = session({ keys, store: asStore(store), jwtFromReq });
    const req = { url: '/', method: 'GET', headers: { cookie } } as unknown as Request;
    const error = await new Promise<unknown>((resolve) => {
      void middleware(req, {} as unknown as Response, resolve);
    });
    assert.equal(error, undefined);
    signIn(req);
    await assert.rejects(req.session.save(), { code: CODE });
    assert.deepEqual([...store.records], before);
    // Without another claim a handshake may change the session, as ever.
    data(req).user = undefined;
    assert.equal(await req.session.save(), true);
  });

  it('is no matter to new sessions: nobody else has their token (B044 B083 B213)', async () => {
    const site = await serve({ store, jwtFromReq, cookie: { secure: true } }, (req, res) => {
      signIn(req);
      res.end();
    });
    const res = await site.visit('/');
    assert.equal(setCookie(res), undefined);
    assert.equal(store.records.size, 1);
    assert.deepEqual(await lateErrors(site), []);
  });

  it('cannot be renewed in a new session whose headers have left: nothing is stored (B249)', async () => {
    const site = await serve(
      { store, jwtFromReq },
      {
        '/': async (req, res) => {
          res.write('a');
          await turn();
          data(req).hits = 1;
          await assert.rejects(req.session.renewToken(), { code: CODE });
          delete data(req).hits;
          res.end('b');
        },
      },
    );
    assert.equal((await site.visit('/')).text, 'ab');
    assert.deepEqual(store.calls, []);
  });

  for (const [when, isLate] of [
    ['before its headers', false],
    ['after its headers', true],
  ] as const) {
    it(`of a new session since jwtFromReq throws ${when}: save rejects, nothing is stored (B214 B219)`, async () => {
      const site = await serve(
        { store, jwtFromReq },
        {
          '/': async (req, res) => {
            if (isLate) {
              res.write('a');
              await turn();
            }
            data(req).user = 'thrower';
            await assert.rejects(req.session.save(), { code: CODE, message: /no claims today/ });
            res.end('b');
          },
        },
      );
      const res = await site.visit('/');
      assert.ok(res.text.endsWith('b'));
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(store.calls, []);
    });
  }

  it('since the same user has too many claims now is told late: data saved, and the old token goes on (B213 B214)', async () => {
    const claims = (req: Request) => ({ sub: 'ada', list: data(req).list ?? [] });
    const site = await serve(
      { store, jwtFromReq: claims },
      {
        '/': countHits,
        '/grow': (req, res) => {
          data(req).list = ['x'.repeat(4096)];
          return countHits(req, res);
        },
      },
    );
    const first = await site.visit('/');
    const grown = await site.visit('/grow', cookieOf(first));
    assert.equal(grown.text, '2');
    assert.equal(setCookie(grown), undefined);
    assert.match((await lateErrors(site)).join(), /^jwtFromReq returned too many claims.*4096$/);
    assert.equal((await site.visit('/', cookieOf(first))).text, '3');
  });

  it('is no matter where the same user gets another claim: data saved, and the token goes with a later response (B213)', async () => {
    const claims = (req: Request) => ({ sub: 'ada', role: data(req).role ?? 'user' });
    const options = { store: asStore(store), jwtFromReq: claims, jwt: { expiresIn: 600 } };
    const site = await serve(options, {
      '/': countHits,
      '/stream': async (req, res) => {
        res.write('a');
        await turn();
        data(req).role = 'admin';
        res.end('b');
      },
    });
    const first = await site.visit('/');
    const streamed = await site.visit('/stream', cookieOf(first));
    assert.equal(setCookie(streamed), undefined);
    assert.deepEqual(await lateErrors(site), []);
    const stored = JSON.parse([...store.records.values()][0] ?? '') as { role: string };
    assert.equal(stored.role, 'admin');
    const next = await site.visit('/', cookieOf(first));
    assert.equal(next.text, '2');
    assert.equal(sesOf(next).gen, 1);
    assert.equal(decode(tokenOf(next)).payload.role, 'admin');
  });
});
