// What the end of a response does, step by step, on a response that is only a list of headers.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import jwt = require('jsonwebtoken');
import session from '../../../src';
import type { HeldResponse } from '../../../src/http/held-response';
import type { RequestContext } from '../../../src/request/context';
import { finish } from '../../../src/request/finish';
import { contextOf } from '../../../src/request/request-link';
import { withFrozenClock } from '../../support/clock';
import { debugLines } from '../../support/debug-lines';
import { turn } from '../../support/gate';
import { keys } from '../../support/keys';
import { asStore, data } from '../../support/site';
import { ComparingStore } from '../../support/comparing-store';
import { ForeignStore, SyncStore } from '../../support/stores';
import type { Request, Response } from '../../../src/types';

/** A response without bytes: the middleware finds no `end` to replace, so the tests call `finish` themselves. */
class Headers extends EventEmitter {
  statusCode = 200;
  headersSent = false;
  readonly set = new Map<string, unknown>();
  readonly removed: string[] = [];
  getHeader = (name: string) => this.set.get(name.toLowerCase());
  hasHeader = (name: string) => this.set.has(name.toLowerCase());
  setHeader = (name: string, value: unknown) => void this.set.set(name.toLowerCase(), value);
  removeHeader(name: string) {
    this.removed.push(name);
    this.set.delete(name.toLowerCase());
  }
}

/** A held response that notes what becomes of it. */
class Held extends EventEmitter implements HeldResponse {
  readonly calls: string[] = [];
  /** @param canDiscard whether nothing has left */
  constructor(readonly canDiscard = true) {
    super();
  }
  send(settle?: () => void) {
    this.calls.push(settle ? 'send with headers' : 'send');
    settle?.();
    this.emit('done');
  }
  discard() {
    this.calls.push('discard');
    return this.canDiscard;
  }
  destroy() {
    this.calls.push('destroy');
    this.emit('done');
  }
}

