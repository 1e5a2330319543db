/** Reads tokens from requests and writes them to responses (the option `jwt.transport`). */
import { type OutgoingHttpHeaders, validateHeaderName } from 'node:http';
import { SessionTypeError } from '../errors';
import type { Cookie } from '../session/cookie';
import type { CustomTransport, Request, Response } from '../types';
import { markAsPersonal } from './cache-control';
import { readCookies } from './cookie-header';

/** The response header for a new token with 'bearer', unless the option names another. */
const DEFAULT_RESPONSE_HEADER = 'X-Session-Token';

/** Headers that cannot carry a bare token, because they have another meaning. */
const TAKEN_HEADERS = ['authorization', 'cookie', 'set-cookie'];

/** The name of a scheme is case-insensitive (RFC 9110, section 11.1); what follows is a token68 (RFC 6750, section 2.1). */
const BEARER_SCHEME = /^bearer\b/i;
const BEARER = /^bearer [\w.~+/-]+=*$/i;

/** How the token of one request came, if there was one, and how a new one is sent. */
export interface Carrier {
  /** Whether the cookie's path and its `secure` attribute count. */
  readonly isCookie: boolean;
  /** The value that came, if this is no cookie. Undefined and null mean none. A value that is no text is no token. */
  readonly text?: unknown;
  /** The words for a debug line when a token is written. */
  readonly label: string;
  /** Whether the request carries any value here, good or bad. */
  isUsed(req: Request): boolean;
  /**
   * Writes a token. Called once, after the session is stored and before the headers leave.
   *
   * @param cookie the session's cookie, for its attributes
   * @param report hears the rejection if the application's `write` returns a promise
   * @throws what a transport of the application throws, or that a value cannot be written. Then nothing is written
   */
  write(req: Request, res: Response, token: string, cookie: Cookie, report: (error: unknown) => void): void;
}

/** @throws what a transport of the application throws */
export type Transport = (req: Request) => Carrier;

/** @throws TypeError that names the `jwt.transport` option if it is wrong */
export function resolveTransport(given: unknown, cookieName: string): Transport {
  if (!Array.isArray(given)) return resolveOne(given ?? 'cookie', cookieName);
  const [first, ...others] = given.map((one) => resolveOne(one, cookieName));
  if (!first)
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      'jwt.transport option array must contain one or more transports',
    );
  // The first one that carries anything decides, so that a bad token never falls back to another transport.
  return (req) => {
    const preferred = first(req);
    if (preferred.isUsed(req)) return preferred;
    for (const other of others) {
      const carrier = other(req);
      if (carrier.isUsed(req)) return carrier;
    }
    return preferred;
  };
}

function resolveOne(given: unknown, cookieName: string): Transport {
  if (given === 'bearer') return bearer(DEFAULT_RESPONSE_HEADER);
  if (given === 'cookie') {
    const carrier = new CookieCarrier(cookieName);
    return () => carrier;
  }
  if (typeof given === 'object' && given !== null) {
    const option = given as Record<string, unknown>;
    const names = Object.keys(option).join();
    if (names === 'bearer') {
      const { responseHeader } = Object(option.bearer) as { responseHeader?: unknown };
      return bearer(requireHeader('jwt.transport.bearer.responseHeader', responseHeader));
    }
    if (names === 'header') {
      const name = requireHeader('jwt.transport.header', option.header);
      return (req) => new HeaderCarrier(name, name, req.headers[name.toLowerCase()]);
    }
    if (typeof option.read === 'function' && typeof option.write === 'function') {
      const transport = given as CustomTransport;
      return (req) => new CustomCarrier(transport, readCustom(transport, req));
    }
  }
  throw new SessionTypeError(
    'ERR_SESSION_OPTION',
    "jwt.transport option must be 'cookie', 'bearer', { bearer: { responseHeader } }, { header }, { read, write } " +
      'or an array of those',
  );
}

function requireHeader(name: string, header: unknown): string {
  try {
    validateHeaderName(header as string);
  } catch {
    throw new SessionTypeError('ERR_SESSION_OPTION', `${name} option must be the name of a header`);
  }
  if (TAKEN_HEADERS.includes((header as string).toLowerCase())) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      `${name} option must not be ${header as string}: use 'bearer' or 'cookie' for that`,
    );
  }
  return header as string;
}

