/** What subscribers see of a message, what they cost, and what they may do. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { Hash } from 'node:crypto';
import diagnostics from 'node:diagnostics_channel';
import { mock } from 'node:test';
import session from '../../src';
import { byHand } from '../support/by-hand';
import { cookieOf, setCookie, tokenOf } from '../support/cookies';
import { nameOf, startEventSite } from '../support/event-pages';
import { hear, heardOf, logged, names } from '../support/events';
import { keys } from '../support/keys';
import { startLegacySession } from '../support/legacy';
import { runProgram } from '../support/run-program';
import type { Options } from '../support/server';
import { idOf, sesOf } from '../support/session-tokens';
import { asStore, gate, type Gate, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';

/** A program compiles the whole package before it does anything, in ms. */
const PROGRAM_TIMEOUT = 60_000;

describe('A listener for events (B274)', () => {
  let store: ForeignStore;
  let slow: Gate;
  beforeEach(() => {
    store = new ForeignStore();
    slow = gate();
  });

  const start = (options: Options = {}): Promise<Site> => startEventSite(store, slow, options);

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
    for (const path of ['/', '/write', '/sign-in?ann', '/role?admin', '/renew', '/regenerate?bob', '/write'])
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
    const site = await start();
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
      await visitLong(await start(), cookie);
      assert.equal(countNames(), 0);
      const again = await startLegacySession(store, { hits: 1 });
      await heardOf(async () => visitLong(await start(), again.cookie));
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
