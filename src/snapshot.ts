import type { Cookie } from './cookie';
import type { SessionRecord } from './types';

/** What a session looked like at one moment, to tell later whether it has changed (B032, B035). */
export interface Snapshot {
  /** JSON text of the session without its top-level cookie. */
  readonly data: string;
  /** The cookie's settings. Its expiry is left out: the library itself resets that on every response. */
  readonly cookie: CookieSettings | undefined;
}

type CookieSettings = Pick<
  Cookie,
  'originalMaxAge' | 'path' | 'domain' | 'httpOnly' | 'secure' | 'sameSite' | 'priority' | 'partitioned'
>;

/** A session that was generated just now; its cookie is not compared (B035 is about loaded ones). */
export const NEW_SESSION: Snapshot = { data: '{}', cookie: undefined };

/**
 * @param data its data as JSON text, where that is known already
 * @throws TypeError if the data cannot be expressed in JSON (B045)
 */
export function takeSnapshot(session: { cookie: unknown }, data = dataText(session)): Snapshot {
  return { data, cookie: settingsOf(session.cookie as Cookie | undefined) };
}

function dataText(session: object): string {
  const data: Record<string, unknown> = {};
  for (const name of Object.keys(session)) {
    if (name !== 'cookie') data[name] = (session as Record<string, unknown>)[name];
  }
  return JSON.stringify(data);
}

function settingsOf(cookie: Cookie | undefined): CookieSettings | undefined {
  if (!cookie) return undefined;
  const { originalMaxAge, path, domain, httpOnly, secure, sameSite, priority, partitioned } = cookie;
  return { originalMaxAge, path, domain, httpOnly, secure, sameSite, priority, partitioned };
}

export function sameData(a: Snapshot, b: Snapshot): boolean {
  return a.data === b.data;
}

export function sameCookie({ cookie: a }: Snapshot, { cookie: b }: Snapshot): boolean {
  return (
    a?.originalMaxAge === b?.originalMaxAge &&
    a?.path === b?.path &&
    a?.domain === b?.domain &&
    a?.httpOnly === b?.httpOnly &&
    a?.secure === b?.secure &&
    a?.sameSite === b?.sameSite &&
    a?.priority === b?.priority &&
    a?.partitioned === b?.partitioned
  );
}

export function sameSnapshot(a: Snapshot, b: Snapshot): boolean {
  return sameData(a, b) && sameCookie(a, b);
}

/** What a store is given for a session: its enumerable data and its live cookie, nothing that leads to the token (B042). */
export function toRecord(session: object): SessionRecord {
  return { ...session } as SessionRecord;
}
