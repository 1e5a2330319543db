/** Merges the changes of two requests to one session. Within one top-level member the later write wins. */

type Data = Record<string, unknown>;

/**
 * Applies the changes of this request to the data in the store. All data are JSON text.
 *
 * @param base the data that this request began with, or has stored last
 * @param mine its data now
 * @param theirs the data in the store
 * @returns `theirs`, with the members that this request has changed or deleted since `base`
 */
export function mergeData(base: string, mine: string, theirs: string): string {
  if (base === theirs) return mine;
  const [before, now, stored] = [base, mine, theirs].map((text) => JSON.parse(text) as Data) as [
    Data,
    Data,
    Data,
  ];
  for (const name of Object.keys(now)) {
    // `hasOwn`, because a name such as `__proto__` would find an inherited member.
    const isKept = Object.hasOwn(before, name) && isSame(before[name], now[name]);
    if (!isKept) define(stored, name, now[name]);
  }
  for (const name of Object.keys(before)) {
    if (!Object.hasOwn(now, name)) Reflect.deleteProperty(stored, name);
  }
  return JSON.stringify(stored);
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Sets a member. An assignment would change the prototype if the name is `__proto__`. */
function define(data: Data, name: string, value: unknown): void {
  Object.defineProperty(data, name, { value, configurable: true, enumerable: true, writable: true });
}
