/** One simulated process: the package, a store object and a middleware of its own; and one whose store answers at once. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { keys } from '../support/keys';
import { type Credential, arrive, type Exchange } from './browser';
import { handle, jwtFromReq, type Op, type Surroundings, type Visit } from './app';
import { expressSession, type Middleware, packageOf, type SimSession } from './packages';
import { type Call, facadeOf, type Issue, recordOf, type Records, Store, type StoreKind } from './store';

export const SECRET = 'keyboard cat';
/** In ms. No other timer lasts as long: so the explorer knows which ones wait for the store. */
export const STORE_TIMEOUT = 77_777;
/** In seconds. */
export const TOKEN_LIFE = 600;

/** What a process runs: express-session, or this package as in the steps of a rolling deploy and on the way back. */
export type Instance = 'express-session' | 'step one' | 'step two' | 'way back';

export interface Settings {
  readonly merge?: boolean;
  readonly rolling?: boolean;
  /** Whether tokens have an age, so that a refresh can be due. */
  readonly isAging?: boolean;
}

const privateKey = createPrivateKey(keys.private);
const publicKey = createPublicKey(privateKey);

function middlewareOf(
  copy: number,
  instance: Instance,
  facade: EventEmitter,
  settings: Settings,
): Middleware {
  const common = {
    store: facade,
    secret: SECRET,
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 3_600_000 },
    ...(settings.rolling ? { rolling: true } : {}),
  };
  if (instance === 'express-session') return expressSession(common);
  return packageOf(copy)({
    ...common,
    keys: { private: privateKey, public: publicKey },
    jwtFromReq,
    storeTimeout: STORE_TIMEOUT,
    // A cache is made for each process, with room for all.
    tokenCacheSize: 20,
    ...(instance === 'step two' ? {} : { cookieFormat: 'express-session' }),
    ...(instance === 'way back' ? { cookieFormat: 'back-to-express-session' } : {}),
    ...(settings.merge ? { merge: true } : {}),
    ...(settings.isAging ? { jwt: { expiresIn: TOKEN_LIFE } } : {}),
  });
}

/** Which request's code runs: so that a call of the store is known to be of that request. */
const running = new AsyncLocalStorage<number>();

export class Process {
  readonly facade: EventEmitter;
  readonly #middleware: Middleware;

  constructor(copy: number, instance: Instance, kind: StoreKind, settings: Settings, issue: Issue) {
    const base = instance === 'express-session' ? new expressSession.Store() : undefined;
    this.facade = facadeOf(kind, issue, base);
    this.#middleware = middlewareOf(copy, instance, this.facade, settings);
  }

  /** Lets a request run until it waits for something. Throws what the middleware throws. */
  serve(
    visit: Visit,
    credential: Credential | undefined,
    recordId: string,
    first?: (session: SimSession) => void,
  ): Exchange {
    const exchange = arrive(`/${visit.op}`, credential?.value);
    const { req, res, answer } = exchange;
    const around: Surroundings = { store: this.facade, recordId };
    let hasRun = false;
    const next = (error?: unknown): void => {
      if (hasRun || res.headersSent || error) {
        answer.late.push(String(error));
        if (res.headersSent || res.writableEnded) return;
        visit.hasFailed = true;
        res.statusCode = 500;
        res.end(String(error));
        return;
      }
      hasRun = true;
      if (first && req.session) first(req.session);
      handle(visit, around, req, res);
    };
    running.run(visit.index, () => {
      this.#middleware(req, res, next);
    });
    return exchange;
  }
}

export function visitOf(index: number, op: Op): Visit {
  return { index, op, saved: undefined, foundSession: false, hasFailed: false };
}

/** As a store's method would: the record as the text that it is stored as. */
export function callOf(process: number, ...[method, id, data, tag, answer]: Parameters<Issue>): Call {
  const text = data === undefined ? undefined : JSON.stringify(data);
  const request = running.getStore();
  return {
    process,
    request,
    method,
    id,
    text,
    record: text === undefined ? undefined : recordOf(text),
    tag,
    answer: (error, value) => {
      if (request === undefined) answer(error, value);
      else running.run(request, () => answer(error, value));
    },
    phase: 'queued',
    isLate: false,
    seen: undefined,
    result: undefined,
  };
}

/** What a call answers: a record is a new object each time. */
export function answerOf({ method, result }: Call): unknown {
  return method === 'get' && typeof result === 'string' ? JSON.parse(result) : result;
}

/** A process that begins now, alone with these records, whose store answers at once: for preparing, and for looking. */
export function quietProcess(
  kind: StoreKind,
  settings: Settings,
  records: Records,
  now: () => number,
  instance: Instance = 'step two',
): Process {
  const store = new Store(kind, now);
  store.records = records;
  return new Process(PROBE, instance, kind, settings, (...args) => {
    const call = callOf(PROBE, ...args);
    store.finish(call);
    queueMicrotask(() => {
      call.answer(null, answerOf(call));
    });
  });
}

/** The copy of the package that looks at what others have done. */
const PROBE = 9;
