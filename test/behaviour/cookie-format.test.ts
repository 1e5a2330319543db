// The first step of a rolling deploy: cookies and records as express-session makes them, both kinds of cookie read.
import assert from 'node:assert/strict';
import session, { tokenOf as tokenOfRequest } from '../../src';
import { withFrozenClock } from '../support/clock';
import { ComparingStore } from '../support/comparing-store';
import { openOriginal, openStepOne, openStepTwo, pages } from '../support/cookie-format';
import { record } from '../support/contents';
import { cookieOf, setCookie, tokenOf } from '../support/cookies';
import { issue, recordOf, seconds } from '../support/forge';
import { keys, otherKeys } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { legacyCookie, legacySecret, startLegacySession } from '../support/legacy';
import { loose } from '../support/loose';
import { idOf, recordWith, sesOf, stateOf } from '../support/session-tokens';
import { data, serve } from '../support/site';
import { ForeignStore } from '../support/stores';
import { startSession02 } from '../support/token02';

const RAW_ID = /^[\w-]{32}$/;

/** The id in the Set-Cookie line of a response, whose cookie is signed with the usual secret. */
function idInCookie(response: Parameters<typeof cookieOf>[0]): string {
  const [, id = ''] = /^connect\.sid=s%3A([^.]+)\./.exec(cookieOf(response)) ?? [];
  assert.equal(cookieOf(response), legacyCookie(id));
  return id;
}

/** A Set-Cookie line without what differs from one moment to the next. */
function withoutDate(line: string | undefined): string | undefined {
  return line?.replace(/Expires=[^;]+/, 'Expires=…');
}

/** Nor what differs from session to session. */
function shapeOf(line: string | undefined): string | undefined {
  return withoutDate(line)?.replace(/=s%3A[\w-]{32}\.[\w%]+;/, '=<signed id>;');
}

const forged = (ses: object) => `connect.sid=${issue({ iat: seconds(), ses })}`;

describe('the option cookieFormat (B266)', () => {
  const first = { keys, secret: legacySecret, cookieFormat: 'express-session' };
  const refused: [string, Record<string, unknown>, RegExp][] = [
    [
      'another format',
      { ...first, cookieFormat: 'jwe' },
      /^cookieFormat option must be "jwt", "express-session" or "back-to-express-session"/,
    ],
    [
      'null',
      { ...first, cookieFormat: null },
      /^cookieFormat option must be "jwt", "express-session" or "back-to-express-session"/,
    ],
    ['no secret', { ...first, secret: undefined }, /needs the secret option/],
    ['another transport', { ...first, jwt: { transport: 'bearer' } }, /leave the jwt.transport option out/],
    [
      'several transports',
      { ...first, jwt: { transport: ['cookie', { header: 'x-token' }] } },
      /leave the jwt.transport/,
    ],
    ['no private key', { ...first, keys: { public: keys.public } }, /needs a private key in the keys option/],
    [
      'the way back without a secret',
      { keys, cookieFormat: 'back-to-express-session' },
      /^cookieFormat 'back-to-express-session' needs the secret option/,
    ],
  ];
  for (const [name, options, message] of refused) {
    it(`refuses ${name} with a TypeError at the call`, () => {
      assert.throws(() => session(loose(options)), { name: 'TypeError', message });
    });
  }

  it('takes what says the same as the default', () => {
    for (const more of [
      { jwt: { transport: 'cookie' } },
      { jwt: { transport: ['cookie'] } },
      { jwt: { transport: null } },
    ])
      session(loose({ ...first, ...more }));
    session(loose({ keys, cookieFormat: 'jwt', jwt: { transport: 'bearer' } }));
  });
});

