// Stores that record what the two sides call.
import type { EventEmitter } from 'node:events';
import { Store } from 'express-session';
import type { StoreKind } from './sequences';
import type { Side } from './sides';

export type Callback = (error?: unknown, value?: unknown) => void;
export type Method = 'get' | 'set' | 'touch' | 'destroy';
const methods: Method[] = ['get', 'set', 'touch', 'destroy'];

/** What every store is to us. */
export type StoreObject = EventEmitter & {
  get: (id: string, callback: Callback) => void;
  set: (id: string, data: unknown, callback?: Callback) => void;
  touch?: (id: string, data: unknown, callback?: Callback) => void;
  destroy: (id: string, callback?: Callback) => void;
};

/** id → JSON text. Own members only, as in both MemoryStores. */
type Records = Record<string, string>;

interface StoredCookie {
  cookie: { expires?: string | null };
}

/** A store as made for express-session. It forgets what has expired, as both MemoryStores do. */
class PlainStore extends (Store as unknown as new () => EventEmitter) {
  readonly sessions: Records = {};
  readonly #defer: (callback: () => void) => void;

  constructor(synchronous: boolean) {
    super();
    this.#defer = synchronous ? (callback) => callback() : setImmediate;
  }

  get(id: string, callback: Callback): void {
    this.#defer(() => callback(null, this.#live(id)));
  }

  set(id: string, data: unknown, callback?: Callback): void {
    this.sessions[id] = JSON.stringify(data);
    this.#defer(() => callback?.());
  }

  touch(id: string, data: unknown, callback?: Callback): void {
    const record = this.#live(id);
    if (record) this.sessions[id] = JSON.stringify({ ...record, cookie: (data as StoredCookie).cookie });
    this.#defer(() => callback?.());
  }

  destroy(id: string, callback?: Callback): void {
    Reflect.deleteProperty(this.sessions, id);
    this.#defer(() => callback?.());
  }

  #live(id: string): StoredCookie | undefined {
    const text = this.sessions[id];
    if (text === undefined) return undefined;
    const record = JSON.parse(text) as StoredCookie;
    const { expires } = record.cookie;
    return expires && new Date(expires).valueOf() <= Date.now() ? undefined : record;
  }
}

export interface StoreCall {
  method: Method;
  id: string;
  arguments: number;
  callback: boolean;
  /** The session. */
  data?: StoredRecord;
  /** What a store reads off the session without JSON; members without a value are nothing to it. */
  live?: { keys: string[]; expires: unknown; maxAge: unknown; originalMaxAge: unknown };
}

/** A record as JSON text, and apart from that what the package itself keeps in it (B242). */
export interface StoredRecord {
  text: string;
  state: string;
}

const STATE = '__session';

/** Ids, tags and times in the package's own part differ from run to run: its form is what counts. */
export function splitRecord(text: string): StoredRecord {
  const record = JSON.parse(text) as Record<string, unknown>;
  const { [STATE]: state, ...rest } = record;
  if (state === undefined) return { text, state: 'none' };
  const { gen, tag, created, ...others } = state as Record<string, unknown>;
  const isRight = typeof tag === 'string' && created !== undefined && Object.keys(others).length === 0;
  return { text: JSON.stringify(rest), state: isRight ? `generation ${String(gen)}` : JSON.stringify(state) };
}

/** What becomes of a call: it is made as it is, not made (only its callback is called), or made as a `set`. */
export type Verdict = 'as it is' | 'not made' | 'set';

export interface Observer {
  /** Asked before a call is made and reported. */
  verdict: (call: StoreCall, data: unknown) => Verdict;
  /** Told of a call that is made. */
  called: (call: StoreCall) => void;
}

/** A store of a given kind whose calls are observed. `object` is what the middleware gets. */
export class ObservedStore {
  readonly object: StoreObject;
  /** Calls that have not been answered yet. */
  pending = 0;
  #whenIdle: (() => void)[] = [];

  constructor(
    side: Side,
    readonly kind: StoreKind,
    observer: Observer,
  ) {
    this.object = kind === 'own MemoryStore' ? side.memoryStore() : new PlainStore(kind === 'synchronous');
    const inner = Object.fromEntries(
      methods.map((method) => [method, this.object[method]?.bind(this.object)]),
    ) as unknown as Record<Method, (id: string, ...rest: unknown[]) => void>;
    for (const method of methods) {
      Reflect.set(this.object, method, (...args: unknown[]) => {
        this.#run(observer, inner, method, args);
      });
    }
    if (kind === 'without touch') Reflect.set(this.object, 'touch', undefined);
  }

  /** The records as JSON text, by id. */
  get records(): Records {
    return (this.object as unknown as { sessions: Records }).sessions;
  }

  clear(): void {
    for (const id of Object.keys(this.records)) Reflect.deleteProperty(this.records, id);
  }

  /** Resolves as soon as no call is unanswered. */
  async idle(): Promise<void> {
    if (this.pending > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #run(
    observer: Observer,
    inner: Record<Method, (id: string, ...rest: unknown[]) => void>,
    method: Method,
    args: unknown[],
  ): void {
    const id = args[0] as string;
    const hasData = method === 'set' || method === 'touch';
    const data = hasData ? args[1] : undefined;
    const callback = args[hasData ? 2 : 1] as Callback | undefined;
    const call: StoreCall = { method, id, arguments: args.length, callback: typeof callback === 'function' };
    if (hasData) Object.assign(call, describe(data));
    const verdict = observer.verdict(call, data);
    if (verdict === 'not made') {
      // As if the middleware had gone straight on, which it does once every save under way has been answered.
      if (this.pending > 0) this.#whenIdle.push(() => callback?.());
      else callback?.();
      return;
    }
    if (verdict === 'set') call.method = 'set';
    observer.called(call);
    this.pending += 1;
    inner[call.method](id, ...(hasData ? [data] : []), (...answer: Parameters<Callback>) => {
      this.pending -= 1;
      callback?.(...answer);
      if (this.pending === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    });
  }
}

function describe(data: unknown): Pick<StoreCall, 'data' | 'live'> {
  const { cookie } = data as { cookie: { expires: unknown; maxAge: unknown; originalMaxAge: unknown } };
  return {
    data: splitRecord(JSON.stringify(data)),
    live: {
      keys: Object.entries(data as object).flatMap(([name, value]) =>
        value === undefined || name === STATE ? [] : [name],
      ),
      expires: cookie.expires instanceof Date ? cookie.expires.valueOf() : cookie.expires,
      maxAge: cookie.maxAge,
      originalMaxAge: cookie.originalMaxAge,
    },
  };
}
