import { randomBytes } from 'node:crypto';
import { Cookie } from '../session/cookie';
import { callStoreSafely } from '../store/store-call';
import type { StoreKey } from '../store-key';
import type { AnyStore, SessionRecord } from '../types';

type Method = 'get' | 'set' | 'destroy' | 'touch' | 'update';

/** A store on trial, called as the middleware does: its answer is what comes first, by callback or by promise. */
export class Bench {
  constructor(
    readonly store: AnyStore,
    readonly storeKey: StoreKey,
  ) {}

  /** An id as the middleware gives it. */
  newId(): string {
    return this.storeKey(randomBytes(32).toString('hex'));
  }

  /** Undefined if there is none; an error with the code ENOENT means the same. */
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

  async touch(id: string, record: SessionRecord): Promise<void> {
    await answer((done) => this.store.touch?.(id, record, done));
  }

  has(method: Method): boolean {
    return typeof this.store[method] === 'function';
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

/** An id as express-session makes them: 32 characters. */
export function newLegacyId(): string {
  return randomBytes(24).toString('base64url');
}

/** A record with a live cookie that expires in so many ms; null: with the browser's session. */
export function recordOf(data: object, maxAge: number | null = 60_000): SessionRecord {
  const cookie = new Cookie();
  cookie.maxAge = maxAge;
  return { cookie: cookie as unknown as SessionRecord['cookie'], ...data };
}

/** The same as it is after a round trip through JSON. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
