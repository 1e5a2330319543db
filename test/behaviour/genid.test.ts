/** The option genid: when it is called, and what its answers do. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { Request } from 'express';
import request from 'supertest';
import session from '../../src';
import { withFrozenClock } from '../support/clock';
import { cookieOf, setCookie, tokenOf } from '../support/cookies';
import { issue, seconds } from '../support/forge';
import { keys } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { legacySecret, startLegacySession } from '../support/legacy';
import { logInAndCount, userClaims } from '../support/log-in';
import { loose } from '../support/loose';
import type { Handler } from '../support/server';
import { idOfHandle, sesOf } from '../support/session-tokens';
import { claimsOfSession, countHits, data, serve, showHits, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';

const idBytes = (handle: string): Buffer => Buffer.from(handle, 'base64url');

const bits = (bytes: Buffer): string =>
  Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');

/** How many bits of these equally long handles differ between at least two of them. */
function varyingBits(ids: string[]): number {
  const rows = ids.map((id) => bits(idBytes(id)));
  return Array.from(rows[0] ?? '').filter((bit, at) => rows.some((row) => row[at] !== bit)).length;
}

describe('genid', () => {
  for (const genid of [42, true, {}]) {
    it(`refuses ${JSON.stringify(genid)} in the factory (B090)`, () => {
      assert.throws(
        () => session(loose({ keys, genid })),
        (error: unknown) =>
          error instanceof TypeError && error.message.includes('genid option must be a function'),
      );
    });
  }

  for (const genid of [undefined, null, false, 0, '']) {
    it(`takes ${inspect(genid)} as the default (B090)`, async () => {
      const site = await serve(loose({ genid }), { '/': countHits });
      const first = await site.visit('/');
      assert.match(String(sesOf(first).id), /^[\w-]{32}$/);
      assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    });
  }

  it('gives every id 128 random bits or more by default, after regenerate as well (B091)', async () => {
    const handles: string[] = [];
    const ids = new Set<string>();
    const site = await serve(
      {},
      {
        '/': async (req, res) => {
          for (let turns = 0; turns < 64; turns++) {
            handles.push(sesOf(session.tokenOf(req) ?? '').id ?? '');
            ids.add(req.sessionID);
            await req.session.regenerate();
          }
          res.end();
        },
      },
    );
    await site.visit('/');
    assert.equal(new Set(handles).size, 64);
    assert.deepEqual([...ids], handles.map(idOfHandle));
    // The whole alphabet in use: the bits counted below are not those of hexadecimal digits, half of which are fixed.
    assert.ok(new Set(handles.join('')).size > 60, 'the handles are not base64url');
    const lengths = new Set(handles.map((handle) => idBytes(handle).length));
    assert.equal(lengths.size, 1);
    assert.ok(varyingBits(handles) >= 128, `${String(varyingBits(handles))} bits`);
  });

  for (const [id, genid] of [
    ['apple', () => 'apple'],
    ['%', () => '%'],
    ['/foo', (req: Request) => req.url],
  ] as const) {
    it(`makes sessions that are found again by their cookie when it returns ${id} (B093)`, async () => {
      const site = await serve({ genid }, { '/foo': countHits });
      const first = await site.visit('/foo');
      const second = await site.visit('/foo', cookieOf(first));
      assert.equal(first.text, '1');
      assert.equal(second.text, '2');
    });
  }

  it('that returns the same for everybody makes one session of all, as in express-session (B094)', async () => {
    const store = new ForeignStore();
    const site = await serve({ store, genid: () => 'same' }, { '/': countHits, '/show': showHits });
    const one = await site.visit('/');
    const two = await site.visit('/');
    assert.deepEqual([one.text, two.text], ['1', '1']);
    assert.equal(store.records.size, 1);
    assert.equal((await site.visit('/', cookieOf(one))).text, '2');
    assert.equal((await site.visit('/show', cookieOf(two))).text, '2');
  });

  for (const [name, value] of [
    ['a number', 42],
    ['an empty text', ''],
    ['undefined', undefined],
    ['null', null],
    ['an object', {}],
    ['a function', () => 'apple'],
    ['a promise', Promise.resolve('apple')],
  ] as const) {
    it(`leaves a usable session that is neither saved nor sent when it returns ${name} (B095)`, async () => {
      const store = new ForeignStore();
      const site = await serve(loose({ genid: () => value, store, saveUninitialized: true }), {
        '/': (req, res) => {
          data(req).user = 'bob';
          res.end(JSON.stringify(req.session));
        },
      });
      const res = await site.visit('/');
      const { user, cookie } = JSON.parse(res.text) as { user: unknown; cookie: { path: unknown } };
      assert.equal(user, 'bob');
      assert.equal(cookie.path, '/');
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(store.calls, []);
      assert.deepEqual(await lateErrors(site), []);
    });
  }

  for (const [name, cookie] of [
    ['no cookie', undefined],
    [
      'a cookie whose session is gone',
      `connect.sid=${issue({ ses: { id: 'gone', gen: 1 }, iat: seconds() })}`,
    ],
  ] as const) {
    it(`hands an error it throws to next for a request with ${name} (B096)`, async () => {
      const store = new ForeignStore();
      const genid = () => {
        throw new Error('no id today');
      };
      const site = await serve({ genid, store }, { '/': countHits, '/nothing': (_, res) => res.end() });
      for (const path of ['/', '/nothing']) {
        const res = await site.get(path, cookie);
        assert.equal(res.status, 500);
        assert.equal(res.text, 'no id today');
        assert.equal(setCookie(res), undefined);
      }
      assert.equal(store.count('set'), 0);
    });
  }

  describe('is called', () => {
    /** A site that notes each request for which genid was called. */
    async function countingSite(
      options: session.SessionOptions = {},
    ): Promise<{ site: Site; urls: string[] }> {
      const urls: string[] = [];
      const genid = (req: Request) => {
        urls.push(req.url);
        return `id ${String(urls.length)}`;
      };
      const regenerate: Handler = async (req, res) => {
        await req.session.regenerate();
        data(req).hits = 7;
        res.end();
      };
      const site = await serve(
        { ...options, genid, jwtFromReq: userClaims },
        { '/': countHits, '/login': logInAndCount, '/new': regenerate },
      );
      return { site, urls };
    }

    it('once for a new session and not for a loaded one (B097)', async () => {
      const { site, urls } = await countingSite();
      const first = await site.visit('/');
      await site.visit('/', cookieOf(first));
      assert.deepEqual(urls, ['/']);
      assert.equal(sesOf(first).id, 'id 1');
    });

    it('once by regenerate (B097)', async () => {
      const { site, urls } = await countingSite();
      const first = await site.visit('/');
      const second = await site.visit('/new', cookieOf(first));
      assert.deepEqual(urls, ['/', '/new']);
      assert.equal(sesOf(second).id, 'id 2');
    });

    it('neither by rotation nor by refresh, which keep the handle (B097)', async () => {
      const { site, urls } = await countingSite({ jwt: { expiresIn: 60 } });
      await withFrozenClock(async ({ tick }) => {
        const first = await site.visit('/');
        const second = await site.visit('/login', cookieOf(first));
        assert.deepEqual(sesOf(second), { id: 'id 1', gen: 2, exp: true });
        tick(31_000);
        const third = await site.visit('/', cookieOf(second));
        assert.deepEqual(sesOf(third), { id: 'id 1', gen: 2, exp: true });
        assert.notEqual(tokenOf(third), tokenOf(second));
      });
      assert.deepEqual(urls, ['/']);
    });
  });
});

