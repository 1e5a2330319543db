/** Whatever a store does with a call, each request is answered once, and no token goes out that opens nothing. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Method, Step, StoreMethod } from '../support/handler-scripts';
import { type Case, Playground, TIMEOUT, TIMEOUT_TURNS } from '../support/misbehaviour';
import { type Conduct, conducts } from '../support/misbehaving-store';
import type { Visit } from '../support/misbehaviour-exchange';
import { countTurns } from '../support/turn-timers';

const runs = Number(process.env.PROPERTY_RUNS ?? 300);
const seed = process.env.PROPERTY_SEED === undefined ? undefined : Number(process.env.PROPERTY_SEED);

const conduct: fc.Arbitrary<Conduct> = fc.record({
  kind: fc.oneof(
    { weight: 2, arbitrary: fc.constant<Conduct['kind']>('answers') },
    { weight: 3, arbitrary: fc.constantFrom(...conducts) },
  ),
  isSync: fc.boolean(),
  style: fc.constantFrom('callback', 'promise', 'both'),
  hasEffect: fc.boolean(),
  garbage: fc.nat(15),
});

const methods: Method[] = ['save', 'reload', 'destroy', 'regenerate', 'renewToken'];
const storeMethods: StoreMethod[] = ['get', 'set', 'set back', 'touch', 'destroy', 'load', 'regenerate'];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'modify' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('sign in' as const),
      user: fc.constantFrom('ann', 'bob', null),
      role: fc.constantFrom('user', 'admin'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('method' as const),
      name: fc.constantFrom(...methods),
      byPromise: fc.boolean(),
      isAwaited: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('store' as const),
      name: fc.constantFrom(...storeMethods),
      isAwaited: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom<Step['do'][]>('edit cookie', 'touch', 'read token', 'turn')
      .map((what) => ({ do: what }) as Step),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom<Step['do'][]>('write', 'flushHeaders', 'writeHead', 'remove', 'leave')
      .map((what) => ({ do: what }) as Step),
  },
);

const visit: fc.Arbitrary<Visit> = fc.record({
  conducts: fc.array(conduct, { maxLength: 8 }),
  steps: fc.array(step, { maxLength: 5 }),
  final: fc.constantFrom('end', 'end', 'write and end', 'stream'),
  later: fc.constantFrom(0, 0, 600, 6000),
  isOld: fc.constantFrom(false, false, false, true),
  isParallel: fc.constantFrom(false, false, false, true),
});

const options: fc.Arbitrary<Case['options']> = fc.record(
  {
    resave: fc.boolean(),
    rolling: fc.boolean(),
    saveUninitialized: fc.boolean(),
    unset: fc.constantFrom('keep' as const, 'destroy' as const),
    saveErrors: fc.constantFrom('late' as const, 'respond' as const),
    merge: fc.boolean(),
    touchAfter: fc.constantFrom(0, 60_000),
    jwt: fc.constantFrom({}, { expiresIn: 1 }),
    cookie: fc.constantFrom({}, { maxAge: 3_600_000 }, { maxAge: 3000 }),
    absoluteTimeout: fc.constantFrom(5000, 3_600_000),
  },
  { requiredKeys: [] },
);

const oneCase: fc.Arbitrary<Case> = fc.record({
  canCompare: fc.boolean(),
  canTouch: fc.boolean(),
  hasTimeout: fc.constantFrom(true, true, true, false),
  claims: fc.constantFrom('none', 'user', 'sub'),
  begin: fc.constantFrom('nothing', 'session', 'signed in', 'express-session'),
  options,
  visits: fc.array(visit, { minLength: 1, maxLength: 3 }),
});

describe('A store that misbehaves in any way', function () {
  this.timeout(0);
  const playground = new Playground();
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  const events = ['uncaughtException', 'unhandledRejection', 'warning'] as const;
  let ofOthers: (() => void)[] = [];
  let restoreTimers = (): unknown => undefined;

  before(async () => {
    await playground.open();
    // mocha's own would end the run at the first.
    ofOthers = events.flatMap((event) =>
      process.listeners(event as 'uncaughtException').map((listener) => {
        process.off(event, listener);
        return () => void process.on(event, listener);
      }),
    );
    for (const event of events.slice(0, 2)) process.on(event, note);
    restoreTimers = countTurns((ms) => (ms === TIMEOUT ? TIMEOUT_TURNS : 1));
  });

  after(() => {
    restoreTimers();
    for (const event of events.slice(0, 2)) process.off(event, note);
    for (const restore of ofOthers) restore();
    playground.close();
  });

  it('leaves each request with one answer, and with no token that opens nothing [B131 B248 B254 B259 B260]', () =>
    fc.assert(
      fc.asyncProperty(oneCase, async (one) => {
        uncaught.length = 0;
        const faults = await playground.play(one);
        faults.push(...uncaught.map((error) => `uncaught: ${(error as Error).stack ?? String(error)}`));
        assert.deepEqual(faults, []);
      }),
      { numRuns: runs, ...(seed === undefined ? {} : { seed }) },
    ));
});
