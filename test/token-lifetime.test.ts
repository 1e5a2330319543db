import assert from 'node:assert/strict';
import session from '../src';
import { replacedBy, TokenRules } from '../src/token/token-rules';
import { byHand } from './support/by-hand';
import { withFrozenClock } from './support/clock';
import { attributes, cookieOf, decode, digest, setCookie, tokenOf } from './support/cookies';
import { issue, recordOf, seconds } from './support/forge';
import { keys } from './support/keys';
import { legacySecret, startLegacySession } from './support/legacy';
import type { Handler } from './support/server';
import { asStore, closeSites, countHits, data, openSite, showHits, type Site } from './support/site';
import { ForeignStore } from './support/stores';

const showToken: Handler = (req, res) => {
  res.end(JSON.stringify(req.session.jwt ?? null));
};

const stateless = { keys: { public: keys.public } };
const HOUR = 3_600_000;

describe('what a token takes over from the one whose place it takes', () => {
  it('is a sign-in long ago where nothing of use says when that was', () => {
    assert.deepEqual(new TokenRules().originsOf({}), { signedInAt: 0 });
    assert.deepEqual(new TokenRules().originsOf({ auth_time: 'today', iat: 7 }), { signedInAt: 0 });
    assert.deepEqual(new TokenRules().originsOf({ iat: 7 }), { signedInAt: 7 });
  });

  it('is no list of ids where it has none', () => {
    assert.deepEqual(replacedBy({ replaces: 'x' }), []);
    assert.deepEqual(replacedBy({ replaces: ['x', 7] }), ['x']);
  });
});

describe('the jwt option', () => {
  const wrong: Record<string, [unknown, RegExp]> = {
    'no object': ['15m', /^jwt option must be an object/],
    'an array': [[], /^jwt option must be an object/],
    'an unknown name': [{ expireIn: '15m' }, /^jwt\.expireIn is no option/],
    'expiresIn of 0': [{ expiresIn: 0 }, /^jwt\.expiresIn option must/],
    'expiresIn below 0': [{ expiresIn: -1 }, /^jwt\.expiresIn option must/],
    'expiresIn with a fraction': [{ expiresIn: 1.5 }, /^jwt\.expiresIn option must/],
    'expiresIn of NaN': [{ expiresIn: NaN }, /^jwt\.expiresIn option must/],
    'expiresIn that never comes': [{ expiresIn: Infinity }, /^jwt\.expiresIn option must/],
    'expiresIn without a unit': [{ expiresIn: '900' }, /^jwt\.expiresIn option must/],
    'expiresIn in no words': [{ expiresIn: 'soon' }, /^jwt\.expiresIn option must/],
    'expiresIn of no length': [{ expiresIn: `${'9'.repeat(101)}s` }, /^jwt\.expiresIn option must/],
    'expiresIn of less than a second': [{ expiresIn: '900ms' }, /^jwt\.expiresIn option must/],
    'expiresIn of null': [{ expiresIn: null }, /^jwt\.expiresIn option must/],
    'maxTokenAge of 0': [{ maxTokenAge: 0 }, /^jwt\.maxTokenAge option must/],
    'grace below 0': [{ grace: '-1s' }, /^jwt\.grace option must/],
    'clockTolerance as text': [{ clockTolerance: '5' }, /^jwt\.clockTolerance option must/],
    'clockTolerance below 0': [{ clockTolerance: -1 }, /^jwt\.clockTolerance option must/],
    'an empty issuer': [{ issuer: '' }, /^jwt\.issuer option must/],
    'no issuers': [{ issuer: [] }, /^jwt\.issuer option must/],
    'a RegExp as issuer': [{ issuer: /a/ }, /^jwt\.issuer option must/],
    'an audience of numbers': [{ audience: [1] }, /^jwt\.audience option must/],
    'a RegExp as audience where tokens are issued': [{ audience: ['a', /b/] }, /^jwt\.audience must/],
  };
  for (const [name, [jwt, message]] of Object.entries(wrong)) {
    it(`refuses ${name}`, () => {
      assert.throws(() => session({ keys, jwt: jwt as session.JwtOptions }), { name: 'TypeError', message });
    });
  }

  for (const given of [0, 999, -1, NaN, Infinity, '1h', null]) {
    it(`beside it, absoluteTimeout refuses ${JSON.stringify(given)}`, () => {
      assert.throws(() => session({ keys, absoluteTimeout: given as number }), {
        name: 'TypeError',
        message: /^absoluteTimeout option must be a number of milliseconds/,
      });
    });
  }

  it('may be null, and lists may be frozen', () => {
    session({ keys, jwt: null as never });
    session({ keys, jwt: Object.freeze({ issuer: Object.freeze(['a']), audience: Object.freeze(['b']) }) });
  });
});

