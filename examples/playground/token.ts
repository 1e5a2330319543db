import { createHash, verify } from 'node:crypto';
import { parseCookie } from 'cookie';
import type { Request } from 'express';

export const cookieName = 'connect.sid';

export interface TokenParts {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
  signature: string;
  length: number;
  digest: string;
}

/** The value of the session cookie that came with this request, whatever its kind. */
export function sentCookie(req: Request): string | undefined {
  return parseCookie(req.headers.cookie ?? '')[cookieName];
}

/** The token of this request's session, where the visitor's browser holds it already or the one before it. */
export function sentToken(req: Request): string | undefined {
  const value = sentCookie(req);
  // Looking at `sessionID` makes the token of a new session, which a visitor without a cookie does not need.
  if (value === undefined) return undefined;
  const token = req.sessionID;
  const replaces = req.session.jwt?.replaces as string[] | undefined;
  return value === token || replaces?.includes(digestOf(value)) ? token : undefined;
}

/** Reads a token the way anybody who holds it can: without a key. */
export function takeApart(token: string): TokenParts {
  const [header = '', claims = '', signature = ''] = token.split('.');
  return {
    header: readSegment(header),
    claims: readSegment(claims),
    signature,
    length: token.length,
    digest: digestOf(token),
  };
}

function readSegment(segment: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(segment, 'base64url').toString()) as Record<string, unknown>;
}

/** The id under which the store knows a token. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
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

export function shortDigest(token: string): string {
  return digestOf(token).slice(0, 8);
}
