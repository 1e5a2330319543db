/** What the demonstrations found, kept in memory for the page to which a form redirects. */
import { randomUUID } from 'node:crypto';
import type { Findings } from './lab/demo';

const limit = 100;

export class Runs {
  readonly #runs = new Map<string, Findings>();

  /** Keeps findings; returns their id. */
  keep(findings: Findings): string {
    const id = randomUUID();
    this.#runs.set(id, findings);
    for (const oldest of this.#runs.keys()) {
      if (this.#runs.size <= limit) break;
      this.#runs.delete(oldest);
    }
    return id;
  }

  get(id: string): Findings | undefined {
    return this.#runs.get(id);
  }
}
