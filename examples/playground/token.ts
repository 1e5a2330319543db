/** Reads the visitor's cookie and takes tokens apart, the way anybody who holds one can: without a key. */
import { createHash } from 'node:crypto';
import { parseCookie } from 'cookie';
import type { Request } from 'express';
import session from 'express-session-jwt';

export const cookieName = 'connect.sid';

/** The claim that names the session, by its handle. */
interface SessionClaim {
  id: string;
  gen: number;
}

export interface TokenParts {
  header: Record<string, unknown>;
  claims: Record<string, unknown> & { iat: number; ses: SessionClaim };
  signature: string;
  length: number;
  /** The id under which the store knows the session. */
  id: string;
}

/** The token that came with this request, if it opens the session that the request has. */
export function sentToken(req: Request): string | undefined {
  const value = parseCookie(req.headers.cookie ?? '')[cookieName];
  // `tokenOf` signs a token for a new session, which a visitor without a cookie does not need.
  return value !== undefined && session.tokenOf(req) === value ? value : undefined;
}

export function takeApart(token: string): TokenParts {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = readSegment(payload) as TokenParts['claims'];
  const id = createHash('sha256').update(claims.ses.id).digest('base64url').slice(0, 32);
  return { header: readSegment(header), claims, signature, length: token.length, id };
}

/** What a cookie says to whoever holds it; undefined for one that says nothing, as those of express-session. */
export function claimsIn(cookie: string): Record<string, unknown> | undefined {
  const [, payload, signature] = cookie.split('.');
  return payload === undefined || signature === undefined ? undefined : readSegment(payload);
}

export function headerIn(token: string): Record<string, unknown> {
  return readSegment(token.split('.')[0] ?? '');
}

function readSegment(segment: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(segment, 'base64url').toString()) as Record<string, unknown>;
}

/** Enough of a secret to recognise it, too little to use it. */
export function shortened(secret: string): string {
  return `${secret.slice(0, 10)}…`;
}

/** A name for a token on a page, from which nobody can tell the token. */
export function shortDigest(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 8);
}
