// A store that compares and sets in one step, as a database does, and that can err before or after the fact.
import { ForeignStore } from './stores';

type Callback = (error?: unknown, stored?: boolean) => void;

/** works: as it should. fails: an error, and nothing is stored. lost: an error, though it is stored. refused: nothing is stored, without an error. */
export type Outcome = 'works' | 'fails' | 'lost' | 'refused';

/** Only with `compareAndSet` can a store keep the promises that hold between processes. */
export class ComparingStore extends ForeignStore {
  /** How the next calls of `compareAndSet` end, in order; later ones do as they should. */
  readonly outcomes: Outcome[] = [];
  /** The tags that were asked for, in order. */
  readonly expected: (string | null)[] = [];

  compareAndSet(id: string, data: unknown, tag: string | null, callback: Callback): void {
    const text = JSON.stringify(data);
    const outcome = this.outcomes.shift();
    this.expected.push(tag);
    this.run(
      { method: 'compareAndSet', id, data: text },
      (error, stored) => {
        const isError = outcome === 'fails' || outcome === 'lost';
        if (isError || error) callback(error ?? new Error('boom!'));
        else callback(null, stored as boolean);
      },
      () => {
        const found = this.records.get(id);
        const isExpected = tag === null ? !found?.includes('"__session":') : found?.includes(tag);
        if (found === undefined || !isExpected || outcome === 'fails' || outcome === 'refused') return false;
        this.records.set(id, text);
        return true;
      },
    );
  }

  /** The same records as another process sees them: what this package knows of a store, it knows of one store object. */
  twin(): ComparingStore {
    return Object.assign(new ComparingStore(), { records: this.records });
  }
}
