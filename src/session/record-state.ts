/** The library's own part of a stored record: its member `__session`. */
import { randomBytes } from 'node:crypto';
import type { SessionRecord } from '../types';

/** The name is reserved: data that an application keeps under it are neither stored nor read. */
export const STATE_MEMBER = '__session';

export interface RecordState {
  /** The generation of the tokens that open the session, from 1. */
  readonly gen: number;
  /** A text that changes with each rotation, and with `merge` at each write. No client ever sees it. */
  readonly tag: string;
  /** When the session began, in ms since 1970. */
  readonly created: number;
  /** When this generation began, in ms since 1970. Undefined for the first one. */
  readonly rotatedAt?: number | undefined;
  /** Whether a cookie of express-session may open the session. With tenants, the name of its tenant. */
  readonly adopted?: true | string | undefined;
}

/** The first part of all tags of this process. Another process has another one. */
const prefix = randomBytes(9).toString('base64url');
let count = 0;

/** Makes a tag. Stores search records for the plain text, and thanks to the dots no tag contains another one. */
export function newTag(): string {
  const tag = `${prefix}.${(count++).toString(36)}.`;
  // Reading a character makes V8 join the pieces of the string. That saves half its memory in a MemoryStore.
  tag.charCodeAt(0);
  return tag;
}

/** The state in a stored record. Undefined if there is none, or if it is not ours. */
export function stateIn(record: SessionRecord): RecordState | undefined {
  const state = record[STATE_MEMBER] as Partial<RecordState> | null | undefined;
  if (typeof state !== 'object' || state === null) return undefined;
  const { gen, tag, created } = state;
  const isOurs =
    Number.isSafeInteger(gen) && Number(gen) >= 1 && typeof tag === 'string' && Number.isFinite(created);
  return isOurs ? (state as RecordState) : undefined;
}

/** The generation of a record. A record without a state is in the first generation. */
export function generationOf(record: { readonly state: RecordState | undefined } | undefined): number {
  return record?.state?.gen ?? 1;
}

/** The state of a session that begins now. */
export function firstState(adopted?: RecordState['adopted']): RecordState {
  const state = { gen: 1, tag: newTag(), created: Date.now() };
  return adopted === undefined ? state : { ...state, adopted };
}

/** The state of the next generation. */
export function nextGeneration(state: RecordState): RecordState {
  return { ...state, gen: state.gen + 1, tag: newTag(), rotatedAt: Date.now() };
}

/** The record as applications see it, without the library's part. */
export function withoutState(record: SessionRecord): SessionRecord {
  if (!(STATE_MEMBER in record)) return record;
  const data = { ...record };
  Reflect.deleteProperty(data, STATE_MEMBER);
  return data;
}
