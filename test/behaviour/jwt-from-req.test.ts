/** The option jwtFromReq: the application's claims in the token, and req.session.jwt. */
import assert from 'node:assert/strict';
import type { Request } from 'express';
import session from '../../src';
import { withFrozenClock } from '../support/clock';
import { cookieOf, decode, digest, setCookie, tokenOf } from '../support/cookies';
import { issue, recordOf, seconds } from '../support/forge';
import { keys } from '../support/keys';
import { lateCodes, lateErrors } from '../support/late-errors';
import { logIn, logInAndCount, userClaims } from '../support/log-in';
import { loose } from '../support/loose';
import { logOut, unset } from '../support/pages';
import type { Handler } from '../support/server';
import { idOf, sesOf } from '../support/session-tokens';
import { countHits, data, serve, showHits } from '../support/site';
import { ForeignStore } from '../support/stores';

const claimsOf = (token: string): Record<string, unknown> => decode(token).payload;

const sendJwt: Handler = (req, res) => res.end(JSON.stringify(data(req).jwt));

describe('jwtFromReq', () => {
  for (const jwtFromReq of [42, true, {}]) {
    it(`is refused by the factory when it is ${JSON.stringify(jwtFromReq)} (B200)`, () => {
      assert.throws(
        () => session(loose({ keys, jwtFromReq })),
        (error: unknown) =>
          error instanceof TypeError && error.message.includes('jwtFromReq option must be a function'),
      );
    });
  }

  const noClaims: [string, Record<string, unknown>][] = [
    ['is undefined', { jwtFromReq: undefined }],
    ['is null', { jwtFromReq: null }],
    ['returns undefined', { jwtFromReq: () => undefined }],
  ];
  for (const [name, options] of noClaims) {
    it(`leaves a working session when it ${name} (B200, B201)`, async () => {
      const site = await serve(loose({ ...options, saveUninitialized: true }), { '/': countHits });
      const first = await site.visit('/');
      assert.equal(first.status, 200);
      assert.deepEqual(Object.keys(claimsOf(tokenOf(first))).sort(), ['iat', 'ses']);
      assert.equal((await site.visit('/', cookieOf(first))).text, '2');
      assert.deepEqual(await lateErrors(site), []);
    });
  }

  it('can read a user id that a handler stored in the session, new or loaded (B202)', async () => {
    const jwtFromReq = (req: Request) => (data(req).userId ? { user_id: data(req).userId } : null);
    const store: Handler = (req, res) => {
      data(req).userId = 7;
      res.end();
    };
    const site = await serve({ jwtFromReq }, { '/': countHits, '/login': store });
    const fresh = await site.visit('/login');
    assert.equal(claimsOf(tokenOf(fresh)).user_id, 7);

    const anonymous = await site.visit('/');
    const loaded = await site.visit('/login', cookieOf(anonymous));
    assert.equal(claimsOf(tokenOf(loaded)).user_id, 7);
    assert.equal((await site.visit('/', cookieOf(loaded))).text, '2');
  });

  it('always finds req.session in place, whatever happens to the session (B202)', async () => {
    const missing: string[] = [];
    let calls = 0;
    const jwtFromReq = (req: Request) => {
      calls++;
      if (!(req.session instanceof session.Session)) missing.push(req.url);
      return userClaims(req);
    };
    const site = await serve(
      { jwtFromReq },
      {
        '/': countHits,
        '/login': logInAndCount,
        '/regenerate': async (req, res) => {
          await req.session.regenerate();
          res.end(req.sessionID);
        },
        '/reload': async (req, res) => {
          await req.session.reload();
          res.end();
        },
        '/destroy': logOut,
        '/null': unset,
      },
    );
    const first = await site.visit('/');
    const rotated = await site.visit('/login', cookieOf(first));
    const regenerated = await site.visit('/regenerate', cookieOf(rotated));
    await site.visit('/reload', cookieOf(regenerated));
    await site.visit('/null', cookieOf(regenerated));
    await site.visit('/destroy', cookieOf(regenerated));
    await site.visit('/', cookieOf(regenerated));
    assert.deepEqual(missing, []);
    assert.ok(calls > 0);
    assert.deepEqual(await lateErrors(site), []);
  });

  it('adds to iat in seconds and ses, and nothing else is in the payload but the time of the sign-in (B203 B256)', async () => {
    await withFrozenClock(async () => {
      const jwtFromReq = () => ({ role: 'admin', tenant: { id: 3 } });
      const site = await serve({ jwtFromReq, genid: () => 'apple' }, { '/': countHits });
      const payload = claimsOf(tokenOf(await site.visit('/')));
      assert.deepEqual(payload, {
        ...{ role: 'admin', tenant: { id: 3 } },
        ...{ iat: seconds(), ses: { id: 'apple', gen: 1 }, auth_time: seconds() },
      });
    });
  });

  for (const ses of [{ id: 'mine', gen: 1 }, 'mine', null]) {
    it(`must not return ses, not even ${JSON.stringify(ses)} (B203)`, async () => {
      const store = new ForeignStore();
      const site = await serve({ jwtFromReq: () => ({ ses }), store }, { '/': countHits });
      const res = await site.get('/');
      assert.equal(res.status, 500);
      assert.match(res.text, /^jwtFromReq returned "ses"/);
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(store.calls, []);
    });
  }

  it("may return sid, jti and nonce: they are the application's (B203)", async () => {
    const provider = { sid: 'of the provider', jti: 'of the provider', nonce: 'n-0S6_WzA2Mj' };
    const site = await serve({ jwtFromReq: () => provider }, { '/': countHits });
    const first = await site.visit('/');
    const { sid, jti, nonce } = claimsOf(tokenOf(first));
    assert.deepEqual({ sid, jti, nonce }, provider);
    const second = await site.visit('/', cookieOf(first));
    assert.equal(second.text, '2');
    assert.equal(setCookie(second), undefined);
  });

  for (const [name, payload] of [
    ['an OpenID ID token', { sub: '248289761001', nonce: undefined, sid: 'x', jti: 'y' }],
    ['a link in a mail', { user: 101, purpose: 'reset' }],
    ['a token of 1.0', { jti: 'by hand' }],
  ] as const) {
    it(`has to do with session tokens alone: ${name} of the same key opens nothing (B203)`, async () => {
      const store = new ForeignStore();
      const token = issue({ ...payload, iat: seconds() });
      store.records.set(digest(token), recordOf({ hits: 4 }));
      const site = await serve({ store }, { '/': countHits });
      assert.equal((await site.visit('/', `connect.sid=${token}`)).text, '1');
      assert.equal(store.count('get'), 0);
    });
  }

  it('is no reason to end the generation of a token of 0.2.2, which has a nonce and no ses (B203 B237)', async () => {
    const store = new ForeignStore();
    const token = issue({ nonce: 'k3YkLuG6', role: 'admin', iat: seconds() - 60 });
    store.records.set(digest(token), recordOf({ hits: 4 }));
    const jwtFromReq = () => ({ role: 'admin' });
    const site = await serve({ store, jwtFromReq }, { '/': countHits });
    const res = await site.visit('/', `connect.sid=${token}`);
    assert.equal(res.text, '5');
    assert.deepEqual(sesOf(res), { lid: digest(token), gen: 1 });
    assert.equal(claimsOf(tokenOf(res)).role, 'admin');
    assert.deepEqual([...store.records.keys()], [digest(token)]);
    assert.equal((await site.visit('/', `connect.sid=${token}`)).text, '6');
  });

  it('may set exp, which ends the session on time (B204)', async () => {
    await withFrozenClock(async ({ tick }) => {
      const exp = seconds() + 10;
      const site = await serve({ jwtFromReq: () => ({ exp }) }, { '/': countHits });
      const first = await site.visit('/');
      assert.equal(claimsOf(tokenOf(first)).exp, exp);
      tick(9_000);
      assert.equal((await site.visit('/', cookieOf(first))).text, '2');
      tick(1_000);
      assert.equal((await site.visit('/', cookieOf(first))).text, '1');
    });
  });

  it('may set nbf, before which there is no session (B204)', async () => {
    await withFrozenClock(async ({ tick }) => {
      const nbf = seconds() + 10;
      const site = await serve({ jwtFromReq: () => ({ nbf }) }, { '/': countHits });
      const first = await site.visit('/');
      assert.equal(claimsOf(tokenOf(first)).nbf, nbf);
      assert.equal((await site.visit('/', cookieOf(first))).text, '1');
      tick(10_000);
      assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    });
  });

  for (const claim of ['exp', 'nbf']) {
    for (const value of ['tomorrow', String(seconds() + 600), true, null]) {
      it(`fails with an error that says what ${claim} should be when it is ${JSON.stringify(value)} (B204)`, async () => {
        const store = new ForeignStore();
        const site = await serve({ store, jwtFromReq: () => ({ [claim]: value }) }, { '/': countHits });
        const res = await site.get('/');
        assert.equal(res.status, 500);
        assert.match(res.text, /should be a number of seconds/);
        assert.equal(setCookie(res), undefined);
        assert.deepEqual([...store.records], []);
      });
    }
  }

  const thrower = () => {
    throw new Error('no claims today');
  };
  const useless: [string, () => unknown, RegExp][] = [
    ['throws', thrower, /^no claims today$/],
    ['returns a string', () => 'role=admin', /jwtFromReq/],
    ['returns an array', () => ['admin'], /jwtFromReq/],
    ['returns a promise', () => Promise.resolve({ role: 'admin' }), /jwtFromReq/],
    ['returns a promise that rejects', () => Promise.reject(new Error('no claims')), /jwtFromReq/],
  ];
  for (const [name, broken, message] of useless) {
    it(`hands an error to next when it ${name} (B206)`, async () => {
      const store = new ForeignStore();
      const site = await serve(loose({ jwtFromReq: broken, store }), { '/': countHits });
      const res = await site.get('/');
      assert.equal(res.status, 500);
      assert.match(res.text, message);
      assert.equal(setCookie(res), undefined);
      assert.equal(store.count('set'), 0);
    });

    it(`hands an error to next when it ${name} for a loaded session (B206)`, async () => {
      let claims: () => unknown = () => null;
      const site = await serve(loose({ jwtFromReq: () => claims() }), { '/': countHits });
      const first = await site.visit('/');
      claims = broken;
      const res = await site.get('/', cookieOf(first));
      assert.equal(res.status, 500);
      assert.match(res.text, message);
      claims = () => null;
      assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    });

    it(`spoils neither response nor session when it ${name} only at the end (B206 B214)`, async () => {
      const store = new ForeignStore();
      let claims: () => unknown = () => null;
      const site = await serve(loose({ jwtFromReq: () => claims(), store }), {
        '/': countHits,
        '/break': (req, res) => {
          claims = broken;
          return countHits(req, res);
        },
      });
      const first = await site.visit('/');
      const second = await site.visit('/break', cookieOf(first));
      assert.equal(second.text, '2');
      assert.equal(setCookie(second), undefined);
      assert.deepEqual(await lateCodes(site), ['ERR_SESSION_TOKEN_UNDELIVERABLE']);
      const [{ cause } = { cause: undefined }] = site.lateErrors;
      assert.match((cause as Error).message, message);
      assert.equal(store.count('set'), 1, 'nothing of a request whose claims nobody knows is stored');
      assert.deepEqual([...store.records.keys()], [idOf(first)]);

      claims = () => null;
      assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    });
  }

  describe('is called', () => {
    /** A site that notes in which phase of a request each call comes. */
    async function phases(handler: (req: Request, enter: (phase: string) => void) => unknown) {
      const calls: string[] = [];
      let phase = 'start';
      const enter = (next: string) => {
        phase = next;
      };
      const jwtFromReq = () => {
        calls.push(phase);
        return null;
      };
      const site = await serve(
        { jwtFromReq },
        {
          '/': countHits,
          '/phases': async (req, res) => {
            enter('handler');
            await handler(req, enter);
            enter('headers');
            res.end();
          },
        },
      );
      const first = await site.visit('/');
      calls.length = 0;
      enter('start');
      await site.visit('/phases', cookieOf(first));
      return (name: string) => calls.filter((call) => call === name).length;
    }

    it('when the request starts and once when headers are due (B207)', async () => {
      const calls = await phases(() => undefined);
      assert.ok(calls('start') >= 1);
      assert.equal(calls('headers'), 1);
    });

    it('once when headers are due for a modified session as well (B207)', async () => {
      const calls = await phases((req) => {
        data(req).hits = 9;
      });
      assert.ok(calls('start') >= 1);
      assert.equal(calls('headers'), 1);
    });

    it('for the token that regenerate makes (B207)', async () => {
      const calls = await phases(async (req, enter) => {
        enter('regenerate');
        await req.session.regenerate();
        assert.equal(typeof req.sessionID, 'string');
      });
      assert.ok(calls('regenerate') >= 1);
      assert.ok(calls('headers') >= 1);
    });

    it('before the handler of a new session, whose first token has its claims (B207)', async () => {
      let calls = 0;
      let callsAtHandler = 0;
      const jwtFromReq = () => {
        calls++;
        return { role: 'guest' };
      };
      const site = await serve(
        { jwtFromReq },
        {
          '/': (req, res) => {
            callsAtHandler = calls;
            return countHits(req, res);
          },
        },
      );
      const first = await site.visit('/');
      assert.ok(callsAtHandler >= 1);
      assert.ok(calls > callsAtHandler);
      assert.equal(claimsOf(tokenOf(first)).role, 'guest');
    });
  });
});

