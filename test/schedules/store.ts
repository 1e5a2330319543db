/** The model of a store: its calls wait until the scheduler lets them take effect and answers them. */
import { EventEmitter } from 'node:events';
import type { Done } from './packages';

/** How `touch` of a store works. */
export type Touch = 'expiry' | 'rewrite' | 'set';

export interface StoreKind {
  readonly name: string;
  /**
   * How a write depends on what is there: by its tag; by a tag that is never found, since the store hides it; or by a tag
   * that the store does not look at, as none may do.
   */
  readonly conditional?: 'compareAndSet' | 'hidden' | 'careless';
  readonly touch: Touch;
}

type Method = 'get' | 'set' | 'touch' | 'destroy' | 'compareAndSet';

export interface StoreRecord {
  text: string;
  /** In ms since 1970; undefined: never. */
  expires: number | undefined;
}

export type Records = Map<string, StoreRecord>;

/** A call that waits. */
export interface Call {
  readonly process: number;
  /** Index of the request in whose code it was made. */
  readonly request: number | undefined;
  readonly method: Method;
  readonly id: string;
  readonly text: string | undefined;
  readonly record: StoreRecord | undefined;
  readonly tag: string | null | undefined;
  readonly answer: Done;
  /** `queued`: no effect yet. `read`: the first half of a touch that rewrites. `done`: only the answer is missing. */
  phase: 'queued' | 'read' | 'done';
  /** Its request was told that it took too long; what it does may still happen. */
  isLate: boolean;
  /** What the first half of a touch has read. */
  seen: StoreRecord | undefined;
  result: unknown;
}

interface Cookie {
  expires?: Date | string | null;
}

export function recordOf(text: string): StoreRecord {
  const { cookie } = JSON.parse(text) as { cookie?: Cookie };
  const expires = cookie?.expires;
  return { text, expires: expires ? new Date(expires).valueOf() : undefined };
}

export function isMutating({ method }: Call): boolean {
  return method !== 'get';
}

export function isDone({ phase }: Call): boolean {
  return phase === 'done';
}

/** What a call has done, for traces. */
export function describe({ method, result, text }: Call): string {
  if (method === 'get') return String(result);
  return typeof result === 'boolean' ? `${result ? 'stored' : 'refused'} ${text ?? ''}` : (text ?? 'gone');
}

/** The records, and what each call does to them. */
export class Store {
  records: Records = new Map();

  constructor(
    readonly kind: StoreKind,
    private readonly now: () => number,
  ) {}

  /** The next step of a call; one step is one step of the store's engine. */
  advance(call: Call): void {
    if (call.method === 'touch' && this.kind.touch === 'rewrite' && call.phase === 'queued') {
      call.seen = this.#find(call.id);
      call.phase = 'read';
      return;
    }
    call.result = this.#perform(call);
    call.phase = 'done';
  }

  /** All that is left of a call. */
  finish(call: Call): void {
    while (!isDone(call)) this.advance(call);
  }

  #find(id: string): StoreRecord | undefined {
    const found = this.records.get(id);
    return found?.expires !== undefined && found.expires <= this.now() ? undefined : found;
  }

  #perform(call: Call): unknown {
    const { id, record } = call;
    switch (call.method) {
      case 'get':
        return this.#find(id)?.text;
      case 'destroy':
        this.records.delete(id);
        return undefined;
      case 'touch':
        this.#touch(call);
        return undefined;
      case 'set':
        if (record) this.records.set(id, record);
        return undefined;
      default: {
        const found = this.#find(id);
        const isStored = found !== undefined && this.#fits(found, call);
        if (isStored && record) this.records.set(id, record);
        return isStored;
      }
    }
  }

  #fits({ text }: StoreRecord, { tag }: Call): boolean {
    if (this.kind.conditional === 'careless') return true;
    // Who stores texts that nobody can search finds no tag, and no `__session` either.
    if (this.kind.conditional === 'hidden') return tag === null;
    return typeof tag === 'string' ? text.includes(tag) : !text.includes('"__session":');
  }

  #touch({ id, record, seen }: Call): void {
    if (!record) return;
    if (this.kind.touch === 'set') this.records.set(id, record);
    else if (this.kind.touch === 'rewrite') {
      if (!seen) return;
      const data = JSON.parse(seen.text) as object;
      const { cookie } = JSON.parse(record.text) as { cookie: unknown };
      this.records.set(id, { text: JSON.stringify({ ...data, cookie }), expires: record.expires });
    } else {
      const found = this.#find(id);
      if (found) this.records.set(id, { ...found, expires: record.expires });
    }
  }
}

/** Hands over a call; the arguments are those of the store's method. */
export type Issue = (
  method: Method,
  id: string,
  data: unknown,
  tag: string | null | undefined,
  answer: Done,
) => void;

/**
 * The store as one process sees it: an object of its own, with the methods that this kind of store has. Each may be
 * called with `this` or without.
 *
 * @param facade what the methods are added to
 */
export function facadeOf(kind: StoreKind, issue: Issue, facade = new EventEmitter()): EventEmitter {
  const none: Done = () => undefined;
  const methods: Record<string, unknown> = {
    get: (id: string, done: Done) => issue('get', id, undefined, undefined, done),
    set: (id: string, data: unknown, done: Done = none) => issue('set', id, data, undefined, done),
    touch: (id: string, data: unknown, done: Done = none) => issue('touch', id, data, undefined, done),
    destroy: (id: string, done: Done = none) => issue('destroy', id, undefined, undefined, done),
  };
  if (kind.conditional) {
    methods.compareAndSet = (id: string, data: unknown, tag: string | null, done: Done) =>
      issue('compareAndSet', id, data, tag, done);
  }
  return Object.assign(facade, methods);
}
