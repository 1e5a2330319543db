/** The report on a store, and how it is printed. */
import type { Guarantee } from '../types';

/**
 * What `touch` changes.
 *
 * expiry: only the expiry of a record that is there.
 * record: more. It writes the record that it is given, writes what it has read before, or makes a record.
 * none: there is no `touch`.
 */
export type Touch = 'expiry' | 'record' | 'none';

/**
 * What `compareAndSet` does.
 *
 * works: what it should.
 * hidden: it finds no tag, because the store encrypts or compresses records.
 * refused: it answers that the store cannot do it.
 * none: there is no `compareAndSet`.
 */
export type Comparison = 'works' | 'hidden' | 'refused' | 'none';

/** What the tests have found. It is complete when the last test has run. */
export interface StoreReport {
  readonly name: string;
  /** What the middleware can promise with this store. Undefined: not all tests have passed. */
  grade: Guarantee | undefined;
  compareAndSet: Comparison | undefined;
  touch: Touch | undefined;
  /** Whether `get` stops answering a record when it expires ('at once'), or only when the store has cleaned up ('later'). */
  expiry: 'at once' | 'later' | undefined;
}

export function newReport(name: string): StoreReport {
  return { name, grade: undefined, compareAndSet: undefined, touch: undefined, expiry: undefined };
}

/** 'everywhere' needs a `compareAndSet` that works, and a `touch`, if there is one, that moves only the expiry. */
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

/** A note for a store with compareAndSet whose touch breaks the guarantee, which the middleware cannot see. */
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
