/** Answers of stores that contradict themselves, or make no sense: the smallest inputs that properties have found. */
import assert from 'node:assert/strict';
import type { RequestHandler } from 'express';
import request from 'supertest';
import session from '../../src';
import { byHand } from '../support/by-hand';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, setCookie, setCookies } from '../support/cookies';
import { keys } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { legacySecret, PickyStore, startLegacySession } from '../support/legacy';
import { serverOf } from '../support/server';
import { idOf, recordWith, sesOf, stateOf } from '../support/session-tokens';
import { answer, countHits, data, serve, showHits, type Site } from '../support/site';
import { ForeignStore, SyncStore } from '../support/stores';

const boom = new Error('boom!');

/** Sign-in by claims, and what a session says. */
function siteOf(store: ForeignStore): Promise<Site> {
  return serve(
    {
      store,
      jwtFromReq: (req) =>
        (data(req) as object | undefined) && data(req).user ? { user: data(req).user } : null,
    },
    {
      '/start': (req, res) => {
        data(req).hits = 1;
        res.end();
      },
      '/login': (req, res) => {
        data(req).user = 'ann';
        res.end();
      },
      '/show': (req, res) => res.end(`${String(data(req).hits)} ${String(data(req).user)}`),
      '/renew': async (req, res) => {
        await req.session.renewToken();
        res.end();
      },
      '/get': async (req, res) => {
        const [error] = await answer((callback) => req.sessionStore.get(req.sessionID, callback));
        res.end(String(error));
      },
    },
  );
}

describe('A store', () => {
  it('that throws, and answers as well, is heard once [B131 B248]', async () => {
    const store = new ForeignStore();
    const site = await siteOf(store);
    const cookie = cookieOf(await site.visit('/start'));
    const get = store.get.bind(store);
    store.get = (...args) => {
      get(...args);
      throw boom;
    };
    const { status, text } = await site.get('/show', cookie);
    assert.deepEqual([status, text], [500, 'boom!']);
    assert.deepEqual(await lateErrors(site), []);
  });

  it('that answers, and throws after that, has answered [B131 B248]', async () => {
    const store = new ForeignStore();
    const site = await siteOf(store);
    const cookie = cookieOf(await site.visit('/start'));
    store.get = (id, callback) => {
      callback(null, JSON.parse(store.records.get(id) ?? ''));
      throw boom;
    };
    assert.equal((await site.visit('/show', cookie)).text, '1 undefined');
    assert.deepEqual(await lateErrors(site), []);
  });

  for (const garbage of ['text', 42, true]) {
    it(`that answers ${JSON.stringify(garbage)} to req.sessionStore.get is an error of that call [B127 B175]`, async () => {
      const store = new ForeignStore();
      const site = await siteOf(store);
      const cookie = cookieOf(await site.visit('/start'));
      const get = store.get.bind(store);
      let calls = 0;
      store.get = (id, callback) => {
        if (++calls === 1) get(id, callback);
        else setImmediate(callback, null, garbage);
      };
      assert.match((await site.visit('/get', cookie)).text, /^TypeError: Cannot read prop/);
    });
  }

  it('that answers a record whose lifetime is no number is an error of loading it [B127]', async () => {
    const store = new ForeignStore();
    const site = await siteOf(store);
    const response = await site.visit('/start');
    const id = idOf(response);
    store.records.set(
      id,
      (store.records.get(id) ?? '').replace('"originalMaxAge":null', '"originalMaxAge":"long"'),
    );
    const { status, text } = await site.get('/show', cookieOf(response));
    assert.deepEqual([status, text], [500, 'maxAge must be a number or Date']);
  });

  it('that refuses a write, and then shows a record whose cookie is none, fails that write [B244 B248]', async () => {
    const store = new ComparingStore();
    const site = await siteOf(store);
    const cookie = cookieOf(await site.visit('/start'));
    store.outcomes.push('refused');
    const get = store.get.bind(store);
    let calls = 0;
    store.get = (id, callback) => {
      if (++calls === 1) get(id, callback);
      else setImmediate(callback, null, { cookie: 5, __session: { gen: 1, tag: 'another.1.', created: 1 } });
    };
    assert.equal(setCookie(await site.visit('/login', cookie)), undefined);
    assert.deepEqual(await lateErrors(site), ['argument options must be a object']);
  });

  for (const word of ['no', {}, undefined]) {
    it(`whose compareAndSet answers ${JSON.stringify(word)} has not stored a rotation [B211 B244]`, async () => {
      const store = new ComparingStore();
      const site = await siteOf(store);
      const cookie = cookieOf(await site.visit('/start'));
      store.compareAndSet = (_id, _record, _tag, callback) => {
        setImmediate(callback as (...args: unknown[]) => void, null, word);
      };
      const response = await site.visit('/login', cookie);
      const newest = setCookie(response) === undefined ? cookie : cookieOf(response);
      assert.equal(
        sesOf(newest.slice('connect.sid='.length)).gen,
        stateOf(store, idOf(newest.slice(12))).gen,
      );
    });
  }

  it('whose compareAndSet stores a rotation, and answers 1, has stored it [B211 B244]', async () => {
    const store = new ComparingStore();
    const site = await siteOf(store);
    const cookie = cookieOf(await site.visit('/start'));
    const compareAndSet = store.compareAndSet.bind(store);
    store.compareAndSet = (id, record, tag, callback) => {
      compareAndSet(id, record, tag, (error) => callback(error, 1 as never));
    };
    const response = await site.visit('/login', cookie);
    assert.equal(sesOf(response).gen, 2);
    assert.equal((await site.visit('/show', cookieOf(response))).text, '1 ann');
  });

  it('that throws after a rotation has had its effect is asked once more, and the new token goes out [B211 B248]', async () => {
    const store = new ForeignStore();
    const site = await siteOf(store);
    const cookie = cookieOf(await site.visit('/start'));
    const set = store.set.bind(store);
    let calls = 0;
    store.set = (id, record, callback) => {
      if (++calls > 1) {
        set(id, record, callback);
        return;
      }
      store.records.set(id, JSON.stringify(record));
      throw boom;
    };
    const response = await site.visit('/renew', cookie);
    assert.equal(sesOf(response).gen, 2);
    assert.equal((await site.visit('/show', cookieOf(response))).text, '1 undefined');
  });
});

