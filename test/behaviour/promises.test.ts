/** The promises of the README that go beyond those of express-session, each with one test. */
import assert from 'node:assert/strict';
import { sign as signBytes } from 'node:crypto';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { sign } from 'cookie-signature';
import express, { type RequestHandler } from 'express';
import originalSession from 'express-session';
import session from '../../src';
import { contents, cookieFields, reachableStrings, record } from '../support/contents';
import { cookieOf, decode, setCookie } from '../support/cookies';
import { InsertingStore } from '../support/inserting-store';
import { keys } from '../support/keys';
import { unset } from '../support/pages';
import { listen, listener, serverOf, type Handler } from '../support/server';
import { sesOf } from '../support/session-tokens';
import {
  asStore,
  claimsOfSession,
  countHits,
  data,
  elapse,
  gate,
  type Gate,
  open,
  routes,
  showHits,
} from '../support/site';
import { ForeignStore } from '../support/stores';

// Every promise is a check that is given a way to make the middleware and answers with what it found broken. Where
// express-session has the behaviour at all, the same check is run on it, to show that it does find something.
type Make = (options: session.SessionOptions) => RequestHandler;

const secret = 'keyboard cat';

const ours: Make = (options) => session({ keys, secret, ...options });

/** As it is set up where there are no legacy cookies, or none any more. */
const withoutSecret: Make = (options) => session({ keys, ...options });

const original: Make = (options) =>
  originalSession({
    ...(options as originalSession.SessionOptions),
    secret,
    resave: false,
    saveUninitialized: false,
  });

/** A store that both middlewares can use: express-session calls three members of its own base class. */
function common<T extends ForeignStore>(store: T): T {
  for (const name of ['createSession', 'regenerate', 'load']) {
    const member = Object.getOwnPropertyDescriptor(originalSession.Store.prototype, name);
    assert.ok(member);
    Object.defineProperty(store, name, member);
  }
  return store;
}

const show: Handler = (req, res) => {
  const { user, role, cart } = data(req);
  res.end(JSON.stringify({ user, role, cart }));
};

/** A handler that writes these members into the session. */
const assign =
  (members: Record<string, unknown>): Handler =>
  (req, res) => {
    Object.assign(req.session, members);
    res.end();
  };

