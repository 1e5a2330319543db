import { Cookie, restoreCookie } from './session/cookie';
import { open, seal } from './seal';
import type { Token } from './token/token';
import type { SessionRecord } from './types';

/** What a record says that stands where a session was: the session is under another token now. */
export interface Successor {
  /** Stored id of that token. */
  readonly id: string;
  /** The token, sealed for the holder of the one that was replaced. */
  readonly token: string;
  /** Until when it leads on, in ms since 1970; undefined: as long as the session lives. */
  readonly until?: number;
}

/** Name of the one member of such a record beside its cookie; no application calls its data so. */
const SUCCESSOR = '__successor';

/** Undefined if this is no forwarding record. */
export function successorIn(record: SessionRecord | null | undefined): Successor | undefined {
  const successor = record?.[SUCCESSOR];
  if (typeof successor !== 'object') return undefined;
  const { id, token } = (successor ?? {}) as Partial<Successor>;
  return typeof id === 'string' && typeof token === 'string' ? (successor as Successor) : undefined;
}

/** Whether the time is over in which it leads on. */
export function isOver({ until }: Successor): boolean {
  return until !== undefined && until <= Date.now();
}

/** The text of the token that a forwarding record leads to; undefined if it was made for another one. */
export function openSuccessor(successor: Successor, from: Token): string | undefined {
  return open(successor.token, from.text);
}

/**
 * The record that takes the place of a session's record. It outlives the session, which gets its expiry anew with each
 * request: what leads to nothing opens nothing.
 *
 * @param life how long tokens live, in ms
 */
export function forwardingRecord(
  from: Token,
  to: { readonly id: string; readonly token: Token },
  record: SessionRecord,
  life: number,
): SessionRecord {
  const cookie = restoreCookie(record.cookie);
  const { originalMaxAge } = cookie;
  if (typeof originalMaxAge === 'number') cookie.maxAge = originalMaxAge + life;
  return toRecord(cookie, { id: to.id, token: seal(to.token.text, from.text) });
}

/** The same with an end. */
export function endingRecord({ id, token }: Successor, until: number): SessionRecord {
  const cookie = new Cookie({ maxAge: Math.max(until - Date.now(), 1) });
  return toRecord(cookie, { id, token, until });
}

function toRecord(cookie: Cookie, successor: Successor): SessionRecord {
  return { cookie, [SUCCESSOR]: successor } as unknown as SessionRecord;
}
