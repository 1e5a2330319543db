/** Takes a snapshot of a session, to tell later whether it has changed. */
import type { SessionRecord } from '../types';
import { Cookie, type CookieSettings, sameSettings, settingsOf } from './cookie';
import { STATE_MEMBER } from './record-state';

export interface Snapshot {
  /** The session as JSON text, without its top-level cookie. */
  readonly data: string;
  /** The cookie without its expiry, which the library resets at each response. */
  readonly cookie: CookieSettings;
}

const NO_DATA = '{}';

/** The snapshot of a session that was just generated. Its cookie is not compared. */
export const NEW_SESSION: Snapshot = { data: NO_DATA, cookie: settingsOf(new Cookie()) };

/**
 * @param data the session's data as JSON text, if that is known already
 * @param before an earlier snapshot. If its cookie has the same settings, both share them
 * @throws TypeError if the data cannot be expressed in JSON
 */
export function takeSnapshot(
  session: { cookie?: unknown },
  data = dataText(session),
  before?: Snapshot,
): Snapshot {
  // A session that an application has made by hand may have no cookie.
  const cookie = session.cookie ?? {};
  const isSame = before !== undefined && sameSettings(before.cookie, cookie);
  return { data, cookie: isSame ? before.cookie : settingsOf(cookie) };
}

/** The data as JSON text. JSON leaves undefined members out, and a spread takes half the time of copying one by one. */
function dataText(session: object): string {
  // Many sessions are empty, and for those JSON would be a good part of a request's time.
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

/** A session's data and its live cookie, without the library's own member and without anything that leads to the token. */
export function toRecord(session: object): SessionRecord {
  const record = { ...session } as SessionRecord;
  if (STATE_MEMBER in record) Reflect.deleteProperty(record, STATE_MEMBER);
  return record;
}
