/** The report on a store: what the checks have found, and how it is printed. */
import type { Guarantee } from '../types';

/**
 * What `touch` moves. expiry: the expiry of a record that is there. record: more than that, it writes the record that it is
 * given, or what it had read before, or makes a record. none: there is no `touch`.
 */
export type Touch = 'expiry' | 'record' | 'none';

/**
 * What `compareAndSet` does. works: what it should. hidden: it finds no tag, since the store encrypts or compresses.
 * refused: it answers that it cannot. none: there is no `compareAndSet`.
 */
export type Comparison = 'works' | 'hidden' | 'refused' | 'none';

/** What the checks have found; complete when the last one has run. */
export interface StoreReport {
  readonly name: string;
  /** What the middleware promises with this store. */
  grade: Guarantee | undefined;
  compareAndSet: Comparison | undefined;
  touch: Touch | undefined;
  /** Whether `get` stops answering a record when it expires, or only once the store has cleaned up. */
  expiry: 'at once' | 'later' | undefined;
}

export function newReport(name: string): StoreReport {
  return { name, grade: undefined, compareAndSet: undefined, touch: undefined, expiry: undefined };
}

/** 'everywhere' takes both: a `compareAndSet` that works, and a `touch` that moves nothing but the expiry. */
export function gradeOf({ compareAndSet, touch }: StoreReport): Guarantee {
  return compareAndSet === 'works' && touch !== 'record' ? 'everywhere' : 'in this process';
}

const GRADES: Record<Guarantee, string> = {
  everywhere: 'a destroyed session is never stored again, by any process',
  'in this process': 'a request in another process can store a destroyed session again',
};

const COMPARISONS: Record<Comparison, string> = {
  works: 'yes',
  hidden: 'of no use: what is stored shows no tag',
  refused: 'of no use: the store cannot do it here',
  none: 'no',
};

const TOUCHES: Record<Touch, string> = {
  expiry: 'moves the expiry only',
  record: 'writes the record, so that it can bring back what was destroyed or replaced',
  none: 'no: expiries are renewed with resave: true only',
};

/** The middleware takes a store that has compareAndSet at its word. */
const MISLEADING =
  "  note           middleware.guarantee is 'everywhere' all the same, since the middleware cannot see what touch writes: " +
  'correct touch, or leave compareAndSet out';

/** A report as text of several lines. */
export function format({ name, grade, compareAndSet, touch, expiry }: StoreReport): string {
  return [
    name,
    `  grade          ${grade ? `${grade}: ${GRADES[grade]}` : 'none: not all checks have passed'}`,
    `  compareAndSet  ${compareAndSet ? COMPARISONS[compareAndSet] : 'unknown'}`,
    `  touch          ${touch ? TOUCHES[touch] : 'unknown'}`,
    `  expiry         ${expiry === 'later' ? 'expired records are answered until the store cleans up' : 'get does not answer expired records'}`,
    ...(compareAndSet === 'works' && touch === 'record' ? [MISLEADING] : []),
  ].join('\n');
}