describe('a new session in the first step of a rolling deploy (B266)', () => {
  for (const cookie of [undefined, { maxAge: 60_000, sameSite: 'lax', domain: 'example.com' } as const]) {
    it(`gets cookie and record as express-session makes them, ${cookie ? 'with' : 'without'} settings (B221 B232)`, async () => {
      await withFrozenClock(async () => {
        const ours = new ComparingStore();
        const theirs = new ForeignStore();
        const answer = await (await openStepOne(ours, { cookie })).visit('/');
        const original = await (await openOriginal(theirs, { cookie })).visit('/');
        const id = idInCookie(answer);
        assert.match(id, RAW_ID);
        assert.equal(shapeOf(setCookie(answer)), shapeOf(setCookie(original)));
        assert.deepEqual([...ours.records.keys()], [id]);
        const shape = (store: ForeignStore) =>
          [...store.records.values()][0]?.replace(/"expires":"[^"]+"/, '');
        assert.equal(shape(ours), shape(theirs));
      });
    });
  }

  it('is read by express-session, and theirs by it, back and forth', async () => {
    const store = new ForeignStore();
    const [ours, theirs] = [await openStepOne(store), await openOriginal(store)];
    for (const [one, other] of [
      [ours, theirs],
      [theirs, ours],
    ] as const) {
      const cookie = cookieOf(await one.visit('/'));
      assert.equal((await other.visit('/', cookie)).text, '2');
      assert.equal((await one.visit('/', cookie)).text, '3');
    }
    assert.equal(store.records.size, 2);
  });

  it('has the id that genid returned, as it is (B090)', async () => {
    const store = new ForeignStore();
    const site = await openStepOne(store, { genid: () => 'apple' });
    const answer = await site.visit('/');
    assert.equal(idInCookie(answer), 'apple');
    assert.deepEqual([...store.records.keys()], ['apple']);
    assert.equal((await site.visit('/id', cookieOf(answer))).text, 'apple');
  });

  it('gets a raw id at regenerate, whatever cookie came', async () => {
    const store = new ComparingStore();
    const [one, two] = [await openStepOne(store), await openStepTwo(store)];
    for (const site of [one, two]) {
      const before = await site.visit('/');
      const answer = await one.visit('/regenerate', cookieOf(before));
      assert.equal(idInCookie(answer), answer.text);
      assert.match(answer.text, RAW_ID);
      assert.equal(record(store, answer.text)?.__session, undefined);
      assert.equal((await one.visit('/show', cookieOf(answer))).text, '100');
      assert.equal((await one.visit('/show', cookieOf(before))).text, 'undefined');
    }
  });

  it('gets a raw id where the cookie that came opens nothing, whichever it was', async () => {
    const store = new ComparingStore();
    const site = await openStepOne(store);
    const dead = [
      legacyCookie('gone'),
      'connect.sid=s%3Agone.x',
      forged({ id: 'gone', gen: 1 }),
      forged({ lid: 'gone', gen: 1 }),
    ];
    for (const cookie of dead) {
      const id = idInCookie(await site.visit('/', cookie));
      assert.match(id, RAW_ID);
      assert.equal(record(store, id)?.__session, undefined);
    }
  });

  it('is signed with the first of several secrets, and the others are read (B115)', async () => {
    const store = new ForeignStore();
    const site = await openStepOne(store, { secret: ['new one', legacySecret] });
    const answer = await site.visit('/');
    const [id = ''] = store.records.keys();
    assert.equal(cookieOf(answer), legacyCookie(id, 'new one'));
    assert.equal((await site.visit('/', legacyCookie(id))).text, '2');
  });

  it('is neither stored nor sent where there is no private key', async () => {
    const store = new ForeignStore();
    const keysProvider = () => Promise.resolve({ public: keys.public });
    const site = await openStepOne(store, { keys: undefined, keysProvider });
    assert.match((await site.get('/')).text, /no private key/);
    assert.equal(store.records.size, 0);
  });

  it('lives in the own MemoryStore as in any other', async () => {
    const store = new session.MemoryStore();
    const options = { keys, secret: legacySecret, cookieFormat: 'express-session', store } as const;
    const site = await serve(options, pages);
    const answer = await site.visit('/');
    assert.deepEqual(record(store, idInCookie(answer)), JSON.parse(recordOf({ hits: 1 })));
    assert.equal((await site.visit('/', cookieOf(answer))).text, '2');
  });
});

