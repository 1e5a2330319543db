/** What the package exports. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import util from 'node:util';
import request from 'supertest';
import session from '../../src';
import { cookieOf } from '../support/cookies';
import { answer, serve } from '../support/site';
import { SmartStore } from '../support/stores';
import { visits } from '../support/visits';

describe('the package', () => {
  it('is the factory itself when required, and carries its four constructors (B001)', () => {
    const required = createRequire(__filename)('../../src') as unknown;
    assert.equal(required, session);
    assert.equal(typeof required, 'function');
    for (const name of ['Session', 'Store', 'MemoryStore', 'Cookie'] as const) {
      assert.equal(typeof session[name], 'function', name);
    }
  });

  describe('inherited from in the style that predates classes', () => {
    type Constructor = new (...args: unknown[]) => Record<string, unknown>;

    /** A subtype by `util.inherits` whose constructor calls its base without `new`. */
    function inherit(base: unknown): Constructor {
      function Derived(this: object, ...args: unknown[]) {
        (base as (this: object, ...args: unknown[]) => void).call(this, ...args);
      }
      util.inherits(Derived, base);
      return Derived as unknown as Constructor;
    }

    it('calls Store without new, and the result is an event emitter that emits (B002)', () => {
      const Derived = inherit(session.Store);
      const store = new Derived();
      assert(store instanceof Derived);
      assert(store instanceof session.Store);
      assert(store instanceof EventEmitter);
      let heard = 0;
      store.on('connect', () => heard++);
      store.emit('connect');
      assert.equal(heard, 1);
    });

    it('serves sessions from such a store (B002)', async () => {
      const { server, visit } = await serve({ store: new SmartStore() }, visits);
      const first = await request(server).get('/').expect('1');
      assert.equal((await visit('/', cookieOf(first))).text, '2');
    });

    it('lets a method of the subtype win over the base (B002)', () => {
      const Derived = inherit(session.Store);
      const get = () => 'own';
      Object.assign(Derived.prototype as object, { get });
      assert.equal(new Derived().get, get);
    });

    it('calls MemoryStore without new, and the result keeps sessions (B002)', async () => {
      const Derived = inherit(session.MemoryStore);
      const store = new Derived() as unknown as session.MemoryStore;
      assert(store instanceof session.MemoryStore);
      const { server, visit } = await serve({ store }, visits);
      const first = await request(server).get('/').expect('1');
      assert.equal((await visit('/', cookieOf(first))).text, '2');
      assert.deepEqual(await answer((callback) => store.length(callback)), [null, 1]);
    });

    it('calls Session without new, and the result has its id, its data and its methods (B002)', () => {
      const Derived = inherit(session.Session);
      const sess = new Derived({ sessionID: 'an-id' }, { user: 'bob' });
      assert(sess instanceof session.Session);
      assert.equal(sess.id, 'an-id');
      assert.equal(sess.user, 'bob');
      assert.equal(typeof sess.save, 'function');
    });

    it('calls Cookie without new, and the result has its defaults and its options (B002)', () => {
      const Derived = inherit(session.Cookie);
      const cookie = new Derived({ maxAge: 5000 });
      assert(cookie instanceof session.Cookie);
      assert.equal(cookie.path, '/');
      assert.equal(cookie.httpOnly, true);
      assert.equal(cookie.originalMaxAge, 5000);
    });
  });
});
