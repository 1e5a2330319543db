/** Checks the values of options that may be left out. */
import { SessionTypeError } from '../errors';

/** The longest time that a timer can run, in ms: 24 days. */
const MAX_DURATION = 2 ** 31 - 1;

/** @returns undefined, the default, for any falsy value */
export function optionalFunction<F>(name: string, value: F): NonNullable<F> | undefined {
  if (!value) return undefined;
  if (typeof value !== 'function')
    throw new SessionTypeError('ERR_SESSION_OPTION', `${name} option must be a function`);
  return value;
}

export function optionalBoolean(name: string, given: unknown = false): boolean {
  if (typeof given !== 'boolean')
    throw new SessionTypeError('ERR_SESSION_OPTION', `${name} option must be true or false`);
  return given;
}

/** Refuses null, like any other wrong value. Only undefined means the default. */
export function oneOf<Choice extends string>(
  name: string,
  choices: readonly [Choice, Choice],
  fallback: Choice,
  given = fallback,
): Choice {
  if (!choices.includes(given)) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      `${name} option must be "${choices[0]}" or "${choices[1]}"`,
    );
  }
  return given;
}

export function optionalDuration(name: string, given: number | undefined, min: number): number | undefined {
  if (given !== undefined && (!Number.isInteger(given) || given < min || given > MAX_DURATION)) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      `${name} option must be a whole number of milliseconds, from ${String(min)} to ${String(MAX_DURATION)}`,
    );
  }
  return given;
}
