/** A session that cannot be stored is an error that the handler sees. */
import assert from 'node:assert/strict';
import type { Response } from 'express';
import request from 'supertest';
import session from '../../src';
import { cookieOf, setCookie } from '../support/cookies';
import { createServer, type Handler } from '../support/server';
import { data, elapse, serve } from '../support/site';
import { ForeignStore, methods } from '../support/stores';
import { roundTrip } from '../support/wire';

const MINUTE = 60_000;

/** The change of a session that a handler makes, and what it answers with, if anything. */
type Change = (req: Parameters<Handler>[0], res: Response) => unknown;
const addMember: Change = (req) => (data(req).added = 1);

describe('a session that cannot be stored', () => {
  const cyclic: Change = (req) => (data(req).itself = req.session);
  const bigint: Change = (req) => (data(req).big = 10n);

  const faults: [string, Change, RegExp][] = [
    ['a cycle', cyclic, /circular/],
    ['a BigInt', bigint, /BigInt/],
    [
      'a toJSON that throws',
      (req) =>
        (data(req).faulty = {
          toJSON: () => {
            throw new Error('no JSON here');
          },
        }),
      /no JSON here/,
    ],
    [
      'a plain object for a session',
      (req) => Object.assign(req, { session: { user: 'bob' } }),
      /touch is not a function/,
    ],
    ['a text for a session', (req) => Object.assign(req, { session: 'bob' }), /touch is not a function/],
    ['a number for a session', (req) => Object.assign(req, { session: 42 }), /touch is not a function/],
    ['true for a session', (req) => Object.assign(req, { session: true }), /touch is not a function/],
  ];

  /** A server whose handler makes the change, ends, and has the error that this throws answered with a 500. */
  function faultyServer(store: ForeignStore, change: Change, options: session.SessionOptions = {}) {
    return createServer({ store, ...options }, (req, res) => {
      if (req.url === '/start') data(req).user = 'bob';
      else change(req, res);
      res.end('should not be seen');
    });
  }

  for (const [title, change, message] of faults) {
    it(`because of ${title}: end throws, nothing is stored, and the error is answered (B045)`, async () => {
      for (const options of [
        {},
        { resave: true, saveUninitialized: true, rolling: true },
        { unset: 'destroy' },
      ] as const) {
        const store = new ForeignStore();
        const answer = await request(faultyServer(store, change, options)).get('/');
        assert.equal(answer.status, 500);
        assert.match(answer.text, message);
        assert.equal(setCookie(answer), undefined, 'the cookie would lead nowhere');
        assert.deepEqual(methods(store), []);
      }
    });

    it(`because of ${title}: the stored session stays as it was (B045)`, async () => {
      const store = new ForeignStore();
      const server = faultyServer(store, change, { cookie: { maxAge: MINUTE } });
      const cookie = cookieOf(await request(server).get('/start'));
      const before = new Map(store.records);
      const from = store.calls.length;
      const answer = await request(server).get('/').set('Cookie', cookie);
      assert.equal(answer.status, 500);
      assert.match(answer.text, message);
      assert.deepEqual(methods(store, from), ['get']);
      assert.deepEqual(store.records, before);
    });
  }

  for (const [method, path, options] of [
    ['set', '/', {}],
    ['touch', '/', {}],
    ['destroy', '/unset', { unset: 'destroy' }],
  ] as const) {
    it(`because the store throws out of ${method}: end throws, and the error is answered (B045)`, async () => {
      const store = new ForeignStore();
      const server = faultyServer(
        store,
        (req) => {
          if (method === 'set') data(req).user = 'alice';
          if (req.url === '/unset') Reflect.deleteProperty(req, 'session');
        },
        options,
      );
      const cookie = cookieOf(await request(server).get('/start'));
      const before = new Map(store.records);
      let calls = 0;
      store[method] = () => {
        calls++;
        throw new Error('store is broken');
      };
      const answer = await request(server).get(path).set('Cookie', cookie);
      assert.equal(answer.status, 500);
      assert.equal(answer.text, 'store is broken');
      assert.equal(calls, 1);
      assert.deepEqual(store.records, before);
    });
  }

  it('because the store throws out of set: a new session gets no cookie (B045)', async () => {
    const store = new ForeignStore();
    store.set = () => {
      throw new Error('store is broken');
    };
    const answer = await request(faultyServer(store, addMember)).get('/');
    assert.equal(answer.status, 500);
    assert.equal(answer.text, 'store is broken');
    assert.equal(setCookie(answer), undefined);
  });

  for (const [title, isEarly, body] of [
    ['lets a response that has begun be ended after the error', true, 'begun, ended'],
    ['leaves nothing of what was written in the tick of the end that throws', false, 'ended'],
  ] as const) {
    it(`${title} (B045)`, async () => {
      const { store, get } = await serve({ store: new ForeignStore() }, async (req, res) => {
        res.write('begun, ');
        if (isEarly) await roundTrip();
        cyclic(req, res);
        try {
          res.end('not seen');
        } catch (error) {
          assert.ok(error instanceof TypeError);
          res.end('ended');
        }
      });
      const answer = await get('/');
      assert.equal(answer.text, body);
      assert.deepEqual(methods(store), []);
    });
  }

  it('is an error of an asynchronous handler as well (B045)', async () => {
    const { get } = await serve({ store: new ForeignStore() }, async (req, res) => {
      await elapse(1);
      bigint(req, res);
      res.end('not seen');
    });
    const answer = await get('/');
    assert.equal(answer.status, 500);
    assert.match(answer.text, /BigInt/);
  });
});
