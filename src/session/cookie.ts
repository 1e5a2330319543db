/** The class of `req.session.cookie`, and how a cookie is restored and compared. */
import { SessionTypeError } from '../errors';
import type { CookieOptions } from '../types';
import { deprecate } from '../diagnostics';
import { sameAttributes, stringifyCookie } from './serialize-cookie';

/** `expires` and `maxAge` keep the value that was assigned. Null, undefined and false mean no expiry. */
type Expires = Date | null | undefined | false;
type MaxAge = number | null | undefined | false;

/** The attributes of a cookie, as they are stored and sent. */
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

/** A cookie without its expiry, which the library resets at each response. */
export type CookieSettings = Partial<Omit<CookieData, 'expires'>>;

const NO_LIFETIME = 'maxAge must be a number or Date';

/** A session's cookie: its attributes (RFC 6265, section 4.1) and its lifetime. */
export class Cookie {
  path = '/';
  _expires: Expires = null;
  /** The lifetime in ms that was assigned last. Each touch starts it anew. */
  originalMaxAge: MaxAge = null;
  httpOnly = true;
  declare partitioned?: CookieData['partitioned'];
  declare priority?: CookieData['priority'];
  declare secure?: CookieData['secure'];
  declare domain?: CookieData['domain'];
  declare sameSite?: CookieData['sameSite'];

  /**
   * @param options attributes. If both `expires` and `maxAge` are there, the later one counts
   * @throws TypeError if options are neither an object nor falsy, or `maxAge` is neither number nor Date
   */
  constructor(options?: CookieOptions | Cookie | null) {
    if (!options) return;
    if (typeof options !== 'object')
      throw new SessionTypeError('ERR_SESSION_COOKIE', 'argument options must be a object');
    for (const name in options) {
      if (Object.hasOwn(options, name) && isAssignable(name))
        (this as Record<string, unknown>)[name] = (options as Record<string, unknown>)[name];
    }
    this.originalMaxAge ??= this.maxAge;
  }

  /** When the cookie expires. An assignment sets the lifetime to the time that is left until then. */
  get expires(): Expires {
    return this._expires;
  }

  set expires(expires: Expires) {
    this._expires = expires;
    this.originalMaxAge = this.maxAge;
  }

  /** The rest of the lifetime, in ms. An assignment starts a new lifetime now. */
  get maxAge(): MaxAge {
    return this._expires instanceof Date ? this._expires.valueOf() - Date.now() : this._expires;
  }

  set maxAge(maxAge: MaxAge | Date) {
    if (maxAge && typeof maxAge !== 'number' && !(maxAge instanceof Date)) {
      throw new SessionTypeError('ERR_SESSION_COOKIE', NO_LIFETIME);
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
   * The Set-Cookie line for this value, which is percent-encoded.
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

/** Whether an option may be assigned. It must not replace a method or `data`. */
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

/**
 * Makes the Cookie of a stored record. `expires` may be a text or a Date, and `originalMaxAge` is not computed anew.
 *
 * @throws TypeError if there is no cookie, or if its lifetime is no number. Otherwise each touch would throw
 */
export function restoreCookie(stored: { expires?: unknown; originalMaxAge?: unknown }): Cookie {
  // Not destructured, so that a record without a cookie throws the error that express-session's users know.
  const expires = stored.expires;
  const originalMaxAge = stored.originalMaxAge;
  if (originalMaxAge && typeof originalMaxAge !== 'number')
    throw new SessionTypeError('ERR_SESSION_COOKIE', NO_LIFETIME);
  const restored = new Cookie(stored as CookieOptions);
  if (typeof expires === 'string') restored.expires = new Date(expires);
  restored.originalMaxAge = originalMaxAge as MaxAge;
  return restored;
}
