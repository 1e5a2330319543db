/** The option `touch`: requests that leave the expiry of their session as it is. */
import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import session from '../../src';
import { type Clock, withFrozenClock } from '../support/clock';
import { ComparingStore } from '../support/comparing-store';
import { cookieFields, record } from '../support/contents';
import { cookieOf, setCookie } from '../support/cookies';
import type { Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { claimsOfSession, countHits, data, gate, type Gate, serve, showHits } from '../support/site';
import { ForeignStore } from '../support/stores';

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** Where slow handlers wait. */
let slow: Gate;

const pages: Record<string, Handler> = {
  '/': showHits,
  '/count': countHits,
  '/poll': showHits,
  '/poll-count': countHits,
  '/poll-slowly': async (req, res) => {
    await slow.pass();
    countHits(req, res);
  },
  '/poll-save': async (req, res) => {
    data(req).saved = true;
    assert.equal(await req.session.save(), true);
    return countHits(req, res);
  },
  '/poll-reload': async (req, res) => {
    await slow.pass();
    await req.session.reload();
    return countHits(req, res);
  },
  '/poll-renew': async (req, res) => {
    await req.session.renewToken();
    res.end();
  },
  '/poll-login': (req, res) => {
    data(req).user = 'ann';
    res.end();
  },
  '/poll-regenerate': async (req, res) => {
    await req.session.regenerate();
    return countHits(req, res);
  },
  '/poll-longer': (req, res) => {
    req.session.cookie.maxAge = 2 * HOUR;
    res.end();
  },
  '/poll-until': (req, res) => {
    Object.assign(req.session.cookie, { expires: new Date(Date.now() + 3 * HOUR) });
    res.end();
  },
  '/poll-touch': (req, res) => {
    req.session.touch();
    res.end();
  },
  '/poll-stricter': (req, res) => {
    req.session.cookie.sameSite = 'strict';
    res.end();
  },
  '/poll-events': (req, res) => {
    res.setHeader('Content-Type', 'text/event-stream');
    res.write(String(data(req).hits));
    setImmediate(() => res.end());
  },
};

/** A session, and how often the application was asked. */
async function setUp(store: object, options: session.SessionOptions = {}) {
  const asked: string[] = [];
  const site = await serve(
    {
      store,
      cookie: { maxAge: HOUR },
      touch: (req) => {
        asked.push(req.url);
        return !req.url.startsWith('/poll');
      },
      ...options,
    },
    pages,
  );
  const first = await site.visit('/count');
  return { store, site, asked, first, cookie: cookieOf(first), id: idOf(first) };
}

/** In ms since 1970. */
function expiryIn(store: object, id: string): number {
  return Date.parse(String(cookieFields(record(store, id)).expires));
}

function expiryOf(response: Response): number {
  return Date.parse(/Expires=([^;]+)/.exec(setCookie(response) ?? '')?.[1] ?? '');
}

const toSecond = (time: number): number => Math.floor(time / 1000) * 1000;
const touches = (store: object): number => (store instanceof ForeignStore ? store.count('touch') : 0);

const stores: readonly (readonly [kind: string, create: () => object])[] = [
  ['own MemoryStore', () => new session.MemoryStore()],
  ['foreign store', () => new ForeignStore()],
  ["store with the application's compareAndSet", () => new ComparingStore()],
];

/** The response to a request that changes the session, and goes on only when another one has prolonged it. */
async function prolongMeanwhile(
  { site, cookie }: Awaited<ReturnType<typeof setUp>>,
  { tick }: Clock,
  path = '/poll-slowly',
): Promise<Response> {
  slow = gate();
  const pending = site.visit(path, cookie);
  await slow.reached;
  tick(20 * MINUTE);
  await site.visit('/', cookie);
  tick(20 * MINUTE);
  slow.open();
  return await pending;
}

describe('touch (B268)', () => {
  for (const [kind, create] of stores) {
    describe(`on the ${kind}`, () => {
      it('leaves a session as it is that was not changed, and its rolling cookie', async () => {
        await withFrozenClock(async ({ tick, now }) => {
          const { store, site, cookie, id, asked } = await setUp(create(), { rolling: true });
          const expires = expiryIn(store, id);
          tick(10 * MINUTE);
          const poll = await site.visit('/poll', cookie);
          assert.equal(poll.text, '1');
          assert.equal(setCookie(poll), undefined);
          assert.deepEqual([expiryIn(store, id), touches(store)], [expires, 0]);
          const other = await site.visit('/', cookie);
          assert.deepEqual([expiryIn(store, id), expiryOf(other)], [now() + HOUR, toSecond(now() + HOUR)]);
          assert.deepEqual(asked, ['/poll', '/']);
        });
      });

      it('stores changes all the same, without a cookie for the sake of the expiry', async () => {
        await withFrozenClock(async ({ tick, now }) => {
          const { store, site, cookie, id } = await setUp(create(), { rolling: true });
          const expires = expiryIn(store, id);
          tick(10 * MINUTE);
          const poll = await site.visit('/poll-count', cookie);
          assert.equal(setCookie(poll), undefined);
          assert.equal(record(store, id)?.hits, 2);
          const canKeep = store instanceof session.MemoryStore;
          assert.equal(expiryIn(store, id), canKeep ? expires : now() + HOUR);
        });
      });

      it('never shortens what another request has prolonged meanwhile', async () => {
        await withFrozenClock(async (clock) => {
          const made = await setUp(create());
          const { store, id } = made;
          const expires = expiryIn(store, id);
          await prolongMeanwhile(made, clock);
          assert.equal(record(store, id)?.hits, 2);
          const canKeep = store instanceof session.MemoryStore;
          assert.equal(expiryIn(store, id), expires + (canKeep ? 20 : 40) * MINUTE);
        });
      });

      it('stores nothing for the sake of resave', async () => {
        await withFrozenClock(async ({ tick }) => {
          const { store, site, cookie, id } = await setUp(create(), { resave: true });
          const expires = expiryIn(store, id);
          tick(MINUTE);
          await site.visit('/poll', cookie);
          assert.equal(expiryIn(store, id), expires);
          await site.visit('/', cookie);
          assert.equal(expiryIn(store, id), expires + MINUTE);
        });
      });

      it('is not asked for a new or a regenerated session, which gets its expiry', async () => {
        await withFrozenClock(async ({ tick, now }) => {
          const { store, site, cookie, asked } = await setUp(create());
          tick(MINUTE);
          const fresh = await site.visit('/poll-count');
          const regenerated = await site.visit('/poll-regenerate', cookie);
          for (const response of [fresh, regenerated]) {
            assert.equal(expiryIn(store, idOf(response)), now() + HOUR);
            assert.equal(expiryOf(response), toSecond(now() + HOUR));
          }
          assert.deepEqual(asked, []);
        });
      });

      for (const [path, life] of [
        ['/poll-longer', 2 * HOUR],
        ['/poll-until', 3 * HOUR],
        ['/poll-touch', HOUR],
      ] as const) {
        it(`is not asked where the handler itself has set a lifetime: ${path}`, async () => {
          await withFrozenClock(async ({ tick, now }) => {
            const { store, site, cookie, id, asked } = await setUp(create(), { rolling: true });
            tick(MINUTE);
            const response = await site.visit(path, cookie);
            assert.equal(expiryIn(store, id), now() + life);
            assert.equal(expiryOf(response), toSecond(now() + life));
            assert.deepEqual(asked, []);
          });
        });
      }

      it('lets a token go out that is due; its cookie does not end before the session', async () => {
        await withFrozenClock(async ({ tick, now }) => {
          const { store, site, cookie, id } = await setUp(create(), { jwt: { expiresIn: 600 } });
          const expires = expiryIn(store, id);
          tick(10 * MINUTE);
          const poll = await site.visit('/poll', cookie);
          assert.equal(expiryIn(store, id), expires);
          const isKnown = store instanceof session.MemoryStore;
          assert.equal(expiryOf(poll), toSecond(isKnown ? expires : now() + HOUR));
          assert.equal((await site.visit('/', cookieOf(poll))).text, '1');
        });
      });

      for (const path of ['/poll-login', '/poll-renew']) {
        it(`lets the token of a new generation go out: ${path}`, async () => {
          await withFrozenClock(async ({ tick, now }) => {
            const made = await setUp(create(), { jwtFromReq: claimsOfSession });
            const { store, site, cookie, id } = made;
            const expires = expiryIn(store, id);
            tick(10 * MINUTE);
            const response = await site.visit(path, cookie);
            assert.equal((record(store, id)?.__session as { gen: number }).gen, 2);
            const canKeep = store instanceof session.MemoryStore;
            const then = canKeep ? expires : now() + HOUR;
            assert.deepEqual([expiryIn(store, id), expiryOf(response)], [then, toSecond(then)]);
            assert.equal((await site.visit('/', cookieOf(response))).text, '1');
          });
        });
      }

      it('is asked once where the handler saves the session, which keeps its expiry as well', async () => {
        await withFrozenClock(async ({ tick, now }) => {
          const { store, site, cookie, id, asked } = await setUp(create());
          const expires = expiryIn(store, id);
          tick(10 * MINUTE);
          assert.equal((await site.visit('/poll-save', cookie)).text, '2');
          assert.deepEqual(asked, ['/poll-save']);
          assert.deepEqual([record(store, id)?.hits, record(store, id)?.saved], [2, true]);
          const canKeep = store instanceof session.MemoryStore;
          assert.equal(expiryIn(store, id), canKeep ? expires : now() + HOUR);
        });
      });

      it('is asked with the headers of a stream, at whose end nothing is renewed either', async () => {
        await withFrozenClock(async ({ tick }) => {
          const asked: unknown[] = [];
          const touch = (_: unknown, res: { getHeader(name: string): unknown }): boolean => {
            asked.push(res.getHeader('Content-Type'));
            return res.getHeader('Content-Type') !== 'text/event-stream';
          };
          const { store, site, cookie, id } = await setUp(create(), { touch, rolling: true });
          const expires = expiryIn(store, id);
          tick(10 * MINUTE);
          const response = await site.visit('/poll-events', cookie);
          assert.deepEqual(asked, ['text/event-stream']);
          assert.deepEqual([setCookie(response), expiryIn(store, id)], [undefined, expires]);
        });
      });
    });
  }

  it('counts a reload for no change: what it has brought stays', async () => {
    await withFrozenClock(async (clock) => {
      const made = await setUp(new session.MemoryStore());
      const { store, id, asked } = made;
      const expires = expiryIn(store, id);
      await prolongMeanwhile(made, clock, '/poll-reload');
      assert.deepEqual(asked, ['/', '/poll-reload']);
      assert.deepEqual([record(store, id)?.hits, expiryIn(store, id)], [2, expires + 20 * MINUTE]);
    });
  });

  it('gives a cookie that has to go out the expiry that another request has stored meanwhile', async () => {
    await withFrozenClock(async (clock) => {
      const made = await setUp(new session.MemoryStore(), { jwt: { expiresIn: 3600 } });
      const expires = expiryIn(made.store, made.id);
      const response = await prolongMeanwhile(made, clock);
      assert.equal(expiryOf(response), toSecond(expires + 20 * MINUTE));
    });
  });

  it('sends a cookie whose settings the handler has changed', async () => {
    await withFrozenClock(async ({ tick }) => {
      const { store, site, cookie, id } = await setUp(new session.MemoryStore());
      const expires = expiryIn(store, id);
      tick(10 * MINUTE);
      const response = await site.visit('/poll-stricter', cookie);
      assert.match(setCookie(response) ?? '', /SameSite=Strict/);
      assert.deepEqual([expiryOf(response), expiryIn(store, id)], [toSecond(expires), expires]);
      assert.equal(cookieFields(record(store, id)).originalMaxAge, HOUR);
    });
  });

  it('sends a cookie without an expiry where the session has none', async () => {
    const { store, site, cookie, id } = await setUp(new session.MemoryStore(), { cookie: {} });
    const response = await site.visit('/poll-stricter', cookie);
    assert.match(setCookie(response) ?? '', /SameSite=Strict/);
    assert.doesNotMatch(setCookie(response) ?? '', /Expires/);
    assert.equal(cookieFields(record(store, id)).expires, null);
  });

  it('brings no session back that has expired meanwhile', async () => {
    await withFrozenClock(async ({ tick }) => {
      const { store, site, cookie, id } = await setUp(new session.MemoryStore());
      slow = gate();
      const pending = site.visit('/poll-slowly', cookie);
      await slow.reached;
      tick(HOUR);
      slow.open();
      await pending;
      assert.equal(expiryIn(store, id) <= Date.now(), true);
      assert.equal((await site.visit('/count', cookie)).text, '1');
    });
  });

  it('leaves a session without a lifetime to its store', async () => {
    const { store, site, cookie, id, asked } = await setUp(new ForeignStore(), { cookie: {} });
    await site.visit('/poll', cookie);
    await site.visit('/poll-count', cookie);
    assert.deepEqual([asked, touches(store)], [['/poll', '/poll-count'], 0]);
    assert.equal(cookieFields(record(store, id)).expires, null);
    await site.visit('/', cookie);
    assert.equal(touches(store), 1);
  });

  it('never prolongs beyond absoluteTimeout (B256)', async () => {
    await withFrozenClock(async ({ tick, now }) => {
      const { store, site, cookie, id } = await setUp(new ForeignStore(), { absoluteTimeout: 90 * MINUTE });
      const end = now() + 90 * MINUTE;
      tick(45 * MINUTE);
      await site.visit('/poll-count', cookie);
      assert.equal(expiryIn(store, id), end);
    });
  });

  const boom = new Error('boom!');
  const wrong = (kind: string) => ({
    name: 'TypeError',
    message: `touch option: the function must return true or false; it returned ${kind}`,
  });
  for (const [title, touch, expected] of [
    [
      'throws',
      () => {
        throw boom;
      },
      boom,
    ],
    ['is async', () => Promise.resolve(true), wrong('a promise')],
    ['is async, and rejects', () => Promise.reject(boom), wrong('a promise')],
    ['returns nothing', () => undefined, wrong('undefined')],
    ['returns null', () => null, wrong('object')],
  ] as const) {
    it(`is told after the response where it ${title}, and the session is prolonged`, async () => {
      await withFrozenClock(async ({ tick, now }) => {
        const { store, site, cookie, id } = await setUp(new session.MemoryStore(), {
          touch: touch as () => boolean,
        });
        tick(10 * MINUTE);
        assert.equal((await site.visit('/poll-save', cookie)).text, '2');
        assert.equal(expiryIn(store, id), now() + HOUR);
        await site.visit('/nothing');
        assert.equal(site.lateErrors.length, 1);
        const [error] = site.lateErrors;
        if (expected === boom) assert.equal(error, boom);
        else assert.deepEqual({ name: error?.name, message: error?.message }, expected);
      });
    });
  }

  for (const touch of [true, 'never', {}]) {
    it(`is refused at the start unless it is a function: ${JSON.stringify(touch)}`, () => {
      assert.throws(() => session({ touch: touch as never }), {
        name: 'TypeError',
        message: 'touch option must be a function',
      });
    });
  }
});
