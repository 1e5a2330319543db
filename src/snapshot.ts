import type { Cookie } from './cookie';
import type { SessionRecord } from './types';

/** What a session looked like at one moment, to tell later whether it has changed (B032, B035). */
export interface Snapshot {
  /** JSON text of the session without its top-level cookie. */
  readonly data: string;
  /** The cookie's settings. Its expiry is left out: the library itself resets that on every response. */
  readonly cookie: CookieSettings;
}

interface CookieSettings {
  readonly lifetime: unknown;
  readonly attributes: readonly unknown[];
}

type SessionLike = { cookie?: Cookie } & Record<string, unknown>;

/** A session that was generated just now; its cookie is not compared (B035 is about loaded ones). */
export const NEW_SESSION: Snapshot = { data: '{}', cookie: settingsOf(undefined) };

/** @throws TypeError if the data cannot be expressed in JSON (B045) */
export function takeSnapshot(session: object): Snapshot {
  const { cookie, ...data } = session as SessionLike;
  return { data: JSON.stringify(data), cookie: settingsOf(cookie) };
}

function settingsOf(cookie: Cookie | undefined): CookieSettings {
  return {
    lifetime: cookie?.originalMaxAge,
    attributes: [
      cookie?.path,
      cookie?.domain,
      cookie?.httpOnly,
      cookie?.secure,
      cookie?.sameSite,
      cookie?.priority,
      cookie?.partitioned,
    ],
  };
}

export function sameData(a: Snapshot, b: Snapshot): boolean {
  return a.data === b.data;
}

export function sameCookie(a: Snapshot, b: Snapshot): boolean {
  return (
    a.cookie.lifetime === b.cookie.lifetime &&
    a.cookie.attributes.every((value, index) => value === b.cookie.attributes[index])
  );
}

export function sameSnapshot(a: Snapshot, b: Snapshot): boolean {
  return sameData(a, b) && sameCookie(a, b);
}

/** What a store is given for a session: its enumerable data and its live cookie, and nothing that leads to the token (B042). */
export function toRecord(session: object): SessionRecord {
  return { ...session } as SessionRecord;
}
