/** Opens the place where a middleware keeps sessions: a store, or none. The only file that asks for the kind of a store. */
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
  /** Whether there is no store. Then tokens are trusted by themselves, and nothing can be stored. */
  readonly isNone: boolean;
}

/** @param timeout how long a call of the store may take, in ms. Undefined: any time */
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

/** Stands in for a store where there is none. Each call answers with an error that says so. */
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
