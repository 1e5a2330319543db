// One session in a store, and those who write it: this process through a repository, and another one behind its back.
import { Cookie } from '../../../src/session/cookie';
import type { KnownRecord } from '../../../src/session/live-session';
import { LiveSession } from '../../../src/session/live-session';
import type { RecordState } from '../../../src/session/record-state';
import { settingsOf } from '../../../src/session/cookie';
import { RecordStore } from '../../../src/store/record-store';
import { type Change, type Outcome, Write, type WriteTarget } from '../../../src/store/write';
import type { AnyStore } from '../../../src/types';
import { recordOf } from '../../support/forge';
import type { ForeignStore } from '../../support/stores';

export const ID = 'the-id-of-the-session';

export const STATE: RecordState = { gen: 1, tag: 'first tag', created: 1000 };

/** Of a session with this data. */
export function change(data: object, more: Partial<Change> = {}): Change {
  const cookie = new Cookie();
  return {
    session: { cookie, ...data },
    data: JSON.stringify(data),
    cookie,
    generation: 1,
    rotates: false,
    mergeBase: undefined,
    adopted: true,
    ...more,
  };
}

export function known(data: object, state: RecordState | null = STATE): KnownRecord {
  return { state: state ?? undefined, data: JSON.stringify(data), cookie: settingsOf(new Cookie()) };
}

/** Puts a record into the store as another process would. Without `state`: as express-session would. */
export function plant(store: ForeignStore, data: object, state: Partial<RecordState> | null = {}): void {
  store.records.set(ID, recordOf(state ? { ...data, __session: { ...STATE, ...state } } : data));
}

export interface Stored {
  cookie?: object;
  __session?: RecordState;
  [name: string]: unknown;
}

export function stored(store: ForeignStore): Stored | undefined {
  const text = store.records.get(ID);
  return text === undefined ? undefined : (JSON.parse(text) as Stored);
}

/** The data in the store, without cookie and state. */
export function storedData(store: ForeignStore): object | undefined {
  const found = stored(store);
  if (!found) return undefined;
  return Object.fromEntries(
    Object.entries(found).filter(([name]) => !['cookie', '__session'].includes(name)),
  );
}

export interface Written {
  error: unknown;
  outcome: Outcome | undefined;
  state: RecordState | undefined;
  answers: number;
}

/** A session that was loaded with these data from the store, and writes of it. */
export class Desk<Store extends ForeignStore> {
  readonly store: Store;
  readonly live = new LiveSession();
  readonly target: WriteTarget & { stops: number; canCompare: boolean };

  constructor(store: Store, loaded: object = { hits: 1 }, state: RecordState | null = STATE) {
    this.store = store;
    plant(store, loaded, state);
    this.live.newest = known(loaded, state);
    const records = new RecordStore(store as object as AnyStore, undefined);
    const target = {
      id: ID,
      live: this.live,
      records,
      canCompare: records.canCompare,
      stops: 0,
      stopComparing: () => {
        target.stops += 1;
        target.canCompare = false;
      },
    };
    this.target = target;
  }

  /** The first answer; what comes later is counted by then. */
  write(what: Change): Promise<Written> {
    return new Promise((resolve) => {
      const written: Written = { error: undefined, outcome: undefined, state: undefined, answers: 0 };
      new Write(this.target, what, (error, outcome, state) => {
        written.answers += 1;
        if (written.answers > 1) return;
        Object.assign(written, { error: error ?? undefined, outcome, state });
        setImmediate(() => setImmediate(resolve, written));
      }).begin();
    });
  }
}