describe('a session that came by a cookie of express-session, in the first step (B266)', () => {
  const lasting = { originalMaxAge: 60_000, expires: new Date(Date.now() + 50_000) };
  const rows: [string, string, object, session.SessionOptions, boolean][] = [
    ['that is only read', '/show', {}, {}, false],
    ['that changes', '/', {}, {}, false],
    ['that is only read, rolling', '/show', {}, { rolling: true }, true],
    ['that is only read and has an expiry', '/show', lasting, {}, false],
    ['that changes and has an expiry', '/', lasting, {}, true],
    [
      'that changes, with a secure cookie on a plain connection',
      '/',
      { ...lasting, secure: true },
      {},
      false,
    ],
  ];
  for (const [name, path, settings, options, isSent] of rows) {
    it(`and ${name} is answered as express-session answers it (B229 B230)`, async () => {
      const cookie = { originalMaxAge: null, expires: null, httpOnly: true, path: '/', ...settings };
      const [ours, theirs] = [new ComparingStore(), new ForeignStore()];
      for (const store of [ours, theirs]) store.records.set('old', recordOf({ cookie, hits: 1 }));
      const answer = await (await openStepOne(ours, options)).visit(path, legacyCookie('old'));
      const original = await (await openOriginal(theirs, options as never)).visit(path, legacyCookie('old'));
      assert.equal(answer.text, original.text);
      const line = setCookie(answer);
      assert.equal(line !== undefined, isSent);
      assert.equal(withoutDate(line), withoutDate(setCookie(original)));
      if (isSent) assert.equal(cookieOf(answer), legacyCookie('old'));
      const stored = record(ours, 'old');
      assert.deepEqual([stored?.hits, stored?.__session], [record(theirs, 'old')?.hits, undefined]);
    });
  }

  it('is written by compareAndSet with null, and no member __session is added (B232 B244)', async () => {
    const store = new ComparingStore();
    const site = await openStepOne(store);
    const legacy = await startLegacySession(store, { hits: 1 });
    store.calls.length = 0;
    await site.visit('/', legacy.cookie);
    assert.deepEqual(
      store.calls.map(({ method }) => method),
      ['get', 'compareAndSet'],
    );
    assert.deepEqual(store.expected, [null]);
    assert.equal(store.records.get(legacy.id), recordOf({ hits: 2 }));
  });

  it('keeps the member __session that is there (B232)', async () => {
    const store = new ComparingStore();
    const legacy = await startLegacySession(store, { hits: 1 });
    await (await openStepTwo(store)).visit('/', legacy.cookie);
    const state = stateOf(store, legacy.id);
    assert.equal(state.adopted, true);
    const site = await openStepOne(store.twin());
    const answer = await site.visit('/', legacy.cookie);
    assert.deepEqual([answer.text, setCookie(answer)], ['3', undefined]);
    assert.deepEqual(stateOf(store, legacy.id), state);
    assert.equal(store.records.size, 1);
  });

  it('is not opened where the package has made its record, or its generation has ended (B221)', async () => {
    const store = new ComparingStore();
    store.records.set('ours', recordWith({ hits: 1 }));
    store.records.set('rotated', recordWith({ hits: 1 }, { adopted: true, gen: 2, rotatedAt: 7 }));
    const site = await openStepOne(store);
    for (const id of ['ours', 'rotated']) {
      assert.equal((await site.visit('/show', legacyCookie(id))).text, 'undefined', id);
    }
  });

  it('gets its cookie when its settings were changed (B035)', async () => {
    const store = new ComparingStore();
    const legacy = await startLegacySession(store, { hits: 1 });
    const answer = await (await openStepOne(store)).visit('/edit-cookie', legacy.cookie);
    assert.equal(cookieOf(answer), legacy.cookie);
    assert.match(String(setCookie(answer)), /SameSite=Strict/);
  });

  it('does not rotate at a login by claims, which is stored as any change', async () => {
    const store = new ComparingStore();
    const legacy = await startLegacySession(store, { hits: 1 });
    const site = await openStepOne(store);
    assert.equal(setCookie(await site.visit('/login', legacy.cookie)), undefined);
    assert.equal((await site.visit('/who', legacy.cookie)).text, 'ada');
    assert.equal(store.records.get(legacy.id), recordOf({ hits: 2, user: 'ada' }));
    assert.deepEqual(await lateErrors(site), []);
  });

  it('rejects renewToken with an error that says what to do, and nothing has changed (B249)', async () => {
    const store = new ComparingStore();
    const legacy = await startLegacySession(store, { hits: 1 });
    const site = await openStepOne(
      store,
      {},
      {
        '/renew': async (req, res) => {
          data(req).hits = 7;
          const error = (await req.session.renewToken().catch((reason: unknown) => reason)) as Error & {
            code: string;
          };
          data(req).hits = 1;
          res.end(`${error.code} ${error.message}`);
        },
      },
    );
    for (const cookie of [legacy.cookie, undefined]) {
      const { text } = await site.visit('/renew', cookie);
      assert.match(text, /^ERR_SESSION_COOKIE_FORMAT renewToken: .*cookieFormat option.*regenerate\(\)/);
    }
    assert.equal(store.records.get(legacy.id), recordOf({ hits: 1 }));
  });

  it('tells the token that it would have in step two, which opens it there', async () => {
    const store = new ComparingStore();
    const legacy = await startLegacySession(store, { hits: 1 });
    const site = await openStepOne(
      store,
      { rolling: true },
      {
        '/token': (req, res) => {
          assert.deepEqual(req.session.jwt?.ses, { lid: req.sessionID, gen: 1 });
          res.end(tokenOfRequest(req));
        },
      },
    );
    const answer = await site.visit('/token', legacy.cookie);
    assert.equal(cookieOf(answer), legacy.cookie);
    const cookie = `connect.sid=${answer.text}`;
    assert.equal((await (await openStepTwo(store)).visit('/show', cookie)).text, '1');
  });
});

