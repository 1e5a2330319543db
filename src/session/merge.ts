/** Joins the changes of two requests to one session: within a top-level member the later write wins. */

type Data = Record<string, unknown>;

/**
 * @param base JSON text of the data that this request began with, or has stored last
 * @param mine JSON text of its data now
 * @param theirs JSON text of the data in the store
 * @returns JSON text of their data with the members that this request has changed or deleted
 */
export function mergeData(base: string, mine: string, theirs: string): string {
  if (base === theirs) return mine;
  const [before, now, stored] = [base, mine, theirs].map((text) => JSON.parse(text) as Data) as [
    Data,
    Data,
    Data,
  ];
  for (const name of Object.keys(now)) {
    // Each object inherits members: a name such as `__proto__` would find one of those.
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

/** An assignment would set the prototype where the member is called `__proto__`. */
function define(data: Data, name: string, value: unknown): void {
  Object.defineProperty(data, name, { value, configurable: true, enumerable: true, writable: true });
}
