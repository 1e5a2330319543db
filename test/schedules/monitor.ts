/** Watches the store for what the properties ask about the past: what became of each change, and what came before what. */
import type { Names } from './names';
import type { Records } from './store';
import type { Request } from './request';

/** What became of the member that a request has changed. */
export type Fate = 'stored' | 'overwritten' | 'replaced' | 'destroyed';

const MARK = /"(?:m|secret)(\d+)":/g;

export class Monitor {
  /** By the request's index. */
  readonly fates = new Map<number, Fate>();
  /** In this order: `stored 1` (the data of request 1), `gone` (a record), `answer 1`. */
  readonly order: string[] = [];
  /** How much of `order` there was when a request looked into the store, by its index; its first look loads the session. */
  readonly #looks = new Map<number, number[]>();
  #marks: Map<string, Set<number>>;
  /** All contents that the store has had since it was last asked. */
  hasChanged = true;

  constructor(records: Records) {
    this.#marks = marksIn(records);
  }

  /** After something that may have changed the store. */
  compare(before: Records, after: Records, requests: readonly Request[]): void {
    for (const [id, { text }] of after) if (before.get(id)?.text !== text) this.hasChanged = true;
    const marks = marksIn(after);
    for (const [id, then] of this.#marks) {
      const now = marks.get(id);
      if (!now) {
        this.order.push(`gone ${id}`);
        this.hasChanged = true;
      }
      for (const index of then) {
        if (now?.has(index) || [...marks.values()].some((one) => one.has(index))) continue;
        const isReplaced = generationOf(before.get(id)?.text) !== generationOf(after.get(id)?.text);
        this.fates.set(index, !now ? 'destroyed' : isReplaced ? 'replaced' : 'overwritten');
      }
    }
    for (const now of marks.values()) {
      for (const index of now) {
        if (!this.fates.has(index) && requests[index]) this.order.push(`stored ${String(index)}`);
        this.fates.set(index, 'stored');
      }
    }
    this.#marks = marks;
  }

  hasLooked(index: number): void {
    this.#looks.set(index, [...(this.#looks.get(index) ?? []), this.order.length]);
  }

  /** Whether a request looked once more after it had loaded the session, and that was before this. */
  hasLookedBefore(index: number, event: string): boolean {
    const looks = this.#looks.get(index) ?? [];
    const at = this.order.indexOf(event);
    return looks.length > 1 && (at < 0 || (looks.at(-1) ?? 0) <= at);
  }

  answered({ index, exchange }: Request): void {
    if (exchange?.answer.cookie !== undefined) this.order.push(`answer ${String(index)}`);
  }

  /** Whether `first` came before `second`, or without it. */
  isBefore(first: string, second: string): boolean {
    const [at, than] = [this.order.indexOf(first), this.order.indexOf(second)];
    return at >= 0 && (than < 0 || at < than);
  }

  key(names: Names): string {
    const looks = [...this.#looks].map(
      ([index, at]) => `${String(index)}:${String(at.length)}:${String(at.at(-1))}`,
    );
    return names.canonical([this.order, [...this.fates].sort(), looks.sort()].join('|'), 'store');
  }
}

function marksIn(records: Records): Map<string, Set<number>> {
  const all = new Map<string, Set<number>>();
  for (const [id, { text }] of records) {
    // A probe of the library's own, which finds out whether the store hides tags, is no session that could be gone.
    if (hasNoData(text)) continue;
    all.set(id, new Set([...text.matchAll(MARK)].map((match) => Number(match[1]))));
  }
  return all;
}

function hasNoData(text: string): boolean {
  return Object.keys(JSON.parse(text) as object).every((name) => name === 'cookie' || name === '__session');
}

function generationOf(text: string | undefined): string {
  return /"__session":\{[^}]*"gen":(\d+)/.exec(text ?? '')?.[1] ?? '';
}
