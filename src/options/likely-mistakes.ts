/** Warns of options that express-session takes, and that hardly say what is meant: applications may rely on them. */
import { createWarning, type WarningCode } from '../diagnostics';
import { COOKIE_OPTION_NAMES, didYouMean, OPTION_NAMES } from './option-names';

/** Options of express-session that take any value for true or false. */
const BOOLEANS = ['resave', 'rolling', 'saveUninitialized', 'proxy'];

const warnOfDefaults = createWarning(
  'WARN_SESSION_DEFAULTS',
  'resave and saveUninitialized options: one of them is left out, and is false then. With express-session it was true. Say ' +
    'which you mean: resave: false, saveUninitialized: false',
);

/** One warning for each mistake of the process, however many middlewares make it. */
const warnings = new Map<string, () => void>();

export function warnOfLikelyMistakes(given: Record<string, unknown>): void {
  // Who gives a secret comes from express-session.
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
    // Only true and false count there.
    const meaning = name === 'proxy' ? 'left out' : String(Boolean(value));
    const text = `${name} option should be true or false; it is ${describe(value)}, which counts as ${meaning}`;
    warnOnce('WARN_SESSION_OPTION_COERCED', text);
  }
}

/** Only of what looks like a slip: express-session passes a cookie's options on, and some of them mean nothing here. */
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
