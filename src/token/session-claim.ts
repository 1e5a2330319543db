/** Reads, checks and writes the claim `ses`, which says which session a token opens. */
import { isHandle } from './handle';
import type { JwtPayload } from '../types';

/** The checked claim `ses`. Either `handle` or `legacyId` is there. */
export interface SessionClaim {
  /** `ses.id`: the session's handle. */
  readonly handle: string | undefined;
  /** `ses.lid`: the id of a record that express-session or 0.2.2 has made. */
  readonly legacyId: string | undefined;
  /** `ses.gen`: the generation. */
  readonly generation: number;
  /** `ses.exp`: whether the claim `exp` comes from the option jwt.expiresIn, and not from jwtFromReq. */
  readonly hasOwnExpiry: boolean;
}

/** Undefined if this is no session token. The same key may have signed it for another purpose. */
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

/** Makes the claim for a new token. */
export function writeSessionClaim(claim: SessionClaim): NonNullable<JwtPayload['ses']> {
  const { handle, legacyId, generation, hasOwnExpiry } = claim;
  const name = legacyId === undefined ? { id: handle } : { lid: legacyId };
  return { ...name, gen: generation, ...(hasOwnExpiry && { exp: true }) };
}
