/** Reads and checks the claim `ses`, by which a token says which session it opens. */
import { isHandle } from './handle';
import type { JwtPayload } from '../types';

/** What the claim `ses` says, checked. Either `handle` or `legacyId` is there. */
export interface SessionClaim {
  /** `ses.id`: the session's handle. */
  readonly handle: string | undefined;
  /** `ses.lid`: the id of a record that was there before this package was. */
  readonly legacyId: string | undefined;
  /** `ses.gen` */
  readonly generation: number;
  /** `ses.exp`: whether the claim `exp` comes from the option jwt.expiresIn, and not from jwtFromReq. */
  readonly hasOwnExpiry: boolean;
}

/** Undefined: this is no session token, whatever else the same key has signed it for. */
export function readSessionClaim({ ses }: { readonly ses?: unknown }): SessionClaim | undefined {
  if (typeof ses !== 'object' || ses === null) return undefined;
  const { id, lid, gen, exp } = ses as Record<string, unknown>;
  if (!Number.isSafeInteger(gen) || (gen as number) < 1) return undefined;
  const shared = { generation: gen as number, hasOwnExpiry: exp === true };
  if (lid === undefined && isHandle(id)) return { handle: id, legacyId: undefined, ...shared };
  if (id === undefined && typeof lid === 'string' && lid !== '') {
    return { handle: undefined, legacyId: lid, ...shared };
  }
  return undefined;
}

/** The claim of a token that is issued. */
export function writeSessionClaim(claim: SessionClaim): NonNullable<JwtPayload['ses']> {
  const { handle, legacyId, generation, hasOwnExpiry } = claim;
  const name = legacyId === undefined ? { id: handle } : { lid: legacyId };
  return { ...name, gen: generation, ...(hasOwnExpiry && { exp: true }) };
}
