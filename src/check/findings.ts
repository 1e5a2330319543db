/** Collects what the checks find, for the report. */
import type { CheckFinding, CheckOutcome, CheckReport } from '../types';

export class Findings {
  readonly #checks: CheckFinding[] = [];

  add(name: CheckFinding['name'], outcome: CheckOutcome, text: string): void {
    this.#checks.push({ name, outcome, text });
  }

  report(): CheckReport {
    return { ok: this.#checks.every(({ outcome }) => outcome !== 'failed'), checks: this.#checks };
  }
}
