/** Checks the `jwt` and `absoluteTimeout` options and turns them into the rules of tokens; `jwt.transport` is http/'s. */
import ms = require('ms');
import { SessionTypeError } from '../errors';
import { type RuleOptions, TokenRules } from '../token/token-rules';
import { warnOfMilliseconds } from './likely-mistakes';
import { didYouMean } from './option-names';
import type { JwtOptions, SessionOptions } from '../types';

/** A text has to end with a unit. jsonwebtoken would read one without it as milliseconds, which is hardly ever meant. */
const UNIT = /[a-z]\s*$/i;

const NAMES: readonly string[] = [
  'expiresIn',
  'issuer',
  'audience',
  'clockTolerance',
  'maxTokenAge',
  'transport',
] satisfies (keyof JwtOptions)[];

/** @throws TypeError that names the option at fault */
export function resolveRules({ jwt, absoluteTimeout }: SessionOptions): TokenRules {
  return new TokenRules({ ...resolveJwt(jwt), absoluteTimeout: resolveAbsoluteTimeout(absoluteTimeout) });
}

function resolveJwt(given: unknown): RuleOptions {
  if (given === undefined || given === null) return {};
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new SessionTypeError('ERR_SESSION_OPTION', `jwt option must be an object { ${NAMES.join(', ')} }`);
  }
  const unknown = Object.keys(given).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION_UNKNOWN',
      `jwt.${unknown} is no option; those of jwt are ${NAMES.join(', ')}${didYouMean(unknown, NAMES)}`,
    );
  }
  const { expiresIn, issuer, audience, clockTolerance = 0, maxTokenAge } = given as JwtOptions;
  if (!Number.isFinite(clockTolerance) || clockTolerance < 0) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      'jwt.clockTolerance option must be a number of seconds, 0 or more',
    );
  }
  return {
    expiresIn: resolveTimespan('jwt.expiresIn', expiresIn),
    issuer: resolveTexts('jwt.issuer', issuer, isText, 'a string or an array of strings'),
    audience: resolveTexts(
      'jwt.audience',
      audience,
      isTextOrPattern,
      'a string, a RegExp or an array of such',
    ),
    isSingleAudience: !Array.isArray(audience),
    clockTolerance,
    maxTokenAge: resolveTimespan('jwt.maxTokenAge', maxTokenAge),
  };
}

/** @returns whole seconds */
function resolveTimespan(name: string, given: unknown): number | undefined {
  if (typeof given === 'number') warnOfMilliseconds(name, given);
  if (given === undefined) return undefined;
  const seconds = typeof given === 'string' ? Math.floor(toMilliseconds(given) / 1000) : given;
  if (!Number.isSafeInteger(seconds) || (seconds as number) < 1) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      `${name} option must be a whole number of seconds, 1 or more, or a timespan with its unit such as '15m'`,
    );
  }
  return seconds as number;
}

/** @returns NaN, or undefined in spite of the type, if the text is no timespan */
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
    throw new SessionTypeError('ERR_SESSION_OPTION', `${name} option must be ${wanted}, none of them empty`);
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
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      'absoluteTimeout option must be a number of milliseconds, 1000 or more',
    );
  }
  return given as number;
}
