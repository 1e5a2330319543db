/** The probe: a session without a user in the application's store, and the calls of the store that are tried with it. */
import { randomBytes } from 'node:crypto';
import { Cookie } from '../session/cookie';
import { firstState, type RecordState, STATE_MEMBER } from '../session/record-state';
import { callsOf, type StoreCalls } from '../store/guarantee';
import { callStoreSafely, isMissing } from '../store/store-call';
import type { AnyStore, SessionRecord } from '../types';

/** In ms. A probe that cannot be destroyed expires by itself. */
export const LIFETIME = 60_000;

/** The life of a session that is to expire during the check, in ms. Stores round it up to seconds. */
export const SHORT_LIFETIME = 1000;

/** Texts that a store may spoil: quotes, line breaks, placeholders, characters of four bytes in UTF-8. */
export const SAMPLE = {
  user: { name: 'Zoë 🐟', roles: ['admin', 'author'] },
  list: [1, -2.5, 1e21, null, true, { deep: [[]] }],
  text: 'quotes "\'` \\ % $1 ? :name\nsecond line',
  empty: '',
  off: false,
  nothing: null,
  large: 'x'.repeat(4096),
};

/** An error that the store has thrown or answered, or the lack of an answer. */
export class StoreCallError extends Error {
  constructor(
    readonly method: string,
    readonly isTimeout: boolean,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

export class Probe {
  readonly id = newId();
  /** The id of a second session, which is left to expire. */
  readonly briefId = newId();
  readonly calls: StoreCalls;
  readonly #store: AnyStore;
  readonly #limit: number;
  readonly #written = new Set<string>();

  /** @param limit how long a call may take, in ms */
  constructor(store: AnyStore, limit: number) {
    this.calls = callsOf(store);
    this.#store = store;
    this.#limit = limit;
  }

  get(id: string): Promise<SessionRecord | undefined> {
    return this.#ask<SessionRecord>('get', (done) => this.#store.get(id, done as never));
  }

  async set(id: string, record: SessionRecord): Promise<void> {
    this.#written.add(id);
    await this.#ask('set', (done) => this.#store.set(id, record, done), id);
  }

  async touch(id: string, record: SessionRecord): Promise<void> {
    await this.#ask('touch', (done) => this.calls.touch?.(id, record, done), id);
  }

  async compareAndSet(id: string, record: SessionRecord, tag: string | null): Promise<boolean> {
    const stored = await this.#ask<boolean>(
      'compareAndSet',
      (done) => this.calls.compareAndSet?.(id, record, tag, done),
      id,
    );
    return stored === true;
  }

  async destroy(id: string): Promise<void> {
    await this.#ask('destroy', (done) => this.#store.destroy(id, done));
  }

  /** Destroys all that may be left of the probe. @throws the first StoreCallError, after all has been tried */
  async remove(): Promise<void> {
    const results = await Promise.allSettled([...this.#written].map((id) => this.destroy(id)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /**
   * @param id of the record that the call writes. If the call takes effect too late the record is destroyed again
   * @throws StoreCallError
   */
  #ask<Result>(
    method: string,
    call: (done: (error?: unknown, result?: Result) => void) => unknown,
    id?: string,
  ): Promise<Result | undefined> {
    return new Promise((resolve, reject) => {
      let isLate = false;
      // Not unref'd: the report has to come even if nothing else keeps the process alive.
      const timer = setTimeout(() => {
        isLate = true;
        reject(new StoreCallError(method, true, `${method} did not answer within ${String(this.#limit)} ms`));
      }, this.#limit);
      callStoreSafely<Result>(call, (error, result) => {
        clearTimeout(timer);
        if (isLate) {
          if (id !== undefined) this.destroy(id).catch(() => undefined);
        } else if (error && !(method === 'get' && isMissing(error))) {
          reject(new StoreCallError(method, false, `${method} failed: ${messageOf(error)}`, error));
        } else resolve(result ?? undefined);
      });
    });
  }
}

/** A record for a store. @param members the data, and `__session` */
export function recordOf(lifetime: number, members: object): SessionRecord {
  const cookie = new Cookie({ maxAge: lifetime });
  return { cookie: cookie as unknown as SessionRecord['cookie'], ...members };
}

/** The state of a session that has rotated, so that it has all members. */
export function newState(): RecordState {
  return { ...firstState(true), gen: 2, rotatedAt: Date.now() };
}

export function withState(state: RecordState, members: object = { probe: true }): object {
  return { ...members, [STATE_MEMBER]: state };
}

/** 32 characters, as all ids have. */
export function newId(): string {
  return randomBytes(24).toString('base64url');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
