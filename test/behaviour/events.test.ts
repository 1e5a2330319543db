import assert from 'node:assert/strict';
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { createHash, Hash } from 'node:crypto';
import diagnostics from 'node:diagnostics_channel';
import { mock } from 'node:test';
import type { Request } from 'express';
import session from '../../src';
import { breakSignature, byHand } from '../support/by-hand';
import { withFrozenClock } from '../support/clock';
import { cookieOf, setCookie, tokenOf } from '../support/cookies';
import { hear, type Heard, heardOf, logged, names } from '../support/events';
import { seconds } from '../support/forge';
import { keys, otherKeys } from '../support/keys';
import { legacyCookie, legacySecret, startLegacySession } from '../support/legacy';
import { runProgram } from '../support/run-program';
import type { Handler } from '../support/server';
import { idOf, recordWith, sesOf } from '../support/session-tokens';
import { answer, asStore, closeSites, data, gate, openSite, type Gate, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';
import { startSession02 } from '../support/token02';

/** A program compiles the whole package before it does anything, in ms. */
const PROGRAM_TIMEOUT = 60_000;

/** The name of a session, as docs/observability.md says how to compute it. */
const nameOf = (id: string) => createHash('sha256').update(`event:${id}`).digest('base64url').slice(0, 16);

/** The user is in the query: `/sign-in?ann`. */
const userIn = (req: Request) => (req.url || '').split('?')[1];

const claims = (req: Request) => {
  const { user, role } = (req as { session?: { user?: string; role?: string } }).session ?? {};
  return user === undefined ? null : { sub: user, role };
};

const write: Handler = (req, res) => {
  data(req).hits = Number(data(req).hits ?? 0) + 1;
  res.end();
};

const signIn: Handler = (req, res) => {
  data(req).user = userIn(req);
  res.end();
};

function pages(slow: Gate): Record<string, Handler> {
  return {
    '/write': write,
    '/sign-in': signIn,
    '/role': (req, res) => {
      data(req).role = userIn(req);
      res.end();
    },
    '/regenerate': async (req, res) => {
      await req.session.regenerate();
      signIn(req, res);
    },
    '/renew': async (req, res) => {
      await req.session.renewToken();
      res.end();
    },
    '/logout': async (req, res) => {
      await req.session.destroy();
      res.end();
    },
    '/unset': (req, res) => {
      (req as { session: unknown }).session = null;
      res.end();
    },
    '/store-destroy': async (req, res) => {
      await answer((done) => req.sessionStore.destroy(req.sessionID, done));
      res.end();
    },
    '/slow-write': async (req, res) => {
      await slow.pass();
      write(req, res);
    },
    '/slow-sign-in': async (req, res) => {
      await slow.pass();
      signIn(req, res);
    },
  };
}

describe('Events (B274)', () => {
  let store: ForeignStore;
  let slow: Gate;
  beforeEach(() => {
    store = new ForeignStore();
    slow = gate();
  });
  afterEach(closeSites);

  const serve = (options: session.SessionOptions = {}): Promise<Site> =>
    openSite({ store: asStore(store), jwtFromReq: claims, secret: legacySecret, ...options }, pages(slow));

  /** What is told while a site is asked for one page. */
  const heardAt = (site: Site, path: string, cookie?: string) => heardOf(() => site.visit(path, cookie));

  const only = (heard: readonly Heard[], event: Heard['event']) => heard.filter((one) => one.event === event);

  describe('of a session that begins', () => {
    it('are created once the store has it, and nothing for a request that leaves none', async () => {
      const site = await serve();
      assert.deepEqual(await heardAt(site, '/'), []);
      const held = store.hold('set');
      const { heard, messages } = await hear(async (sofar) => {
        const pending = site.visit('/write');
        await held.reached;
        assert.deepEqual(sofar, []);
        held.release();
        const session = nameOf(idOf(await pending));
        assert.equal(session.length, 16);
      });
      const [[id] = []] = [...store.records];
      const fields = { cause: 'new', change: undefined, subject: undefined };
      assert.deepEqual(heard, [{ event: 'created', session: nameOf(String(id)), ...fields }]);
      assert.equal(messages[0]?.req?.url, '/write');
    });

    it('are not created where the store fails', async () => {
      const site = await serve();
      store.failures.set = new Error('boom!');
      assert.deepEqual(only(await heardAt(site, '/write'), 'created'), []);
    });

    it('say who has signed in with a new session', async () => {
      const [created] = await heardAt(await serve(), '/sign-in?ann');
      assert.deepEqual([created?.cause, created?.change, created?.subject], ['new', 'sign-in', 'ann']);
    });

    it('are destroyed and created by regenerate, each with its own name', async () => {
      const site = await serve();
      const first = await site.visit('/write');
      let second = first;
      const heard = await heardOf(async () => {
        second = await site.visit('/regenerate?ann', cookieOf(first));
      });
      assert.deepEqual(
        heard.map(({ event, session, cause }) => [event, session, cause]),
        [
          ['loaded', nameOf(idOf(first)), undefined],
          ['destroyed', nameOf(idOf(first)), 'regenerated'],
          ['created', nameOf(idOf(second)), 'regenerated'],
        ],
      );
    });

    it('are not destroyed by regenerate where there was no session yet', async () => {
      const heard = await heardAt(await serve(), '/regenerate?ann');
      assert.deepEqual(
        heard.map(({ event }) => event),
        ['created'],
      );
    });
  });

  describe('of a session that is loaded', () => {
    const loadedBy = async (cookie: string, site: Site) => only(await heardAt(site, '/', cookie), 'loaded');

    it('are loaded by a token, with the generation and the user', async () => {
      const site = await serve();
      const signedIn = await site.visit('/sign-in?ann');
      const fields = { generation: 1, credential: 'token', subject: 'ann' };
      assert.deepEqual(await loadedBy(cookieOf(signedIn), site), [
        { event: 'loaded', session: nameOf(idOf(signedIn)), ...fields },
      ]);
    });

    it('are loaded by a cookie of express-session and upgraded once, under the name that they keep', async () => {
      const { id, cookie } = await startLegacySession(store, { user: 'ann' });
      const site = await serve();
      let token = '';
      const heard = await heardOf(async () => {
        token = cookieOf(await site.visit('/', cookie));
      });
      const session = nameOf(id);
      assert.deepEqual(heard, [
        { event: 'loaded', session, generation: 1, credential: 'express-session', subject: 'ann' },
        { event: 'upgraded', session, generation: 1 },
      ]);
      assert.deepEqual(await heardAt(site, '/', token), [
        { event: 'loaded', session, generation: 1, credential: 'token', subject: 'ann' },
      ]);
    });

    it('are loaded by a token of 0.2.2 and upgraded', async () => {
      const { id, cookie } = await startSession02(store, { hits: 1 });
      const heard = await heardAt(await serve(), '/', cookie);
      const fields = { session: nameOf(id), generation: 1 };
      assert.deepEqual(heard, [
        { event: 'loaded', ...fields, credential: '0.2.2', subject: undefined },
        { event: 'upgraded', ...fields },
      ]);
    });

    it('are not upgraded while sessions keep their cookies of express-session', async () => {
      const { cookie } = await startLegacySession(store, { hits: 1 });
      const site = await serve({ cookieFormat: 'express-session', rolling: true });
      const heard = await heardAt(site, '/write', cookie);
      assert.deepEqual(
        heard.map(({ event }) => event),
        ['loaded'],
      );
      // Nor a new one, whose first cookie is one of express-session as well.
      assert.deepEqual(
        (await heardAt(site, '/write')).map(({ event }) => event),
        ['created'],
      );
    });

    it('are loaded by sessions.find, with the request that it was given', async () => {
      const site = await serve();
      const cookie = cookieOf(await site.visit('/sign-in?ann'));
      const sessions = session({ keys, store: asStore(store), jwtFromReq: claims });
      const { heard, messages } = await hear(() => sessions.find({ headers: { cookie }, url: '/chat' }));
      assert.deepEqual(
        heard.map(({ event, subject }) => [event, subject]),
        [['loaded', 'ann']],
      );
      assert.equal(messages[0]?.req?.url, '/chat');
    });

    it('are loaded where a token is taken at its word, because there is no store', async () => {
      const verifier = await openSite({ keys: { public: keys.public } }, {});
      const token = byHand({ sub: 'ann', ses: { id: 'a handle', gen: 3 } });
      const heard = await heardAt(verifier, '/', `connect.sid=${token}`);
      const fields = { generation: 3, credential: 'token', subject: undefined };
      assert.deepEqual(heard, [{ event: 'loaded', session: nameOf(idOf(token)), ...fields }]);
    });
  });

  describe('of a token that is replaced', () => {
    const rotatedAt = async (site: Site, path: string, cookie: string) => {
      let response = { headers: {} };
      const heard = await heardOf(async () => {
        response = await site.visit(path, cookie);
      });
      const told = only(heard, 'rotated').flatMap(({ generation, change, subject, previousSubject }) => [
        generation,
        change,
        subject,
        previousSubject,
      ]);
      return { cookie: cookieOf(response), told };
    };

    it('are rotated at each change of the user and at renewToken, with the new generation', async () => {
      const site = await serve();
      let { cookie, told } = await rotatedAt(site, '/sign-in?ann', cookieOf(await site.visit('/write')));
      assert.deepEqual(told, [2, 'sign-in', 'ann', undefined]);
      ({ cookie, told } = await rotatedAt(site, '/sign-in?bob', cookie));
      assert.deepEqual(told, [3, 'other-user', 'bob', 'ann']);
      ({ cookie, told } = await rotatedAt(site, '/renew', cookie));
      assert.deepEqual(told, [4, 'renewed', 'bob', 'bob']);
      ({ told } = await rotatedAt(site, '/sign-in', cookie));
      assert.deepEqual(told, [5, 'sign-out', undefined, 'bob']);
    });

    it('are rotated and upgraded by a login with a cookie of express-session', async () => {
      const { cookie } = await startLegacySession(store, { hits: 1 });
      const heard = await heardAt(await serve(), '/sign-in?ann', cookie);
      assert.deepEqual(
        heard.map(({ event, generation }) => [event, generation]),
        [
          ['loaded', 1],
          ['rotated', 2],
          ['upgraded', 2],
        ],
      );
    });

    it('are not rotated where the store fails', async () => {
      const site = await serve();
      const cookie = cookieOf(await site.visit('/write'));
      store.failures.set = new Error('boom!');
      assert.deepEqual(only(await heardAt(site, '/sign-in?ann', cookie), 'rotated'), []);
    });

    it('are refreshed because of other claims of the same user', async () => {
      const site = await serve();
      const signedIn = await site.visit('/sign-in?ann');
      const heard = only(await heardAt(site, '/role?admin', cookieOf(signedIn)), 'refreshed');
      const session = nameOf(idOf(signedIn));
      assert.deepEqual(heard, [{ event: 'refreshed', session, generation: 1, reason: 'claims' }]);
    });

    it('are refreshed because of the age, and not by a cookie that is only sent again', async () => {
      await withFrozenClock(async ({ tick }) => {
        const site = await serve({ jwt: { expiresIn: 60 }, rolling: true, cookie: { maxAge: 600_000 } });
        const first = await site.visit('/sign-in?ann');
        const sentAgain = await hear(async () => {
          assert.ok(setCookie(await site.visit('/', cookieOf(first))));
        });
        assert.deepEqual(only(sentAgain.heard, 'refreshed'), []);
        tick(31_000);
        const [refreshed] = only(await heardAt(site, '/', cookieOf(first)), 'refreshed');
        assert.deepEqual([refreshed?.session, refreshed?.reason], [nameOf(idOf(first)), 'age']);
      });
    });
  });

  describe('of a session that ends', () => {
    for (const [path, subject] of [
      ['/logout', 'ann'],
      ['/unset', 'ann'],
      ['/store-destroy', undefined],
    ] as const) {
      it(`are destroyed once the store has answered: ${path}`, async () => {
        const site = await serve({ unset: 'destroy' });
        const signedIn = await site.visit('/sign-in?ann');
        const held = store.hold('destroy');
        const fields = { session: nameOf(idOf(signedIn)), cause: 'destroyed', subject };
        const { heard, messages } = await hear(
          async (sofar) => {
            const pending = site.visit(path, cookieOf(signedIn));
            await held.reached;
            assert.deepEqual(sofar, []);
            held.release();
            await pending;
          },
          ['destroyed'],
        );
        assert.deepEqual(heard, [{ event: 'destroyed', ...fields }]);
        assert.equal(messages[0]?.req?.url, subject && path);
      });
    }

    it('are not destroyed where the store fails, nor where a new session was not stored', async () => {
      const site = await serve({ unset: 'destroy' });
      for (const path of ['/logout', '/unset']) assert.deepEqual(await heardAt(site, path), []);
      const cookie = cookieOf(await site.visit('/write'));
      store.failures.destroy = new Error('boom!');
      const heard = await heardOf(() => site.get('/logout', cookie));
      assert.deepEqual(only(heard, 'destroyed'), []);
    });

    it('are destroyed by sessions.store, by sessions.find and by a token of an older generation', async () => {
      const site = await serve();
      const sessions = session({ keys, store: asStore(store), jwtFromReq: claims });
      const first = await site.visit('/sign-in?ann');
      const id = idOf(first);
      const outside = sessions.store;
      const byStore = await heardOf(() => answer((done) => outside.destroy(id, done)));
      const told = { event: 'destroyed', session: nameOf(id), cause: 'destroyed' };
      assert.deepEqual(byStore, [{ ...told, subject: undefined }]);

      const second = await site.visit('/sign-in?bob');
      const found = await sessions.find({ headers: { cookie: cookieOf(second) } });
      const byFind = await heardOf(() => found?.destroy(), ['destroyed']);
      assert.deepEqual(byFind, [{ ...told, session: nameOf(idOf(second)), subject: 'bob' }]);

      const third = await site.visit('/write');
      const planted = await sessions.find({ headers: { cookie: cookieOf(third) } });
      await site.visit('/sign-in?eve', cookieOf(third));
      const byOlder = await heardOf(() => planted?.destroy(), ['destroyed']);
      assert.deepEqual(byOlder, [{ ...told, session: nameOf(idOf(third)), subject: undefined }]);
    });

    it('are refused and destroyed at the absolute timeout', async () => {
      await withFrozenClock(async ({ tick }) => {
        const site = await serve({ absoluteTimeout: 60_000 });
        const signedIn = await site.visit('/sign-in?ann');
        tick(61_000);
        const name = nameOf(idOf(signedIn));
        assert.deepEqual(await heardAt(site, '/', cookieOf(signedIn)), [
          { event: 'refused', reason: 'timeout', credential: 'token', session: name },
          { event: 'destroyed', session: name, cause: 'timeout', subject: undefined },
        ]);
      });
    });
  });

  describe('of a change that is not stored', () => {
    const droppedBy = async (site: Site, other: string, path = '/slow-write') => {
      const first = await site.visit('/write');
      const heard = await heardOf(async () => {
        const pending = site.visit(path, cookieOf(first));
        await slow.reached;
        await site.visit(other, cookieOf(first));
        slow.open();
        await pending;
      });
      return { heard, name: nameOf(idOf(first)) };
    };

    it('are dropped after a logout', async () => {
      const { heard, name } = await droppedBy(await serve(), '/logout');
      const fields = { session: name, generation: 1, reason: 'destroyed' };
      assert.deepEqual(only(heard, 'dropped'), [{ event: 'dropped', ...fields }]);
    });

    it('are dropped after a logout on the own MemoryStore, too', async () => {
      const { heard } = await droppedBy(await serve({ store: new session.MemoryStore() }), '/logout');
      assert.deepEqual(
        only(heard, 'dropped').map(({ reason }) => reason),
        ['destroyed'],
      );
    });

    it('are dropped after a login', async () => {
      const { heard, name } = await droppedBy(await serve(), '/sign-in?ann');
      const fields = { session: name, generation: 1, reason: 'superseded' };
      assert.deepEqual(only(heard, 'dropped'), [{ event: 'dropped', ...fields }]);
    });

    it('are created in place of dropped for a login, which gets a session of its own', async () => {
      const { heard, name } = await droppedBy(await serve(), '/sign-in?ann', '/slow-sign-in?bob');
      assert.deepEqual(only(heard, 'dropped'), []);
      const [created, ...others] = only(heard, 'created');
      assert.deepEqual(others, []);
      assert.notEqual(created?.session, name);
      assert.deepEqual([created?.cause, created?.change, created?.subject], ['sign-in', 'sign-in', 'bob']);
    });

    it('are not upgraded for such a login with a cookie of express-session, whose session is a new one', async () => {
      const { cookie } = await startLegacySession(store, { hits: 1 });
      const site = await serve();
      const heard = await heardOf(async () => {
        const pending = site.visit('/slow-sign-in?ann', cookie);
        await slow.reached;
        await site.visit('/logout', cookie);
        slow.open();
        assert.ok(sesOf(await pending).id);
      });
      assert.deepEqual(only(heard, 'upgraded'), []);
      assert.equal(only(heard, 'created').length, 1);
    });
  });

  describe('of a credential that is refused', () => {
    /** Reason, credential and session of the refusals of a request. */
    const refusals = async (site: Site, cookie: string | undefined, path = '/') =>
      only(await heardAt(site, path, cookie), 'refused').map(({ reason, credential, session }) => [
        reason,
        credential,
        session,
      ]);

    for (const [name, token, reason, options = {}] of [
      ['a bad signature', () => breakSignature(byHand()), 'signature'],
      ['the signature of another key', () => byHand({}, otherKeys), 'signature'],
      ['another audience', () => byHand({ aud: 'bank' }), 'audience', { jwt: { audience: 'shop' } }],
      ['an exp of the application that is over', () => byHand({ exp: seconds() - 60 }), 'time'],
      ['another purpose than a session', () => byHand({ ses: undefined, aud: 'mail' }), 'purpose'],
      ['a payload that is no JSON', () => `e30xx.eyJ4.${'A'.repeat(86)}`, 'malformed'],
    ] as [string, () => string, string, session.SessionOptions?][]) {
      it(`say why, and no session: a token with ${name}`, async () => {
        const told = await refusals(await serve(options), `connect.sid=${token()}`);
        assert.deepEqual(told, [[reason, 'token', undefined]]);
      });
    }

    it('say why, and no session: a cookie of express-session with a bad signature', async () => {
      const told = await refusals(await serve(), legacyCookie('an id', 'another secret'));
      assert.deepEqual(told, [['signature', 'express-session', undefined]]);
    });

    it('say it once a request for texts of no form at all, and not for an empty one', async () => {
      const site = await serve();
      const malformed = 'connect.sid=a; connect.sid=b; connect.sid=eyJhbGciOiJub25lIn0.e30.';
      assert.deepEqual(await refusals(site, malformed), [['malformed', undefined, undefined]]);
      assert.deepEqual(await refusals(site, 'connect.sid='), []);
      const byHeader = await serve({ jwt: { transport: { header: 'x-access-token' } } });
      const [told] = await heardOf(() =>
        fetch(`http://127.0.0.1:${String(byHeader.port)}/`, { headers: { 'x-access-token': 'no token' } }),
      );
      assert.equal(told?.reason, 'malformed');
    });

    it('name the session of a good token whose session is gone', async () => {
      const site = await serve();
      const first = await site.visit('/write');
      await site.visit('/logout', cookieOf(first));
      const told = await refusals(site, cookieOf(first));
      assert.deepEqual(told, [['not-found', 'token', nameOf(idOf(first))]]);
      const legacy = await refusals(site, legacyCookie('never stored'));
      assert.deepEqual(legacy, [['not-found', 'express-session', nameOf('never stored')]]);
    });

    it('name the session whose generation has ended', async () => {
      const site = await serve();
      const first = await site.visit('/write');
      await site.visit('/sign-in?ann', cookieOf(first));
      const told = await refusals(site, cookieOf(first));
      assert.deepEqual(told, [['superseded', 'token', nameOf(idOf(first))]]);
    });

    it('say that the record is none that the credential opens', async () => {
      const site = await serve();
      const token = byHand({ ses: { id: 'a handle', gen: 2 } });
      store.records.set(idOf(token), recordWith({}));
      assert.deepEqual(await refusals(site, `connect.sid=${token}`), [
        ['record', 'token', nameOf(idOf(token))],
      ]);
      store.records.set('not adopted', recordWith({}));
      const told = await refusals(site, legacyCookie('not adopted'));
      assert.deepEqual(told, [['record', 'express-session', nameOf('not adopted')]]);
    });

    it('come from a service without a store as well', async () => {
      const verifier = await openSite({ keys: { public: keys.public }, absoluteTimeout: 60_000 }, {});
      const old = byHand({ iat: seconds() - 61 });
      assert.deepEqual(await refusals(verifier, `connect.sid=${old}`), [
        ['timeout', 'token', nameOf(idOf(old))],
      ]);
      const upgraded = byHand({ ses: { lid: 'an old id', gen: 1 } });
      const told = await refusals(verifier, `connect.sid=${upgraded}`);
      assert.deepEqual(told, [['not-found', 'token', nameOf('an old id')]]);
    });
  });

  describe('whoever listens', () => {
    /** A long visit, with a session of express-session at its beginning. */
    const visitLong = async (site: Site, cookie: string): Promise<string[]> => {
      const secrets: string[] = [];
      const go = async (path: string, more?: string) => {
        const response = await site.get(path, more ? `${cookie}; ${more}` : cookie);
        if (!setCookie(response)) return;
        cookie = cookieOf(response);
        const { id } = sesOf(response);
        secrets.push(tokenOf(response), ...tokenOf(response).split('.').slice(1), idOf(response));
        if (id !== undefined) secrets.push(id);
      };
      for (const path of [
        '/',
        '/write',
        '/sign-in?ann',
        '/role?admin',
        '/renew',
        '/regenerate?bob',
        '/write',
      ])
        await go(path);
      store.failures.set = Object.assign(new Error('boom!'), { args: [...store.records] });
      await go('/write');
      Reflect.deleteProperty(store.failures, 'set');
      await go('/write', `connect.sid=${byHand({ ses: { id: 'a secret handle', gen: 1 } })}`);
      await go('/logout');
      await go('/');
      return secrets;
    };

    it('sees no token, no part of one, no handle and no id in any message that is logged as a whole', async () => {
      const { id, cookie } = await startLegacySession(store, { hits: 1 });
      const site = await serve();
      let secrets: string[] = [];
      const hearing = await hear(async () => {
        secrets = await visitLong(site, cookie);
      });
      const kinds = new Set(hearing.heard.map(({ event }) => event));
      assert.deepEqual(
        names.filter((name) => !kinds.has(name)),
        ['dropped'],
      );
      assert.ok(secrets.length > 10, String(secrets.length));
      const text = logged(hearing);
      // The names are there, so the logs do show the messages.
      assert.ok(text.includes(nameOf(id)));
      for (const secret of [id, cookie, 'a secret handle', ...secrets])
        assert.ok(!text.includes(secret), secret);
      // The request is there for who asks for it.
      assert.ok(hearing.messages.every(({ req }) => req === undefined || typeof req.url === 'string'));
    });

    it('costs others nothing: without a listener no message is made', async () => {
      const update = mock.method(Hash.prototype, 'update');
      const countNames = () =>
        update.mock.calls.filter(({ arguments: [text] }) => String(text as unknown).startsWith('event:'))
          .length;
      try {
        const { cookie } = await startLegacySession(store, { hits: 1 });
        await visitLong(await serve(), cookie);
        assert.equal(countNames(), 0);
        const again = await startLegacySession(store, { hits: 1 });
        await heardOf(async () => visitLong(await serve(), again.cookie));
        assert.ok(countNames() > 10);
      } finally {
        update.mock.restore();
      }
    });

    it('is told in the AsyncLocalStorage context of the request', async () => {
      const storage = new AsyncLocalStorage<string>();
      // As with database clients that call back from where they connected.
      const outside = new AsyncResource('a database client');
      const losing = Object.assign(new ForeignStore(), {
        get(...[id, callback]: Parameters<ForeignStore['get']>) {
          ForeignStore.prototype.get.call(this, id, (...args) => {
            outside.runInAsyncScope(callback, undefined, ...args);
          });
        },
      });
      const sessions = session({ keys, store: asStore(losing) });
      const heard: unknown[] = [];
      const listener = () => heard.push(storage.getStore());
      diagnostics.subscribe('express-session-jwt:refused', listener);
      diagnostics.subscribe('express-session-jwt:store-error', listener);
      await storage.run('of the request', async () => {
        await sessions.find({ headers: { cookie: `connect.sid=${byHand()}` } });
        losing.failures.get = new Error('boom!');
        await assert.rejects(sessions.find({ headers: { cookie: `connect.sid=${byHand()}` } }));
      });
      diagnostics.unsubscribe('express-session-jwt:refused', listener);
      diagnostics.unsubscribe('express-session-jwt:store-error', listener);
      assert.deepEqual(heard, ['of the request', 'of the request']);
    });

    it('breaks no request by what it throws, which is an uncaught exception of the process', async function () {
      this.timeout(PROGRAM_TIMEOUT);
      const { stdout } = await runProgram('a subscriber that throws');
      assert.deepEqual(stdout.trim().split('\n').sort(), [
        'the cookie has come',
        'the next one hears of it',
        'uncaught: of the subscriber',
      ]);
    });
  });
});
