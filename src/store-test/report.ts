import type { Guarantee } from '../types';

/** What the checks have found; complete when the last one has run. */
export interface StoreReport {
  readonly name: string;
  /** The best level that the middleware can reach with this store. */
  grade: Guarantee | undefined;
  /** The level without the option `guard`. */
  byDefault: Guarantee | undefined;
  /** Whether the store has `touch`. */
  touch: boolean;
  /** Whether `get` stops answering a record when it expires, or only once the store has cleaned up. */
  expiry: 'at once' | 'later' | undefined;
}

const MEANING: Record<Guarantee, string> = {
  atomic: 'a destroyed session is never stored again, by any process',
  check: "guard: 'check' looks before it stores; what is destroyed in between comes back",
  process: 'a request in another process can store a destroyed session again',
};

/** A report as text of several lines. */
export function format({ name, grade, byDefault, touch, expiry }: StoreReport): string {
  return [
    name,
    `  grade      ${grade ? `${grade}: ${MEANING[grade]}` : 'none: not all checks have passed'}`,
    `  default    ${byDefault ?? 'unknown'}`,
    `  touch      ${touch ? 'yes' : 'no: expiries are renewed with resave: true only'}`,
    `  expiry     ${expiry === 'later' ? 'expired records are answered until the store cleans up' : 'get does not answer expired records'}`,
  ].join('\n');
}
