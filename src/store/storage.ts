/** Where a middleware keeps sessions: in the store of the application, in a MemoryStore of its own, or nowhere. */
import { SessionError } from '../errors';
import type { AnyStore, ErrorCallback } from '../types';
import { MemoryRecordStore } from './memory-record-store';
import { MemoryStore } from './memory-store';
import { RecordStore } from './record-store';
import { Repository } from './repository';
import type { SessionMaker } from './request-store';
import { createRequestStores, type RequestStores } from './request-stores';
import { sharedBy } from './shared';
import type { Readiness } from './connection';

export interface Storage {
  readonly repository: Repository;
  readonly requestStores: RequestStores;
  readonly readiness: Readiness;
  /** Whether there is no store: tokens are good by themselves, and nothing can be kept. */
  readonly isNone: boolean;
}

/** @param timeout how long a call of the store may take, in ms; undefined: as long as it likes */
export function openStorage(store: AnyStore, timeout: number | undefined, sessions: SessionMaker): Storage {
  const records =
    store instanceof MemoryStore ? new MemoryRecordStore(store, timeout) : new RecordStore(store, timeout);
  const repository = new Repository(records);
  return {
    repository,
    requestStores: createRequestStores(repository, sessions),
    readiness: sharedBy(store).connection.watch(),
    isNone: false,
  };
}

export function openNoStorage(sessions: SessionMaker): Storage {
  return { ...openStorage(new NoStore(), undefined, sessions), isNone: true };
}

/** Answers whatever asks for a store with the reason why there is none. */
class NoStore implements AnyStore {
  on(): this {
    return this;
  }

  get(_id: string, callback: ErrorCallback): void {
    refuse(callback);
  }

  set(_id: string, _record: unknown, callback: ErrorCallback): void {
    refuse(callback);
  }

  destroy(_id: string, callback: ErrorCallback): void {
    refuse(callback);
  }
}

function refuse(callback: ErrorCallback): void {
  const error = new SessionError(
    'ERR_SESSION_NO_STORE',
    'store option: without it, and with keys that have no private key, this service verifies tokens, ' +
      'but cannot load, save or end a session',
  );
  setImmediate(callback, error);
}
