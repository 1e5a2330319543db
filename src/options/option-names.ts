/** The names of all options, and a guess at which one an unknown name means. */
import type { CookieOptions, SessionOptions } from '../types';

/** The type makes sure that no name is missing. */
const NAMES: Record<keyof SessionOptions, true> & Record<string, true> = {
  absoluteTimeout: true,
  awaitTouch: true,
  cookie: true,
  cookieFormat: true,
  genid: true,
  jwt: true,
  jwtFromReq: true,
  key: true,
  keys: true,
  keysProvider: true,
  merge: true,
  name: true,
  proxy: true,
  resave: true,
  rolling: true,
  saveErrors: true,
  saveUninitialized: true,
  secret: true,
  store: true,
  storeTimeout: true,
  tokenCacheSize: true,
  touch: true,
  touchAfter: true,
  unset: true,
};

/** Some have no effect here, but are not unknown: a Cookie has `originalMaxAge`, and the types have `encode` and `signed`. */
const COOKIE_NAMES: Record<keyof CookieOptions, true> & Record<string, true> = {
  encode: true,
  domain: true,
  expires: true,
  httpOnly: true,
  maxAge: true,
  originalMaxAge: true,
  partitioned: true,
  path: true,
  priority: true,
  sameSite: true,
  secure: true,
  signed: true,
};

export const OPTION_NAMES = Object.keys(NAMES);
export const COOKIE_OPTION_NAMES = Object.keys(COOKIE_NAMES);

/** A hint such as '; did you mean rolling?', or the empty text if no name is similar. */
export function didYouMean(given: string, names: readonly string[]): string {
  const [nearest] = names
    .map((name) => ({ name, distance: distanceOf(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return nearest ? `; did you mean ${nearest.name}?` : '';
}

/** How many characters have to be added, left out or changed (Levenshtein). */
function distanceOf(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const changed = Number(row[j]) + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(changed, Number(row[j + 1]) + 1, Number(next[j]) + 1));
    }
    row = next;
  }
  return Number(row.at(-1));
}
