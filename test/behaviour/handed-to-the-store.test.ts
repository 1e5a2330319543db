/** What the methods of a store are given. */
import assert from 'node:assert/strict';
import session from '../../src';
import { reachableStrings, readExpires } from '../support/contents';
import { cookieOf } from '../support/cookies';
import { sesOf } from '../support/session-tokens';
import { data, routes, serve } from '../support/site';
import { ForeignStore } from '../support/stores';

const MINUTE = 60_000;

describe('the arguments of a store call', () => {
  /** Keeps what a store's methods were called with. */
  class ArgumentStore extends ForeignStore {
    readonly seen: [method: string, args: unknown[]][] = [];

    override get(...args: Parameters<ForeignStore['get']>): void {
      this.seen.push(['get', args]);
      super.get(...args);
    }
    override set(...args: Parameters<ForeignStore['set']>): void {
      this.seen.push(['set', args]);
      super.set(...args);
    }
    override touch(...args: Parameters<ForeignStore['touch']>): void {
      this.seen.push(['touch', args]);
      super.touch(...args);
    }
    override destroy(...args: Parameters<ForeignStore['destroy']>): void {
      this.seen.push(['destroy', args]);
      super.destroy(...args);
    }
  }

  it('are an id, the data of set and touch, and always a function (B041)', async () => {
    const store = new ArgumentStore();
    const handlers = routes({
      '/start': (req, res) => {
        data(req).user = 'bob';
        res.end();
      },
      '/save': (req, res) => {
        data(req).user = 'alice';
        void req.session.save();
        res.end();
      },
      '/destroy': (req, res) => {
        void req.session.destroy();
        res.end();
      },
      '/unset': (req, res) => {
        Reflect.deleteProperty(req, 'session');
        res.end();
      },
    });
    const { get, visit } = await serve({ store, unset: 'destroy' }, handlers);
    for (const path of ['/', '/save', '/destroy', '/unset']) {
      await get(path, cookieOf(await visit('/start')));
    }
    assert.deepEqual(
      new Set(store.seen.map(([method]) => method)),
      new Set(['get', 'set', 'touch', 'destroy']),
    );
    for (const [method, args] of store.seen) {
      assert.match(String(args[0]), /^[\w-]{32}$/, method);
      if (method === 'get' || method === 'destroy') {
        assert.deepEqual([args.length, typeof args[1]], [2, 'function']);
      } else {
        assert.deepEqual(
          [method, args.length, typeof args[1], typeof args[2]],
          [method, 3, 'object', 'function'],
        );
      }
    }
  });
});

describe('the data handed to set and touch', () => {
  interface Handed {
    method: 'set' | 'touch';
    record: Record<string, unknown> & { cookie: session.Cookie };
    token: string;
  }

  /** What a store is handed by a request that saves and one that touches. */
  async function handedOver(
    method: Handed['method'],
    cookieOptions: object = { maxAge: MINUTE },
  ): Promise<Handed> {
    const handed: Handed[] = [];
    const store = new ForeignStore();
    for (const method of ['set', 'touch'] as const) {
      const original = store[method].bind(store);
      store[method] = (id: string, given: unknown, callback?: (error?: unknown) => void) => {
        handed.push({ method, record: given as Handed['record'], token: '' });
        original(id, given as { cookie: unknown }, callback);
      };
    }
    const tokens: string[] = [];
    const { get, visit } = await serve(
      { store, cookie: cookieOptions, jwtFromReq: () => ({ role: 'claimant' }) },
      (req, res) => {
        tokens.push(session.tokenOf(req) ?? assert.fail());
        if (req.url === '/start') Object.assign(req.session, { user: 'bob', nested: { list: [1, 2] } });
        res.end();
      },
    );
    const cookie = cookieOf(await visit('/start'));
    await get('/', cookie);
    assert.deepEqual(
      handed.map((call) => call.method),
      ['set', 'touch'],
    );
    const found = handed.find((call) => call.method === method);
    assert.ok(found && tokens[0]);
    return { ...found, token: tokens[0] };
  }

  for (const method of ['set', 'touch'] as const) {
    it(`of ${method} are the enumerable members, __session and a live Cookie (B042)`, async () => {
      const { record } = await handedOver(method);
      assert.deepEqual(Object.keys(record).sort(), ['__session', 'cookie', 'nested', 'user']);
      assert.equal(record.user, 'bob');
      assert.deepEqual(record.nested, { list: [1, 2] });
      const { cookie } = record;
      assert.ok(cookie instanceof session.Cookie);
      assert.ok(readExpires(cookie) instanceof Date);
      assert.equal(typeof cookie.maxAge, 'number');
      assert.equal(cookie.originalMaxAge, MINUTE);
      assert.equal(Reflect.get(cookie, '_expires'), readExpires(cookie));
    });

    it(`of ${method} have no Date for an expiry where the session has none (B042)`, async () => {
      const { record } = await handedOver(method, {});
      assert.ok(record.cookie instanceof session.Cookie);
      assert.deepEqual(
        [readExpires(record.cookie), record.cookie.maxAge, record.cookie.originalMaxAge],
        [null, null, null],
      );
    });

    it(`of ${method} have the JSON form that stores of express-session know (B042)`, async () => {
      const { record } = await handedOver(method);
      const expires = String(readExpires(record.cookie)?.toISOString());
      const { gen, tag, created } = record.__session as { gen: number; tag: string; created: number };
      assert.deepEqual([gen, typeof tag, typeof created], [1, 'string', 'number']);
      assert.equal(
        JSON.stringify(record),
        `{"cookie":{"originalMaxAge":60000,"expires":"${expires}","httpOnly":true,"path":"/"},` +
          '"user":"bob","nested":{"list":[1,2]},' +
          `"__session":{"gen":1,"tag":"${tag}","created":${String(created)}}}`,
      );
    });

    it(`of ${method} do not lead to the token by any member (B042)`, async () => {
      const { record, token } = await handedOver(method);
      assert.match(token, /^ey.+\..+\..{86}$/);
      assert.equal('jwt' in record, false);
      const strings = reachableStrings(record);
      assert.ok(strings.includes('bob'), 'the search finds what is there');
      for (const secret of [token, ...token.split('.'), String(sesOf(token).id), 'claimant']) {
        assert.deepEqual(
          strings.filter((text) => text.includes(secret)),
          [],
        );
      }
    });
  }
});