describe('a session that came by a token, in the first step (B266)', () => {
  it('keeps it and rotates, which alone adds __session (B208 B232)', async () => {
    const store = new ComparingStore();
    const legacy = await startLegacySession(store, { hits: 1 });
    const upgraded = await (await openStepTwo(store)).visit('/show', legacy.cookie);
    const site = await openStepOne(store.twin());
    assert.equal(setCookie(await site.visit('/', cookieOf(upgraded))), undefined);
    assert.equal(store.records.get(legacy.id), recordOf({ hits: 2 }));
    const login = await site.visit('/login', cookieOf(upgraded));
    assert.deepEqual(sesOf(login), { lid: legacy.id, gen: 2 });
    assert.deepEqual([stateOf(store, legacy.id).gen, stateOf(store, legacy.id).adopted], [2, true]);
    for (const cookie of [legacy.cookie, cookieOf(upgraded)]) {
      assert.equal((await site.visit('/who', cookie)).text, 'undefined');
    }
    assert.equal((await site.visit('/who', cookieOf(login))).text, 'ada');
  });

  it('gets another token at a change of the same user, and no __session for it (B210)', async () => {
    const store = new ComparingStore();
    const legacy = await startLegacySession(store, { user: 'ada' });
    const jwtFromReq = (req: object) => {
      const { user, role } = (req as { session: Record<string, unknown> }).session;
      return { sub: user, role };
    };
    const upgraded = await (await openStepTwo(store, { jwtFromReq })).visit('/show', legacy.cookie);
    const promoted = await (
      await openStepOne(store.twin(), { jwtFromReq })
    ).visit('/promote', cookieOf(upgraded));
    assert.deepEqual(sesOf(promoted), { lid: legacy.id, gen: 1 });
    assert.notEqual(tokenOf(promoted), tokenOf(upgraded));
    assert.deepEqual(record(store, legacy.id)?.__session, undefined);
  });

  it('that began under a token goes on with it, and so does one of 0.2.2 (B237)', async () => {
    const store = new ComparingStore();
    const began = await (await openStepTwo(store)).visit('/');
    const old = await startSession02(store, { hits: 1 });
    const site = await openStepOne(store.twin());
    assert.equal((await site.visit('/', cookieOf(began))).text, '2');
    assert.equal(stateOf(store, idOf(began)).gen, 1);
    const answer = await site.visit('/', old.cookie);
    assert.deepEqual([answer.text, sesOf(answer)], ['2', { lid: old.id, gen: 1 }]);
    assert.equal(record(store, old.id)?.__session, undefined);
  });

  for (const [name, options, adopted] of [
    ['a tenant', { keys: undefined, keysProvider: () => Promise.resolve({ keys, tenant: 'a' }) }, 'a'],
    ['an absolute timeout', { absoluteTimeout: 60_000 }, true],
  ] as const) {
    it(`whose record has to say more because of ${name}, gets it as ever; none with express-session's cookie does`, async () => {
      const store = new ComparingStore();
      const old = await startSession02(store, { hits: 1 });
      const legacy = await startLegacySession(store, { hits: 1 });
      const site = await openStepOne(store, options);
      const answer = await site.visit('/show', old.cookie);
      assert.equal(stateOf(store, old.id).adopted, adopted);
      assert.equal((await site.visit('/show', cookieOf(answer))).text, '1');
      await site.visit('/', legacy.cookie);
      assert.equal(record(store, legacy.id)?.__session, undefined);
    });
  }

  it('is refused by keys that have not signed it, whatever the secret', async () => {
    const store = new ComparingStore();
    const began = await (await openStepTwo(store, { keys: otherKeys })).visit('/');
    assert.equal((await (await openStepOne(store)).visit('/', cookieOf(began))).text, '1');
  });
});