describe('stores that answer in their own way', () => {
  it('may give the record by promise alone (B131)', async () => {
    const token = byHand();
    const store = Object.assign(new ForeignStore(), {
      get: (id: string) => Promise.resolve(id === idOf(token) && JSON.parse(recordWith({ hits: 1 }))),
    });
    const { get } = await serve({ store }, showHits);
    const res = await get('/', `connect.sid=${token}`);
    assert.equal(res.text, '1');
  });

  it('and reject without a reason are an error all the same (B131)', async () => {
    const store = Object.assign(new ForeignStore(), {
      get: () => Promise.reject(undefined as unknown as Error),
    });
    const { get } = await serve({ store }, showHits);
    const res = await get('/', `connect.sid=${byHand()}`);
    assert.equal(res.status, 500);
    assert.equal(res.text, 'the store rejected without a reason');
  });

  for (const [title, hits] of [
    ['a session that is found', 1],
    ['a session that is not found', undefined],
  ] as const) {
    it(`at once let an error out of next pass, which is not called again: ${title} (B130 B131)`, async () => {
      const store = new SyncStore();
      const token = byHand();
      store.sessions[idOf(token)] = hits === undefined ? 'null' : recordWith({ hits });
      const middleware = session({ keys, store });
      const calls: unknown[][] = [];
      const thrown: unknown[] = [];
      const seen: unknown[] = [];
      const around: RequestHandler = (req, res) => {
        try {
          void middleware(req, res, (...args: unknown[]) => {
            calls.push(args);
            seen.push(data(req).hits);
            throw new Error('the handler broke');
          });
        } catch (error) {
          thrown.push(error);
          res.end();
        }
      };
      await request(serverOf(around)).get('/').set('Cookie', `connect.sid=${token}`).expect(200);
      assert.deepEqual(calls, [[]]);
      assert.deepEqual(seen, [hits]);
      assert.deepEqual(thrown, [new Error('the handler broke')]);
    });
  }
});

describe('stores', () => {
  it('with a legacy record that lost its cookie are an error, as with any record (B127 B232)', async () => {
    const store = new ForeignStore();
    const legacy = await startLegacySession(store, { hits: 2 });
    store.records.set(legacy.id, JSON.stringify({ hits: 2 }));
    const { get } = await serve({ store, secret: legacySecret }, countHits);
    const res = await get('/', legacy.cookie);
    assert.equal(res.status, 500);
    assert.match(res.text, /Cannot read prop/);
    assert.deepEqual([...store.records.keys()], [legacy.id]);
  });

  it('that fail to store an upgraded session leave the cookies of the handler alone (B074 B128)', async () => {
    const store = new PickyStore();
    const legacy = await startLegacySession(store, { user: 'bob' });
    store.refuse = (method) => method === 'set';
    const site = await serve({ store, secret: legacySecret }, (req, res) => {
      data(req).user = 'alice';
      res.setHeader('Set-Cookie', 'theme=dark');
      res.end('answered');
    });
    const res = await site.visit('/', legacy.cookie);
    assert.equal(res.text, 'answered');
    assert.deepEqual(setCookies(res), ['theme=dark']);
    assert.deepEqual(await lateErrors(site), ['boom!']);
  });
});
