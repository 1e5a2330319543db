import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto';
import type { RequestHandler } from 'express';
import request from 'supertest';
import session from '../src';
import { breakSignature, byHand } from './support/by-hand';
import { record } from './support/contents';
import { cookieOf, decode, setCookie, tokenOf } from './support/cookies';
import { methods, serve, storedCookie } from './support/exchange';
import { ecdsa } from './support/forge';
import { keys } from './support/keys';
import { lateCodes, lateErrors } from './support/late-errors';
import { legacySecret, startLegacySession } from './support/legacy';
import { loose } from './support/loose';
import { idOf, sesOf } from './support/session-tokens';
import { createHttp2Server, serverOf, type Handler, type SessionServer } from './support/server';
import {
  asStore,
  claimsOfSession,
  closeSites,
  countHits,
  data,
  gate,
  open,
  routes,
  turn,
} from './support/site';
import { ForeignStore } from './support/stores';
import { Http2Exchange, withHttp2Client } from './support/wire';

/** Keys with which tokens can be verified, but not issued. */
const verifyOnly = { public: keys.public };

const addUser: Handler = (req, res) => {
  data(req).user = 'bob';
  res.end();
};

/** A server whose middleware finds this on its request or response, left there by what ran before. */
function serveAfter(
  before: RequestHandler,
  options: session.SessionOptions,
  handler: Handler = (_, res) => res.end(),
): SessionServer {
  const middleware = session({ keys, ...options });
  return serverOf((req, res, next) => {
    void before(req, res, () => {
      void middleware(req, res, next);
    });
  }, handler);
}

/** What earlier middlewares have put on the request. */
function adding(members: object): RequestHandler {
  return (req, _res, next) => {
    Object.assign(req, members);
    next();
  };
}

