/** Reads the visitor's cookie and takes tokens apart, the way anybody who holds one can. */
import { createHash, verify } from 'node:crypto';
import { parseCookie } from 'cookie';
import type { Request } from 'express';
import session from 'express-session-jwt';

export const cookieName = 'connect.sid';

/** The claim that names the session: by its handle, or by the id that express-session gave it. */
interface SessionClaim {
  id?: string;
  lid?: string;
  gen: number;
}

export interface TokenParts {
  header: Record<string, unknown>;
  claims: Record<string, unknown> & { ses: SessionClaim };
  signature: string;
  length: number;
  /** The id under which the store knows the session. */
  id: string;
}

/** The value of the session cookie that came with this request, whatever its kind. */
export function sentCookie(req: Request): string | undefined {
  return parseCookie(req.headers.cookie ?? '')[cookieName];
}

/** The token that came with this request, if it opens the session that the request has. */
export function sentToken(req: Request): string | undefined {
  const value = sentCookie(req);
  // `tokenOf` signs a token for a new session, which a visitor without a cookie does not need.
  return value !== undefined && session.tokenOf(req) === value ? value : undefined;
}

/** The token of a session that is stored. */
export function tokenOf(req: Request): string {
  const token = session.tokenOf(req);
  if (token === undefined) throw new Error('this request has no token');
  return token;
}

/** Reads a token the way anybody who holds it can: without a key. */
export function takeApart(token: string): TokenParts {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = readSegment(payload) as TokenParts['claims'];
  return { header: readSegment(header), claims, signature, length: token.length, id: recordId(claims.ses) };
}

function readSegment(segment: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(segment, 'base64url').toString()) as Record<string, unknown>;
}

/** A handle is hashed; the id of a session that express-session has begun stays what it was. */
function recordId({ id = '', lid }: SessionClaim): string {
  return lid ?? createHash('sha256').update(id).digest('base64url').slice(0, 32);
}

/** Checks the signature alone, as a service would that trusts tokens without asking for the session. */
export function isSignedWith(publicKey: string, token: string): boolean {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' as const };
  return verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'));
}

/** Enough of a secret to recognise it, too little to use it. */
export function shortened(secret: string): string {
  return `${secret.slice(0, 10)}…`;
}

/** A name for a token on a page, from which nobody can tell the token. */
export function shortDigest(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 8);
}