const addUser: Handler = (req, res) => {
  data(req).user = 'bob';
  res.end();
};

describe('genid', () => {
  it('that returns no string makes an explicit save fail (B095 B144)', async () => {
    const { store, get } = await serve(
      { ...loose({ genid: () => 42 }), store: new ForeignStore() },
      async (req, res) => {
        data(req).user = 'bob';
        await assert.rejects(req.session.save(), /genid must return a string/);
        res.end(String(data(req).user));
      },
    );
    const res = await get('/');
    assert.equal(res.text, 'bob');
    assert.equal(setCookie(res), undefined);
    assert.deepEqual(store.calls, []);
  });

  it('that returns no string leaves nothing to reload (B095 B138)', async () => {
    const { server, store } = await serve(
      { ...loose({ genid: () => 42 }), store: new ForeignStore() },
      async (req, res) => {
        const { session: before } = req;
        await assert.rejects(req.session.reload(), /^Error: failed to load session$/);
        assert.equal(req.session, before);
        res.end('reloaded nothing');
      },
    );
    await request(server).get('/').expect(200, 'reloaded nothing');
    assert.deepEqual(store.calls, []);
  });

  it('that returns no string is no matter to sessions that are there: upgrades and rotations call it not (B095 B097 B232)', async () => {
    const store = new ForeignStore();
    const legacy = await startLegacySession(store, { user: 'bob' });
    const options = loose({
      ...{ genid: () => 42, store, secret: legacySecret },
      jwtFromReq: claimsOfSession,
    });
    const { get } = await serve(options, { '/': countHits, '/user': addUser });
    const first = await get('/', legacy.cookie);
    assert.equal(first.text, '1');
    assert.deepEqual(sesOf(first), { lid: legacy.id, gen: 1 });
    assert.deepEqual([...store.records.keys()], [legacy.id]);
  });

  it('that returns no string any more when claims change is not asked (B095 B097)', async () => {
    let id: unknown = 'apple';
    const options = loose({ genid: () => id, jwtFromReq: claimsOfSession });
    const { get, visit } = await serve(
      { ...options, store: new ForeignStore() },
      { '/start': countHits, '/count': countHits, '/user': addUser },
    );
    const cookie = cookieOf(await visit('/start'));
    id = 42;
    const res = await get('/user', cookie);
    assert.equal(res.status, 200);
    assert.deepEqual(sesOf(res), { id: 'apple', gen: 2 });
    assert.equal((await get('/count', cookieOf(res))).text, '2');
  });

  it('that throws when a session is regenerated makes that fail (B096 B097)', async () => {
    let isBroken = false;
    const genid = () => {
      if (isBroken) throw new Error('no id!');
      return 'apple';
    };
    const handlers: Record<string, Handler> = {
      '/start': addUser,
      '/regenerate': async (req, res) => {
        isBroken = true;
        await assert.rejects(req.session.regenerate(), /no id!/);
        res.end('refused');
      },
    };
    const { store, get, visit } = await serve({ store: new ForeignStore(), genid }, handlers);
    const cookie = cookieOf(await visit('/start'));
    const res = await get('/regenerate', cookie);
    assert.equal(res.text, 'refused');
    assert.equal(setCookie(res), undefined);
    assert.equal(store.records.size, 0);
  });
});
