/** How tokens come with requests and go with responses: the `transport` option. */
import { type OutgoingHttpHeaders, validateHeaderName } from 'node:http';
import { SessionTypeError } from '../errors';
import type { Cookie } from '../session/cookie';
import type { CustomTransport, Request, Response } from '../types';
import { markAsPersonal } from './cache-control';
import { readCookies } from './cookie-header';

/** Response header of a bearer's new token, unless another one is configured. */
const DEFAULT_RESPONSE_HEADER = 'X-Session-Token';

/** Headers that mean something else than a bare token. */
const TAKEN_HEADERS = ['authorization', 'cookie', 'set-cookie'];

/** The name of a scheme is case-insensitive (RFC 9110, section 11.1); what follows is a token68 (RFC 6750, section 2.1). */
const BEARER_SCHEME = /^bearer\b/i;
const BEARER = /^bearer [\w.~+/-]+=*$/i;

/** How the token of one request came, if any did, and how a new one goes. */
export interface Carrier {
  /** Whether the cookie's path and its `secure` attribute count. */
  readonly isCookie: boolean;
  /** What came, where that is not a cookie: a text; undefined or null for nothing. Anything else is no token. */
  readonly text?: unknown;
  /** What debug lines say when a token is written. */
  readonly label: string;
  /** Whether the request carries anything here, good or bad. */
  isUsed(req: Request): boolean;
  /**
   * Called once, when the session is stored and before the headers leave.
   *
   * @param cookie the session's, whose attributes count
   * @param report hears what a promise of the application is rejected with
   * @throws what cannot be written, and what a transport of the application throws; nothing is written then
   */
  write(req: Request, res: Response, token: string, cookie: Cookie, report: (error: unknown) => void): void;
}

/** @throws what a transport of the application throws */
export type Transport = (req: Request) => Carrier;

/** @throws TypeError that names the `transport` option if it is none */
export function resolveTransport(given: unknown, cookieName: string): Transport {
  if (!Array.isArray(given)) return resolveOne(given ?? 'cookie', cookieName);
  const [first, ...others] = given.map((one) => resolveOne(one, cookieName));
  if (!first)
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      'transport option array must contain one or more transports',
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
      return bearer(requireHeader('transport.bearer.responseHeader', responseHeader));
    }
    if (names === 'header') {
      const name = requireHeader('transport.header', option.header);
      return (req) => new HeaderCarrier(name, name, req.headers[name.toLowerCase()]);
    }
    if (typeof option.read === 'function' && typeof option.write === 'function') {
      const transport = given as CustomTransport;
      return (req) => new CustomCarrier(transport, readCustom(transport, req));
    }
  }
  throw new SessionTypeError(
    'ERR_SESSION_OPTION',
    "transport option must be 'cookie', 'bearer', { bearer: { responseHeader } }, { header }, { read, write } " +
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
      `${name} option must not be ${header as string}: use transport 'bearer' or 'cookie' for that`,
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

/** Undefined: no bearer token at all. The empty text: something that calls itself one. */
function readBearer(req: Request): string | undefined {
  const { authorization } = req.headers;
  if (authorization === undefined) return undefined;
  // Requests that are not Node's own have no raw headers.
  const rawHeaders: string[] = (req as Partial<Request>).rawHeaders ?? [];
  // Node keeps the first of several, and a proxy may have looked at another.
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

  /** A header has no lifetime to renew: what the client has is not handed to it again. */
  write(_: Request, res: Response, token: string): void {
    if (token === this.text) return;
    res.setHeader(this.responseHeader, token);
    markAsPersonal(res, this.requestHeader, this.responseHeader);
  }
}

/** @throws TypeError if it is asynchronous, and what it throws */
function readCustom(transport: CustomTransport, req: Request): unknown {
  const text: unknown = transport.read(req);
  if (!(text instanceof Promise)) return text;
  text.catch(() => undefined);
  throw new SessionTypeError(
    'ERR_SESSION_TRANSPORT',
    'transport.read must return a string, null or undefined; it returned a promise',
  );
}

class CustomCarrier implements Carrier {
  readonly isCookie = false;
  readonly label = 'transport.write';
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