describe('tokens', () => {
  let store: ForeignStore;
  beforeEach(() => {
    store = new ForeignStore();
  });
  afterEach(closeSites);

  const serve = (options: session.SessionOptions): Promise<Site> =>
    openSite(
      { store: asStore(store), ...options },
      { '/': showHits, '/count': countHits, '/jwt': showToken },
    );

  it('say who has issued them for whom', async () => {
    const jwt = { expiresIn: '15 minutes', issuer: ['a', 'b'], audience: 'shop' };
    const site = await serve({ jwt });
    const { iat, exp, iss, aud } = decode(tokenOf(await site.visit('/count'))).payload;
    assert.deepEqual({ life: Number(exp) - Number(iat), iss, aud }, { life: 900, iss: 'a', aud: 'shop' });
    const several = await serve({ jwt: { audience: ['shop', 'bank'] } });
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
      const site = await openSite({ ...stateless, jwt }, { '/': showToken });
      const cookie = `connect.sid=${byHand({ exp: seconds() + 60, ...claims })}`;
      for (let again = 0; again < 2; again++) {
        assert.equal((await site.visit('/', cookie)).text !== 'null', isAccepted);
      }
    });
  }

  it('are not issued for a RegExp with keys of a provider either', async () => {
    const site = await openSite(
      { keys: undefined, keysProvider: () => Promise.resolve(keys), jwt: { audience: /a/ } },
      { '/': (req, res) => res.end(req.session.id) },
    );
    const res = await site.get('/');
    assert.equal(res.status, 500);
    assert.match(res.text, /^jwt\.audience must be a string/);
  });

  for (const [claim, option, value] of [
    ['exp', { jwt: { expiresIn: 60 } }, seconds() + 60],
    ['replaces', { jwt: { expiresIn: 60 } }, 'x'],
    ['iss', { jwt: { issuer: 'a' } }, 'a'],
    ['aud', { jwt: { audience: 'a' } }, 'a'],
    ['auth_time', { absoluteTimeout: HOUR }, 1],
  ] as const) {
    it(`of an option take no ${claim} from jwtFromReq`, async () => {
      const site = await serve({ ...option, jwtFromReq: () => ({ [claim]: value }) });
      const res = await site.get('/');
      assert.equal(res.status, 500);
      assert.match(
        res.text,
        new RegExp(`^jwtFromReq returned "${claim}", which the (jwt\\.|absoluteTimeout)`),
      );
      const free = await serve({ jwtFromReq: () => ({ [claim]: value }) });
      assert.deepEqual(decode(tokenOf(await free.visit('/count'))).payload[claim], value);
    });
  }

  it('are not rotated because of what the library says in them', async () => {
    const site = await serve({
      jwt: { expiresIn: 600, issuer: 'a', audience: ['b'] },
      absoluteTimeout: HOUR,
      jwtFromReq: (req) => ((data(req) as { hits?: number } | undefined) ? { user: 'ada' } : null),
    });
    const first = await site.visit('/count');
    assert.equal(setCookie(await site.visit('/count', cookieOf(first))), undefined);
  });

  it('may be as far out of time as jwt.clockTolerance says', async () => {
    const site = await openSite({ ...stateless, jwt: { clockTolerance: 10 } }, { '/': showToken });
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
    const site = await openSite({ ...stateless, jwt: { maxTokenAge: '1m' } }, { '/': showToken });
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
    const site = await openSite(
      { ...stateless, store: asStore(store), jwt: { expiresIn: 60 } },
      { '/': showHits },
    );
    const ask = async (claims: object) => {
      const token = byHand(claims);
      store.records.set(digest(token), recordOf({ hits: 1 }));
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
      const site = await openSite({ ...stateless, ...options }, { '/': showToken });
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
  const handlers = { '/': showHits, '/count': countHits, '/regenerate': regenerate, '/jwt': showToken };
  const serve = (options: session.SessionOptions = {}): Promise<Site> =>
    openSite({ store: asStore(store), absoluteTimeout: HOUR, ...options }, handlers);
  beforeEach(async () => {
    store = new ForeignStore();
    site = await serve();
  });
  afterEach(closeSites);

  it('ends a session that long after its creation, however active it is, and destroys its record', async () => {
    await withFrozenClock(async (clock) => {
      clock.tick(1000 - (clock.now() % 1000));
      const first = await site.visit('/count');
      assert.equal(decode(tokenOf(first)).payload.auth_time, seconds());
      clock.tick(HOUR - 1);
      assert.equal((await site.visit('/count', cookieOf(first))).text, '2');
      clock.tick(1);
      const res = await site.visit('/', cookieOf(first));
      assert.equal(res.text, 'undefined');
      assert.equal(store.records.size, 0);
    });
  });

  it('counts from regenerate', async () => {
    await withFrozenClock(async (clock) => {
      const first = await site.visit('/count');
      clock.tick(HOUR / 2);
      const second = await site.visit('/regenerate', cookieOf(first));
      assert.equal(decode(tokenOf(second)).payload.auth_time, seconds());
      clock.tick(HOUR - 1000);
      assert.equal((await site.visit('/', cookieOf(second))).text, '0');
    });
  });

  it('is carried through replacements, which never make a token live longer, and through changes of claims', async () => {
    await withFrozenClock(async (clock) => {
      clock.tick(1000 - (clock.now() % 1000));
      const busy = await serve({
        jwt: { expiresIn: '20m' },
        jwtFromReq: (req) => ({ hits: (data(req) as { hits?: number } | undefined)?.hits ?? 0 }),
      });
      const start = seconds();
      let cookie = cookieOf(await busy.visit('/count'));
      for (let minutes = 11; minutes < 60; minutes += 11) {
        clock.tick(11 * 60_000);
        const res = await busy.visit('/', cookie);
        if (setCookie(res)) cookie = cookieOf(res);
        const { payload } = decode(cookie.slice('connect.sid='.length));
        assert.equal(payload.auth_time, start);
        assert.ok(Number(payload.exp) <= start + 3600);
      }
      cookie = cookieOf(await busy.visit('/count', cookie));
      assert.equal(decode(cookie.slice('connect.sid='.length)).payload.auth_time, start);
      clock.tick(5 * 60_000);
      assert.equal((await busy.visit('/', cookie)).text, 'undefined');
    });
  });

  it('counts from the issue of tokens that do not say, and refuses what is no time', async () => {
    const ask = async (claims: object) => {
      const token = issue({ jti: 'x', ...claims });
      store.records.set(digest(token), recordOf({ hits: 7 }));
      return (await site.visit('/', `connect.sid=${token}`)).text;
    };
    assert.equal(await ask({ iat: seconds() - 3500 }), '7');
    assert.equal(await ask({ iat: seconds() - 3601 }), 'undefined');
    assert.equal(await ask({ iat: seconds(), auth_time: String(seconds()) }), 'undefined');
    assert.equal(await ask({ iat: seconds(), auth_time: null }), '7');
    assert.equal(await ask({}), 'undefined');
  });

  it('counts from the upgrade of an express-session cookie', async () => {
    const legacy = await startLegacySession(store, { hits: 4 });
    const upgrading = await serve({ secret: legacySecret });
    const res = await upgrading.visit('/', legacy.cookie);
    assert.equal(res.text, '4');
    assert.ok(Math.abs(Number(decode(tokenOf(res)).payload.auth_time) - seconds()) <= 1);
  });

  it('ends a session for a service without store as well', async () => {
    const verifier = await openSite({ ...stateless, absoluteTimeout: HOUR }, handlers);
    const ask = async (authTime: number) =>
      (await verifier.visit('/jwt', `connect.sid=${byHand({ auth_time: authTime })}`)).text !== 'null';
    assert.equal(await ask(seconds() - 3500), true);
    assert.equal(await ask(seconds() - 3601), false);
  });

  it('is no longer than what the store and the browser are told', async () => {
    await withFrozenClock(async (clock) => {
      const long = await serve({ cookie: { maxAge: 24 * HOUR }, rolling: true });
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
    const token = issue({ jti: 'x', iat: seconds() - 3601 });
    store.records.set(digest(token), recordOf({ hits: 7 }));
    store.failures.destroy = new Error('the store is down');
    const res = await site.get('/', `connect.sid=${token}`);
    assert.equal(res.status, 500);
    assert.equal(res.text, 'the store is down');
  });
});