describe('the end of a response', () => {
  let store: ForeignStore;
  let told: unknown[];
  beforeEach(() => {
    store = new ForeignStore();
    told = [];
  });

  /** A request that has come through the middleware. */
  async function open(options: session.SessionOptions = {}, cookie?: string) {
    const res = new Headers();
    const req = { url: '/', method: 'GET', headers: { cookie } } as unknown as Request;
    const middleware = session({ keys, store: asStore(store), ...options });
    await new Promise<void>((resolve, reject) => {
      let hasBegun = false;
      void middleware(req, res as unknown as Response, (error?: unknown) => {
        if (hasBegun) told.push(error);
        else if (error) reject(new Error('refused', { cause: error }));
        else resolve();
        hasBegun = true;
      });
    });
    const context: RequestContext = contextOf(req) ?? assert.fail();
    return { req, res, context };
  }

  /** Sends a new session, and answers with its cookie. */
  async function begin(options: session.SessionOptions = {}): Promise<string> {
    const { req, res, context } = await open(options);
    data(req).hits = 1;
    const held = new Held();
    const done = once(held, 'done');
    finish(context, 'whole')?.(held);
    await done;
    return String(res.set.get('set-cookie')).split(';')[0] ?? assert.fail();
  }

  const tooMany = { jwtFromReq: () => ({ pad: 'x'.repeat(5000) }) };

  describe('closes the headers', () => {
    it('where there is no session any more', async () => {
      const { req, context } = await open();
      Reflect.deleteProperty(req, 'session');
      assert.equal(finish(context, 'headers'), undefined);
      assert.equal(context.headersAreOut, true);
    });

    it('of a stream whose new session gets no token, tells that late, and stores nothing (B214)', async () => {
      const { req, res, context } = await open(tooMany);
      data(req).hits = 1;
      assert.equal(finish(context, 'headers'), undefined);
      assert.deepEqual([context.headersAreOut, context.current.hasEnded], [true, true]);
      res.emit('finish');
      await turn();
      assert.deepEqual(
        told.map((error) => (error as { code?: unknown }).code),
        ['ERR_SESSION_TOKEN_TOO_LONG'],
      );
      assert.equal(store.count('set'), 0);
    });
  });

  it('is the end of a session that gets no token, or whose claims are not known (B214)', async () => {
    const long = await open(tooMany);
    data(long.req).hits = 1;
    finish(long.context, 'whole');
    assert.equal(long.context.current.hasEnded, true);

    let fails = false;
    const unknown = await open({
      jwtFromReq: () => {
        if (fails) throw new Error('no claims');
        return {};
      },
    });
    fails = true;
    data(unknown.req).hits = 1;
    finish(unknown.context, 'whole');
    assert.equal(unknown.context.current.hasEnded, true);
  });

  it('throws what is no fault of the options, such as a key that cannot sign', async () => {
    const { req, context } = await open();
    data(req).hits = 1;
    const { sign } = jwt;
    Object.assign(jwt, {
      sign: () => {
        throw new Error('the key is away');
      },
    });
    try {
      assert.throws(() => finish(context, 'whole'), { message: 'the key is away' });
    } finally {
      Object.assign(jwt, { sign });
    }
  });

  it('notes when a session is written for the headers, and only then', async () => {
    for (const [moment, isNoted] of [
      ['headers', true],
      ['whole', false],
    ] as const) {
      const { req, context } = await open();
      data(req).hits = 1;
      const held = new Held();
      const done = once(held, 'done');
      finish(context, moment)?.(held);
      await done;
      assert.equal(context.current.headersWrittenAt !== undefined, isNoted, moment);
    }
  });

  it('renews the expiry at the end of a stream, and not twice in a response without one', async () => {
    await withFrozenClock(async ({ tick }) => {
      const { req, context } = await open({ cookie: { maxAge: 60_000 } });
      data(req).hits = 1;
      await req.session.save();
      tick(10_000);
      for (const [moment, left] of [
        ['headers', 50_000],
        ['whole', 50_000],
        ['end', 60_000],
      ] as const) {
        finish(context, moment);
        assert.equal(req.session.cookie.maxAge, left, moment);
      }
    });
  });

  it('counts no change that comes later, while it waits for a save of the handler (B254)', async () => {
    const { req, context } = await open();
    const set = store.hold('set');
    data(req).hits = 1;
    void req.session.save();
    await set.reached;
    const hold = finish(context, 'whole') ?? assert.fail();
    data(req).hits = 2;
    const held = new Held();
    const done = once(held, 'done');
    hold(held);
    set.release();
    await done;
    assert.deepEqual(
      [...store.records.values()].map((text) => (JSON.parse(text) as { hits: number }).hits),
      [1],
    );
  });

  it('says in a debug line that a response is held, unless the store has answered at once', async () => {
    const linesOf = async (options: session.SessionOptions, isRemoved: boolean) => {
      const { req, context } = await open({ unset: 'destroy', ...options });
      data(req).hits = 1;
      const { id } = req.session;
      if (isRemoved) {
        Reflect.deleteProperty(req, 'session');
        Object.assign(req, { sessionID: id });
      }
      const response = new Held();
      const done = once(response, 'done');
      const lines = await debugLines(async () => {
        finish(context, 'whole')?.(response);
        await done;
      });
      return lines.filter((line) => line.startsWith('split response: holding it')).length;
    };
    const atOnce = { store: asStore(new SyncStore()) };
    for (const isRemoved of [false, true]) {
      assert.deepEqual([await linesOf({}, isRemoved), await linesOf(atOnce, isRemoved)], [1, 0]);
    }
  });

  it('waits for a touch that moves the expiry only with awaitTouch alone', async () => {
    store = new ComparingStore();
    const cookie = await begin();
    for (const awaitTouch of [true, false]) {
      const { context } = await open({ awaitTouch }, cookie);
      const touch = store.hold('touch');
      const held = new Held();
      const done = once(held, 'done');
      finish(context, 'whole')?.(held);
      await touch.reached;
      assert.deepEqual(held.calls, awaitTouch ? [] : ['send with headers']);
      touch.release();
      await done;
    }
  });

  it('sets headers right before they leave, and none when they have left', async () => {
    for (const [moment, call] of [
      ['headers', 'send with headers'],
      ['whole', 'send with headers'],
      ['end', 'send'],
    ] as const) {
      const { req, context } = await open();
      data(req).hits = 1;
      const held = new Held();
      const done = once(held, 'done');
      finish(context, moment)?.(held);
      await done;
      assert.deepEqual(held.calls, [call]);
    }
  });

  describe("with unset: 'destroy'", () => {
    const unset = 'destroy' as const;

    it('destroys a session that was taken off when the response ends, not when its headers are due (B121)', async () => {
      const { req, context } = await open({ unset }, await begin());
      Reflect.deleteProperty(req, 'session');
      const { live } = context.opened;
      assert.equal(finish(context, 'headers'), undefined);
      assert.equal(store.count('destroy'), 0);
      const held = new Held();
      const done = once(held, 'done');
      finish(context, 'end')?.(held);
      await done;
      assert.deepEqual([store.count('destroy'), live?.ended], [1, 'destroyed']);
      assert.deepEqual([...store.records], []);
    });

    for (const id of ['', undefined, 7]) {
      it(`destroys nothing where req.sessionID is ${JSON.stringify(id)}`, async () => {
        const { req, context } = await open({ unset }, await begin());
        Reflect.deleteProperty(req, 'session');
        Object.assign(req, { sessionID: id });
        assert.equal(finish(context, 'whole'), undefined);
        assert.equal(store.count('destroy'), 0);
      });
    }

    it('tells late that the store could not destroy the session (B129)', async () => {
      const { req, res, context } = await open({ unset }, await begin());
      Reflect.deleteProperty(req, 'session');
      store.failures.destroy = new Error('away');
      const held = new Held();
      const done = once(held, 'done');
      finish(context, 'whole')?.(held);
      await done;
      res.emit('finish');
      await turn();
      assert.deepEqual(told.map(String), ['Error: away']);
    });
  });

  describe('gives way to the error page', () => {
    async function fail(held: Held, headersSent: boolean) {
      const { req, res, context } = await open(tooMany);
      data(req).hits = 1;
      res.setHeader('ETag', '"a"');
      const hold = finish(context, 'whole');
      res.headersSent = headersSent;
      hold?.(held);
      await turn();
      const atOnce = told.length;
      res.emit('finish');
      await turn();
      return { calls: held.calls, atOnce, afterwards: told.length, etag: res.getHeader('ETag') };
    }

    const rows: [title: string, canDiscard: boolean, headersSent: boolean, result: object][] = [
      ['where nothing has left', true, false, { atOnce: 1, afterwards: 1, etag: undefined }],
      ['where its headers were sent by another', true, true, { atOnce: 1, afterwards: 1, etag: '"a"' }],
      [
        'where a held response is only half released',
        false,
        false,
        { atOnce: 1, afterwards: 1, etag: undefined },
      ],
      ['only afterwards where it has left', false, true, { atOnce: 0, afterwards: 1, etag: '"a"' }],
    ];
    for (const [title, canDiscard, headersSent, result] of rows) {
      it(`${title}, once (B129)`, async () => {
        const held = new Held(canDiscard);
        assert.deepEqual(await fail(held, headersSent), { calls: ['discard'], ...result });
      });
    }
  });
});
