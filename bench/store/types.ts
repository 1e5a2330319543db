/** What the parts of the benchmark on real databases agree on. Types only: nothing here is run. */
import type { BenchStore, Pace, Quartiles, Setup, SubjectName } from '../types.ts';

export type StoreName = 'redis' | 'postgres' | 'redis-cluster' | 'pgbouncer';

export type StoreSubjectName = Extract<SubjectName, 'none' | 'express-session' | 'express-session-jwt'>;

/** A server that the benchmark has started, as test/support/database-server.ts describes it. */
export interface DatabaseServer {
  /** Of several nodes: theirs, separated by commas. */
  readonly url: string;
  readonly port: number;
  remove(): Promise<void>;
}

/** A store as an application opens it. Undefined store: the subject has no session. */
export interface OpenedStore {
  readonly store: BenchStore;
  /** How many commands have gone to the database so far. */
  readonly commands: () => number;
  /** The shortest command there is. */
  readonly ping: () => Promise<unknown>;
}

/** One thing that a browser does: it opens a page, follows redirects and keeps its cookies. */
export interface StoreScenario {
  readonly id: string;
  readonly title: string;
  readonly setup: Setup;
  /** The page that gives a new browser its session. Undefined: it has none. */
  readonly begin?: string;
  readonly path: string;
  /** What the last page says. */
  readonly reads: RegExp;
  /** Whether the first response sets a cookie, in this package and in express-session. */
  readonly setsCookie: readonly [ours: boolean, reference: boolean];
  /** How many requests one browser sends at once. Default: 1. */
  readonly atOnce?: number;
  /** Whether the browser goes on with the cookie that it got. If not, each visit is like the first one. */
  readonly keepsCookie?: boolean;
  /** At most so much of express-session's median latency, with a network in between. */
  readonly latencyTarget?: number;
  /** At least so many times express-session's requests per second, without a network. */
  readonly throughputTarget?: number;
  /** What the label of its bar in the chart is. Undefined: it has none. */
  readonly bar?: string;
}

/** What the load generator found in one slice. Times are in ms. */
export interface LoadSlice {
  requests: number;
  ms: number;
  /** Of the time that a visit takes, until its last response is there. */
  median: number;
  p99: number;
}

/** What one subject did in one round. */
export interface Sample {
  /** In ms, one visitor at a time. */
  median: number;
  p99: number;
  /** Requests per second, many visitors at once. */
  perSecond: number;
  /** Commands to the database per request. */
  commands: number;
}

export type FigureName = keyof Sample;

export interface Figure {
  /** Of each subject: the median over all rounds. */
  values: Partial<Record<StoreSubjectName, number>>;
  /** This package's to express-session's in the same round. Undefined if a subject has a fault. */
  ratio?: Quartiles;
}

/** What came out of one scenario. */
export interface StoreReport {
  scenario: StoreScenario;
  figures: Record<FigureName, Figure>;
  faults: { subject: StoreSubjectName; fault: string }[];
}

/** All scenarios on one database at one distance. */
export interface StoreRun {
  store: StoreName;
  /** In ms. */
  rtt: number;
  /** A round trip to the database as measured, in ms. */
  measuredRtt: number;
  reports: StoreReport[];
}

export interface StoreOptions {
  readonly kind: 'store';
  readonly stores: readonly StoreName[];
  readonly rtts: readonly number[];
  readonly scenarios: readonly StoreScenario[];
  readonly pace: Pace;
  readonly isMeasurement: boolean;
  readonly writes: boolean;
  readonly plot: boolean;
}
