/** Warns of options that are most likely mistakes, but are no errors, because applications of express-session may have them. */
import { createWarning, type WarningCode } from '../diagnostics';
import { isGeneratedHere } from '../keys/generate-keys';
import { MemoryStore } from '../store/memory-store';
import type { SessionOptions } from '../types';
import { COOKIE_OPTION_NAMES, didYouMean, OPTION_NAMES } from './option-names';

/** In ms. */
const MINUTE = 60_000;
const DAY = 86_400_000;

const DAY_IN_SECONDS = 86_400;
const TEN_YEARS_IN_SECONDS = 3650 * DAY_IN_SECONDS;

/** Options of express-session that take any value as true or false. */
const BOOLEANS = ['resave', 'rolling', 'saveUninitialized', 'proxy'];

const warnOfDefaults = createWarning(
  'WARN_SESSION_DEFAULTS',
  'resave and saveUninitialized options: one of them is left out, and is false then. With express-session it was true. Say ' +
    'which you mean: resave: false, saveUninitialized: false',
);

const warnOfNewKeys = createWarning(
  'WARN_SESSION_NEW_KEYS',
  'keys option: these keys were made by generateKeys() in this process. With the next start, and in every other process, ' +
    'all tokens are refused and users signed out. Make keys once and keep them: npx express-session-jwt keygen --env',
);

/** The warnings so far, by their text, so that each comes once in a process. */
const warnings = new Map<string, () => void>();

export function warnOfLikelyMistakes(given: Record<string, unknown>): void {
  // An application that gives a secret most likely comes from express-session.
  const leavesOut = given.resave === undefined || given.saveUninitialized === undefined;
  if (given.secret && leavesOut) warnOfDefaults();
  for (const name of Object.keys(given)) {
    if (OPTION_NAMES.includes(name)) continue;
    const hint = COOKIE_OPTION_NAMES.includes(name)
      ? `; as an attribute of the cookie it is cookie: { ${name} }`
      : didYouMean(name, OPTION_NAMES);
    warnOnce('WARN_SESSION_OPTION_UNKNOWN', `${name} is no option, and does nothing${hint}`);
  }
  for (const name of BOOLEANS) {
    const value = given[name] ?? undefined;
    if (value === undefined || typeof value === 'boolean') continue;
    // For `proxy` any other value counts as undefined.
    const meaning = name === 'proxy' ? 'left out' : String(Boolean(value));
    const text = `${name} option should be true or false; it is ${describe(value)}, which counts as ${meaning}`;
    warnOnce('WARN_SESSION_OPTION_COERCED', text);
  }
}

/** Warns only of names that look like a slip. Other unknown names are allowed, because express-session passes them on. */
export function warnOfCookieNames(cookie: object): void {
  for (const name of Object.keys(cookie)) {
    if (COOKIE_OPTION_NAMES.includes(name) || name.startsWith('_')) continue;
    const hint = didYouMean(name, COOKIE_OPTION_NAMES);
    if (hint) warnOnce('WARN_SESSION_OPTION_UNKNOWN', `cookie.${name} is no option, and does nothing${hint}`);
  }
}

function warnOnce(code: WarningCode, text: string): void {
  let warn = warnings.get(text);
  if (!warn) warnings.set(text, (warn = createWarning(code, text)));
  warn();
}

function describe(value: unknown): string {
  return typeof value === 'object' || typeof value === 'function'
    ? `of type ${typeof value}`
    : JSON.stringify(value);
}

/** @param isProduction whether NODE_ENV says 'production' */
export function warnOfNewKeysAtStart({ keys, store }: SessionOptions, isProduction: boolean): void {
  const keepsSessions = Boolean(store) && !(store instanceof MemoryStore);
  const pairs = [keys ?? []].flat() as { private?: unknown }[];
  if ((keepsSessions || isProduction) && pairs.some((pair) => isGeneratedHere(pair.private))) warnOfNewKeys();
}

/**
 * Warns of a number that was most likely meant as ms, though it counts as seconds, as with jsonwebtoken. Such a number is
 * whole minutes in ms, but not whole days in seconds; or it is whole days in ms; or it is more than ten years in seconds.
 */
export function warnOfMilliseconds(name: string, given: number): void {
  const isWholeInMs = given > 0 && given % MINUTE === 0 && given % DAY_IN_SECONDS !== 0;
  if (!isWholeInMs && given % DAY !== 0 && given <= TEN_YEARS_IN_SECONDS) return;
  const days = Math.round(given / DAY_IN_SECONDS);
  const text =
    `${name} option: ${String(given)} is ${String(days)} days, since a number is a count of seconds, as with jsonwebtoken. ` +
    `Say it with its unit: '${String(Math.round(given / MINUTE))} minutes' or '${String(days)} days'`;
  warnOnce('WARN_SESSION_MILLISECONDS', text);
}
