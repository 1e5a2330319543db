import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto';
import type { RequestHandler } from 'express';
import request from 'supertest';
import session from '../src';
import { breakSignature, byHand } from './support/by-hand';
import { record } from './support/contents';
import { cookieOf, decode, digest, setCookie, tokenOf } from './support/cookies';
import { methods, serve, storedCookie } from './support/exchange';
import { ecdsa } from './support/forge';
import { keys } from './support/keys';
import { lateErrors } from './support/late-errors';
import { legacyCookie, legacySecret, startLegacySession } from './support/legacy';
import { loose } from './support/loose';
import { createHttp2Server, serverOf, type Handler, type SessionServer } from './support/server';
import { asStore, claimsOfSession, closeSites, countHits, data, gate, open, routes } from './support/site';
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

    it('may be made by a function that reads the id of the session they are for (B207)', async () => {
      const options: session.SessionOptions = {
        jwtFromReq: (req) => ({ hasId: typeof req.sessionID === 'string' }),
      };
      const { server, store } = serve(options, countHits);
      const first = await request(server).get('/');
      assert.equal(first.text, '1');
      assert.equal(decode(tokenOf(first)).payload.hasId, true);
      assert.deepEqual([...store.records.keys()], [digest(tokenOf(first))]);
      const second = await request(server).get('/').set('Cookie', cookieOf(first));
      assert.equal(second.text, '2');
    });

    it('that fail while a token is signed leave the session with those known before (B206)', async () => {
      const options: session.SessionOptions = {
        jwtFromReq: (req) => {
          if (data(req as never).user) throw new Error('no claims!');
          return { role: 'guest' };
        },
      };
      const { server, store } = serve(options, addUser);
      const site = await open(server);
      const res = await site.visit('/');
      assert.equal(decode(tokenOf(res)).payload.role, 'guest');
      assert.equal(record(store, digest(tokenOf(res)))?.user, 'bob');
      assert.deepEqual(await lateErrors(site), ['no claims!']);
    });
  });

  describe('rotation of a new session', () => {
    const jwtFromReq = claimsOfSession;

    it('that was saved already retires what was saved (B208 B211)', async () => {
      const { server, store } = serve({ jwtFromReq }, async (req, res) => {
        data(req).user = 'bob';
        await req.session.save();
        data(req).role = 'admin';
        res.end();
      });
      const res = await request(server).get('/');
      assert.equal(decode(tokenOf(res)).payload.role, 'admin');
      assert.deepEqual(methods(store), ['set', 'set', 'destroy']);
      assert.deepEqual([...store.records.keys()], [digest(tokenOf(res))]);
    });

    it('whose first save has failed while a second one is under way retires that (B208 B211)', async () => {
      const pending = new ForeignStore();
      const { server } = serve({ jwtFromReq, store: asStore(pending) }, async (req, res) => {
        data(req).user = 'bob';
        pending.failures.set = new Error('boom!');
        const failing = req.session.save();
        delete pending.failures.set;
        const held = pending.hold('set');
        const saving = req.session.save();
        await assert.rejects(failing, /boom!/);
        data(req).role = 'admin';
        res.end();
        held.release();
        await saving;
      });
      const res = await request(server).get('/');
      assert.equal(res.status, 200);
      assert.equal(decode(tokenOf(res)).payload.role, 'admin');
      assert.deepEqual([...pending.records.keys()], [digest(tokenOf(res))]);
    });

    it('of which only the id was read has nothing to retire (B208 B211)', async () => {
      let early: string | undefined;
      const { server, store } = serve({ jwtFromReq }, (req, res) => {
        early = req.sessionID;
        addUser(req, res);
      });
      const res = await request(server).get('/');
      assert.notEqual(tokenOf(res), early);
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

    it('a new session has neither id nor jwt (B198 B205)', async () => {
      const { server } = serve({ keys: verifyOnly }, (req, res) => {
        res.end(JSON.stringify([typeof req.session, typeof req.session.id, typeof req.session.jwt]));
      });
      assert.deepEqual(JSON.parse((await request(server).get('/')).text), [
        'object',
        'undefined',
        'undefined',
      ]);
    });

    it('unset destroy has no id to destroy of a new session (B122 B198)', async () => {
      const { server, store } = serve({ keys: verifyOnly, unset: 'destroy' }, (req, res) => {
        req.session = null as never;
        res.end('gone');
      });
      const res = await request(server).get('/');
      assert.equal(res.text, 'gone');
      assert.deepEqual(store.calls, []);
    });

    it('a new session whose headers leave early is reported late, the response is whole (B129 B198)', async () => {
      const { server, store } = serve({ keys: verifyOnly }, (req, res) => {
        data(req).user = 'bob';
        res.write('first, ');
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
    it('throw out of write what the session cannot express, and can be answered with an error (B045)', async () => {
      const { server, store } = serve({}, (req, res) => {
        data(req).self = req.session;
        res.write('first');
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
      assert.equal(record(store, digest(tokenOf(res)))?.user, 'bob');
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
    it('meet a req.secret that is no secret with next(err) (B116)', async () => {
      const server = serveAfter(adding({ secret: 42 }), {});
      const res = await request(server).get('/').set('Cookie', legacyCookie('apple'));
      assert.equal(res.status, 500);
      assert.match(res.text, /key.*42|must be of type string/);
      assert.equal((await request(server).get('/')).status, 200);
    });

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

    it('that returns no string lets no legacy session be upgraded, which stays as it was (B095 B237)', async () => {
      const store = new ForeignStore();
      const legacy = await startLegacySession(store, { user: 'bob' });
      const options = loose({ genid: () => 42, store, secret: legacySecret });
      const { server } = serve(options, countHits);
      const res = await request(server).get('/').set('Cookie', legacy.cookie);
      assert.equal(res.status, 500);
      assert.match(res.text, /genid must return a string/);
      assert.deepEqual([...store.records.keys()], [legacy.id]);
    });

    it('that returns no string any more when claims change fails that request alone (B095 B097)', async () => {
      let id: unknown = 'apple';
      const options = loose({ genid: () => id, jwtFromReq: claimsOfSession });
      const { server } = serve(
        options,
        routes({ '/start': countHits, '/count': countHits, '/user': addUser }),
      );
      const cookie = await storedCookie(server);
      id = 42;
      const res = await request(server).get('/user').set('Cookie', cookie);
      assert.equal(res.status, 500);
      assert.match(res.text, /genid must return a string/);
      assert.equal(setCookie(res), undefined);
      assert.equal((await request(server).get('/count').set('Cookie', cookie)).text, '2');
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
