/** What happens to sessions is told to subscribers: each thing once, when it is certain. */
import assert from 'node:assert/strict';
import session from '../../src';
import { byHand } from '../support/by-hand';
import { withFrozenClock } from '../support/clock';
import { cookieOf, setCookie } from '../support/cookies';
import { nameOf, userClaims, startEventSite } from '../support/event-pages';
import { hear, heardOf, only } from '../support/events';
import { keys } from '../support/keys';
import { startLegacySession } from '../support/legacy';
import type { Options } from '../support/server';
import { idOf, sesOf } from '../support/session-tokens';
import { answer, asStore, gate, serve, type Gate, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';
import { startSession02 } from '../support/token02';

describe('Events (B274)', () => {
  let store: ForeignStore;
  let slow: Gate;
  beforeEach(() => {
    store = new ForeignStore();
    slow = gate();
  });

  const start = (options: Options = {}): Promise<Site> => startEventSite(store, slow, options);

  /** What is told while a site is asked for one page. */
  const heardAt = (site: Site, path: string, cookie?: string) => heardOf(() => site.visit(path, cookie));

  describe('of a session that begins', () => {
    it('are created once the store has it, and nothing for a request that leaves none', async () => {
      const site = await start();
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
      const site = await start();
      store.failures.set = new Error('boom!');
      assert.deepEqual(only(await heardAt(site, '/write'), 'created'), []);
    });

    it('say who has signed in with a new session', async () => {
      const [created] = await heardAt(await start(), '/sign-in?ann');
      assert.deepEqual([created?.cause, created?.change, created?.subject], ['new', 'sign-in', 'ann']);
    });

    it('are destroyed and created by regenerate, each with its own name', async () => {
      const site = await start();
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
      const heard = await heardAt(await start(), '/regenerate?ann');
      assert.deepEqual(
        heard.map(({ event }) => event),
        ['created'],
      );
    });
  });

  describe('of a session that is loaded', () => {
    const loadedBy = async (cookie: string, site: Site) => only(await heardAt(site, '/', cookie), 'loaded');

    it('are loaded by a token, with the generation and the user', async () => {
      const site = await start();
      const signedIn = await site.visit('/sign-in?ann');
      const fields = { generation: 1, credential: 'token', subject: 'ann' };
      assert.deepEqual(await loadedBy(cookieOf(signedIn), site), [
        { event: 'loaded', session: nameOf(idOf(signedIn)), ...fields },
      ]);
    });

    it('are loaded by a cookie of express-session and upgraded once, under the name that they keep', async () => {
      const { id, cookie } = await startLegacySession(store, { user: 'ann' });
      const site = await start();
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
      const heard = await heardAt(await start(), '/', cookie);
      const fields = { session: nameOf(id), generation: 1 };
      assert.deepEqual(heard, [
        { event: 'loaded', ...fields, credential: '0.2.2', subject: undefined },
        { event: 'upgraded', ...fields },
      ]);
    });

    it('are not upgraded while sessions keep their cookies of express-session', async () => {
      const { cookie } = await startLegacySession(store, { hits: 1 });
      const site = await start({ cookieFormat: 'express-session', rolling: true });
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
      const site = await start();
      const cookie = cookieOf(await site.visit('/sign-in?ann'));
      const sessions = session({ keys, store: asStore(store), jwtFromReq: userClaims });
      const { heard, messages } = await hear(() => sessions.find({ headers: { cookie }, url: '/chat' }));
      assert.deepEqual(
        heard.map(({ event, subject }) => [event, subject]),
        [['loaded', 'ann']],
      );
      assert.equal(messages[0]?.req?.url, '/chat');
    });

    it('are loaded where a token is taken at its word, because there is no store', async () => {
      const verifier = await serve({ keys: { public: keys.public } }, {});
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
      const site = await start();
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
      const heard = await heardAt(await start(), '/sign-in?ann', cookie);
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
      const site = await start();
      const cookie = cookieOf(await site.visit('/write'));
      store.failures.set = new Error('boom!');
      assert.deepEqual(only(await heardAt(site, '/sign-in?ann', cookie), 'rotated'), []);
    });

    it('are refreshed because of other claims of the same user', async () => {
      const site = await start();
      const signedIn = await site.visit('/sign-in?ann');
      const heard = only(await heardAt(site, '/role?admin', cookieOf(signedIn)), 'refreshed');
      const session = nameOf(idOf(signedIn));
      assert.deepEqual(heard, [{ event: 'refreshed', session, generation: 1, reason: 'claims' }]);
    });

    it('are refreshed because of the age, and not by a cookie that is only sent again', async () => {
      await withFrozenClock(async ({ tick }) => {
        const site = await start({ jwt: { expiresIn: 60 }, rolling: true, cookie: { maxAge: 600_000 } });
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
        const site = await start({ unset: 'destroy' });
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
      const site = await start({ unset: 'destroy' });
      for (const path of ['/logout', '/unset']) assert.deepEqual(await heardAt(site, path), []);
      const cookie = cookieOf(await site.visit('/write'));
      store.failures.destroy = new Error('boom!');
      const heard = await heardOf(() => site.get('/logout', cookie));
      assert.deepEqual(only(heard, 'destroyed'), []);
    });

    it('are destroyed by sessions.store, by sessions.find and by a token of an older generation', async () => {
      const site = await start();
      const sessions = session({ keys, store: asStore(store), jwtFromReq: userClaims });
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
        const site = await start({ absoluteTimeout: 60_000 });
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
      const { heard, name } = await droppedBy(await start(), '/logout');
      const fields = { session: name, generation: 1, reason: 'destroyed' };
      assert.deepEqual(only(heard, 'dropped'), [{ event: 'dropped', ...fields }]);
    });

    it('are dropped after a logout on the own MemoryStore, too', async () => {
      const { heard } = await droppedBy(await start({ store: new session.MemoryStore() }), '/logout');
      assert.deepEqual(
        only(heard, 'dropped').map(({ reason }) => reason),
        ['destroyed'],
      );
    });

    it('are dropped after a login', async () => {
      const { heard, name } = await droppedBy(await start(), '/sign-in?ann');
      const fields = { session: name, generation: 1, reason: 'superseded' };
      assert.deepEqual(only(heard, 'dropped'), [{ event: 'dropped', ...fields }]);
    });

    it('are created in place of dropped for a login, which gets a session of its own', async () => {
      const { heard, name } = await droppedBy(await start(), '/sign-in?ann', '/slow-sign-in?bob');
      assert.deepEqual(only(heard, 'dropped'), []);
      const [created, ...others] = only(heard, 'created');
      assert.deepEqual(others, []);
      assert.notEqual(created?.session, name);
      assert.deepEqual([created?.cause, created?.change, created?.subject], ['sign-in', 'sign-in', 'bob']);
    });

    it('are not upgraded for such a login with a cookie of express-session, whose session is a new one', async () => {
      const { cookie } = await startLegacySession(store, { hits: 1 });
      const site = await start();
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
});
