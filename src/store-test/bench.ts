/** Calls a tested store as the middleware does, and makes ids and records for it. */
import { randomBytes } from 'node:crypto';
import { Cookie } from '../session/cookie';
import { callsOf, type StoreCalls } from '../store/guarantee';
import { callStoreSafely } from '../store/store-call';
import type { AnyStore, SessionRecord } from '../types';
import { twinOf } from './twin';

/** The first answer of the store counts, by callback or by promise. */
export class Bench {
  readonly calls: StoreCalls;

  /** @param elsewhere the same records, as another process would reach them */
  constructor(
    readonly store: AnyStore,
    readonly elsewhere = twinOf(store),
  ) {
    this.calls = callsOf(store);
  }

  /** Undefined if there is none. An error with the code ENOENT means the same. */
  async get(id: string): Promise<SessionRecord | undefined> {
    try {
      return await answer<SessionRecord>((done) => this.store.get(id, done as never));
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async set(id: string, record: SessionRecord): Promise<void> {
    await answer((done) => this.store.set(id, record, done));
  }

  async destroy(id: string): Promise<void> {
    await answer((done) => this.store.destroy(id, done));
  }

  /** Ignores errors. A missing record should be no error, but the middleware accepts stores for which it is one. */
  async touch(id: string, record: SessionRecord): Promise<void> {
    await answer((done) => this.calls.touch?.(id, record, done)).catch(() => undefined);
  }

  async compareAndSet(id: string, record: SessionRecord, tag: string | null): Promise<boolean> {
    return (await answer<boolean>((done) => this.calls.compareAndSet?.(id, record, tag, done))) === true;
  }
}

/** @throws the store's error */
export function answer<Result>(
  call: (callback: (error?: unknown, result?: Result) => void) => unknown,
): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    callStoreSafely<Result>(call, (error, result) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the store's error as it is
      if (error) reject(error);
      else resolve(result ?? undefined);
    });
  });
}

/** An id of 32 characters, as the middleware and express-session make them. */
export function newId(): string {
  return randomBytes(24).toString('base64url');
}

/** A tag as the middleware makes them. No tag contains another. */
export function newTag(): string {
  return `${randomBytes(12).toString('base64url')}.a_1`;
}

/** A record with a live cookie. @param maxAge in ms. Null: the cookie has no expiry */
export function recordOf(data: object, maxAge: number | null = 60_000): SessionRecord {
  const cookie = new Cookie();
  cookie.maxAge = maxAge;
  return { cookie: cookie as unknown as SessionRecord['cookie'], ...data };
}

/** A record with the state that the middleware stores beside the data. */
export function taggedRecord(tag: string, data: object = {}, maxAge?: number | null): SessionRecord {
  return recordOf({ ...data, __session: { gen: 1, tag, created: Date.now() } }, maxAge);
}

/** The tag of a stored record. */
export function tagOf(record: SessionRecord | undefined): unknown {
  return (record?.__session as { tag?: unknown } | undefined)?.tag;
}

/** The value as it is after a round trip through JSON. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