describe('The promises beyond express-session', () => {
  describe('A login or a change of claims makes a new token', () => {
    /** Fills a cart, then changes who the visitor is, and looks at both cookies. */
    async function oldCookieStaysGood(make: Make, change: Record<string, unknown>): Promise<string[]> {
      const broken: string[] = [];
      const store = common(new ForeignStore());
      const site = await open(
        serverOf(
          make({ store: asStore(store), cookie: { maxAge: 60_000 }, jwtFromReq: claimsOfSession }),
          routes({
            '/cart': assign({ cart: ['book'], role: 'user' }),
            '/change': assign(change),
            '/show': show,
          }),
        ),
      );
      const before = cookieOf(await site.visit('/cart'));
      const after = cookieOf(await site.visit('/change', before));
      if (after === before) broken.push('the cookie stays the same');
      if (!('user' in claimsOf(after)) && !('role' in claimsOf(after)))
        broken.push('no claims in the cookie');
      const shown = await site.visit('/show', after);
      assert.deepEqual(
        JSON.parse(shown.text),
        { role: 'user', cart: ['book'], ...change },
        'the data are kept',
      );
      const old = await site.visit('/show', before);
      if (old.text !== '{}') broken.push('the old cookie opens the session');
      if (store.records.size !== 1) broken.push('the old record is still stored');
      return broken;
    }

    const claimsOf = (cookie: string): Record<string, unknown> => {
      try {
        return decode(cookie.slice('connect.sid='.length)).payload;
      } catch {
        return {};
      }
    };

    for (const [what, change] of [
      ['login', { user: 'ann' }],
      ['change of claims', { role: 'admin' }],
    ] as const) {
      it(`at a ${what}: the old one is dead and the data are kept (B208, B209)`, async () => {
        assert.deepEqual(await oldCookieStaysGood(ours, change), []);
      });

      it(`which express-session does not do at a ${what} (B208, B209)`, async () => {
        assert.deepEqual(await oldCookieStaysGood(original, change), [
          'the cookie stays the same',
          'no claims in the cookie',
          'the old cookie opens the session',
        ]);
      });
    }
  });

  describe('A destroyed session is never stored again', () => {
    const pages = ['/modify', '/save', '/promote', '/look'];

    const openShop = (make: Make, store: object, slow = gate()) => {
      const middleware = make({
        store: asStore(store),
        cookie: { maxAge: 60_000 },
        jwtFromReq: claimsOfSession,
      });
      const handler = routes({
        '/login': assign({ user: 'ann', role: 'user' }),
        '/modify': async (req, res) => {
          data(req).cart = ['book'];
          await slow.pass();
          res.end();
        },
        '/save': async (req, res) => {
          data(req).cart = ['book'];
          await slow.pass();
          await new Promise((resolve) => req.session.save(resolve));
          res.end();
        },
        '/promote': async (req, res) => {
          await slow.pass();
          data(req).role = 'admin';
          res.end();
        },
        '/look': async (_, res) => {
          await slow.pass();
          res.end();
        },
        '/logout': async (req, res) => {
          await new Promise((resolve) => req.session.destroy(resolve));
          res.end();
        },
        '/show': show,
      });
      return open(serverOf(middleware, handler));
    };

    /** Logs out while each of the pages has the session and has not ended yet. */
    async function returnsAfterLogout(make: Make, create: () => object): Promise<string[]> {
      const broken: string[] = [];
      for (const page of pages) {
        const store = create();
        const slow = gate();
        const site = await openShop(make, store, slow);
        const cookie = cookieOf(await site.visit('/login'));
        const ending = site.visit(page, cookie);
        await slow.reached;
        await site.visit('/logout', cookie);
        slow.open();
        const response = await ending;
        const stored = contents(store).size > 0;
        const cookies = setCookie(response) === undefined ? [cookie] : [cookie, cookieOf(response)];
        const shown = await Promise.all(cookies.map((held) => site.visit('/show', held)));
        if (stored || shown.some(({ text }) => text.includes('ann'))) broken.push(page);
      }
      return broken;
    }

    /** Logs out while the store is busy writing what each of the pages has changed. */
    async function returnsByWriteUnderWay(make: Make, create: () => ForeignStore): Promise<string[]> {
      const broken: string[] = [];
      for (const page of pages) {
        const store = create();
        const slow = gate();
        slow.open();
        const site = await openShop(make, store, slow);
        const cookie = cookieOf(await site.visit('/login'));
        const held = store.hold(page === '/look' ? 'touch' : 'set');
        const ending = site.visit(page, cookie);
        await held.reached;
        const logout = site.visit('/logout', cookie);
        await site.visit('/elsewhere');
        held.release();
        await Promise.all([ending, logout]);
        if (store.records.size > 0) broken.push(page);
      }
      return broken;
    }

    const foreign = () => common(new ForeignStore());
    const inserting = () => common(new InsertingStore());

    for (const [kind, create] of [
      ['own MemoryStore', () => new session.MemoryStore()],
      ['MemoryStore of express-session', () => new originalSession.MemoryStore()],
      ['foreign store', foreign],
      ['foreign store whose touch inserts', inserting],
    ] as const) {
      it(`on the ${kind}, by a request that had loaded it (B223, B224, B226, B227)`, async () => {
        assert.deepEqual(await returnsAfterLogout(ours, create), []);
      });
    }

    it('by a write that was under way (B225, B226)', async () => {
      assert.deepEqual(await returnsByWriteUnderWay(ours, foreign), []);
      assert.deepEqual(await returnsByWriteUnderWay(ours, inserting), []);
    });

    it('which express-session does on any store (B223, B224, B226)', async () => {
      const memory = () => new originalSession.MemoryStore();
      assert.deepEqual(await returnsAfterLogout(original, memory), ['/modify', '/save', '/promote']);
      assert.deepEqual(await returnsAfterLogout(original, foreign), ['/modify', '/save', '/promote']);
      assert.deepEqual(await returnsAfterLogout(original, inserting), pages);
    });

    it('which express-session does by a write that was under way (B225, B226)', async () => {
      assert.deepEqual(await returnsByWriteUnderWay(original, foreign), ['/modify', '/save', '/promote']);
      assert.deepEqual(await returnsByWriteUnderWay(original, inserting), pages);
    });
  });

  describe('The store never holds anything from which a token can be made', () => {
    /** A token of our own making, as somebody could who had the private key besides the dump. */
    const forge = (payload: object): string => {
      const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
      const signed = `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode(payload)}`;
      const key = { key: keys.private, dsaEncoding: 'ieee-p1363' as const };
      return `${signed}.${signBytes('sha256', Buffer.from(signed), key).toString('base64url')}`;
    };

    /** Runs a site for a while, then plays somebody who has the whole store, the private key and what else is known. */
    async function openedByDump(
      make: Make,
      known: { secret?: string },
      start: (store: ForeignStore) => Promise<string | undefined> = () => Promise.resolve(undefined),
    ): Promise<string[]> {
      const broken = new Set<string>();
      const store = common(new ForeignStore());
      let cookie = await start(store);
      const site = await open(
        serverOf(
          make({
            store: asStore(store),
            cookie: { maxAge: 60_000 },
            jwtFromReq: claimsOfSession,
            unset: 'destroy',
          }),
          routes({
            '/login': assign({ user: 'ann' }),
            '/modify': assign({ cart: ['book'] }),
            '/promote': assign({ role: 'admin' }),
            '/show': show,
            '/unset': unset,
          }),
        ),
      );
      const cookies = new Set<string>();
      for (const path of [
        '/login',
        '/modify',
        '/show',
        '/promote',
        '/unset',
        '/login',
        '/promote',
        '/modify',
      ]) {
        const response = await site.visit(path, cookie);
        if (setCookie(response) !== undefined) cookies.add((cookie = cookieOf(response)));
        const seen = store.calls.flatMap(({ id, data }) => [
          id,
          ...reachableStrings(JSON.parse(data ?? 'null')),
        ]);
        for (const part of [...cookies].flatMap(partsOf)) {
          if (seen.some((text) => text.includes(part))) broken.add('the store is given a part of the cookie');
        }
      }
      assert.ok(cookies.size > 1);
      const dump = [...store.records].flatMap(([id, text]) => [
        id,
        text,
        ...reachableStrings(JSON.parse(text)),
      ]);
      for (const text of new Set(dump)) {
        const attempts = [text, `s:${text}`, forge({ jti: text, user: 'ann', role: 'admin' })];
        for (let gen = 1; gen <= 4; gen++) {
          attempts.push(forge({ ses: { id: text, gen }, user: 'ann', role: 'admin' }));
          if (known.secret !== undefined) attempts.push(forge({ ses: { lid: text, gen } }));
        }
        if (known.secret !== undefined) attempts.push(`s:${sign(text, known.secret)}`);
        for (const attempt of attempts) {
          const shown = await site.visit('/show', `connect.sid=${encodeURIComponent(attempt)}`);
          if (shown.text.includes('ann')) broken.add('a cookie made from the dump opens the session');
        }
      }
      return [...broken];
    }

    /** What of a cookie is of use alone: the value, and its pieces between the dots. */
    const partsOf = (cookie: string): string[] => {
      const value = decodeURIComponent(cookie.slice('connect.sid='.length)).replace(/^s:/, '');
      return [value, ...value.split('.')];
    };

    it('in the course of a visit with logins and logouts (B220, B221)', async () => {
      assert.deepEqual(await openedByDump(withoutSecret, { secret }), []);
    });

    it('nor does it after a legacy cookie was upgraded (B220, B221, B232)', async () => {
      assert.deepEqual(await openedByDump(ours, {}, async (store) => (await legacyVisit(store)).cookie), []);
    });

    it('which the store of express-session does, for whoever has the secret (B220, B221)', async () => {
      assert.deepEqual(await openedByDump(original, { secret }), [
        'the store is given a part of the cookie',
        'a cookie made from the dump opens the session',
      ]);
    });
  });

  describe('Nothing reaches the wire before the session is stored', () => {
    const storeTakes = 300;

    /** Page, the store's method that is slow, and how the response starts and ends. */
    const replies = [
      ['/redirect', 'set', 302, 'Found. Redirecting to /'],
      ['/empty', 'set', 204, ''],
      ['/json', 'set', 200, '{"user":"ann"}'],
      ['/length', 'set', 200, 'saved'],
      ['/look', 'touch', 200, '{"hits":1}'],
      ['/logout', 'destroy', 302, 'Found. Redirecting to /'],
    ] as const;

    const createApp = (make: Make, store: ForeignStore) => {
      const app = express();
      app.use(make({ store: asStore(store), unset: 'destroy' }));
      app.get('/', countHits);
      app.get('/redirect', (req, res) => {
        data(req).user = 'ann';
        res.redirect('/');
      });
      app.get('/empty', (req, res) => {
        data(req).user = 'ann';
        res.status(204).end();
      });
      app.get('/json', (req, res) => {
        data(req).user = 'ann';
        res.json({ user: data(req).user });
      });
      app.get('/length', (req, res) => {
        data(req).user = 'ann';
        res.setHeader('Content-Length', 5);
        res.end('saved');
      });
      app.get('/look', (req, res) => {
        res.json({ hits: data(req).hits });
      });
      app.get('/logout', (req, res) => {
        (req as { session: unknown }).session = null;
        res.redirect('/');
      });
      return app;
    };

    /** Sends a request over a bare socket and notes all bytes that come. */
    function rawRequest(port: number, path: string, cookie: string) {
      let received = '';
      const socket = net.connect(port, '127.0.0.1');
      socket.setEncoding('latin1');
      socket.on('data', (text: string) => (received += text));
      const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
      const headers = [`Host: localhost`, `Cookie: ${cookie}`, 'Connection: close'];
      socket.write(`GET ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
      return { received: () => received, closed };
    }

    /** The pages of which a byte was out before the store had answered. */
    async function earlyOnSocket(make: Make): Promise<string[]> {
      const early = replies.map(async ([path, method, status, body]) => {
        const store = common(new ForeignStore());
        const server = http.createServer(createApp(make, store));
        const site = await open(Object.assign(server, { lateErrors: [] }));
        const cookie = cookieOf(await site.visit('/'));
        const held = store.hold(method);
        const raw = rawRequest(site.port, path, cookie);
        await held.reached;
        await site.get('/elsewhere');
        await elapse(storeTakes);
        const tooSoon = raw.received();
        held.release();
        await raw.closed;
        assert.ok(raw.received().startsWith(`HTTP/1.1 ${String(status)} `), raw.received());
        assert.ok(raw.received().includes(body, raw.received().indexOf('\r\n\r\n')), raw.received());
        return tooSoon === '' ? [] : [path];
      });
      return (await Promise.all(early)).flat();
    }

    const http2Replies: Record<string, { status: number; body: string }> = {
      '/redirect': { status: 302, body: 'Found' },
      '/empty': { status: 204, body: '' },
      '/json': { status: 200, body: '{"user":"ann"}' },
    };

    /** The same over cleartext HTTP/2, where express-session does not work at all. */
    async function earlyOnHttp2(make: Make): Promise<string[]> {
      const early = Object.entries(http2Replies).map(async ([path, { status, body }]) => {
        const store = new ForeignStore();
        const handler: Handler = (req, res) => {
          data(req).user = 'ann';
          res.statusCode = status;
          if (status === 302) res.setHeader('Location', '/');
          if (body) res.end(body);
          else res.end();
        };
        const server = http2.createServer(listener(make({ store: asStore(store) }), handler));
        const client = http2.connect(`http://127.0.0.1:${String(await listen(server))}`);
        const held = store.hold('set');
        const stream = client.request({ ':path': path });
        let seen = '';
        let text = '';
        stream.setEncoding('utf8');
        stream.on('response', (headers) => (seen += String(headers[':status'])));
        stream.on('data', (chunk: string) => (text += chunk));
        const ended = new Promise<void>((resolve, reject) => {
          stream.on('end', () => resolve());
          stream.on('error', reject);
        });
        await held.reached;
        await elapse(storeTakes);
        const tooSoon = seen + text;
        held.release();
        await ended;
        assert.equal(seen, String(status));
        assert.equal(text, body);
        client.close();
        server.close();
        return tooSoon === '' ? [] : [path];
      });
      return (await Promise.all(early)).flat();
    }

    it('on a raw socket: a redirect, a 204, a JSON reply, a logout (B037, B052)', async () => {
      assert.deepEqual(await earlyOnSocket(ours), []);
    });

    it('over HTTP/2 without TLS: a redirect, a 204, a JSON reply (B037, B052)', async () => {
      assert.deepEqual(await earlyOnHttp2(ours), []);
    });

    it('which express-session lets happen to any reply with a body (B037, B052)', async () => {
      assert.deepEqual(await earlyOnSocket(original), ['/redirect', '/json', '/length', '/look', '/logout']);
    });
  });

  // express-session has nothing to upgrade to, so there is nothing to hold against it.
  describe('A legacy cookie is upgraded once', () => {
    const openUpgraded = (
      make: Make,
      store: object,
      gates: Record<string, Gate> = {},
      before: () => void = () => undefined,
    ) => {
      const middleware = make({ store: asStore(store), cookie: { maxAge: 600_000 } });
      const counted: RequestHandler = (req, res, next) => {
        before();
        middleware(req, res, next);
      };
      const handlers = routes({
        '/': countHits,
        '/look': showHits,
        '/slow': async (req, res) => {
          await gates['/slow']?.pass();
          showHits(req, res);
        },
        '/logout': async (req, res) => {
          await new Promise((resolve) => req.session.destroy(resolve));
          res.end();
        },
      });
      return open(serverOf(counted, handlers));
    };

    /** What a token says of the session that it opens. */
    const named = (cookie: string): string => JSON.stringify(sesOf(cookie.slice('connect.sid='.length)));

    /** 20 requests with the legacy cookie that all arrive before one of them is answered. */
    async function wrongInParallel(make: Make): Promise<string[]> {
      const broken: string[] = [];
      const store = common(new ForeignStore());
      const legacy = await legacyVisit(store);
      const lifetime = cookieFields(record(store, legacy.id)).originalMaxAge;
      store.calls.length = 0;
      let arrived = 0;
      const all = gate();
      const site = await openUpgraded(make, store, {}, () => {
        if (++arrived === 20) void all.pass();
      });
      const held = store.hold('touch');
      const restored = Array.from({ length: 20 }, () => site.visit('/look', legacy.cookie));
      await Promise.all([held.reached, all.reached]);
      held.release();
      const responses = await Promise.all(restored);

      if (responses.some(({ text }) => text !== '2')) broken.push('a request lost the data');
      if (responses.some((response) => !setCookie(response))) return [...broken, 'one got no token'];
      const cookies = responses.map((response) => cookieOf(response));
      if (new Set(cookies.map(named)).size !== 1) broken.push('the tokens are of several sessions');
      for (const cookie of cookies) {
        if ((await site.visit('/look', cookie)).text !== '2') broken.push('a token is dead');
      }
      if (store.calls.some(({ method }) => method !== 'get' && method !== 'touch'))
        broken.push('it is written');
      if ([...store.records.keys()].join() !== legacy.id) broken.push('the record has moved');
      if (cookieFields(record(store, legacy.id)).originalMaxAge !== lifetime)
        broken.push('the record has another lifetime');
      return broken;
    }

    /** A request that changes nothing has the legacy session while another one changes it and stores that. */
    async function lostToParallel(make: Make): Promise<string[]> {
      const store = common(new ForeignStore());
      const legacy = await legacyVisit(store);
      const slow = gate();
      const site = await openUpgraded(make, store, { '/slow': slow });
      const looking = site.visit('/slow', legacy.cookie);
      await slow.reached;
      const counted = await site.visit('/', legacy.cookie);
      slow.open();
      const looked = await looking;
      const broken: string[] = [];
      if (counted.text !== '3') broken.push('the change was not made');
      if (named(cookieOf(looked)) !== named(cookieOf(counted))) broken.push('not both got a token of it');
      for (const cookie of [legacy.cookie, cookieOf(looked), cookieOf(counted)]) {
        if ((await site.visit('/look', cookie)).text !== '3') broken.push('the change was lost');
      }
      return broken;
    }

    /** The legacy cookie again and again after its upgrade, as when the response with the token was lost. */
    async function wrongWhenRepeated(make: Make): Promise<string[]> {
      const broken: string[] = [];
      const store = common(new ForeignStore());
      const legacy = await legacyVisit(store);
      const site = await openUpgraded(make, store);
      const upgrade = await site.visit('/', legacy.cookie);
      if (upgrade.text !== '3') broken.push('the data were lost');
      const cookie = cookieOf(upgrade);
      for (const hits of ['4', '5']) {
        const again = await site.visit('/', legacy.cookie);
        if (again.text !== hits) broken.push('the legacy cookie leads to other data');
        if (named(cookieOf(again)) !== named(cookie))
          broken.push('the legacy cookie leads to another session');
      }
      if ((await site.visit('/', cookie)).text !== '6') broken.push('the token leads to other data');
      if ([...store.records.keys()].join() !== legacy.id) broken.push('the record is not where it was');
      return broken;
    }

    async function wrongAfterLogout(make: Make): Promise<string[]> {
      const broken: string[] = [];
      for (const upgradeFirst of [true, false]) {
        const store = common(new ForeignStore());
        const legacy = await legacyVisit(store);
        const site = await openUpgraded(make, store);
        const cookie = upgradeFirst ? cookieOf(await site.visit('/look', legacy.cookie)) : legacy.cookie;
        await site.visit('/logout', cookie);
        for (const used of [legacy.cookie, cookie]) {
          if ((await site.visit('/', used)).text !== '1')
            broken.push('a cookie opens the session after logout');
        }
        if (store.records.has(legacy.id)) broken.push('the legacy record is still there');
      }
      return broken;
    }

    async function wrongAfterFailure(make: Make, method: 'get' | 'set'): Promise<string[]> {
      const broken: string[] = [];
      const store = common(new ForeignStore());
      const legacy = await legacyVisit(store);
      const site = await openUpgraded(make, store);
      store.failures[method] = new Error('boom!');
      await site.get('/look', legacy.cookie);
      Reflect.deleteProperty(store.failures, method);
      if (!store.records.has(legacy.id)) broken.push('the legacy record is gone');
      const upgrade = await site.visit('/', legacy.cookie);
      if (upgrade.text !== '3') broken.push('the legacy cookie is dead');
      if ((await site.visit('/', cookieOf(upgrade))).text !== '4') broken.push('the new cookie is dead');
      return broken;
    }

    it('for requests in parallel, its record and its lifetime kept (B232, B237)', async () => {
      assert.deepEqual(await wrongInParallel(ours), []);
    });

    it('and a request that changes nothing undoes no change of another (B237)', async () => {
      assert.deepEqual(await lostToParallel(ours), []);
    });

    it('however often it comes again (B229, B232, B237)', async () => {
      assert.deepEqual(await wrongWhenRepeated(ours), []);
    });

    it('and opens nothing once its session was destroyed (B236)', async () => {
      assert.deepEqual(await wrongAfterLogout(ours), []);
    });

    it('and goes on working where the store fails meanwhile (B237)', async () => {
      assert.deepEqual(await wrongAfterFailure(ours, 'get'), []);
      assert.deepEqual(await wrongAfterFailure(ours, 'set'), []);
    });
  });
});

/** Two visits to a site that runs express-session: its cookie and its id. */
async function legacyVisit(store: ForeignStore) {
  const middleware = original({ store: asStore(store), cookie: { maxAge: 60_000 } });
  const site = await open(serverOf(middleware, routes({ '/': countHits })));
  const cookie = cookieOf(await site.visit('/'));
  assert.equal((await site.visit('/', cookie)).text, '2');
  const value = decodeURIComponent(cookie.slice('connect.sid='.length));
  const id = value.slice('s:'.length, value.lastIndexOf('.'));
  assert.deepEqual([...store.records.keys()], [id]);
  return { cookie, id };
}
