/** A service that only verifies tokens: without a private key, with or without a store. */
import assert from 'node:assert/strict';
import http from 'node:http';
import session from '../../src';
import { breakSignature, byHand } from '../support/by-hand';
import { record } from '../support/contents';
import { cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { adding, serveAfter } from '../support/earlier-middleware';
import { seconds } from '../support/forge';
import { keys, otherKeys } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { legacyCookie, startLegacySession } from '../support/legacy';
import { loose } from '../support/loose';
import { unset } from '../support/pages';
import { runProgram } from '../support/run-program';
import { type Handler, listen } from '../support/server';
import { idOf, idOfHandle } from '../support/session-tokens';
import { answer, countHits, data, serve, showHits, turn } from '../support/site';
import { ForeignStore, methods } from '../support/stores';

const publicKeys = { public: keys.public };

/** Answers with what the request knows of its session. */
const show: Handler = (req, res) => {
  res.end(
    JSON.stringify({
      id: req.sessionID,
      sessionId: req.session.id,
      jwt: req.session.jwt,
      data: { ...data(req), cookie: undefined },
    }),
  );
};

/** Calls a method of the session and answers with the message of its error, and whether the session is there. */
const call =
  (method: 'save' | 'regenerate' | 'reload' | 'destroy'): Handler =>
  async (req, res) => {
    const message = await req.session[method]().then(
      () => 'done',
      (error: unknown) => (error as Error).message,
    );
    res.end(`${message} ${typeof (req.session as unknown)}`);
  };

const handlers: Record<string, Handler> = {
  '/': show,
  '/hits': countHits,
  '/show-hits': showHits,
  '/save': call('save'),
  '/regenerate': call('regenerate'),
  '/reload': call('reload'),
  '/destroy': call('destroy'),
  '/touch': (req, res) => {
    req.session.touch();
    res.end('touched');
  },
  '/null': unset,
};

/** A new session: nothing in it, and an id that no token has. */
function assertEmpty(res: { text: string }): void {
  const { id, sessionId, ...rest } = JSON.parse(res.text) as Record<string, unknown>;
  assert.deepEqual(rest, { data: {} });
  assert.match(String(id), /^[\w-]{32}$/);
  assert.notEqual(id, idOfHandle('by hand'));
  assert.equal(sessionId, id);
}

/** All ways to make a verifier without a store. */
const statelessOptions: [string, session.SessionOptions][] = [
  ['keys', { keys: publicKeys }],
  ['keysProvider', { keys: undefined, keysProvider: () => Promise.resolve(publicKeys) }],
];

for (const [name, options] of statelessOptions) {
  describe(`a verifier without private key and without store, by ${name}`, () => {
    const verifier = (more: session.SessionOptions = {}) => serve({ ...options, ...more }, handlers);

    it('gives the claims and the id of the session of a valid token, and sets nothing', async () => {
      const token = byHand({ user_id: 101 });
      const site = await verifier({
        rolling: true,
        resave: true,
        saveUninitialized: true,
        cookie: { maxAge: 1000 },
      });
      const res = await site.visit('/', `connect.sid=${token}`);
      const { id, sessionId, jwt, data: found } = JSON.parse(res.text) as Record<string, unknown>;
      assert.equal(id, idOfHandle('by hand'));
      assert.equal(sessionId, id);
      assert.deepEqual(jwt, decode(token).payload);
      assert.deepEqual(found, {});
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(await lateErrors(site), []);
    });

    for (const [kind, cookie] of [
      ['no token', undefined],
      ['a broken token', `connect.sid=${breakSignature(byHand())}`],
      ['a token of another key', `connect.sid=${byHand({}, otherKeys)}`],
      ['an expired token', `connect.sid=${byHand({ exp: seconds() - 1 })}`],
      ['a legacy cookie', legacyCookie('an-id', 'keyboard cat')],
    ] as const) {
      it(`gives an empty session without claims for ${kind}`, async () => {
        const site = await verifier({ secret: 'keyboard cat' });
        const res = await site.visit('/', cookie);
        assertEmpty(res);
        assert.equal(setCookie(res), undefined);
        assert.deepEqual(await lateErrors(site), []);
      });
    }

    it('keeps no change of a session with a valid token, and claims that jwtFromReq finds in it change nothing', async () => {
      const site = await verifier({
        jwtFromReq: (req) => ({ hits: data(req).hits }),
        cookie: { maxAge: 1000 },
      });
      const cookie = `connect.sid=${byHand()}`;
      for (let i = 0; i < 2; i++) {
        const res = await site.visit('/hits', cookie);
        assert.equal(res.text, '1');
        assert.equal(setCookie(res), undefined);
      }
      assert.equal((await site.visit('/touch', cookie)).text, 'touched');
      assert.deepEqual(await lateErrors(site), []);
    });

    it('says that there is no private key where a session without token is to be saved', async () => {
      const site = await verifier();
      const res = await site.get('/hits');
      assert.equal(res.status, 500);
      assert.match(res.text, /keys.*no private key/);
      assert.equal(setCookie(res), undefined);
    });

    for (const [path, cookie, answer] of [
      ['/regenerate', undefined, /^keys.*no private key.* object$/],
      ['/regenerate', `connect.sid=${byHand()}`, /^keys.*no private key.* object$/],
      ['/save', undefined, /^keys.*no private key.* object$/],
      ['/save', `connect.sid=${byHand()}`, /^store option.*no private key.* object$/],
      ['/reload', `connect.sid=${byHand()}`, /^store option.*no private key.* object$/],
      ['/destroy', `connect.sid=${byHand()}`, /^store option.*no private key.* undefined$/],
      ['/destroy', undefined, /^done undefined$/],
    ] as const) {
      it(`answers ${path.slice(1)} ${cookie ? 'with' : 'without'} a token: ${answer.source}`, async () => {
        const site = await verifier();
        const res = await site.visit(path, cookie);
        assert.match(res.text, answer);
        assert.equal(setCookie(res), undefined);
        assert.deepEqual(await lateErrors(site), []);
      });
    }

    it('has no session to begin through req.sessionStore, and keeps the one that it has', async () => {
      const site = await serve(
        { ...options },
        {
          '/': async (req, res) => {
            const { session: before } = req;
            const [error] = await answer((done) => req.sessionStore.regenerate(req, done));
            res.end(`${(error as Error).message} ${String(req.session === before)}`);
          },
        },
      );
      for (const cookie of [undefined, `connect.sid=${byHand()}`]) {
        assert.match((await site.visit('/', cookie)).text, /^keys.*no private key.* true$/);
      }
    });

    it('takes a token without iat, unless there is a limit that counts from there', async () => {
      const cookie = `connect.sid=${byHand({ iat: undefined, user_id: 101 })}`;
      const claimsWith = async (more: session.SessionOptions): Promise<unknown> => {
        const { jwt } = JSON.parse((await (await verifier(more)).visit('/', cookie)).text) as {
          jwt?: { user_id?: number };
        };
        return jwt?.user_id;
      };
      assert.equal(await claimsWith({}), 101);
      assert.equal(await claimsWith({ absoluteTimeout: 60_000 }), undefined);
    });

    it('promises what one process can promise, and shows a store that has nothing', async () => {
      const middleware = session({ ...options });
      assert.equal(middleware.guarantee, 'in this process');
      const { store } = middleware as unknown as { store: session.MemoryStore };
      const [error] = await answer((done) => store.get('some-id', done));
      assert.match(String(error), /store option.*no private key/);
    });

    it("reports that unset: 'destroy' ended nothing", async () => {
      const site = await verifier({ unset: 'destroy' });
      await site.visit('/null', `connect.sid=${byHand()}`);
      const [error] = await lateErrors(site);
      assert.match(error ?? '', /cannot load, save or end a session/);
    });

    it('sends an error of its cookie function to next', async () => {
      let calls = 0;
      const site = await verifier({
        cookie: () => {
          calls += 1;
          if (calls === 2) throw new Error('no cookie today');
          return {};
        },
      });
      const res = await site.get('/', `connect.sid=${byHand()}`);
      assert.equal(res.status, 500);
      assert.equal(res.text, 'no cookie today');
    });

    it('has no memory of its own: a store of the process is not touched', async () => {
      const prototype = session.MemoryStore.prototype as unknown as Record<string, unknown>;
      const site = await serve(options, {
        '/': (req, res) => {
          const { all, touch } = req.sessionStore as unknown as Record<string, unknown>;
          assert.equal(all, undefined);
          assert.equal(touch, undefined);
          res.end();
        },
      });
      assert.equal(typeof prototype.all, 'function');
      await site.visit('/', `connect.sid=${byHand()}`);
    });
  });
}

describe('a verifier without private key and without store', () => {
  it('draws no warning of a MemoryStore in production', async () => {
    const { stdout, stderr } = await runProgram('verifiers without a store, used', {
      NODE_ENV: 'production',
    });
    assert.equal(stdout, '200 200\n');
    assert.equal(stderr, '');
  }).timeout(20_000);

  it('by keysProvider with private keys draws that warning when it makes one', async () => {
    const { stdout, stderr } = await runProgram('an issuer by keysProvider without a store, used', {
      NODE_ENV: 'production',
    });
    assert.equal(stdout, 'made 200\n');
    assert.match(stderr, /MemoryStore is not\ndesigned for a production environment/);
  }).timeout(20_000);
});

describe('a verifier without private key and with a store', () => {
  async function pair(options: session.SessionOptions = {}) {
    const store = new ForeignStore();
    const issuer = await serve({ keys, store }, handlers);
    const verifier = await serve(loose({ keys: publicKeys, store, ...options }), handlers);
    return { store, issuer, verifier, cookie: cookieOf(await issuer.visit('/hits')) };
  }

  it('loads the data, and saves changes under the same token', async () => {
    const { store, issuer, verifier, cookie } = await pair();
    assert.equal((await verifier.visit('/hits', cookie)).text, '2');
    assert.equal((await issuer.visit('/hits', cookie)).text, '3');
    assert.deepEqual([...store.records.keys()], [idOf(cookie.split('=')[1] ?? '')]);
  });

  it('demands that the session exists: a logout elsewhere counts at once', async () => {
    const { issuer, verifier, cookie } = await pair();
    assert.notEqual(
      (JSON.parse((await verifier.visit('/', cookie)).text) as { jwt?: object }).jwt,
      undefined,
    );
    await issuer.visit('/destroy', cookie);
    assertEmpty(await verifier.visit('/', cookie));
    assertEmpty(await verifier.visit('/', `connect.sid=${byHand()}`));
  });

  it('ends a session for all', async () => {
    const { store, issuer, verifier, cookie } = await pair();
    assert.equal((await verifier.visit('/destroy', cookie)).text, 'done undefined');
    assert.equal(store.records.size, 0);
    assert.equal((await issuer.visit('/show-hits', cookie)).text, 'undefined');
  });

  it('refuses to save a new session, which no token could open', async () => {
    const { store, verifier } = await pair();
    const before = [...store.records];
    assert.match((await verifier.visit('/save')).text, /^keys.*no private key.* object$/);
    assert.deepEqual([...store.records], before);
  });

  it('refuses to regenerate, and leaves the session as it is', async () => {
    const { store, issuer, verifier, cookie } = await pair();
    assert.match((await verifier.visit('/regenerate', cookie)).text, /^keys.*no private key.* object$/);
    assert.equal(store.count('destroy'), 0);
    assert.equal((await issuer.visit('/hits', cookie)).text, '2');
  });
});

describe('a verifier of remote keys', () => {
  it('follows the issuer through a rotation and the end of a key', async () => {
    let current: session.KeyPair[] = [keys];
    const endpoint = http.createServer((_, res) => res.end(JSON.stringify(session.jwks(current))));
    const url = `http://127.0.0.1:${String(await listen(endpoint))}/`;
    try {
      const issuer = await serve({ keys: undefined, keysProvider: () => Promise.resolve(current) }, handlers);
      // Keys of this age are fetched again, as after ten minutes.
      let fresh = false;
      const [lasting, shortLived] = [{ cooldown: 0 }, { maxAge: 0 }].map((options) =>
        session.remoteKeys(url, options),
      );
      const verifier = await serve(
        { keys: undefined, keysProvider: (req, token) => (fresh ? shortLived : lasting)?.(req, token) },
        handlers,
      );
      const knows = async (cookie: string) =>
        (JSON.parse((await verifier.visit('/', cookie)).text) as { jwt?: object }).jwt !== undefined;
      const first = await issuer.visit('/hits');
      assert.ok(await knows(cookieOf(first)));
      current = [otherKeys, { public: keys.public }];
      const second = await issuer.visit('/hits');
      assert.ok(await knows(cookieOf(second)));
      assert.ok(await knows(cookieOf(first)));
      assert.ok(!(await knows(`connect.sid=${breakSignature(tokenOf(second))}`)));
      current = [otherKeys];
      fresh = true;
      assert.ok(!(await knows(cookieOf(first))));
      assert.ok(await knows(cookieOf(second)));
    } finally {
      endpoint.closeAllConnections();
      endpoint.close();
    }
  });
});

/** Keys with which tokens can be verified, but not issued. */
const verifyOnly = { public: keys.public };

describe('without a private key', () => {
  it('a legacy id that cookie-parser has verified is not upgraded (B186 B198)', async () => {
    const store = new ForeignStore();
    const legacy = await startLegacySession(store, { user: 'bob' });
    const before = store.calls.length;
    const site = await serveAfter(
      adding({ signedCookies: { 'connect.sid': legacy.id } }),
      { keys: verifyOnly, store },
      (req, res) => res.end(String(data(req).user)),
    );
    const res = await site.get('/');
    assert.equal(res.text, 'undefined');
    assert.deepEqual(methods(store, before), []);
    assert.equal(record(store, legacy.id)?.user, 'bob');
  });

  it('a new session has an id, but neither token nor jwt (B198 B205)', async () => {
    const { get } = await serve({ store: new ForeignStore(), keys: verifyOnly }, (req, res) => {
      res.end(JSON.stringify([typeof req.session.id, typeof req.session.jwt, typeof session.tokenOf(req)]));
    });
    assert.deepEqual(JSON.parse((await get('/')).text), ['string', 'undefined', 'undefined']);
  });

  it('unset destroy destroys a new session though it was never stored (B122 B198)', async () => {
    const { store, get } = await serve(
      { store: new ForeignStore(), keys: verifyOnly, unset: 'destroy' },
      (req, res) => {
        req.session = null as never;
        res.end('gone');
      },
    );
    const res = await get('/');
    assert.equal(res.text, 'gone');
    assert.deepEqual(methods(store), ['destroy']);
  });

  it('a new session whose response is written and ended in one tick is an error for next (B198)', async () => {
    const { store, get } = await serve({ store: new ForeignStore(), keys: verifyOnly }, (req, res) => {
      data(req).user = 'bob';
      res.write('first, ');
      res.end('last');
    });
    const res = await get('/');
    assert.equal(res.status, 500);
    assert.match(res.text, /^keys.*private/);
    assert.equal(setCookie(res), undefined);
    assert.deepEqual(store.calls, []);
  });

  it('a new session whose headers leave early is reported late, the response is whole (B129 B198)', async () => {
    const { store, ...site } = await serve(
      { store: new ForeignStore(), keys: verifyOnly },
      async (req, res) => {
        data(req).user = 'bob';
        res.write('first, ');
        await turn();
        res.end('last');
      },
    );
    const res = await site.visit('/');
    assert.equal(res.text, 'first, last');
    assert.equal(setCookie(res), undefined);
    assert.deepEqual(store.calls, []);
    const [message, ...others] = await lateErrors(site);
    assert.match(message ?? '', /keys.*private/);
    assert.deepEqual(others, []);
  });
});
