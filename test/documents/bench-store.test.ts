/** The benchmark on databases: what its command line means, and what its figures come to. */
import assert from 'node:assert/strict';
import type { StoreOptions } from '../../bench/store/types';
import type { Pace } from '../../bench/types';
import { load, reportOf, sample, type Figures } from '../support/bench';

interface Options {
  readonly readOptions: (args: string[]) => StoreOptions | { kind: 'memory'; pace: Pace };
}

interface Line {
  length: number;
  readonly push: (deliver: () => void) => void;
  readonly run: () => void;
}

type DelayLine = new (ms: number, wakeAt: (due: number) => void, now: () => number) => Line;

describe('The options of the benchmark', () => {
  const read = async (...args: string[]) => {
    const options = (await load<Options>('options.mjs')).readOptions(args);
    assert.ok(options.kind === 'store');
    return options;
  };

  it('measure in memory where no database is named', async () => {
    assert.equal((await load<Options>('options.mjs')).readOptions(['--quick']).kind, 'memory');
  });

  it('run all scenarios at both distances by --store', async () => {
    const { stores, rtts, scenarios, writes, plot } = await read('--store', 'redis');
    assert.deepEqual(
      { stores, rtts, writes, plot },
      { stores: ['redis'], rtts: [0, 1], writes: false, plot: false },
    );
    const ids =
      'anonymous read change change-twice rolling sign-in-claims sign-in-regenerate refresh parallel';
    assert.deepEqual(
      scenarios.map(({ id }) => id),
      [...ids.split(' '), 'upgrade', 'large'],
    );
  });

  it('take several databases and distances, and some of the scenarios', async () => {
    const options = await read(
      '--store',
      'redis, postgres',
      '--rtt',
      '0.5,20',
      '--only',
      'read,large',
      '--write',
    );
    const { stores, rtts, scenarios, writes } = options;
    assert.deepEqual(
      { stores, rtts, writes },
      { stores: ['redis', 'postgres'], rtts: [0.5, 20], writes: true },
    );
    assert.deepEqual(
      scenarios.map(({ id }) => id),
      ['read', 'large'],
    );
  });

  it('measure the five bars of the chart, on Redis a millisecond away, by --plot alone', async () => {
    const { stores, rtts, scenarios, plot } = await read('--plot');
    assert.deepEqual({ stores, rtts, plot }, { stores: ['redis'], rtts: [1], plot: true });
    assert.deepEqual(
      scenarios.map(({ bar }) => bar),
      [
        'Read the session',
        'Change the session',
        'Sign in',
        'Sign in with regenerate()',
        'Read a session of 50 KB',
      ],
    );
  });

  it('are refused with what would be right', async () => {
    const mistakes: [args: string[], RegExp][] = [
      [['--store', 'mysql'], /--store mysql: there are redis, postgres, redis-cluster, pgbouncer/],
      [['--store', 'redis', '--rtt=-1'], /--rtt -1: it is a round trip in milliseconds/],
      [['--store', 'redis', '--rtt', 'one'], /--rtt one: /],
      [['--store', 'redis', '--rtt', ''], /--rtt : /],
      [['--store', 'redis', '--only', '3'], /--only 3: with --store there are anonymous, read/],
      [['--store', 'redis', '--http'], /--http/],
      [['--store', 'redis-cluster'], /--store redis-cluster: give it --rtt 0/],
      [['--rtt', '1'], /--rtt: .* --store has to name one/],
      [['--write'], /--write: .* --store has to name one/],
      [['--plot', '--write'], /--write: .* --store has to name one/],
      [['--smoke', '--plot'], /--smoke: its numbers mean nothing/],
    ];
    const { readOptions } = await load<Options>('options.mjs');
    for (const [args, message] of mistakes) assert.throws(() => readOptions(args), message);
  });
});

describe('The figures of the benchmark on databases', () => {
  it('are medians over the rounds, and ratios within a round', async () => {
    const { figures } = await reportOf();
    assert.deepEqual(figures.median.values, {
      none: 0.2,
      'express-session': 4,
      'express-session-jwt': 1.6,
    });
    for (const [name, [low, median, high]] of Object.entries({
      median: [0.45, 0.5, 0.65],
      p99: [0.45, 0.5, 0.65],
      perSecond: [1.625, 2, 2.25],
      commands: [1, 1, 1],
    })) {
      const { ratio } = figures[name as keyof typeof figures];
      const rounded = Object.values<number>({ ...ratio }).map((value) => Number(value.toFixed(6)));
      assert.deepEqual(rounded, [low, median, high], name);
    }
  });

  it('have no ratio where neither sends a command, or one of them has a fault', async () => {
    const { figuresOf } = await load<Figures>('store/figures.mjs');
    const idle = new Map([
      ['express-session', { ...sample(1), commands: 0 }],
      ['express-session-jwt', { ...sample(1), commands: 0 }],
    ]);
    assert.equal(figuresOf([idle]).commands.ratio, undefined);
    assert.deepEqual(figuresOf([idle]).median.ratio, { low: 1, median: 1, high: 1 });
    assert.equal(figuresOf([new Map([['express-session', sample(1)]])]).median.ratio, undefined);
  });

  it('are held against the target of latency over a network, and that of throughput without one', async () => {
    const { targetOf } = await load<Figures>('store/figures.mjs');
    const report = await reportOf({ latencyTarget: 0.5, throughputTarget: 2.1 });
    assert.deepEqual(targetOf(report, 1), { figure: 'median', limit: 0.5, holds: true });
    assert.deepEqual(targetOf(report, 0), { figure: 'perSecond', limit: 2.1, holds: false });
    assert.equal(targetOf(await reportOf(), 1), undefined);
  });
});

describe('The network of the benchmark', () => {
  it('delays each chunk by the same time, keeps the order, and lets what follows travel at the same time', async () => {
    const { DelayLine } = await load<{ DelayLine: DelayLine }>('store/delay-line.mjs');
    const alarms: number[] = [];
    const arrived: string[] = [];
    let time = 100;
    const line = new DelayLine(
      5,
      (due) => alarms.push(due),
      () => time,
    );
    const send = (text: string) => line.push(() => arrived.push(text));
    send('a');
    time = 102;
    send('b');
    send('c');
    assert.deepEqual(alarms, [105]);
    time = 104.9;
    line.run();
    assert.deepEqual([arrived, alarms], [[], [105, 105]]);
    time = 105;
    line.run();
    assert.deepEqual([arrived, alarms], [['a'], [105, 105, 107]]);
    // A shorter line does not let anything overtake.
    line.length = 1;
    send('d');
    time = 106;
    line.run();
    assert.deepEqual(arrived, ['a']);
    time = 107;
    line.run();
    assert.deepEqual(arrived, ['a', 'b', 'c', 'd']);
    assert.deepEqual(alarms, [105, 105, 107, 107]);
  });
});
