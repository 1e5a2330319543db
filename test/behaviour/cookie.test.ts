/** The class Cookie: its options, its lifetime and its JSON. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import request from 'supertest';
import session from '../../src';
import { withFrozenClock } from '../support/clock';
import { cookieOf } from '../support/cookies';
import { createServer } from '../support/server';
import { serve } from '../support/site';
import { ForeignStore } from '../support/stores';

/** What the tests use of a Cookie, including what the public types leave out. */
interface CookieObject {
  [member: string]: unknown;
  expires: unknown;
  maxAge: unknown;
  originalMaxAge: unknown;
  readonly data: Record<string, unknown>;
  serialize: (name: string, value: string) => string;
  toJSON: () => Record<string, unknown>;
}

const Cookie = session.Cookie as unknown as new (options?: unknown) => CookieObject;

const DATA_MEMBERS = [
  'originalMaxAge',
  'partitioned',
  'priority',
  'expires',
  'secure',
  'httpOnly',
  'domain',
  'path',
  'sameSite',
];

function time(value: unknown): number {
  assert.ok(value instanceof Date, 'a Date is expected');
  return value.getTime();
}

describe('Cookie', () => {
  describe('constructor', () => {
    function assertDefaults(cookie: CookieObject): void {
      assert.equal(typeof cookie, 'object');
      assert.ok(cookie instanceof Cookie);
      assert.equal(cookie.expires, null);
      assert.equal(cookie.httpOnly, true);
      assert.equal(cookie.path, '/');
      assert.equal(cookie.maxAge, null);
      assert.equal(cookie.originalMaxAge, null);
    }

    for (const options of [undefined, null, false, 0, Number.NaN, '', []]) {
      const label = Array.isArray(options)
        ? 'an empty array'
        : options === ''
          ? 'an empty string'
          : String(options);
      it(`lets ${label} pass as options (B154)`, () => {
        assertDefaults(new Cookie(options));
      });
    }

    it('lets an array with elements pass as options (B154)', () => {
      assert.equal(new Cookie(['first']).path, '/');
    });

    for (const maxAge of [0, -5000]) {
      it(`takes maxAge ${String(maxAge)} for an expiry ${maxAge === 0 ? 'now' : 'in the past'} (B161)`, () =>
        withFrozenClock((clock) => {
          const cookie = new Cookie({ maxAge });
          assert.equal(time(cookie.expires), clock.now() + maxAge);
          assert.equal(cookie.maxAge, maxAge);
        }));
    }

    for (const maxAge of [null, undefined, false, '']) {
      it(`holds maxAge ${inspect(maxAge)} as it is, in expires as well (B161)`, () => {
        const cookie = new Cookie({ maxAge });
        assert.equal(cookie.expires, maxAge);
        assert.equal(cookie.maxAge, maxAge);
        const assigned = new Cookie({ maxAge: 1000 });
        assigned.maxAge = maxAge;
        assert.equal(assigned.expires, maxAge);
        assert.equal(assigned.maxAge, maxAge);
      });
    }

    for (const maxAge of [Number.NaN, Number.POSITIVE_INFINITY]) {
      it(`turns maxAge ${String(maxAge)} into an invalid Date, which does not serialize (B161)`, () => {
        const cookie = new Cookie({ maxAge });
        assert.ok(Number.isNaN(time(cookie.expires)));
        assert.throws(() => cookie.serialize('n', 'v'), /option expires is invalid/);
      });
    }

    it('lets the later key win where expires and maxAge are both given (B162)', () =>
      withFrozenClock((clock) => {
        const expires = new Date(clock.now() + 60_000);
        assert.equal(time(new Cookie({ expires, maxAge: 1000 }).expires), clock.now() + 1000);
        assert.equal(new Cookie({ maxAge: 1000, expires }).expires, expires);
      }));
  });

  describe('originalMaxAge', () => {
    it('is the number that was assigned to maxAge, whatever the clock says (B163)', () =>
      withFrozenClock((clock) => {
        const cookie = new Cookie({ maxAge: 1000 });
        assert.equal(cookie.originalMaxAge, 1000);
        clock.tick(400);
        cookie.maxAge = 600_000;
        assert.equal(cookie.originalMaxAge, 600_000);
        clock.tick(400);
        assert.equal(cookie.originalMaxAge, 600_000);
        assert.equal(cookie.maxAge, 599_600);
      }));

    it('stays the same number when the clock moves between any two readings (B163)', () => {
      const real = Date.now;
      let now = real();
      Date.now = () => (now += 7);
      try {
        const cookie = new Cookie({ maxAge: 600_000 });
        assert.equal(cookie.originalMaxAge, 600_000);
        for (let touches = 0; touches < 1000; touches++) cookie.maxAge = cookie.originalMaxAge;
        assert.equal(cookie.originalMaxAge, 600_000);
      } finally {
        Date.now = real;
      }
    });

    it('survives any number of touches and of trips through the store (B163)', async () => {
      const server = createServer({ cookie: { maxAge: 1000 } }, (req, res) => {
        if (req.url === '/long') req.session.cookie.maxAge = 600_000;
        for (let touches = 0; touches < 20; touches++) req.session.touch();
        Object.assign(req.session, { visited: req.url });
        res.end(String(req.session.cookie.originalMaxAge));
      });
      const first = await request(server).get('/long').expect(200, '600000');
      for (const path of ['/a', '/b', '/c']) {
        await request(server).get(path).set('Cookie', cookieOf(first)).expect(200, '600000');
      }
    });

    it('is what remains at the moment an expiry is assigned (B163)', () =>
      withFrozenClock((clock) => {
        const cookie = new Cookie({ maxAge: 1000 });
        clock.tick(300);
        cookie.expires = new Date(clock.now() + 5000);
        assert.equal(cookie.originalMaxAge, 5000);
        clock.tick(300);
        assert.equal(cookie.originalMaxAge, 5000);
        assert.equal(cookie.maxAge, 4700);
      }));

    it('given as an option wins only after expires and maxAge (B163)', () =>
      withFrozenClock((clock) => {
        const expires = new Date(clock.now() + 5000);
        assert.equal(new Cookie({ maxAge: 1000, originalMaxAge: 7000 }).originalMaxAge, 7000);
        assert.equal(new Cookie({ originalMaxAge: 7000, maxAge: 1000 }).originalMaxAge, 1000);
        assert.equal(new Cookie({ expires, originalMaxAge: 7000 }).originalMaxAge, 7000);
        assert.equal(new Cookie({ originalMaxAge: 7000, expires }).originalMaxAge, 5000);
      }));

    for (const originalMaxAge of [null, undefined]) {
      it(`given as ${String(originalMaxAge)} is filled from maxAge (B163)`, () =>
        withFrozenClock((clock) => {
          const expires = new Date(clock.now() + 5000);
          assert.equal(new Cookie({ maxAge: 1000, originalMaxAge }).originalMaxAge, 1000);
          assert.equal(new Cookie({ expires, originalMaxAge }).originalMaxAge, 5000);
          assert.equal(new Cookie({ originalMaxAge }).originalMaxAge, null);
        }));
    }

    it('makes an expiry given as a Date relative: each touch starts the lifetime anew (B165)', () =>
      withFrozenClock(async (clock) => {
        const server = createServer({ cookie: { expires: new Date(clock.now() + 60_000) } }, (req, res) => {
          const left: unknown[] = [];
          for (let touches = 0; touches < 3; touches++) {
            clock.tick(10_000);
            req.session.touch();
            const { expires } = req.session.cookie as unknown as CookieObject;
            left.push(time(expires) - clock.now());
          }
          Object.assign(req.session, { visited: req.url });
          res.end(JSON.stringify([req.session.cookie.originalMaxAge, ...left]));
        });
        const lifetimes = JSON.stringify([60_000, 60_000, 60_000, 60_000]);
        const first = await request(server).get('/first').expect(200, lifetimes);
        await request(server).get('/second').set('Cookie', cookieOf(first)).expect(200, lifetimes);
      }));
  });

  describe('data', () => {
    const options = {
      maxAge: 60_000,
      domain: 'example.com',
      path: '/shop',
      secure: true,
      httpOnly: false,
      sameSite: 'lax',
      partitioned: true,
      priority: 'low',
    };

    it('has exactly the cookie members, set or not, in a fixed order (B166)', () => {
      assert.deepEqual(Object.keys(new Cookie().data), DATA_MEMBERS);
      const { maxAge, ...rest } = options;
      const cookie = new Cookie({ ...options, unknown: true });
      assert.deepEqual(Object.keys(cookie.data), DATA_MEMBERS);
      assert.deepEqual(cookie.data, { ...rest, originalMaxAge: maxAge, expires: cookie.expires });
    });

    it('is read-only (B166)', () => {
      const cookie = new Cookie({ path: '/shop' });
      assert.equal(Reflect.set(cookie, 'data', { path: '/other' }), false);
      assert.equal(cookie.data.path, '/shop');
      assert.equal(cookie.path, '/shop');
    });

    it('is what toJSON returns, so that undefined members vanish in JSON (B166)', () => {
      const cookie = new Cookie(options);
      assert.deepEqual(cookie.toJSON(), cookie.data);
      assert.equal(
        JSON.stringify(new Cookie()),
        '{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"}',
      );
    });
  });

  describe('serialize', () => {
    it('writes name, percent-encoded value and attributes (B167)', () => {
      assert.equal(new Cookie().serialize('n', 'a b;%'), 'n=a%20b%3B%25; Path=/; HttpOnly');
      const cookie = new Cookie({
        expires: new Date(0),
        domain: 'example.com',
        secure: true,
        sameSite: 'strict',
      });
      assert.equal(
        cookie.serialize('n', 'v'),
        'n=v; Domain=example.com; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Strict',
      );
    });

    it('leaves an empty path out (B167)', () => {
      assert.equal(new Cookie({ path: '' }).serialize('n', 'v'), 'n=v; HttpOnly');
    });

    it('refuses a name that is none (B167)', () => {
      assert.throws(() => new Cookie().serialize('a b', 'v'), /argument name is invalid/);
    });

    for (const [option, value] of Object.entries({
      expires: new Date(Number.NaN),
      domain: 'example.com;',
      path: '/;x',
      priority: 'urgent',
      sameSite: 'sometimes',
    })) {
      it(`refuses an invalid ${option} (B167)`, () => {
        const cookie = new Cookie({ [option]: value });
        assert.throws(() => cookie.serialize('n', 'v'), new RegExp(`option ${option} is invalid`));
      });
    }
  });

  describe('own members', () => {
    it('are the four basic ones, then the options in their order (B168)', () => {
      const basic = ['path', '_expires', 'originalMaxAge', 'httpOnly'];
      assert.deepEqual(Object.keys(new Cookie()), basic);
      const cookie = new Cookie({
        sameSite: 'lax',
        maxAge: 1000,
        custom: 1,
        path: '/x',
        domain: 'example.com',
      });
      assert.deepEqual(Object.keys(cookie), [...basic, 'sameSite', 'custom', 'domain']);
    });

    it('include unknown options, which stay out of data (B168)', () => {
      const cookie = new Cookie({ custom: 'kept' });
      assert.equal(cookie.custom, 'kept');
      assert.ok(!('custom' in cookie.data));
    });
  });

  describe('copy', () => {
    it('has the same expires and originalMaxAge, later on too (B169)', () =>
      withFrozenClock((clock) => {
        const source = new Cookie({ maxAge: 60_000, path: '/shop', secure: true });
        clock.tick(1_000);
        const copy = new Cookie(source);
        assert.equal(time(copy.expires), time(source.expires));
        assert.equal(copy.originalMaxAge, 60_000);
        assert.deepEqual(copy.data, source.data);
      }));

    it('is independent of its source (B169)', () => {
      const source = new Cookie({ maxAge: 60_000 });
      const copy = new Cookie(source);
      const before = JSON.stringify(source);
      copy.maxAge = 1000;
      copy.path = '/copy';
      copy.secure = true;
      assert.equal(JSON.stringify(source), before);
      source.httpOnly = false;
      assert.equal(copy.httpOnly, true);
    });

    it('is what a session gets from a store that returns Cookie objects (B169)', async () => {
      const store = new ForeignStore();
      const get = store.get.bind(store);
      const returned: CookieObject[] = [];
      store.get = (id, callback) => {
        get(id, (error, record) => {
          const { cookie, ...rest } = record as { cookie: { expires: string } };
          const live = new Cookie({ ...cookie, expires: new Date(cookie.expires) });
          live.originalMaxAge = 60_000;
          returned.push(live);
          callback(error, { ...rest, cookie: live });
        });
      };
      const { server, visit } = await serve({ store, cookie: { maxAge: 60_000 } }, (req, res) => {
        if (req.url === '/new') Object.assign(req.session, { user: 'bob' });
        else req.session.cookie.path = '/edited';
        res.end(String(req.session.cookie.originalMaxAge));
      });
      const first = await visit('/new');
      await request(server).get('/load').set('Cookie', cookieOf(first)).expect(200, '60000');
      assert.equal(returned.length, 1);
      assert.equal(returned[0]?.path, '/');
    });
  });
});
