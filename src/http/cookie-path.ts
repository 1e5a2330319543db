/** Says whether a browser sends a cookie of this path with a request (RFC 6265, section 5.1.4). */
import parseurl = require('parseurl');
import type { Request } from '../types';

export function isOnPath(req: Request, cookiePath: string): boolean {
  // Most cookies are for all paths, and parsing the target would take 4 % of the time of a request under Express.
  const target = (req.originalUrl || req.url) as string | undefined;
  if (cookiePath === '/' && (!target || target.startsWith('/'))) return true;
  return pathMatches(pathnameOf(req), cookiePath);
}

/** The path of the request's target. The parser throws at some targets that a client can send. */
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
