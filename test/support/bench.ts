/** What tests of the benchmark share: its modules, and figures made up for them. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Sample, StoreReport } from '../../bench/store/types';

export const bench = path.join(__dirname, '../../bench');

/** Runs the benchmark. What it covers of src/ is of no account, and its processes load files in ways that confuse reports. */
export async function runBench(...args: string[]): Promise<string> {
  const env = { ...process.env, NODE_V8_COVERAGE: '' };
  const program = [path.join(bench, 'run.mjs'), ...args];
  return (await promisify(execFile)(process.execPath, program, { env })).stdout;
}

/** A module of the benchmark. They are checked by themselves, so the caller says what it makes use of. */
export async function load<Module>(file: string): Promise<Module> {
  return (await import(pathToFileURL(path.join(bench, file)).href)) as Module;
}

export interface Figures {
  readonly figuresOf: (rounds: Map<string, Sample>[]) => StoreReport['figures'];
  readonly targetOf: (report: StoreReport, rtt: number) => { limit: number; holds: boolean } | undefined;
}

export const sample = (factor: number): Sample => ({
  median: 2 * factor,
  p99: 8 * factor,
  perSecond: 1000 / factor,
  commands: 2,
});

/** Three rounds in which this package takes 0.5, 0.4 and 0.8 of the time, while the machine gets slower. */
const rounds = [0.5, 0.4, 0.8].map(
  (ratio, slowness) =>
    new Map([
      ['none', sample(0.1)],
      ['express-session', sample(slowness + 1)],
      ['express-session-jwt', sample((slowness + 1) * ratio)],
    ]),
);

export async function reportOf(given: Partial<StoreReport['scenario']> = {}): Promise<StoreReport> {
  const { figuresOf } = await load<Figures>('store/figures.mjs');
  const scenario = { id: 'read', title: 'read', setup: {}, path: '/', reads: /ada/, bar: 'Read the session' };
  return {
    scenario: { ...scenario, setsCookie: [false, false], ...given },
    figures: figuresOf(rounds),
    faults: [],
  };
}
