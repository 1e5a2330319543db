// Stores for the middleware to meet: a foreign one that records its calls, and subclasses as authors of stores write them.
import { EventEmitter } from 'node:events';
import util from 'node:util';
import expressSession from 'express-session';
import session from '../../src';

type Callback = (error?: unknown, value?: unknown) => void;

export interface StoreCall {
  method: 'get' | 'set' | 'compareAndSet' | 'touch' | 'destroy';
  id: string;
  /** The record as JSON text, for `set`, `compareAndSet` and `touch`. */
  data?: string;
}

/**
 * A store that knows nothing of this package (B176): plain object with `on`, records its calls, keeps records as JSON
 * text, and can be told to hold (`hold`, `release`) or to fail a method. `get` forgets nothing by itself.
 */
export class ForeignStore extends EventEmitter {
  readonly calls: StoreCall[] = [];
  readonly records = new Map<string, string>();
  /** Method → error with which its next calls are answered. */
  readonly failures: Partial<Record<StoreCall['method'], Error>> = {};
  #gates: Partial<Record<StoreCall['method'], { reached: () => void; open: Promise<void> }>> = {};

  /**
   * Makes the next call of `method` wait. `reached` resolves once the call has arrived, `release` lets it go on.
   * The record is written when the call goes on, not when it arrives.
   */
  hold(method: StoreCall['method']): { reached: Promise<void>; release: () => void } {
    let release = (): void => undefined;
    let arrived = (): void => undefined;
    const open = new Promise<void>((resolve) => (release = resolve));
    const reached = new Promise<void>((resolve) => (arrived = resolve));
    this.#gates[method] = { reached: arrived, open };
    return { reached, release };
  }

  count(method: StoreCall['method']): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  get(id: string, callback: Callback): void {
    this.run({ method: 'get', id }, callback, () => {
      const text = this.records.get(id);
      return text === undefined ? undefined : (JSON.parse(text) as unknown);
    });
  }

  set(id: string, data: unknown, callback?: Callback): void {
    const text = JSON.stringify(data);
    this.run({ method: 'set', id, data: text }, callback, () => {
      this.records.set(id, text);
    });
  }

  touch(id: string, data: { cookie: unknown }, callback?: Callback): void {
    this.run({ method: 'touch', id, data: JSON.stringify(data) }, callback, () => {
      const text = this.records.get(id);
      if (text === undefined) return;
      this.records.set(id, JSON.stringify({ ...(JSON.parse(text) as object), cookie: data.cookie }));
    });
  }

  destroy(id: string, callback?: Callback): void {
    this.run({ method: 'destroy', id }, callback, () => {
      this.records.delete(id);
    });
  }

  protected run(call: StoreCall, callback: Callback | undefined, effect: () => unknown): void {
    this.calls.push(call);
    const failure = this.failures[call.method];
    const gate = this.#gates[call.method];
    Reflect.deleteProperty(this.#gates, call.method);
    const answer = () => {
      if (failure) callback?.(failure);
      else callback?.(null, effect());
    };
    if (!gate) {
      setImmediate(answer);
      return;
    }
    gate.reached();
    void gate.open.then(answer);
  }
}

/** A store in the style that predates classes: `util.inherits`, base constructor called without `new` (B002). */
export interface SmartStore extends session.Store {
  sessions: Record<string, string>;
}
export const SmartStore = function (this: SmartStore) {
  (session.Store as unknown as (this: unknown) => void).call(this);
  this.sessions = Object.create(null) as Record<string, string>;
} as unknown as new () => SmartStore;
util.inherits(SmartStore, session.Store);
Object.assign(SmartStore.prototype, {
  get(this: SmartStore, id: string, callback: Callback) {
    const text = this.sessions[id];
    setImmediate(() => {
      callback(null, text === undefined ? undefined : JSON.parse(text));
    });
  },
  set(this: SmartStore, id: string, data: unknown, callback: Callback) {
    this.sessions[id] = JSON.stringify(data);
    setImmediate(callback);
  },
  destroy(this: SmartStore, id: string, callback?: Callback) {
    Reflect.deleteProperty(this.sessions, id);
    if (callback) setImmediate(callback);
  },
});

/** As SmartStore, but every callback runs before the method returns (B130). */
export interface SyncStore extends session.Store {
  sessions: Record<string, string>;
}
export const SyncStore = function (this: SyncStore) {
  (session.Store as unknown as (this: unknown) => void).call(this);
  this.sessions = Object.create(null) as Record<string, string>;
} as unknown as new () => SyncStore;
util.inherits(SyncStore, session.Store);
Object.assign(SyncStore.prototype, {
  get(this: SyncStore, id: string, callback: Callback) {
    const text = this.sessions[id];
    callback(null, text === undefined ? undefined : JSON.parse(text));
  },
  set(this: SyncStore, id: string, data: unknown, callback: Callback) {
    this.sessions[id] = JSON.stringify(data);
    callback();
  },
  destroy(this: SyncStore, id: string, callback?: Callback) {
    Reflect.deleteProperty(this.sessions, id);
    callback?.();
  },
});

/** The store methods called, in order; those of the first `from` calls are left out. */
export function methods(store: ForeignStore, from = 0): StoreCall['method'][] {
  return store.calls.slice(from).map((call) => call.method);
}

/** Any object as the `store` option, whose type asks for more than the middleware does (B176). */
export function asStore(store: object): session.Store {
  return store as session.Store;
}

/** The same store with the methods that express-session expects a store to inherit. */
export function forExpressSession(store: ForeignStore): expressSession.Store {
  const { createSession, load, regenerate } = expressSession.Store.prototype as unknown as Record<
    string,
    unknown
  >;
  return Object.assign(store as EventEmitter, {
    createSession,
    load,
    regenerate,
  }) as unknown as expressSession.Store;
}
