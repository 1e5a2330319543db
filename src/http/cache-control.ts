/** Keeps shared caches from giving somebody's token to others (RFC 9111, sections 4.1 and 5.2.2). */
import type { Response } from '../types';

const IS_KEPT_PRIVATE = /(?:^|[\s,])(?:private|no-store|no-cache)(?:[\s,;]|$)/i;
const IS_SHARED = /(?:^|[\s,])(?:public|s-maxage)(?:[\s,=]|$)/i;

/** Whether the application lets shared caches keep this response. */
export function isShared(res: Response): boolean {
  return IS_SHARED.test(headerText(res, 'Cache-Control'));
}

/**
 * Adds Vary and Cache-Control to a response that carries a token.
 *
 * @param requestHeader the header of requests that carries tokens. Undefined: only the application knows it
 * @param responseHeader the header of this response that carries the token. Undefined: only the application knows it
 */
export function markAsPersonal(
  res: Response,
  requestHeader: string | undefined,
  responseHeader: string | undefined,
): void {
  if (requestHeader !== undefined) addVary(res, requestHeader);
  const control = headerText(res, 'Cache-Control');
  if (IS_KEPT_PRIVATE.test(control)) return;
  const directive = responseHeader === undefined ? 'private' : `no-cache="${responseHeader}"`;
  res.setHeader('Cache-Control', control ? `${control}, ${directive}` : directive);
}

function addVary(res: Response, name: string): void {
  const vary = headerText(res, 'Vary');
  if (vary === '') {
    res.setHeader('Vary', name);
    return;
  }
  const names = vary.split(',').map((one) => one.trim().toLowerCase());
  if (names.includes('*') || names.includes(name.toLowerCase())) return;
  res.setHeader('Vary', `${vary}, ${name}`);
}

function headerText(res: Response, name: string): string {
  return String((res as Partial<Response>).getHeader?.(name) ?? '');
}
