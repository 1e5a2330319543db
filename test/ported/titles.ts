/** The numbers of the original tests in the titles of the ported ones, e.g. "(B028, U22, F23)". */

/** Tests of express-session's test/session.js (U) and test/cookie.js (UC), of the fork's (F, FC). */
const NUMBER = /\b(UC|U|FC|F)([1-9]\d*)\b/g;

/** The brackets at the end of a title hold its numbers; a letter and digits elsewhere mean something else. */
export function numbersIn(title: string): string[] {
  const [, brackets = ''] = /\(([^()]*)\)$/.exec(title) ?? [];
  return [...brackets.matchAll(NUMBER)].map(([number]) => number);
}

export function isOriginal(number: string): boolean {
  return number.startsWith('U');
}

function upTo(prefix: string, last: number, without: readonly number[] = []): string[] {
  return Array.from({ length: last }, (_, index) => index + 1)
    .filter((number) => !without.includes(number))
    .map((number) => `${prefix}${String(number)}`);
}

/** All 160 of express-session 1.19.0. */
export const originalNumbers: readonly string[] = [...upTo('U', 142), ...upTo('UC', 18)];

/** What the fork skips: seven tests with empty bodies, and its copies of U139 to U142. */
const SKIPPED = [126, 127, 129, 130, 131, 134, 135, 139, 140, 141, 142];

/** The 147 that run in express-session-jwt 0.2.2. */
export const forkNumbers: readonly string[] = [...upTo('F', 142, SKIPPED), ...upTo('FC', 16)];
