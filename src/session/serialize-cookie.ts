/** Makes the Set-Cookie line of a session cookie (RFC 6265, section 4.1). */
import { type SerializeOptions, stringifySetCookie } from 'cookie';
import { SessionTypeError } from '../errors';
import type { CookieData, CookieSettings } from '../session/cookie';

/** A Set-Cookie line without value and expiry, and the attributes that it was made of. */
interface Template {
  readonly name: string;
  readonly attributes: CookieData;
  readonly hasExpiry: boolean;
  readonly beforeValue: string;
  readonly beforeDate: string;
  readonly afterDate: string;
}

const SOME_DATE = new Date(0);
const SOME_EXPIRY = `; Expires=${SOME_DATE.toUTCString()}`;

/**
 * The last template. The cookies of an application mostly differ only in value and expiry, so it saves a fifth of the time of
 * a rolling request.
 */
let template: Template | undefined;

/** The last date that was made, and its text. A date is sent in whole seconds, so many cookies have the same. */
let second = 0;
let secondText = SOME_DATE.toUTCString();

/**
 * The line of a cookie. The value is percent-encoded.
 *
 * @throws TypeError if the name or an attribute cannot be put into a header
 */
export function stringifyCookie(name: string, value: string, attributes: CookieData): string {
  if (!template || !isFor(template, name, attributes)) template = makeTemplate(name, attributes);
  const { beforeValue, beforeDate, afterDate, hasExpiry } = template;
  const date = hasExpiry ? toText(attributes.expires as Date) : '';
  return beforeValue + encodeURIComponent(value) + beforeDate + date + afterDate;
}

function isFor(made: Template, name: string, attributes: CookieData): boolean {
  const { attributes: known } = made;
  return (
    made.name === name &&
    made.hasExpiry === attributes.expires instanceof Date &&
    sameAttributes(known, attributes) &&
    (made.hasExpiry || known.expires === attributes.expires)
  );
}

/** Whether two cookies are sent with the same attributes, except for their expiry. */
export function sameAttributes(a: CookieSettings, b: CookieSettings): boolean {
  return (
    a.path === b.path &&
    a.httpOnly === b.httpOnly &&
    a.secure === b.secure &&
    a.sameSite === b.sameSite &&
    a.domain === b.domain &&
    a.partitioned === b.partitioned &&
    a.priority === b.priority
  );
}

function makeTemplate(name: string, attributes: CookieData): Template {
  const expires = attributes.expires instanceof Date ? SOME_DATE : attributes.expires;
  const line = serialize(name, { ...attributes, expires });
  const beforeValue = `${name}=`;
  const hasExpiry = expires === SOME_DATE;
  // The search finds the right place, because no attribute before it can contain a semicolon.
  const start = hasExpiry ? line.indexOf(SOME_EXPIRY) + '; Expires='.length : line.length;
  return {
    name,
    attributes,
    hasExpiry,
    beforeValue,
    beforeDate: line.slice(beforeValue.length, start),
    afterDate: hasExpiry ? line.slice(start + SOME_DATE.toUTCString().length) : '',
  };
}

/** @throws TypeError with express-session's message. The message of the library cookie also has the value, which may be long */
function serialize(name: string, attributes: CookieData): string {
  try {
    return stringifySetCookie({ ...(attributes as SerializeOptions), name, value: '' });
  } catch (error) {
    const [message] = (error as Error).message.split(':');
    throw new SessionTypeError('ERR_SESSION_COOKIE', String(message), error);
  }
}

/** @throws TypeError if the date is invalid */
function toText(expires: Date): string {
  const seconds = Math.floor(expires.valueOf() / 1000);
  if (seconds !== second) {
    if (Number.isNaN(seconds)) throw new SessionTypeError('ERR_SESSION_COOKIE', 'option expires is invalid');
    second = seconds;
    secondText = expires.toUTCString();
  }
  return secondText;
}
