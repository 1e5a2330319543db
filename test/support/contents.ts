/** The records of a store that keeps them as JSON text: MemoryStore's `.sessions` or ForeignStore's `.records`. */
export function contents(store: object): Map<string, string> {
  const { records, sessions } = store as { records?: Map<string, string>; sessions?: Record<string, string> };
  return records ?? new Map(Object.entries(sessions ?? {}));
}

export function record(store: object, id: string): Record<string, unknown> | undefined {
  const text = contents(store).get(id);
  return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>);
}

/** What a session's cookie says about its lifetime and scope, in a record or on a live Cookie. */
export interface CookieFields {
  expires?: unknown;
  originalMaxAge?: unknown;
  path?: unknown;
  httpOnly?: unknown;
}

/** The cookie of a record or of a session. */
export function cookieFields(holder: object | undefined): CookieFields {
  return (holder as { cookie?: CookieFields } | undefined)?.cookie ?? {};
}

/** Every string that can be read off a value: keys and values, own and inherited, enumerable or not, getters called. */
export function reachableStrings(value: unknown): string[] {
  const strings: string[] = [];
  const seen = new Set<unknown>();
  const walk = (current: unknown, receiver: unknown): void => {
    if (typeof current === 'string') strings.push(current);
    if (typeof current !== 'object' || current === null || current === Object.prototype) return;
    if (seen.has(current)) return;
    seen.add(current);
    for (const key of Reflect.ownKeys(current)) {
      strings.push(String(key));
      try {
        const member: unknown = Reflect.get(current, key, receiver);
        walk(member, member);
      } catch {
        // A getter that refuses this receiver yields nothing.
      }
    }
    walk(Object.getPrototypeOf(current), receiver);
  };
  walk(value, value);
  return strings;
}

/** `cookie.expires`, which the types call deprecated and which applications use all the same. */
export function readExpires(cookie: object): Date | undefined {
  return Reflect.get(cookie, 'expires') as Date | undefined;
}