describe('req.session.jwt', () => {
  const jwtFromReq = userClaims;
  const shown = (text: string): unknown => JSON.parse(text);

  it('is the payload of a token that has just been generated (B205)', async () => {
    const site = await serve(
      { saveUninitialized: true, jwtFromReq: () => ({ role: 'guest' }) },
      { '/': sendJwt },
    );
    const res = await site.visit('/');
    const payload = claimsOf(tokenOf(res));
    assert.deepEqual(shown(res.text), payload);
    assert.equal(payload.role, 'guest');
    assert.equal(typeof payload.iat, 'number');
    assert.equal(typeof (payload.ses as { id: unknown }).id, 'string');
  });

  it('is the payload of the token that came with the request, also after reload (B205)', async () => {
    const site = await serve(
      { jwtFromReq: () => ({ role: 'guest' }) },
      {
        '/': countHits,
        '/jwt': sendJwt,
        '/reload': async (req, res) => {
          await req.session.reload();
          return sendJwt(req, res);
        },
      },
    );
    const first = await site.visit('/');
    for (const path of ['/jwt', '/reload']) {
      const res = await site.visit(path, cookieOf(first));
      assert.deepEqual(shown(res.text), claimsOf(tokenOf(first)));
    }
  });

  it('is the new payload after regenerate (B205)', async () => {
    const site = await serve(
      { jwtFromReq },
      {
        '/': countHits,
        '/regenerate': async (req, res) => {
          logIn(req);
          await req.session.regenerate();
          return sendJwt(req, res);
        },
      },
    );
    const first = await site.visit('/');
    const second = await site.visit('/regenerate', cookieOf(first));
    assert.deepEqual(shown(second.text), claimsOf(tokenOf(second)));
    assert.equal(claimsOf(tokenOf(second)).user_id, 101);
    assert.notEqual(sesOf(second).id, sesOf(first).id);
  });

  it('is the new payload after a rotation, beside the same id (B205 B241)', async () => {
    const ids: string[] = [];
    const site = await serve(
      { jwtFromReq },
      {
        '/': countHits,
        '/login': async (req, res) => {
          logIn(req);
          ids.push(req.sessionID);
          await req.session.save();
          ids.push(req.sessionID, req.session.id);
          return sendJwt(req, res);
        },
      },
    );
    const first = await site.visit('/');
    const second = await site.visit('/login', cookieOf(first));
    assert.deepEqual(shown(second.text), claimsOf(tokenOf(second)));
    assert.equal(claimsOf(tokenOf(second)).user_id, 101);
    assert.deepEqual(ids, Array(3).fill(idOf(first)));
  });

  it('is not enumerable (B205)', async () => {
    const site = await serve(
      {},
      {
        '/': countHits,
        '/keys': (req, res) => {
          const walked: string[] = [];
          for (const key in req.session) walked.push(key);
          res.end(
            JSON.stringify({
              readable: typeof data(req).jwt,
              own: Object.keys(req.session),
              walked,
              assigned: Object.keys(Object.assign({}, req.session)),
              json: Object.keys(JSON.parse(JSON.stringify(req.session)) as object),
            }),
          );
        },
      },
    );
    const first = await site.visit('/');
    for (const cookie of [undefined, cookieOf(first)]) {
      const { readable, ...lists } = shown((await site.visit('/keys', cookie)).text) as Record<
        string,
        unknown
      >;
      assert.equal(readable, 'object');
      for (const list of Object.values(lists)) {
        assert.ok(
          Array.isArray(list) && list.includes('cookie') && !list.includes('jwt'),
          JSON.stringify(list),
        );
      }
    }
  });

  it('is never stored, not even when it was read or changed (B205)', async () => {
    const store = new ForeignStore();
    const site = await serve(
      { store, jwtFromReq, resave: true },
      {
        '/': (req, res) => {
          Reflect.set(data(req).jwt as object, 'role', 'admin');
          return countHits(req, res);
        },
        '/login': logInAndCount,
      },
    );
    const first = await site.visit('/');
    const second = await site.visit('/', cookieOf(first));
    assert.equal(second.text, '2');
    const third = await site.visit('/login', cookieOf(first));
    assert.equal(third.text, '3');
    for (const { data: text = '' } of store.calls) {
      for (const trace of ['jwt', sesOf(first).id ?? 'ses', 'admin', 'user_id'])
        assert.ok(!text.includes(trace), text);
    }
    assert.ok(store.count('set') >= 3);
  });

  it('does not count as modified by being read or changed, on a new session (B205)', async () => {
    const store = new ForeignStore();
    const site = await serve(
      { store },
      {
        '/': (req, res) => {
          Reflect.set(data(req).jwt as object, 'role', 'admin');
          res.end();
        },
      },
    );
    const res = await site.visit('/');
    assert.equal(setCookie(res), undefined);
    assert.deepEqual(store.calls, []);
  });

  it('does not count as modified by being read or changed, on a loaded session (B205)', async () => {
    const store = new ForeignStore();
    const site = await serve(
      { store, cookie: { maxAge: 60_000 } },
      {
        '/': countHits,
        '/change': (req, res) => {
          Reflect.set(data(req).jwt as object, 'role', 'admin');
          return showHits(req, res);
        },
        '/jwt': sendJwt,
      },
    );
    const first = await site.visit('/');
    const before = store.calls.length;
    const second = await site.visit('/change', cookieOf(first));
    assert.equal(setCookie(second), undefined);
    assert.deepEqual(
      store.calls.slice(before).map((call) => call.method),
      ['get', 'touch'],
    );
    // What one request writes into its payload must not be what the next one is told the token says.
    assert.deepEqual(shown((await site.visit('/jwt', cookieOf(first))).text), claimsOf(tokenOf(first)));
  });
});

