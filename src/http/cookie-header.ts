/** Reads the Cookie header of a request (RFC 6265, section 5.4). */

/**
 * The decoded values of all cookies of this name, in order. A browser may send several, for other paths or domains, but most
 * parsers keep only one.
 */
export function readCookies(header: string, name: string): readonly string[] {
  let values: string[] | undefined;
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0 || trimBlanks(pair.slice(0, equals)) !== name) continue;
    values = append(values, decodeValue(trimBlanks(pair.slice(equals + 1))));
  }
  return values ?? NO_VALUES;
}

const NO_VALUES: readonly string[] = [];

/** Adds to a list that mostly gets one element. An empty array that grows would take memory for 17. */
export function append<T>(list: T[] | undefined, element: T): T[] {
  if (!list) return [element];
  list.push(element);
  return list;
}

/** Removes spaces and tabs only. To a browser any other character is part of the name (RFC 6265, section 5.2). */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function decodeValue(raw: string): string {
  const value = raw.length > 1 && raw.startsWith('"') && raw.endsWith('"') ? raw.slice(1, -1) : raw;
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
