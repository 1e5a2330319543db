/** Checks the `cookie` option: at start, or in each request if the option is a function. */
import { SessionTypeError } from '../errors';
import { createWarning } from '../diagnostics';
import { Cookie } from '../session/cookie';
import { warnOfCookieNames } from './likely-mistakes';
import type { CookieOptions, Request, SessionOptions } from '../types';

const SAME_SITE = [true, 'lax', 'strict', 'none'];
const PRIORITIES = ['low', 'medium', 'high'];

/**
 * @returns a function that gives the checked attributes for a request
 * @throws TypeError that names the option at fault. So does the function
 */
export function resolveCookieOptions(
  cookie: SessionOptions['cookie'],
  name: string,
): (req: Request) => CookieOptions {
  if (!canSerialize({}, name)) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      `name option must be the name of a cookie, without blanks, "=", ";" and the like; it is ${describe(name)}`,
    );
  }
  const warnOfMissingSecure = createWarning(
    'WARN_SESSION_COOKIE_NOT_SECURE',
    'cookie option: browsers refuse a cookie with sameSite "none" or partitioned that is not secure: set secure to true',
  );
  const check = (options: CookieOptions): void => {
    warnOfCookieNames(options);
    requireAttributes(options);
    requireNamePrefix(name, options);
    const { sameSite, partitioned, secure } = options;
    const needsSecure = partitioned || String(sameSite).toLowerCase() === 'none';
    if (needsSecure && !secure) warnOfMissingSecure();
  };
  if (typeof cookie !== 'function') {
    const given: unknown = cookie;
    const options = given || {};
    if (typeof options !== 'object') {
      throw new SessionTypeError(
        'ERR_SESSION_OPTION',
        'cookie option must be an object of cookie attributes, or a function that returns one',
      );
    }
    check(options);
    return () => options;
  }
  return (req) => {
    const options: unknown = cookie(req);
    if (typeof options !== 'object' || options === null) {
      throw new SessionTypeError(
        'ERR_SESSION_OPTION',
        'cookie option must return an object when it is a function',
      );
    }
    check(options);
    return options;
  };
}

function requireAttributes(options: CookieOptions): void {
  const { maxAge, expires, domain, path, secure, httpOnly, partitioned, sameSite, priority } =
    options as Record<string, unknown>;
  // Falsy values mean the default, as in express-session. An invalid Date is an error of the response that sends it.
  if (!isLifetime(maxAge)) fail('maxAge', 'a number of milliseconds, as long as dates can tell', maxAge);
  if (expires && !(expires instanceof Date)) fail('expires', 'a Date', expires);
  if (domain && !(typeof domain === 'string' && canSerialize({ domain })))
    fail('domain', "the name of a host such as 'example.com'", domain);
  if (path && !(typeof path === 'string' && canSerialize({ path })))
    fail('path', "a path such as '/app', of ASCII characters without ';'", path);
  if (secure && secure !== true && secure !== 'auto') fail('secure', "true, false or 'auto'", secure);
  if (httpOnly && httpOnly !== true) fail('httpOnly', 'true or false', httpOnly);
  if (partitioned && partitioned !== true) fail('partitioned', 'true or false', partitioned);
  if (sameSite && sameSite !== 'auto' && !SAME_SITE.includes(lowerCase(sameSite) as string))
    fail('sameSite', "true, false, 'lax', 'strict', 'none' or 'auto'", sameSite);
  if (priority && !PRIORITIES.includes(lowerCase(priority) as string))
    fail('priority', "'low', 'medium' or 'high'", priority);
}

function isLifetime(maxAge: unknown): boolean {
  if (typeof maxAge !== 'number') return !maxAge || maxAge instanceof Date;
  return !Number.isNaN(new Date(Date.now() + maxAge).valueOf());
}

/** Whether a Set-Cookie line can be made of these attributes. */
function canSerialize(options: CookieOptions, name = 'name'): boolean {
  try {
    new Cookie(options).serialize(name, '');
    return true;
  } catch {
    return false;
  }
}

function lowerCase(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function fail(name: string, wanted: string, given: unknown): never {
  throw new SessionTypeError(
    'ERR_SESSION_OPTION',
    `cookie.${name} option must be ${wanted}, it is ${describe(given)}`,
  );
}

function describe(given: unknown): string {
  if (typeof given === 'string') return JSON.stringify(given.slice(0, 40));
  return typeof given === 'number' || typeof given === 'boolean' ? String(given) : `of type ${typeof given}`;
}

/** Browsers drop a cookie whose name begins so, in any case, without these attributes (RFC 6265bis, section 4.1.3). */
function requireNamePrefix(name: string, { secure, path, domain }: CookieOptions): void {
  const prefix = /^__(?:Host|Secure)-/i.exec(name)?.[0];
  if (prefix && secure !== true) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      `name option ${name}: browsers demand of ${prefix} that the cookie option has secure: true`,
    );
  }
  if (prefix?.toLowerCase() === '__host-' && ((path !== undefined && path !== '/') || domain)) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      `name option ${name}: browsers demand of ${prefix} that the cookie option has path: '/' and no domain`,
    );
  }
}
