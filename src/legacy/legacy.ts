import type { CipherKey } from 'node:crypto';
import { unsign } from 'cookie-signature';
import { Cookie, restoreCookie } from '../session/cookie';
import type { Liveness, Predecessor } from '../liveness';
import { perObject } from '../per-object';
import { open, seal } from '../seal';
import type { StoreKey } from '../store-key';
import type { Token } from '../token/token';
import type { SessionRecord } from '../types';
import { WeakValues } from '../session/weak-values';

/*
 * Cookies and records of express-session. Everything about them is here, so that it can go as a whole one day.
 */

const PREFIX = 's:';

/** Whether a cookie value has the form of express-session's. */
export function isLegacyValue(value: string): boolean {
  return value.startsWith(PREFIX);
}

/**
 * The id in a cookie value of express-session, `s:` + id + `.` + HMAC-SHA256 (B115).
 *
 * @returns undefined if none of the secrets has signed it
 */
export function readLegacyId(value: string, secrets: readonly CipherKey[]): string | undefined {
  for (const secret of secrets) {
    const id = unsign(value.slice(PREFIX.length), secret);
    if (id !== false) return id;
  }
  return undefined;
}

/** The upgrade of one legacy session: requests that overlap in this process share it, and so its token (B237). */
export interface Upgrade {
  token?: Token | undefined;
  liveness?: Liveness;
}

const upgradesIn = perObject<object, WeakValues<Upgrade>>(() => new WeakValues());

export function upgradeOf(store: object, legacyId: string): Upgrade {
  return upgradesIn(store).obtain(legacyId, () => ({}));
}

/** What has to happen once the upgraded session is stored: forward its legacy id, then destroy that (B232). */
export function predecessorOf(
  legacyId: string,
  record: SessionRecord,
  token: string,
  storeKey: StoreKey,
): Predecessor {
  const cookie = (record.cookie as unknown) ? restoreCookie(record.cookie) : new Cookie();
  const forwarding = { cookie, forwarding: seal(token, legacyId) } as unknown as SessionRecord;
  return { id: legacyId, forwarding: { id: forwardingId(legacyId, storeKey), record: forwarding } };
}

/** The stored id of the forwarding record. @throws what the `storeKey` option throws */
export function forwardingId(legacyId: string, storeKey: StoreKey): string {
  return storeKey(legacyId);
}

/** The token that a forwarding record leads to; undefined if this is none, or one for another legacy id. */
export function openForwarding(
  record: SessionRecord | null | undefined,
  legacyId: string,
): string | undefined {
  return typeof record?.forwarding === 'string' ? open(record.forwarding, legacyId) : undefined;
}

/** Name in a stored session, beside its data, for the id of the forwarding record that goes when the session does (B236). */
const FORWARDED_BY = '__forwardedBy';

/** What is stored for a session. Where it was upgraded, every process has to know at a logout what leads to it. */
export function withOrigin(data: SessionRecord, { forwardedBy }: Liveness): SessionRecord {
  // An application cannot write it.
  return forwardedBy !== undefined || FORWARDED_BY in data ? { ...data, [FORWARDED_BY]: forwardedBy } : data;
}

/** The id that `withOrigin` has put into what is stored; undefined where there is none. */
export function originIn(stored: SessionRecord | null | undefined): string | undefined {
  const id = typeof stored === 'object' && stored !== null ? stored[FORWARDED_BY] : undefined;
  return typeof id === 'string' ? id : undefined;
}

/** Undoes `withOrigin`. */
export function withoutOrigin(stored: SessionRecord): SessionRecord {
  const data = { ...stored };
  Reflect.deleteProperty(data, FORWARDED_BY);
  return data;
}
