/** The constructor Cookie: what test/cookie.js of both packages asserts of it. */
import assert from 'node:assert/strict';
import session from '../../src';
import { withFrozenClock } from '../support/clock';

/** What the tests use of a Cookie, including what the public types leave out. */
interface CookieObject {
  [member: string]: unknown;
  expires: Date | null;
  data: Record<string, unknown>;
}

const Cookie = session.Cookie as unknown as new (options?: unknown) => CookieObject;

/** A cookie has an option of this name, and hands it on in its data. */
function assertKept(name: string, value: unknown): void {
  const cookie = new Cookie({ [name]: value });
  assert.equal(cookie[name], value);
  assert.equal(cookie.data[name], value);
}

describe('new Cookie()', () => {
  it('A cookie is an object (B153, UC1, FC1)', () => {
    assert.equal(typeof new Cookie(), 'object');
  });

  it('A cookie has no expiry by default (B153, UC2, FC2)', () => {
    assert.equal(new Cookie().expires, null);
  });

  it('A cookie is httpOnly by default (B153, UC3, FC3)', () => {
    assert.equal(new Cookie().httpOnly, true);
  });

  it('A cookie has the path / by default (B153, UC4, FC4)', () => {
    assert.equal(new Cookie().path, '/');
  });

  it('A cookie has no maxAge by default (B153, UC5, FC5)', () => {
    assert.equal(new Cookie().maxAge, null);
  });

  describe('with options', () => {
    it('A cookie of empty options is the same object (B153, UC6, FC6)', () => {
      const cookie = new Cookie({});
      assert.equal(typeof cookie, 'object');
      assert.deepEqual(JSON.parse(JSON.stringify(cookie)), {
        originalMaxAge: null,
        expires: null,
        httpOnly: true,
        path: '/',
      });
    });

    it('Options of a cookie that are no object are refused (B154, UC7, FC7)', () => {
      for (const options of [42, 'foo', true, () => undefined]) {
        assert.throws(() => new Cookie(options), {
          name: 'TypeError',
          message: /argument options must be a object/,
        });
      }
    });

    it('An option data of a cookie is ignored (B155, UC8, FC8)', () => {
      const cookie = new Cookie({ data: { foo: 'bar', path: '/data' }, path: '/foo' });
      assert.equal(typeof cookie.data, 'object');
      assert.deepEqual(Object.keys(cookie.data), Object.keys(new Cookie().data));
      assert.equal(cookie.foo, undefined);
      for (const path of ['/foo', '/later']) {
        cookie.path = path;
        assert.equal(cookie.data.path, path);
      }
    });

    it('An option expires is the expiry of the cookie (B156, UC9, FC9)', () => {
      const expires = new Date(Date.now() + 60_000);
      assert.equal(new Cookie({ expires }).expires, expires);
    });

    it('An option expires makes maxAge what is left (B156, UC10, FC10)', () =>
      withFrozenClock((clock) => {
        const cookie = new Cookie({ expires: new Date(clock.now() + 60_000) });
        assert.equal(cookie.maxAge, 60_000);
      }));

    it('An option httpOnly is kept by the cookie (B157, UC11, FC11)', () => {
      assertKept('httpOnly', false);
    });

    it('An option maxAge makes the expiry of the cookie (B158, UC12, FC12)', () =>
      withFrozenClock((clock) => {
        const cookie = new Cookie({ maxAge: 60_000 });
        assert.equal(cookie.expires?.valueOf(), clock.now() + 60_000);
      }));

    it('An option maxAge is the maxAge of the cookie, which counts down (B158, UC13, FC13)', () =>
      withFrozenClock((clock) => {
        const cookie = new Cookie({ maxAge: 60_000 });
        assert.equal(cookie.maxAge, 60_000);
        clock.tick(1_500);
        assert.equal(cookie.maxAge, 58_500);
      }));

    it('An option maxAge may be a Date (B159, UC14, FC14)', () =>
      withFrozenClock((clock) => {
        const warnings: string[] = [];
        const listen = ({ message }: Error) => warnings.push(message);
        process.on('deprecation', listen);
        try {
          const maxAge = new Date(clock.now() + 60_000);
          const cookie = new Cookie({ maxAge });
          assert.equal(cookie.expires?.valueOf(), maxAge.valueOf());
          assert.equal(cookie.maxAge, 60_000);
        } finally {
          process.off('deprecation', listen);
        }
        assert.deepEqual(warnings, ['maxAge as Date; pass number of milliseconds instead']);
      }));

    it('An option maxAge of another type is refused (B160, UC15, FC15)', () => {
      const refusal = { name: 'TypeError', message: /maxAge must be a number or Date/ };
      for (const maxAge of ['42', true, () => undefined, {}]) {
        assert.throws(() => new Cookie({ maxAge }), refusal);
        const cookie = new Cookie({ expires: null });
        assert.throws(() => (cookie.maxAge = maxAge), refusal);
        assert.equal(cookie.maxAge, null);
      }
    });

    it('An option partitioned is kept by the cookie (B157, UC16)', () => {
      assertKept('partitioned', true);
    });

    it('An option path is kept by the cookie (B157, UC17, FC16)', () => {
      assertKept('path', '/foo');
    });

    it('An option priority is kept by the cookie (B157, UC18)', () => {
      assertKept('priority', 'high');
    });
  });
});
