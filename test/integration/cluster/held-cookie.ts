/** What a session cookie in a browser says: of express-session, or a token. */
import { readLegacyId } from '../../../src/legacy/express-session-cookie';
import { recordId } from '../../../src/token/record-id';
import { decode } from '../../support/cookies';

/** How the session of a cookie stands to express-session. */
export type Holding =
  /** express-session opens its record, or would on the way back. */
  | 'upgradable'
  /** An upgraded session that was rotated since. */
  | 'rotated'
  /** It began, or was regenerated, under a token. */
  | 'token';

export const holdings: readonly Holding[] = ['upgradable', 'rotated', 'token'];

export interface HeldCookie {
  readonly holding: Holding;
  /** Of the record. */
  readonly id: string;
  readonly generation: number;
  readonly isToken: boolean;
}

/** @param cookie `name=value` */
export function readCookie(cookie: string, secret: string): HeldCookie {
  const value = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1));
  const legacyId = value.startsWith('s:') ? readLegacyId(value, [secret]) : undefined;
  if (legacyId !== undefined) return { holding: 'upgradable', id: legacyId, generation: 1, isToken: false };
  const { id, lid, gen } = decode(value).payload.ses as { id?: string; lid?: string; gen: number };
  if (lid === undefined) {
    return { holding: 'token', id: recordId(id ?? '', undefined), generation: gen, isToken: true };
  }
  return { holding: gen > 1 ? 'rotated' : 'upgradable', id: lid, generation: gen, isToken: true };
}
