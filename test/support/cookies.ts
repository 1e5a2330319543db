// Reads cookies and tokens in responses.
import { createHash } from 'node:crypto';
import type { Response } from 'supertest';

/** The Set-Cookie lines of a response. */
export function setCookies(res: Pick<Response, 'headers'>): string[] {
  return ([] as string[]).concat((res.headers as Record<string, string | string[]>)['set-cookie'] ?? []);
}

/** The Set-Cookie line of this name, or undefined. */
export function setCookie(res: Pick<Response, 'headers'>, name = 'connect.sid'): string | undefined {
  return setCookies(res).find((line) => line.startsWith(`${name}=`));
}

/** `name=value` of the session cookie, ready for a Cookie header; throws where the response sets none. */
export function cookieOf(res: Pick<Response, 'headers'>, name = 'connect.sid'): string {
  const line = setCookie(res, name);
  if (line === undefined) throw new Error(`no ${name} cookie was set`);
  return line.split(';')[0] ?? '';
}

/** The session cookie's bare value, i.e. the token. */
export function tokenOf(res: Pick<Response, 'headers'>, name = 'connect.sid'): string {
  return cookieOf(res, name).slice(name.length + 1);
}

/** The attributes of a Set-Cookie line, by lower-case name; a flag's value is true. */
export function attributes(line: string): Record<string, string | true> {
  return Object.fromEntries(
    line
      .split(/;\s*/)
      .slice(1)
      .map((part) => {
        const at = part.indexOf('=');
        return at < 0 ? [part.toLowerCase(), true] : [part.slice(0, at).toLowerCase(), part.slice(at + 1)];
      }),
  ) as Record<string, string | true>;
}

/** Header and payload of a token, unverified. */
export function decode(token: string): { header: Record<string, unknown>; payload: Record<string, unknown> } {
  const [header, payload] = token
    .split('.')
    .slice(0, 2)
    .map((segment) => JSON.parse(Buffer.from(segment, 'base64url').toString()) as Record<string, unknown>);
  if (!header || !payload) throw new Error('not a token');
  return { header, payload };
}

/** The id under which a store knows a token. */
export function digest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
