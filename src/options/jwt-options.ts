import ms = require('ms');
import { createWarning } from '../diagnostics';
import { type RuleOptions, TokenRules } from '../token/token-rules';
import type { JwtOptions, SessionOptions } from '../types';

/** In seconds. */
const DEFAULT_GRACE = 30;

/** Where jsonwebtoken would read a text without a unit as milliseconds: that is hardly ever meant. */
const UNIT = /[a-z]\s*$/i;

const NAMES: readonly string[] = [
  'expiresIn',
  'issuer',
  'audience',
  'clockTolerance',
  'maxTokenAge',
  'grace',
] satisfies (keyof JwtOptions)[];

/** @throws TypeError that names the option at fault */
export function resolveRules({ jwt, absoluteTimeout }: SessionOptions): TokenRules {
  return new TokenRules({ ...resolveJwt(jwt), absoluteTimeout: resolveAbsoluteTimeout(absoluteTimeout) });
}

function resolveJwt(given: unknown): RuleOptions {
  if (given === undefined || given === null) return {};
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new TypeError(`jwt option must be an object { ${NAMES.join(', ')} }`);
  }
  const unknown = Object.keys(given).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`jwt.${unknown} is no option; those of jwt are ${NAMES.join(', ')}`);
  }
  const { expiresIn, issuer, audience, clockTolerance = 0, maxTokenAge, grace } = given as JwtOptions;
  if (!Number.isFinite(clockTolerance) || clockTolerance < 0) {
    throw new TypeError('jwt.clockTolerance option must be a number of seconds, 0 or more');
  }
  return {
    expiresIn: resolveTimespan('jwt.expiresIn', expiresIn, 1),
    issuer: resolveTexts('jwt.issuer', issuer, isText, 'a string or an array of strings'),
    audience: resolveTexts(
      'jwt.audience',
      audience,
      isTextOrPattern,
      'a string, a RegExp or an array of such',
    ),
    isSingleAudience: !Array.isArray(audience),
    clockTolerance,
    maxTokenAge: resolveTimespan('jwt.maxTokenAge', maxTokenAge, 1),
    grace: resolveTimespan('jwt.grace', grace, 0) ?? DEFAULT_GRACE,
  };
}

/** @returns whole seconds */
function resolveTimespan(name: string, given: unknown, least: 0 | 1): number | undefined {
  if (given === undefined) return undefined;
  const seconds = typeof given === 'string' ? Math.floor(toMilliseconds(given) / 1000) : given;
  if (!Number.isSafeInteger(seconds) || (seconds as number) < least) {
    throw new TypeError(
      `${name} option must be a whole number of seconds, ${String(least)} or more, or a timespan with its unit such as '15m'`,
    );
  }
  return seconds as number;
}

/** @returns NaN, or undefined in spite of its type, for what is no timespan */
function toMilliseconds(text: string): number {
  return UNIT.test(text) && text.length <= 100 ? ms(text as ms.StringValue) : NaN;
}

function resolveTexts<One>(
  name: string,
  given: unknown,
  isOne: (value: unknown) => value is One,
  wanted: string,
): readonly One[] | undefined {
  if (given === undefined) return undefined;
  const values: unknown[] = Array.isArray(given) ? [...(given as unknown[])] : [given];
  if (values.length === 0 || !values.every(isOne)) {
    throw new TypeError(`${name} option must be ${wanted}, none of them empty`);
  }
  return values;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTextOrPattern(value: unknown): value is string | RegExp {
  return isText(value) || value instanceof RegExp;
}

function resolveAbsoluteTimeout(given: unknown): number | undefined {
  if (given === undefined) return undefined;
  if (!Number.isFinite(given) || (given as number) < 1000) {
    throw new TypeError('absoluteTimeout option must be a number of milliseconds, 1000 or more');
  }
  return given as number;
}

/** What a middleware tells about tokens, once each. */
export interface Warnings {
  endlessToken(): void;
  failedReplacement(): void;
}

export function createWarnings(): Warnings {
  return {
    endlessToken: createWarning(
      'jwt.maxTokenAge option: without it, and without a store, a token that has no exp is good for ever, also when its ' +
        'session was destroyed. Set it here, or jwt.expiresIn where tokens are issued',
    ),
    failedReplacement: createWarning(
      'jwt.expiresIn option: the replacement of a token failed; it is tried again with each request. Services that verify ' +
        'the token refuse it once it has expired',
    ),
  };
}