describe('at the edges', () => {
  afterEach(closeSites);

  describe('claims', () => {
    it('that JSON turns into something else than an object are refused (B206)', async () => {
      for (const claims of [new Date(0), { toJSON: () => undefined }]) {
        const { server, store } = serve({ jwtFromReq: () => claims }, countHits);
        const res = await request(server).get('/');
        assert.equal(res.status, 500);
        assert.match(res.text, /jwtFromReq must return an object/);
        assert.equal(setCookie(res), undefined);
        assert.equal(store.records.size, 0);
      }
    });

    it('may be made by a function that reads the id of the session they are for, and its token (B207)', async () => {
      const options: session.SessionOptions = {
        jwtFromReq: (req) => ({ hasId: typeof req.sessionID === 'string', token: typeof req.session.jwt }),
      };
      const { server, store } = serve(options, countHits);
      const first = await request(server).get('/');
      assert.equal(first.text, '1');
      assert.equal(decode(tokenOf(first)).payload.hasId, true);
      assert.deepEqual([...store.records.keys()], [idOf(first)]);
      const second = await request(server).get('/').set('Cookie', cookieOf(first));
      assert.equal(second.text, '2');
    });

    it('that fail at the end of the first request store and send nothing (B206 B214)', async () => {
      const options: session.SessionOptions = {
        jwtFromReq: (req) => {
          if (data(req as never).user) throw new Error('no claims!');
          return { role: 'guest' };
        },
      };
      const { server, store } = serve(options, addUser);
      const site = await open(server);
      const res = await site.visit('/');
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(store.calls, []);
      assert.deepEqual(await lateCodes(site), ['ERR_SESSION_TOKEN_UNDELIVERABLE']);
    });
  });

  describe('a new session whose claims change', () => {
    const jwtFromReq = claimsOfSession;

    it('after it was saved has its first token with the last claims: nobody had another one (B208 B219)', async () => {
      const { server, store } = serve({ jwtFromReq }, async (req, res) => {
        data(req).user = 'bob';
        await req.session.save();
        data(req).role = 'admin';
        res.end();
      });
      const res = await request(server).get('/');
      assert.equal(decode(tokenOf(res)).payload.role, 'admin');
      assert.equal(sesOf(res).gen, 1);
      assert.deepEqual(methods(store), ['set', 'set']);
      assert.deepEqual([...store.records.keys()], [idOf(res)]);
    });

    it('after a first save that failed, beside a second one that is under way, is stored once (B208 B211)', async () => {
      const pending = new ForeignStore();
      const { server } = serve({ jwtFromReq, store: asStore(pending) }, async (req, res) => {
        data(req).user = 'bob';
        pending.failures.set = new Error('boom!');
        await assert.rejects(req.session.save(), /boom!/);
        delete pending.failures.set;
        const held = pending.hold('set');
        const saving = req.session.save();
        await held.reached;
        data(req).role = 'admin';
        res.end();
        held.release();
        await saving;
      });
      const res = await request(server).get('/');
      assert.equal(res.status, 200);
      assert.equal(decode(tokenOf(res)).payload.role, 'admin');
      assert.deepEqual([...pending.records.keys()], [idOf(res)]);
      assert.equal(record(pending, idOf(res))?.role, 'admin');
    });

    it('after only its id was read keeps that id (B208 B241)', async () => {
      let early: string | undefined;
      const { server, store } = serve({ jwtFromReq }, (req, res) => {
        early = req.sessionID;
        addUser(req, res);
      });
      const res = await request(server).get('/');
      assert.equal(idOf(res), early);
      assert.equal(decode(tokenOf(res)).payload.user, 'bob');
      assert.deepEqual(methods(store), ['set']);
    });
  });

  describe('without a private key', () => {
    it('a legacy id that cookie-parser has verified is not upgraded (B186 B198)', async () => {
      const store = new ForeignStore();
      const legacy = await startLegacySession(store, { user: 'bob' });
      const before = store.calls.length;
      const server = serveAfter(
        adding({ signedCookies: { 'connect.sid': legacy.id } }),
        { keys: verifyOnly, store: asStore(store) },
        (req, res) => res.end(String(data(req).user)),
      );
      const res = await request(server).get('/');
      assert.equal(res.text, 'undefined');
      assert.deepEqual(methods(store, before), []);
      assert.equal(record(store, legacy.id)?.user, 'bob');
    });

    it('a new session has an id, but neither token nor jwt (B198 B205)', async () => {
      const { server } = serve({ keys: verifyOnly }, (req, res) => {
        res.end(JSON.stringify([typeof req.session.id, typeof req.session.jwt, typeof session.tokenOf(req)]));
      });
      assert.deepEqual(JSON.parse((await request(server).get('/')).text), [
        'string',
        'undefined',
        'undefined',
      ]);
    });

    it('unset destroy destroys a new session though it was never stored (B122 B198)', async () => {
      const { server, store } = serve({ keys: verifyOnly, unset: 'destroy' }, (req, res) => {
        req.session = null as never;
        res.end('gone');
      });
      const res = await request(server).get('/');
      assert.equal(res.text, 'gone');
      assert.deepEqual(methods(store), ['destroy']);
    });

    it('a new session whose response is written and ended in one tick is an error for next (B198)', async () => {
      const { server, store } = serve({ keys: verifyOnly }, (req, res) => {
        data(req).user = 'bob';
        res.write('first, ');
        res.end('last');
      });
      const res = await request(server).get('/');
      assert.equal(res.status, 500);
      assert.match(res.text, /^keys.*private/);
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(store.calls, []);
    });

    it('a new session whose headers leave early is reported late, the response is whole (B129 B198)', async () => {
      const { server, store } = serve({ keys: verifyOnly }, async (req, res) => {
        data(req).user = 'bob';
        res.write('first, ');
        await turn();
        res.end('last');
      });
      const site = await open(server);
      const res = await site.visit('/');
      assert.equal(res.text, 'first, last');
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(store.calls, []);
      const [message, ...others] = await lateErrors(site);
      assert.match(message ?? '', /keys.*private/);
      assert.deepEqual(others, []);
    });
  });

  describe('responses', () => {
    it('written and ended in one tick throw what the session cannot express, and become an error page (B045)', async () => {
      const { server, store } = serve({}, (req, res) => {
        data(req).self = req.session;
        res.write('first');
        res.end('last');
      });
      const res = await request(server).get('/');
      assert.equal(res.status, 500);
      assert.match(res.text, /circular/);
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(store.calls, []);
    });

    it('whose end throws once the session is stored report that late (B129)', async () => {
      const store = new ForeignStore();
      const throwAfterEnd: RequestHandler = (_req, res, next) => {
        const end = res.end.bind(res) as (...args: unknown[]) => unknown;
        res.end = ((...args: unknown[]) => {
          end(...args);
          throw new Error('the monitor broke');
        }) as never;
        next();
      };
      const site = await open(
        serveAfter(throwAfterEnd, { store: asStore(store) }, (req, res) => {
          data(req).user = 'bob';
          res.end('stored');
        }),
      );
      const res = await site.visit('/');
      assert.equal(res.text, 'stored');
      assert.equal(record(store, idOf(res))?.user, 'bob');
      assert.deepEqual(await lateErrors(site), ['the monitor broke']);
    });

    it('over HTTP/2 leave with flushHeaders after writeHead, the cookie among them (B061)', async () => {
      const headersAreIn = gate();
      const server = createHttp2Server({}, async (req, res) => {
        data(req).user = 'bob';
        res.writeHead(201);
        res.flushHeaders();
        await headersAreIn.pass();
        res.end('done');
      });
      await withHttp2Client(server, async (client) => {
        const exchange = await new Http2Exchange(client, {}, headersAreIn.open).done;
        assert.equal(exchange.headers[':status'], 201);
        assert.match(exchange.setCookie ?? '', /^connect\.sid=/);
        assert.equal(exchange.body, 'done');
      });
    });
  });

  describe('cookies of the request', () => {
    for (const secret of [42, legacySecret, [legacySecret]]) {
      it(`are not verified by req.secret, here ${JSON.stringify(secret)} (B116)`, async () => {
        const store = new ForeignStore();
        const legacy = await startLegacySession(store, { hits: 41 });
        const server = serveAfter(adding({ secret }), { store: asStore(store) }, countHits);
        const res = await request(server).get('/').set('Cookie', legacy.cookie);
        assert.equal(res.status, 200);
        assert.equal(res.text, '1');
        assert.equal(store.count('get'), 0);
      });
    }

    it('with a signed payload that is no JSON are ignored (B021)', async () => {
      const { server, store } = serve({}, countHits);
      const input = ['{"alg":"ES256"}', '{"user":"bob"']
        .map((part) => Buffer.from(part).toString('base64url'))
        .join('.');
      const token = `${input}.${ecdsa(keys.private)(Buffer.from(input)).toString('base64url')}`;
      const res = await request(server).get('/').set('Cookie', `connect.sid=${token}`);
      assert.equal(res.text, '1');
      assert.notEqual(tokenOf(res), token);
      assert.equal(store.count('get'), 0);
    });
  });

  describe('genid', () => {
    it('that returns no string makes an explicit save fail (B095 B144)', async () => {
      const { server, store } = serve(loose({ genid: () => 42 }), async (req, res) => {
        data(req).user = 'bob';
        await assert.rejects(req.session.save(), /genid must return a string/);
        res.end(String(data(req).user));
      });
      const res = await request(server).get('/');
      assert.equal(res.text, 'bob');
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(store.calls, []);
    });

    it('that returns no string leaves nothing to reload (B095 B138)', async () => {
      const { server, store } = serve(loose({ genid: () => 42 }), async (req, res) => {
        const { session: before } = req;
        await assert.rejects(req.session.reload(), /^Error: failed to load session$/);
        assert.equal(req.session, before);
        res.end('reloaded nothing');
      });
      await request(server).get('/').expect(200, 'reloaded nothing');
      assert.deepEqual(store.calls, []);
    });

    it('that returns no string is no matter to sessions that are there: upgrades and rotations call it not (B095 B097 B232)', async () => {
      const store = new ForeignStore();
      const legacy = await startLegacySession(store, { user: 'bob' });
      const options = loose({
        ...{ genid: () => 42, store, secret: legacySecret },
        jwtFromReq: claimsOfSession,
      });
      const { server } = serve(options, routes({ '/': countHits, '/user': addUser }));
      const first = await request(server).get('/').set('Cookie', legacy.cookie);
      assert.equal(first.text, '1');
      assert.deepEqual(sesOf(first), { lid: legacy.id, gen: 1 });
      assert.deepEqual([...store.records.keys()], [legacy.id]);
    });

    it('that returns no string any more when claims change is not asked (B095 B097)', async () => {
      let id: unknown = 'apple';
      const options = loose({ genid: () => id, jwtFromReq: claimsOfSession });
      const { server } = serve(
        options,
        routes({ '/start': countHits, '/count': countHits, '/user': addUser }),
      );
      const cookie = await storedCookie(server);
      id = 42;
      const res = await request(server).get('/user').set('Cookie', cookie);
      assert.equal(res.status, 200);
      assert.deepEqual(sesOf(res), { id: 'apple', gen: 2 });
      assert.equal((await request(server).get('/count').set('Cookie', cookieOf(res))).text, '2');
    });

    it('that throws when a session is regenerated makes that fail (B096 B097)', async () => {
      let isBroken = false;
      const genid = () => {
        if (isBroken) throw new Error('no id!');
        return 'apple';
      };
      const handlers: Record<string, Handler> = {
        '/start': addUser,
        '/regenerate': async (req, res) => {
          isBroken = true;
          await assert.rejects(req.session.regenerate(), /no id!/);
          res.end('refused');
        },
      };
      const { server, store } = serve({ genid }, routes(handlers));
      const cookie = await storedCookie(server);
      const res = await request(server).get('/regenerate').set('Cookie', cookie);
      assert.equal(res.text, 'refused');
      assert.equal(setCookie(res), undefined);
      assert.equal(store.records.size, 0);
    });
  });

  describe('options', () => {
    it('keys may leave out the public half, which follows from the private one (B195)', async () => {
      const store = new ForeignStore();
      const issuing = serve({ keys: { private: keys.private }, store: asStore(store) }, countHits).server;
      const first = await request(issuing).get('/');
      const verifying = serve({ keys: verifyOnly, store: asStore(store) }, countHits).server;
      assert.equal((await request(verifying).get('/').set('Cookie', cookieOf(first))).text, '2');
      assert.equal((await request(issuing).get('/').set('Cookie', cookieOf(first))).text, '3');
    });

    it('keys with a private key in the public place say where it belongs, and do not quote it (B197)', () => {
      const make = () => session({ keys: [{ public: keys.private }] });
      assert.throws(make, (error) => {
        assert(error instanceof TypeError);
        assert.match(
          error.message,
          /keys\[0\]\.public must be a public key.*keep that in keys\[0\]\.private/,
        );
        return !error.message.includes(keys.private.split('\n')[1] ?? '');
      });
    });

    it('keys may be KeyObjects, each in its own place (B195 B197)', async () => {
      const pair = { public: createPublicKey(keys.public), private: createPrivateKey(keys.private) };
      const { server } = serve({ keys: pair }, countHits);
      const cookie = await storedCookie(server);
      assert.equal((await request(server).get('/').set('Cookie', cookie)).text, '2');
      const misplaced = [
        [{ public: pair.private }, /^keys\.public must be a public key, it is a private one/],
        [{ private: pair.public }, /^keys\.private must be a private key, it is a public one/],
        [
          { private: createSecretKey(Buffer.alloc(32)) },
          /^keys\.private must be a private key, it is a secret/,
        ],
      ] as const;
      for (const [given, message] of misplaced) {
        assert.throws(() => session({ keys: given }), { name: 'TypeError', message });
      }
    });

    it('secret must not be an array with an empty text, which anybody could sign with (B112)', () => {
      const make = () => session({ keys, secret: [legacySecret, ''] });
      assert.throws(make, { name: 'TypeError', message: /^secret option must not contain an empty string/ });
    });

    for (const size of [0, -1, 1.5, Infinity, NaN, '10']) {
      it(`tokenCacheSize ${String(size)} (${typeof size}) is refused by the factory`, () => {
        const make = () => session(loose({ keys, tokenCacheSize: size }));
        assert.throws(make, { name: 'TypeError', message: /^tokenCacheSize option must be/ });
      });
    }

    it('tokenCacheSize 1 forgets tokens, but neither sessions nor bad signatures (B019 B020)', async () => {
      const { server } = serve({ tokenCacheSize: 1 }, countHits);
      const cookies = [await storedCookie(server), await storedCookie(server)];
      for (const round of ['2', '3']) {
        for (const cookie of cookies) {
          assert.equal((await request(server).get('/').set('Cookie', cookie)).text, round);
        }
      }
      const broken = `connect.sid=${breakSignature(byHand())}`;
      assert.equal((await request(server).get('/').set('Cookie', broken)).text, '1');
    });
  });
});
