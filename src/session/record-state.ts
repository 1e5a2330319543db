/** The member `__session` of a stored record: what the library itself knows about the session. */
import { randomBytes } from 'node:crypto';
import type { SessionRecord } from '../types';

/** Reserved: application data of this name is neither stored nor read. */
export const STATE_MEMBER = '__session';

export interface RecordState {
  /** The generation whose tokens open the session, from 1. */
  readonly gen: number;
  /** Another text at each rotation, and with `merge` at each write. No client ever sees it. */
  readonly tag: string;
  /** When the session began, in ms since 1970. */
  readonly created: number;
  /** When the generation began, in ms since 1970, if it is not the first one. */
  readonly rotatedAt?: number | undefined;
  /** Whether a cookie of express-session may open it; with tenants, whose. */
  readonly adopted?: true | string | undefined;
}

/** Tags of two processes differ in their first part. */
const prefix = randomBytes(9).toString('base64url');
let count = 0;

/** The dots close it on both sides: a store looks for the plain text, and no tag is a part of another one. */
export function newTag(): string {
  const tag = `${prefix}.${(count++).toString(36)}.`;
  // Looking into it makes one string of its pieces: half the memory in a MemoryStore.
  tag.charCodeAt(0);
  return tag;
}

/** The state in a record that the store has; undefined if it has none of the library's. */
export function stateIn(record: SessionRecord): RecordState | undefined {
  const state = record[STATE_MEMBER] as Partial<RecordState> | null | undefined;
  if (typeof state !== 'object' || state === null) return undefined;
  const { gen, tag, created } = state;
  const isOurs =
    Number.isSafeInteger(gen) && Number(gen) >= 1 && typeof tag === 'string' && Number.isFinite(created);
  return isOurs ? (state as RecordState) : undefined;
}

/** The generation that a record is of: one without a state is of the first. */
export function generationOf(record: { readonly state: RecordState | undefined } | undefined): number {
  return record?.state?.gen ?? 1;
}

/** The first state of a session that begins now. */
export function firstState(adopted?: RecordState['adopted']): RecordState {
  const state = { gen: 1, tag: newTag(), created: Date.now() };
  return adopted === undefined ? state : { ...state, adopted };
}

/** The state of the next generation. */
export function nextGeneration(state: RecordState): RecordState {
  return { ...state, gen: state.gen + 1, tag: newTag(), rotatedAt: Date.now() };
}

/** The record as applications see it. */
export function withoutState(record: SessionRecord): SessionRecord {
  if (!(STATE_MEMBER in record)) return record;
  const data = { ...record };
  Reflect.deleteProperty(data, STATE_MEMBER);
  return data;
}
