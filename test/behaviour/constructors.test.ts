// The constructors that the package exports, as applications and stores of every age use them.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import util from 'node:util';
import type { Request } from 'express';
import request from 'supertest';
import session from '../../src';
import { withFrozenClock } from '../support/clock';
import { cookieOf } from '../support/cookies';
import { countHits, data, serve } from '../support/site';

type Constructor = new (...args: unknown[]) => object;

const named: [name: 'Cookie' | 'Session' | 'Store' | 'MemoryStore', args: unknown[]][] = [
  ['Cookie', [{ maxAge: 5000 }]],
  ['Session', [{ sessionID: 'an-id' }, { user: 'bob' }]],
  ['Store', []],
  ['MemoryStore', []],
];

const exported = (name: (typeof named)[number][0]): Constructor => session[name] as never;

describe('an exported constructor', () => {
  for (const [name, args] of named) {
    it(`is what its instances name: ${name} (B001)`, () => {
      const Exported = exported(name);
      const instance = new Exported(...args);
      assert.equal(instance.constructor, Exported);
      assert.equal(Object.getPrototypeOf(instance), Exported.prototype);
      assert.ok(instance instanceof Exported);
      assert.equal(Exported.name, name);
      assert.equal(Object.keys(instance).includes('constructor'), false);
    });

    it(`may be called without new, for the same: ${name} (B002)`, () => {
      const Exported = exported(name);
      const made = (Exported as unknown as (...args: unknown[]) => object)(...args);
      assert.ok(made instanceof Exported);
      assert.equal(made.constructor, Exported);
    });

    it(`may be inherited from by a class, which names itself: ${name} (B002)`, () => {
      class Derived extends exported(name) {
        readonly own = 'member';
        hello(): string {
          return 'hello';
        }
      }
      class Grandchild extends Derived {}
      for (const Class of [Derived, Grandchild]) {
        const instance = new Class(...args);
        assert.equal(instance.constructor, Class);
        assert.ok(instance instanceof Derived && instance instanceof exported(name));
        assert.equal(instance.hello(), 'hello');
        assert.equal(instance.own, 'member');
        assert.equal(Object.getPrototypeOf(Derived), exported(name));
      }
    });

    it(`may be inherited from as before there were classes: ${name} (B002)`, () =>
      // The expiry of a cookie is a moment.
      withFrozenClock(() => {
        const Base = exported(name) as unknown as (this: object, ...args: unknown[]) => void;
        function Derived(this: object, ...given: unknown[]): void {
          Base.apply(this, given);
        }
        util.inherits(Derived, Base);
        function Grandchild(this: object, ...given: unknown[]): void {
          Derived.apply(this, given);
        }
        util.inherits(Grandchild, Derived);
        for (const Old of [Derived, Grandchild] as unknown as Constructor[]) {
          const instance = new Old(...args);
          const plain = new (exported(name))(...args);
          assert.equal(instance.constructor, Old);
          assert.ok(instance instanceof exported(name));
          assert.deepEqual(Object.keys(instance), Object.keys(plain));
          for (const member of Object.keys(plain)) {
            assert.deepEqual(Reflect.get(instance, member), Reflect.get(plain, member), member);
          }
        }
      }));
  }

  it('is the same for sessions and cookies in requests (B030)', async () => {
    const { visit } = await serve({}, (req, res) => {
      assert.equal(req.session.constructor, session.Session);
      assert.equal(req.session.cookie.constructor, session.Cookie);
      data(req).user = 'bob';
      res.end();
    });
    const cookie = cookieOf(await visit('/'));
    await visit('/', cookie);
  });

  it('makes stores that work as the store option, of every kind (B002, B176)', async () => {
    const OldStore = function (this: object) {
      (session.MemoryStore as unknown as (this: object) => void).call(this);
    } as unknown as new () => session.MemoryStore;
    util.inherits(OldStore, session.MemoryStore);
    class NewStore extends session.MemoryStore {
      override get(...args: Parameters<session.MemoryStore['get']>): void {
        super.get(...args);
      }
    }
    for (const Store of [session.MemoryStore, OldStore, NewStore]) {
      const store = new Store();
      assert.ok(store instanceof session.Store && store instanceof EventEmitter);
      const { server, visit } = await serve({ store }, countHits);
      const cookie = cookieOf(await request(server).get('/').expect('1'));
      assert.equal((await visit('/', cookie)).text, '2');
    }
  });

  it('makes cookies whose accessors work, also without new (B153, B163)', () => {
    const made: Record<string, unknown> = {};
    Object.setPrototypeOf(made, session.Cookie.prototype);
    (session.Cookie as unknown as (this: object, options: object) => void).call(made, {
      maxAge: 5000,
      path: '/app',
    });
    const cookie = made as unknown as session.Cookie;
    assert.ok(Math.abs(Number(cookie.maxAge) - 5000) < 1000);
    cookie.maxAge = 60_000;
    assert.equal(cookie.originalMaxAge, 60_000);
    assert.equal(cookie.path, '/app');
  });

  it('makes sessions whose id and req are read-only, also without new (B143, B150)', () => {
    const req = { sessionID: 'an-id' } as unknown as Request;
    const made = Object.create(session.Session.prototype) as session.Session;
    (session.Session as unknown as (this: object, req: Request, data: object) => void).call(made, req, {
      user: 'bob',
    });
    assert.equal(made.id, 'an-id');
    assert.equal(Reflect.get(made, 'req'), req);
    assert.deepEqual(Object.keys(made), ['user']);
    for (const name of ['id', 'req']) {
      const property = Object.getOwnPropertyDescriptor(made, name);
      assert.ok(property && !property.configurable && !property.enumerable, name);
      assert.throws(() => Reflect.set(made, name, 'other') || assert.fail('not set'), /not set/);
    }
  });
});