class CookieCarrier implements Carrier {
  readonly isCookie = true;
  readonly label: string;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    this.label = `set-cookie ${name}`;
  }

  isUsed({ headers, cookies, signedCookies }: Request): boolean {
    return (
      readCookies(headers.cookie ?? '', this.#name).length > 0 ||
      [cookies, signedCookies].some((parsed: unknown) => Object.hasOwn(Object(parsed) as object, this.#name))
    );
  }

  write(_: Request, res: Response, token: string, cookie: Cookie): void {
    addSetCookie(res, cookie.serialize(this.#name, token));
    markAsPersonal(res, 'Cookie', 'Set-Cookie');
  }
}

/** Adds a Set-Cookie line to those that are there. */
export function addSetCookie(res: Response, line: string): void {
  const others = res.getHeader('Set-Cookie') as string | string[] | undefined;
  res.setHeader('Set-Cookie', ([] as string[]).concat(others ?? [], line));
}

function bearer(responseHeader: string): Transport {
  return (req) => new HeaderCarrier('Authorization', responseHeader, readBearer(req));
}

/** The bearer token. Undefined: there is none. The empty text: there is one, but it is malformed. */
function readBearer(req: Request): string | undefined {
  const { authorization } = req.headers;
  if (authorization === undefined) return undefined;
  // A request that is not Node's may have no raw headers.
  const rawHeaders: string[] = (req as Partial<Request>).rawHeaders ?? [];
  // Node keeps the first of several headers, and a proxy may have checked another one. So several are refused.
  const count = rawHeaders.filter((name, at) => at % 2 === 0 && /^authorization$/i.test(name)).length;
  if (count > 1) return '';
  if (!BEARER_SCHEME.test(authorization)) return undefined;
  return BEARER.test(authorization) ? authorization.slice('bearer '.length) : '';
}

class HeaderCarrier implements Carrier {
  readonly isCookie = false;

  constructor(
    readonly requestHeader: string,
    readonly responseHeader: string,
    readonly text: unknown,
  ) {}

  get label(): string {
    return `set ${this.responseHeader}`;
  }

  isUsed(): boolean {
    return this.text !== undefined;
  }

  /** Does not send the token that came with the request, because a header has no lifetime that could be renewed. */
  write(_: Request, res: Response, token: string): void {
    if (token === this.text) return;
    res.setHeader(this.responseHeader, token);
    markAsPersonal(res, this.requestHeader, this.responseHeader);
  }
}

/** @throws TypeError if `read` returns a promise, and what `read` throws */
function readCustom(transport: CustomTransport, req: Request): unknown {
  const text: unknown = transport.read(req);
  if (!(text instanceof Promise)) return text;
  text.catch(() => undefined);
  throw new SessionTypeError(
    'ERR_SESSION_TRANSPORT',
    'jwt.transport.read must return a string, null or undefined; it returned a promise',
  );
}

class CustomCarrier implements Carrier {
  readonly isCookie = false;
  readonly label = 'jwt.transport.write';
  readonly #transport: { write(...args: unknown[]): unknown };

  constructor(
    transport: CustomTransport,
    readonly text: unknown,
  ) {
    this.#transport = transport;
  }

  isUsed(): boolean {
    return this.text !== undefined && this.text !== null;
  }

  write(req: Request, res: Response, token: string, cookie: Cookie, report: (error: unknown) => void): void {
    const before = structuredClone({ ...res.getHeaders() });
    try {
      const returned = this.#transport.write(req, res, token, cookie);
      if (returned instanceof Promise) returned.catch(report);
    } catch (error) {
      restoreHeaders(res, before);
      throw error;
    }
    markAsPersonal(res, undefined, undefined);
  }
}

function restoreHeaders(res: Response, before: OutgoingHttpHeaders): void {
  for (const name of res.getHeaderNames()) {
    const value = before[name];
    if (value === undefined) res.removeHeader(name);
    else res.setHeader(name, value);
  }
}
