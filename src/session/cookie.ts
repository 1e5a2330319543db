import type { CookieOptions, Request } from '../types';
import { deprecate } from '../diagnostics';
import { sameAttributes, stringifyCookie } from '../http/set-cookie';

/** The same name may come several times, for other paths or domains; so many are looked at (B025). */
const MAX_COOKIES_OF_ONE_NAME = 4;

/** `expires` and `maxAge` hold what was assigned: null, undefined and false mean no expiry (B161). */
type Expires = Date | null | undefined | false;
type MaxAge = number | null | undefined | false;

/** Attributes of a cookie as stored and as sent. */
export interface CookieData {
  originalMaxAge: MaxAge;
  partitioned: boolean | undefined;
  priority: 'low' | 'medium' | 'high' | undefined;
  expires: Expires;
  secure: boolean | 'auto' | undefined;
  httpOnly: boolean;
  domain: string | undefined;
  path: string;
  sameSite: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined;
}

/** A cookie without its expiry, which the library itself resets on every response. */
export type CookieSettings = Partial<Omit<CookieData, 'expires'>>;

/** A session's cookie: its attributes (RFC 6265, section 4.1) and its lifetime. */
export class Cookie {
  path = '/';
  _expires: Expires = null;
  /** Lifetime in ms, as last assigned; each touch starts it anew (B163). */
  originalMaxAge: MaxAge = null;
  httpOnly = true;
  declare partitioned?: CookieData['partitioned'];
  declare priority?: CookieData['priority'];
  declare secure?: CookieData['secure'];
  declare domain?: CookieData['domain'];
  declare sameSite?: CookieData['sameSite'];

  /**
   * @param options attributes; of `expires` and `maxAge` the later one wins (B162)
   * @throws TypeError if options are neither an object nor falsy, or `maxAge` is neither number nor Date
   */
  constructor(options?: CookieOptions | Cookie | null) {
    if (!options) return;
    if (typeof options !== 'object') throw new TypeError('argument options must be a object');
    for (const name of Object.keys(options)) {
      if (isAssignable(name))
        (this as Record<string, unknown>)[name] = (options as Record<string, unknown>)[name];
    }
    this.originalMaxAge ??= this.maxAge;
  }

  /** When the cookie expires. Assigning it sets the lifetime to what is left until then. */
  get expires(): Expires {
    return this._expires;
  }

  set expires(expires: Expires) {
    this._expires = expires;
    this.originalMaxAge = this.maxAge;
  }

  /** What is left of the lifetime, in ms. Assigning it starts a new lifetime now. */
  get maxAge(): MaxAge {
    return this._expires instanceof Date ? this._expires.valueOf() - Date.now() : this._expires;
  }

  set maxAge(maxAge: MaxAge | Date) {
    if (maxAge && typeof maxAge !== 'number' && !(maxAge instanceof Date)) {
      throw new TypeError('maxAge must be a number or Date');
    }
    if (maxAge instanceof Date) {
      deprecate('maxAge as Date; pass number of milliseconds instead');
      this.expires = maxAge;
    } else if (typeof maxAge === 'number') {
      this._expires = new Date(Date.now() + maxAge);
      this.originalMaxAge = maxAge;
    } else {
      this.expires = maxAge;
    }
  }

  get data(): CookieData {
    return {
      originalMaxAge: this.originalMaxAge,
      partitioned: this.partitioned,
      priority: this.priority,
      expires: this._expires,
      secure: this.secure,
      httpOnly: this.httpOnly,
      domain: this.domain,
      path: this.path,
      sameSite: this.sameSite,
    };
  }

  /**
   * The Set-Cookie line for this value, percent-encoded.
   *
   * @throws TypeError if the name or an attribute cannot be put into a header
   */
  serialize(name: string, value: string): string {
    return stringifyCookie(name, value, this.data);
  }

  toJSON(): CookieData {
    return this.data;
  }
}

/** An option may not take the place of a method or of `data` (B155). */
function isAssignable(name: string): boolean {
  return name === 'expires' || name === 'maxAge' || !(name in Cookie.prototype);
}

export function settingsOf(cookie: CookieSettings): CookieSettings {
  const { originalMaxAge, path, domain, httpOnly, secure, sameSite, priority, partitioned } = cookie;
  return { originalMaxAge, path, domain, httpOnly, secure, sameSite, priority, partitioned };
}

export function sameSettings(a: CookieSettings, b: CookieSettings): boolean {
  return a.originalMaxAge === b.originalMaxAge && sameAttributes(a, b);
}

/** The Cookie of a stored record: `expires` may be text or Date, `originalMaxAge` is taken as it is (B174). */
export function restoreCookie(stored: { expires?: unknown; originalMaxAge?: unknown }): Cookie {
  // Read one by one: of a record without a cookie the error shall be the usual one (B127).
  const expires = stored.expires;
  const originalMaxAge = stored.originalMaxAge;
  const restored = new Cookie(stored as CookieOptions);
  if (typeof expires === 'string') restored.expires = new Date(expires);
  restored.originalMaxAge = originalMaxAge as MaxAge;
  return restored;
}

/**
 * Values of all cookies of this name in a Cookie header, in order, decoded (RFC 6265, section 5.4). Parsers of whole
 * headers keep one value a name.
 */
export function readCookies(header: string, name: string): string[] {
  const values: string[] = [];
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
    values.push(decodeValue(pair.slice(equals + 1).trim()));
    if (values.length === MAX_COOKIES_OF_ONE_NAME) break;
  }
  return values;
}

function decodeValue(raw: string): string {
  const value = raw.length > 1 && raw.startsWith('"') && raw.endsWith('"') ? raw.slice(1, -1) : raw;
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/**
 * Whether the request came over a secure connection: TLS here, or TLS at a trusted proxy (B079–B083).
 *
 * @param proxy true: believe X-Forwarded-Proto; false: never; undefined: believe Express's `req.secure`
 */
export function isSecure(req: Request, proxy: boolean | undefined): boolean {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- where other middlewares tell about TLS, too (B083)
  const connection = req.connection as { encrypted?: boolean } | undefined;
  if (connection?.encrypted) return true;
  if (proxy === false) return false;
  if (proxy !== true) return (req.secure as boolean | undefined) === true;
  const [first = ''] = String(req.headers['x-forwarded-proto'] ?? '').split(',');
  return first.trim().toLowerCase() === 'https';
}

/** Path-match of RFC 6265, section 5.1.4 (B015). */
export function pathMatches(pathname: string, cookiePath: string): boolean {
  if (!pathname.startsWith(cookiePath)) return false;
  return (
    pathname.length === cookiePath.length || cookiePath.endsWith('/') || pathname[cookiePath.length] === '/'
  );
}
