import type { IncomingMessage, ServerResponse } from 'node:http';

/* What the parts of the benchmark agree on. Types only: nothing here is run. */

export type SubjectName =
  | 'none'
  | 'express-session'
  | 'express-session-jwt'
  | 'fork-secp256k1'
  | 'fork-p256'
  | 'cookie-session'
  | 'iron-session';

/** The session as scenarios use it: data, and regenerate() where the subject has it. */
export interface BenchSession {
  user?: string;
  roles?: string[];
  views?: number;
  cart?: object[];
  cookie?: object;
  regenerate(callback: (error?: unknown) => void): void;
  save(): Promise<void>;
}

export type Request = IncomingMessage & { session: BenchSession; sessionStore: BenchStore };
export type Response = ServerResponse;
export type Next = (error?: unknown) => void;
export type Middleware = (req: Request, res: Response, next: Next) => void;

export interface BenchStore {
  set(id: string, record: object, callback?: (error?: unknown) => void): void;
  destroy(id: string, callback?: (error?: unknown) => void): void;
  clear(callback?: (error?: unknown) => void): void;
}

/** How a scenario wants the middleware made; everything else is as in all scenarios. */
export interface Setup {
  maxAge?: number;
  rolling?: boolean;
  /** Carry claims in the token. */
  claims?: boolean;
  /** Know the secret of express-session cookies. */
  legacy?: boolean;
  /** Tokens expire after so many seconds, where there are tokens. */
  expiresIn?: number;
  /** Leave out touches that would move the expiry by less than this, in ms. Only in this package. */
  touchAfter?: number;
}

/** A middleware and the store behind it; undefined where sessions live in the cookie. */
export interface Site {
  middleware: Middleware;
  store: BenchStore | undefined;
}

/** One session middleware, and what has to be known of it. */
export interface Subject {
  readonly name: SubjectName;
  readonly cookieName: string;
  /** Makes the middleware; with a store given, a second one for the same sessions. */
  create(setup: Setup, store?: BenchStore): Site;
  /** The same Cookie header with a signature that is well-formed and wrong. */
  forge(cookie: string): string;
  /** Whether the session itself is in the cookie, so that every change sets it. */
  readonly isInCookie?: boolean;
  /** Saves the session where the middleware does not do that by itself. */
  readonly save?: (req: Request) => Promise<void>;
  /** The Cookie header of an express-session session that is in the store and unknown to this subject so far. */
  readonly addLegacySession?: (store: BenchStore) => string;
  /** What the middleware gives to the store for a session, where that is more than its data. */
  readonly recordOf?: (session: object) => object;
}

/** What a handler does with the session; calls back with the text of the response. */
export type Act = (req: Request, done: (body: string) => void) => void;

/** Somebody who visits the site. `cookie` is undefined where none is sent. */
export interface Client {
  cookie: string | undefined;
}

/** Which clients come, and in which order. */
export interface Visitors {
  next(): Client;
  /** All clients there are, for a load generator in another process. */
  readonly clients: Client[];
}

export type VisitorKind = 'nobody' | 'members' | 'shuffled' | 'first-seen' | 'garbage' | 'forged' | 'legacy';

/** A visit and what the client got. */
export interface Answer {
  status: number;
  body: string;
  setCookie: string | undefined;
}

/** Visits the site once, as a client that keeps its cookies. */
export type Visit = (client: Client, act: Act) => Promise<Answer>;

export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly setup: Setup;
  readonly visitors: VisitorKind;
  /** How many sessions there are when the scenario begins. */
  readonly sessions?: number;
  readonly begin?: Act;
  readonly act: Act;
  /** Whether `act` changes the session. */
  readonly writes: boolean;
  /** Requests at once, if not as many as in other scenarios. */
  readonly inFlight?: number;
  /** Whether each client goes on with the cookie that it got. */
  readonly keepsCookie?: boolean;
  /** Whether each request leaves a session in the store. */
  readonly fillsStore?: boolean;

  /** What the first client reads in its first visits. */
  readonly reads: string[];
  readonly setsCookie: boolean;
  /** What has to hold beyond that. @throws Error with the reason why it does not */
  readonly proof?: (visit: Visit, before: Client, after: Client) => Promise<void>;
  /** How many signatures one request makes and verifies in this package. */
  readonly signs: number;
  readonly verifies: number;

  /** At most so much of express-session's time, in-process. */
  readonly target?: number;
  /** At least so many times express-session's requests per second, over HTTP; undefined: not run over HTTP. */
  readonly httpTarget?: number;
  /** What no implementation can do without; drawn as a mark. */
  readonly limits: Limit[];
  /** Subjects that run another scenario in its place, as the nearest they have. */
  readonly counterparts?: Partial<Record<SubjectName, string>>;
  /** Subjects that have nothing of the kind, with the reason. */
  readonly lacks?: Partial<Record<SubjectName, string>>;
  /** One line on what stands for the scenario in subjects that have no such thing. */
  readonly note?: string;
}

export type Limit = 'sign' | 'verify' | 'hmac' | 'sha256' | 'json' | 'json50k';

/** Work of one slice. */
export interface Slice {
  count: number;
  /** Time for all of it, in ms. */
  ms: number;
}

/** How long everything takes. */
export interface Pace {
  warmUp: { atLeast: number; atMost: number };
  rounds: number;
  sliceMs: number;
  measuresLimits: boolean;
  httpWarmUpMs: number;
  httpRounds: number;
  httpSliceMs: number;
  /** Until so many requests have been answered, by when V8 has compiled what they run through; or until the time is up. */
  storeWarmUp: { requests: number; atMostMs: number };
  storeRounds: number;
  /** Of latency on a database; that of requests per second is half as long. */
  storeSliceMs: number;
  /** Sessions in scenarios that ask for many; undefined: as many as they ask for. */
  maxSessions?: number;
  storedSessions: number;
  createdAndDestroyed: number;
}

/** What the command line asks for, when sessions are in memory. */
export interface MemoryOptions {
  kind: 'memory';
  pace: Pace;
  /** Whether the numbers mean anything. */
  isMeasurement: boolean;
  subjects: readonly SubjectName[];
  httpSubjects: readonly SubjectName[];
  inProcess: readonly Scenario[];
  memory: boolean;
  http: readonly Scenario[];
}

export interface Quartiles {
  low: number;
  median: number;
  high: number;
}

/** What came out for one subject in one scenario. */
export interface Result {
  subject: SubjectName;
  /** Of time, of requests per second, or of bytes: this subject's to express-session's. */
  ratio?: Quartiles;
  /** Median of the measured quantity itself: µs, requests per second, bytes. */
  value?: number;
  fault?: string;
  lacks?: string;
}

export interface Report {
  id: string;
  title: string;
  kind: 'in-process' | 'http' | 'memory';
  unit: string;
  target?: { ratio?: number; value?: number } | undefined;
  results: Result[];
  /** µs of what no implementation can do without. */
  limits: { name: Limit; value: number; ratio: number }[];
  note?: string;
}