describe('step two on the records and cookies of step one (B266)', () => {
  it('upgrades in place, and step one goes on with either cookie until a rotation (B229 B232)', async () => {
    const store = new ComparingStore();
    const [one, two] = [await openStepOne(store), await openStepTwo(store.twin())];
    const began = await one.visit('/');
    const id = idInCookie(began);
    const upgraded = await two.visit('/', cookieOf(began));
    assert.deepEqual([upgraded.text, sesOf(upgraded)], ['2', { lid: id, gen: 1 }]);
    assert.equal(stateOf(store, id).adopted, true);
    assert.equal((await one.visit('/', cookieOf(began))).text, '3');
    assert.equal((await one.visit('/', cookieOf(upgraded))).text, '4');
    assert.equal(store.records.size, 1);
    const login = await two.visit('/login', cookieOf(upgraded));
    assert.equal((await one.visit('/who', cookieOf(login))).text, 'ada');
    assert.equal((await one.visit('/who', cookieOf(began))).text, 'undefined');
  });

  it('ends its sessions for both steps at a logout (B236)', async () => {
    const store = new ComparingStore();
    const [one, two] = [await openStepOne(store), await openStepTwo(store.twin())];
    for (const [here, there] of [
      [one, two],
      [two, one],
    ] as const) {
      const began = cookieOf(await one.visit('/'));
      const upgraded = cookieOf(await two.visit('/show', began));
      await here.visit('/logout', here === one ? began : upgraded);
      for (const cookie of [began, upgraded])
        assert.equal((await there.visit('/show', cookie)).text, 'undefined');
      assert.equal(store.records.size, 0);
    }
  });
});