const addUser: Handler = (req, res) => {
  data(req).user = 'bob';
  res.end();
};

describe('claims', () => {
  it('that JSON turns into something else than an object are refused (B206)', async () => {
    for (const claims of [new Date(0), { toJSON: () => undefined }]) {
      const { store, get } = await serve({ store: new ForeignStore(), jwtFromReq: () => claims }, countHits);
      const res = await get('/');
      assert.equal(res.status, 500);
      assert.match(res.text, /jwtFromReq must return an object/);
      assert.equal(setCookie(res), undefined);
      assert.equal(store.records.size, 0);
    }
  });

  it('may be made by a function that reads the id of the session they are for, and its token (B207)', async () => {
    const options: session.SessionOptions = {
      jwtFromReq: (req) => ({ hasId: typeof req.sessionID === 'string', token: typeof req.session.jwt }),
    };
    const { store, get } = await serve({ ...options, store: new ForeignStore() }, countHits);
    const first = await get('/');
    assert.equal(first.text, '1');
    assert.equal(decode(tokenOf(first)).payload.hasId, true);
    assert.deepEqual([...store.records.keys()], [idOf(first)]);
    const second = await get('/', cookieOf(first));
    assert.equal(second.text, '2');
  });

  it('that fail at the end of the first request store and send nothing (B206 B214)', async () => {
    const options: session.SessionOptions = {
      jwtFromReq: (req) => {
        if (data(req as never).user) throw new Error('no claims!');
        return { role: 'guest' };
      },
    };
    const { store, ...site } = await serve({ ...options, store: new ForeignStore() }, addUser);
    const res = await site.visit('/');
    assert.equal(setCookie(res), undefined);
    assert.deepEqual(store.calls, []);
    assert.deepEqual(await lateCodes(site), ['ERR_SESSION_TOKEN_UNDELIVERABLE']);
  });
});
