/** How long tokens and sessions live: the options jwt and absoluteTimeout. */
import assert from 'node:assert/strict';
import session from '../../src';
import { byHand } from '../support/by-hand';
import { withFrozenClock } from '../support/clock';
import { attributes, cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { seconds } from '../support/forge';
import { keys } from '../support/keys';
import { legacySecret, startLegacySession } from '../support/legacy';
import { signInAndCount } from '../support/log-in';
import type { Handler } from '../support/server';
import { idOf, recordWith, stateOf } from '../support/session-tokens';
import { claimsOfSession, countHits, data, serve, showHits, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';

const showToken: Handler = (req, res) => {
  res.end(JSON.stringify(req.session.jwt ?? null));
};

const stateless = { keys: { public: keys.public } };
const HOUR = 3_600_000;

describe('the jwt option', () => {
  it('refuses a RegExp as audience where tokens are issued', () => {
    assert.throws(() => session({ keys, jwt: { audience: ['a', /b/] } }), {
      name: 'TypeError',
      message: /^jwt\.audience must/,
    });
  });
});

describe('tokens', () => {
  let store: ForeignStore;
  beforeEach(() => {
    store = new ForeignStore();
  });

  const start = (options: session.SessionOptions): Promise<Site> =>
    serve({ store, ...options }, { '/': showHits, '/count': countHits, '/jwt': showToken });

  it('say who has issued them for whom', async () => {
    const jwt = { expiresIn: '15 minutes', issuer: ['a', 'b'], audience: 'shop' };
    const site = await start({ jwt });
    const { iat, exp, iss, aud } = decode(tokenOf(await site.visit('/count'))).payload;
    assert.deepEqual({ life: Number(exp) - Number(iat), iss, aud }, { life: 900, iss: 'a', aud: 'shop' });
    const several = await start({ jwt: { audience: ['shop', 'bank'] } });
    assert.deepEqual(decode(tokenOf(await several.visit('/count'))).payload.aud, ['shop', 'bank']);
  });

  const purposes: [session.JwtOptions, object, boolean][] = [
    [{ issuer: 'a' }, { iss: 'a' }, true],
    [{ issuer: ['b', 'a'] }, { iss: 'a' }, true],
    [{ issuer: 'a' }, {}, false],
    [{ issuer: 'a' }, { iss: 'b' }, false],
    [{ issuer: 'a' }, { iss: ['a'] }, false],
    [{ issuer: 'a' }, { iss: null }, false],
    [{ audience: 'a' }, { aud: 'a' }, true],
    [{ audience: 'a' }, { aud: ['b', 'a'] }, true],
    [{ audience: ['c', 'b'] }, { aud: ['b', 'a'] }, true],
    [{ audience: /^shop-/g }, { aud: 'shop-1' }, true],
    [{ audience: /^shop-/ }, { aud: ['bank', 'shop-1'] }, true],
    [{ audience: /^shop-/ }, { aud: 'my-shop-1' }, false],
    [{ audience: /1/ }, { aud: 1 }, false],
    [{ audience: 'a' }, {}, false],
    [{ audience: /undefined/ }, {}, false],
    [{ audience: 'a' }, { aud: 'b' }, false],
    [{ audience: 'a' }, { aud: [] }, false],
    [{ audience: 'a' }, { aud: [['a']] }, false],
    [{ audience: 'a' }, { aud: ['a', ['a']] }, false],
    [{ audience: 'a' }, { aud: ['a', 1] }, false],
    [{ audience: 'a' }, { aud: { 0: 'a', length: 1 } }, false],
  ];
  for (const [jwt, claims, isAccepted] of purposes) {
    const [[name, wanted] = []] = Object.entries(jwt);
    it(`with ${JSON.stringify(claims)} are ${isAccepted ? 'accepted' : 'refused'} by ${String(name)} ${String(wanted)}`, async () => {
      const site = await serve({ ...stateless, jwt }, { '/': showToken });
      const cookie = `connect.sid=${byHand({ exp: seconds() + 60, ...claims })}`;
      for (let again = 0; again < 2; again++) {
        assert.equal((await site.visit('/', cookie)).text !== 'null', isAccepted);
      }
    });
  }

  it('are not issued for a RegExp with keys of a provider either', async () => {
    const site = await serve(
      { keys: undefined, keysProvider: () => Promise.resolve(keys), jwt: { audience: /a/ } },
      { '/': countHits },
    );
    const res = await site.get('/');
    assert.equal(res.status, 500);
    assert.match(res.text, /^jwt\.audience must be a string/);
  });

  for (const [claim, option, value] of [
    ['exp', { jwt: { expiresIn: 60 } }, seconds() + 60],
    ['iss', { jwt: { issuer: 'a' } }, 'a'],
    ['aud', { jwt: { audience: 'a' } }, 'a'],
  ] as const) {
    it(`of an option take no ${claim} from jwtFromReq`, async () => {
      const site = await start({ ...option, jwtFromReq: () => ({ [claim]: value }) });
      const res = await site.get('/');
      assert.equal(res.status, 500);
      assert.match(res.text, new RegExp(`^jwtFromReq returned "${claim}", which the jwt\\.`));
      const free = await start({ jwtFromReq: () => ({ [claim]: value }) });
      assert.deepEqual(decode(tokenOf(await free.visit('/count'))).payload[claim], value);
    });
  }

  it('say themselves when the user has signed in, whatever jwtFromReq says of that (B256)', async () => {
    await withFrozenClock(async () => {
      const site = await start({ jwtFromReq: () => ({ sub: 'ada', auth_time: 1, iat: 2 }) });
      const { auth_time, iat } = decode(tokenOf(await site.visit('/count'))).payload;
      assert.deepEqual({ auth_time, iat }, { auth_time: seconds(), iat: seconds() });
    });
  });

  it('are not rotated because of what the library says in them', async () => {
    const site = await start({
      jwt: { expiresIn: 600, issuer: 'a', audience: ['b'] },
      absoluteTimeout: HOUR,
      jwtFromReq: (req) => ((data(req) as { hits?: number } | undefined) ? { user: 'ada' } : null),
    });
    const first = await site.visit('/count');
    assert.equal(setCookie(await site.visit('/count', cookieOf(first))), undefined);
  });

  it('may be as far out of time as jwt.clockTolerance says', async () => {
    const site = await serve({ ...stateless, jwt: { clockTolerance: 10 } }, { '/': showToken });
    const ask = async (claims: object) =>
      (await site.visit('/', `connect.sid=${byHand(claims)}`)).text !== 'null';
    await withFrozenClock(async () => {
      assert.equal(await ask({ exp: seconds() - 9 }), true);
      assert.equal(await ask({ exp: seconds() - 10 }), false);
      assert.equal(await ask({ exp: seconds() + 60, nbf: seconds() + 10 }), true);
      assert.equal(await ask({ exp: seconds() + 60, nbf: seconds() + 11 }), false);
    });
  });

  it('may be as old as jwt.maxTokenAge says', async () => {
    const site = await serve({ ...stateless, jwt: { maxTokenAge: '1m' } }, { '/': showToken });
    const ask = async (claims: object) =>
      (await site.visit('/', `connect.sid=${byHand(claims)}`)).text !== 'null';
    await withFrozenClock(async () => {
      assert.equal(await ask({ iat: seconds() - 59 }), true);
      assert.equal(await ask({ iat: seconds() - 60 }), false);
      assert.equal(await ask({ iat: seconds() - 60, exp: seconds() + 60 }), false);
      assert.equal(await ask({ iat: seconds(), exp: seconds() - 1 }), false);
      assert.equal(await ask({ iat: undefined }), false);
      assert.equal(await ask({ iat: String(seconds()) }), false);
    });
  });

  it('must have an exp for a service without a private key that says jwt.expiresIn, and must not have expired', async () => {
    const site = await serve({ ...stateless, store, jwt: { expiresIn: 60 } }, { '/': showHits });
    const ask = async (claims: object) => {
      const token = byHand(claims);
      store.records.set(idOf(token), recordWith({ hits: 1 }));
      return (await site.visit('/', `connect.sid=${token}`)).text === '1';
    };
    assert.equal(await ask({ exp: seconds() + 60 }), true);
    assert.equal(await ask({}), false);
    assert.equal(await ask({ exp: seconds() - 1 }), false);
    assert.equal(store.count('set'), 0);
  });

  describe('of a service without store', () => {
    const warnings: string[] = [];
    const listen = (warning: Error) => warnings.push(warning.message);
    beforeEach(() => {
      warnings.length = 0;
      process.on('warning', listen);
    });
    afterEach(() => process.off('warning', listen));

    const told = async (options: session.SessionOptions, claims: object) => {
      const site = await serve({ ...stateless, ...options }, { '/': showToken });
      for (let again = 0; again < 2; again++) {
        assert.notEqual((await site.visit('/', `connect.sid=${byHand(claims)}`)).text, 'null');
      }
      return warnings.filter((text) => text.startsWith('jwt.maxTokenAge option'));
    };

    it('draw one warning if nothing ends them', async () => {
      assert.equal((await told({}, {})).length, 1);
    });
    it('draw none if they have an exp', async () => {
      assert.deepEqual(await told({}, { exp: seconds() + 60 }), []);
    });
    it('draw none with jwt.maxTokenAge', async () => {
      assert.deepEqual(await told({ jwt: { maxTokenAge: 60 } }, {}), []);
    });
  });
});

describe('absoluteTimeout', () => {
  let store: ForeignStore;
  let site: Site;
  const regenerate: Handler = (req, res) => {
    req.session.regenerate(() => {
      data(req).hits = 0;
      res.end();
    });
  };
  const handlers = {
    ...{
      '/': showHits,
      '/count': countHits,
      '/login': signInAndCount,
      '/regenerate': regenerate,
      '/jwt': showToken,
    },
    '/renew': async (...[req, res]: Parameters<Handler>) => {
      await req.session.renewToken();
      return showHits(req, res);
    },
  };
  const jwtFromReq = claimsOfSession;
  const start = (options: session.SessionOptions = {}): Promise<Site> =>
    serve({ store, absoluteTimeout: HOUR, jwtFromReq, ...options }, handlers);
  const authTime = (res: Parameters<typeof tokenOf>[0]) => decode(tokenOf(res)).payload.auth_time;
  beforeEach(async () => {
    store = new ForeignStore();
    site = await start();
  });

  it('ends a session that long after its creation, however active it is, and destroys its record (B256)', async () => {
    await withFrozenClock(async (clock) => {
      const nobody = await start({ jwtFromReq: undefined });
      const first = await nobody.visit('/count');
      assert.equal(authTime(first), undefined, 'nobody has signed in');
      clock.tick(HOUR - 1);
      assert.equal((await nobody.visit('/count', cookieOf(first))).text, '2');
      clock.tick(1);
      const res = await nobody.visit('/', cookieOf(first));
      assert.equal(res.text, 'undefined');
      assert.equal(store.records.size, 0);
    });
  });

  it('counts from the sign-in, which the token says, where there was one (B256)', async () => {
    await withFrozenClock(async (clock) => {
      const first = await site.visit('/count');
      clock.tick(HOUR / 2);
      const second = await site.visit('/login', cookieOf(first));
      assert.equal(authTime(second), seconds());
      clock.tick(HOUR - 1000);
      assert.equal((await site.visit('/', cookieOf(second))).text, '2');
      clock.tick(1000);
      assert.equal((await site.visit('/', cookieOf(second))).text, 'undefined');
    });
  });

  for (const path of ['/regenerate', '/renew']) {
    it(`counts from ${path.slice(1)} of a user who was signed in (B256)`, async () => {
      await withFrozenClock(async (clock) => {
        const named = await start({ jwtFromReq: () => ({ sub: 'ada' }) });
        const first = await named.visit('/login');
        clock.tick(HOUR / 2);
        const second = await named.visit(path, cookieOf(first));
        assert.equal(authTime(second), seconds());
        clock.tick(HOUR - 1000);
        assert.notEqual((await named.visit('/', cookieOf(second))).text, 'undefined');
      });
    });
  }

  it('is carried through replacements, which never make a token live longer, and through changes of claims', async () => {
    await withFrozenClock(async (clock) => {
      clock.tick(1000 - (clock.now() % 1000));
      const busy = await start({
        jwt: { expiresIn: '20m' },
        jwtFromReq: (req) => ({ hits: (data(req) as { hits?: number } | undefined)?.hits ?? 0 }),
      });
      const begun = seconds();
      let cookie = cookieOf(await busy.visit('/count'));
      for (let minutes = 11; minutes < 60; minutes += 11) {
        clock.tick(11 * 60_000);
        const res = await busy.visit('/', cookie);
        if (setCookie(res)) cookie = cookieOf(res);
        const { payload } = decode(cookie.slice('connect.sid='.length));
        assert.equal(payload.auth_time, begun);
        assert.ok(Number(payload.exp) <= begun + 3600);
      }
      cookie = cookieOf(await busy.visit('/count', cookie));
      assert.equal(decode(cookie.slice('connect.sid='.length)).payload.auth_time, begun);
      clock.tick(5 * 60_000);
      assert.equal((await busy.visit('/', cookie)).text, 'undefined');
    });
  });

  it('counts from the record where the token does not say, and refuses what is no time (B256)', async () => {
    const ask = async (claims: object, created: number) => {
      const token = byHand(claims);
      store.records.set(idOf(token), recordWith({ hits: 7 }, { created }));
      return (await site.visit('/', `connect.sid=${token}`)).text;
    };
    const now = Date.now();
    assert.equal(await ask({}, now - HOUR + 60_000), '7');
    assert.equal(await ask({}, now - HOUR - 1), 'undefined');
    assert.equal(await ask({ iat: seconds() - 9 * 3600 }, now), '7');
    assert.equal(await ask({ auth_time: seconds() - 60 }, now - 2 * HOUR), '7');
    assert.equal(await ask({ auth_time: String(seconds()) }, now), 'undefined');
    assert.equal(await ask({ auth_time: null }, now), 'undefined');
  });

  it('counts from the upgrade of an express-session cookie, and the record says so (B232 B256)', async () => {
    const legacy = await startLegacySession(store, { hits: 4 });
    const upgrading = await start({ secret: legacySecret });
    const res = await upgrading.visit('/', legacy.cookie);
    assert.equal(res.text, '4');
    assert.ok(Math.abs(stateOf(store, legacy.id).created - Date.now()) <= 1000);
    await withFrozenClock(async (clock) => {
      clock.tick(HOUR + 1000);
      assert.equal((await upgrading.visit('/', cookieOf(res))).text, 'undefined');
      assert.equal((await upgrading.visit('/', legacy.cookie)).text, 'undefined');
    });
  });

  it('ends a session for a service without store as well', async () => {
    const verifier = await serve({ ...stateless, absoluteTimeout: HOUR }, handlers);
    const ask = async (authTime: number) =>
      (await verifier.visit('/jwt', `connect.sid=${byHand({ auth_time: authTime })}`)).text !== 'null';
    assert.equal(await ask(seconds() - 3500), true);
    assert.equal(await ask(seconds() - 3601), false);
  });

  it('is no longer than what the store and the browser are told', async () => {
    await withFrozenClock(async (clock) => {
      const long = await start({ cookie: { maxAge: 24 * HOUR }, rolling: true });
      const first = await long.visit('/count');
      const expiresIn = (line: string) => Date.parse(String(attributes(line).expires)) - clock.now();
      assert.ok(expiresIn(setCookie(first) ?? '') <= HOUR);
      clock.tick(HOUR / 2);
      const second = await long.visit('/', cookieOf(first));
      assert.ok(expiresIn(setCookie(second) ?? '') <= HOUR / 2);
      const [text = ''] = store.records.values();
      const { cookie } = JSON.parse(text) as { cookie: { expires: string; originalMaxAge: number } };
      assert.ok(Date.parse(cookie.expires) - clock.now() <= HOUR / 2);
      assert.equal(cookie.originalMaxAge, 24 * HOUR);
    });
  });

  it('leaves a store that fails to end a session to the error handler', async () => {
    const token = byHand();
    store.records.set(idOf(token), recordWith({ hits: 7 }, { created: Date.now() - HOUR - 1 }));
    store.failures.destroy = new Error('the store is down');
    const res = await site.get('/', `connect.sid=${token}`);
    assert.equal(res.status, 500);
    assert.equal(res.text, 'the store is down');
  });
});
