/** What a session looked like at one moment, to tell later whether it has changed. */
import type { SessionRecord } from '../types';
import { Cookie, type CookieSettings, sameSettings, settingsOf } from './cookie';
import { STATE_MEMBER } from './record-state';

export interface Snapshot {
  /** JSON text of the session without its top-level cookie. */
  readonly data: string;
  /** The cookie's settings. Its expiry is left out: the library itself resets that on every response. */
  readonly cookie: CookieSettings;
}

const NO_DATA = '{}';

/** A session that was generated just now; its cookie is not compared. */
export const NEW_SESSION: Snapshot = { data: NO_DATA, cookie: settingsOf(new Cookie()) };

/**
 * @param data its data as JSON text, where that is known already
 * @param before an earlier one: mostly its cookie has the same settings, and they are kept once
 * @throws TypeError if the data cannot be expressed in JSON
 */
export function takeSnapshot(
  session: { cookie?: unknown },
  data = dataText(session),
  before?: Snapshot,
): Snapshot {
  // A session made by hand may have no cookie.
  const cookie = session.cookie ?? {};
  const isSame = before !== undefined && sameSettings(before.cookie, cookie);
  return { data, cookie: isSame ? before.cookie : settingsOf(cookie) };
}

/** JSON leaves undefined members out; a spread costs half of what copying one by one does. */
function dataText(session: object): string {
  // Visitors who have nothing in their sessions yet are many, and JSON would be a good part of what they cost.
  if (!hasData(session)) return NO_DATA;
  return JSON.stringify({ ...session, cookie: undefined, [STATE_MEMBER]: undefined });
}

function hasData(session: object): boolean {
  for (const name in session) if (name !== 'cookie' && Object.hasOwn(session, name)) return true;
  return false;
}

export function sameData(a: Snapshot, b: Snapshot): boolean {
  return a.data === b.data;
}

export function sameCookie(a: Snapshot, b: Snapshot): boolean {
  return sameSettings(a.cookie, b.cookie);
}

export function sameSnapshot(a: Snapshot, b: Snapshot): boolean {
  return sameData(a, b) && sameCookie(a, b);
}

/** A session's enumerable data and its live cookie: nothing that leads to the token, nor the library's own member. */
export function toRecord(session: object): SessionRecord {
  const record = { ...session } as SessionRecord;
  if (STATE_MEMBER in record) Reflect.deleteProperty(record, STATE_MEMBER);
  return record;
}
