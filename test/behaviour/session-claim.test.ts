/** The claims ses and auth_time: which session a token opens, and since when somebody is signed in. */
import assert from 'node:assert/strict';
import { byHand } from '../support/by-hand';
import { withFrozenClock } from '../support/clock';
import { cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { issue, seconds } from '../support/forge';
import { loose } from '../support/loose';
import { regenerate } from '../support/pages';
import type { Handler } from '../support/server';
import { idOf, idOfHandle, recordWith, sesOf } from '../support/session-tokens';
import { signInPages } from '../support/sign-in-pages';
import { claimsOfSession, countHits, data, serve, showHits } from '../support/site';
import { ForeignStore } from '../support/stores';

const pages: Record<string, Handler> = {
  '/': countHits,
  '/show': showHits,
  '/id': (req, res) => res.end(JSON.stringify([req.sessionID, req.session.id])),
  '/login': (req, res) => {
    data(req).user = 'bob';
    res.end();
  },
  '/renew': async (req, res) => {
    await req.session.renewToken();
    res.end();
  },
  '/regenerate': regenerate,
};

function siteOf(store: ForeignStore, options: Record<string, unknown> = {}) {
  return serve(loose({ store, ...options }), pages);
}

describe('the claims of a token', () => {
  it('are those of jwtFromReq at the top level, iat and ses (B203)', async () => {
    const site = await siteOf(new ForeignStore(), { jwtFromReq: () => ({ a: 1, b: { c: [2] } }) });
    const before = seconds();
    const { payload } = decode(tokenOf(await site.visit('/')));
    const { iat, auth_time: authTime, ses, ...claims } = payload;
    assert.deepEqual(claims, { a: 1, b: { c: [2] } });
    assert.ok(Number.isInteger(iat) && Number(iat) >= before && Number(iat) <= seconds());
    assert.equal(authTime, iat);
    const { id, ...others } = ses as { id: string };
    assert.match(id, /^[\w-]{32}$/);
    assert.deepEqual(others, { gen: 1 });
  });

  it('are iat and ses alone where there are none of the application (B203)', async () => {
    const site = await siteOf(new ForeignStore());
    const { payload } = decode(tokenOf(await site.visit('/')));
    assert.deepEqual(Object.keys(payload).sort(), ['iat', 'ses']);
  });

  for (const ses of [{ id: 'h', gen: 1 }, 'text', null, false]) {
    it(`may not be ses: ${JSON.stringify(ses)} is an error that names jwtFromReq (B203)`, async () => {
      const store = new ForeignStore();
      const site = await siteOf(store, { jwtFromReq: () => ({ ses }) });
      const res = await site.get('/');
      assert.equal(res.status, 500);
      assert.match(res.text, /jwtFromReq returned "ses"/);
      assert.equal(setCookie(res), undefined);
      assert.equal(store.records.size, 0);
    });
  }

  it('may be sid, jti and nonce, which are the application’s to give (B203)', async () => {
    const given = { sid: 'of the provider', jti: 'j', nonce: 'n', sub: 'bob' };
    const store = new ForeignStore();
    const site = await siteOf(store, { jwtFromReq: () => given });
    const first = await site.visit('/');
    const { sid, jti, nonce, sub } = decode(tokenOf(first)).payload;
    assert.deepEqual({ sid, jti, nonce, sub }, given);
    assert.deepEqual([...store.records.keys()], [idOf(first)]);
    const second = await site.visit('/', cookieOf(first));
    assert.equal(second.text, '2');
    assert.equal(setCookie(second), undefined, 'they are no other claims than before');
  });

  it('without ses make no session token, whatever the same key has signed it for (B203)', async () => {
    const store = new ForeignStore();
    const site = await siteOf(store);
    for (const claims of [{ sub: 'bob' }, { sid: 'x', jti: 'y' }, { id: 'h', gen: 1 }, {}]) {
      const token = issue({ iat: seconds(), ...claims });
      assert.equal((await site.visit('/show', `connect.sid=${token}`)).text, 'undefined');
    }
    assert.deepEqual(store.calls, []);
  });
});

describe('the claim ses', () => {
  for (const [ses, id] of [
    [{ id: 'h', gen: 1 }, idOfHandle('h')],
    [{ id: 'h', gen: 7 }, idOfHandle('h')],
    [{ lid: 'h', gen: 1 }, 'h'],
    [{ lid: 'h', gen: 7 }, 'h'],
  ] as const) {
    it(`may be ${JSON.stringify(ses)} (B241)`, async () => {
      const store = new ForeignStore();
      store.records.set(
        id,
        recordWith({ hits: 2 }, { gen: ses.gen, ...('lid' in ses && { adopted: true }) }),
      );
      const site = await siteOf(store);
      assert.equal((await site.visit('/show', `connect.sid=${byHand({ ses })}`)).text, '2');
    });
  }

  for (const ses of [
    ...[{ id: 'h' }, { lid: 'h' }, { gen: 1 }, {}, { id: 'h', lid: 'h', gen: 1 }],
    ...[0, -1, 1.5, '1', null, true, [1], 2 ** 53].map((gen) => ({ id: 'h', gen })),
    ...[1, null, '', true, ['h'], { h: 1 }, 'a\0b'].map((id) => ({ id, gen: 1 })),
    ...[1, null, '', true, ['h'], { h: 1 }].map((lid) => ({ lid, gen: 1 })),
    ...['h', 1, null, true, ['h', 1]],
  ]) {
    it(`is none as ${JSON.stringify(ses)}, and no store is asked (B241)`, async () => {
      const store = new ForeignStore();
      for (const id of ['h', idOfHandle('h'), idOfHandle('a\0b'), '1', 'true']) {
        store.records.set(id, recordWith({ hits: 2 }, { adopted: true }));
      }
      const site = await siteOf(store);
      assert.equal((await site.visit('/show', `connect.sid=${byHand({ ses })}`)).text, 'undefined');
      assert.equal(store.count('get'), 0);
    });
  }
});

describe('the id of a session', () => {
  it('stays the same through changes, rotation, renewToken and refresh, and ends with regenerate (B241)', async () => {
    const store = new ForeignStore();
    const options = { jwtFromReq: claimsOfSession, jwt: { expiresIn: '1h' } };
    const site = await siteOf(store, options);
    const first = await site.visit('/');
    const { id: handle } = sesOf(first);
    let cookie = cookieOf(first);
    const check = async (generation: number) => {
      const expected = idOfHandle(handle ?? '');
      assert.deepEqual(JSON.parse((await site.visit('/id', cookie)).text), [expected, expected]);
      const ses = sesOf(cookie.slice(12));
      assert.deepEqual([ses.id, ses.gen], [handle, generation]);
      assert.deepEqual([...store.records.keys()], [expected]);
    };
    await check(1);
    cookie = cookieOf(await site.visit('/login', cookie));
    await check(2);
    cookie = cookieOf(await site.visit('/renew', cookie));
    await check(3);
    const { payload } = decode(cookie.slice(12));
    const due = { ...payload, iat: seconds() - 3000, exp: seconds() + 600 };
    const refreshed = await site.visit('/show', `connect.sid=${issue(due)}`);
    cookie = cookieOf(refreshed);
    assert.ok(Number(decode(cookie.slice(12)).payload.exp) > seconds() + 3000);
    await check(3);
    const next = await site.visit('/regenerate', cookie);
    assert.notEqual(sesOf(next).id, handle);
    assert.deepEqual([...store.records.keys()], [idOf(next)]);
    assert.equal(sesOf(next).gen, 1);
  });
});

describe('auth_time', () => {
  it('is in every token of a session that has claims: when they first were there (B256)', async () => {
    await withFrozenClock(async ({ tick, now }) => {
      tick(1000 - (now() % 1000));
      const site = await serve({ jwtFromReq: claimsOfSession, rolling: true }, signInPages);
      const begin = seconds();
      let cookie: string | undefined;
      const timeAfter = async (path: string): Promise<number | undefined> => {
        tick(60_000);
        const res = await site.visit(path, cookie);
        cookie = cookieOf(res);
        const { auth_time: time } = decode(tokenOf(res)).payload;
        return time === undefined ? undefined : (Number(time) - begin) / 60;
      };
      assert.equal(await timeAfter('/'), undefined);
      assert.equal(await timeAfter('/login'), 2);
      assert.equal(await timeAfter('/'), 2);
      assert.equal(await timeAfter('/switch'), 2);
      assert.equal(await timeAfter('/renew'), 5);
      assert.equal(await timeAfter('/regenerate'), 6);
      assert.equal(await timeAfter('/sign-out'), undefined);
      assert.equal(await timeAfter('/login'), 8);
    });
  });

  it('of a new session with claims is that of its first token (B256)', async () => {
    const site = await serve({ jwtFromReq: claimsOfSession }, signInPages);
    const { iat, auth_time: time } = decode(tokenOf(await site.visit('/login'))).payload;
    assert.equal(time, iat);
  });
});
