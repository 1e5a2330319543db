/** Walks groups of scenarios within a time, counts, and tells what is wrong so that it can be walked again. */
import assert from 'node:assert/strict';
import type { PropertyName } from './properties';
import type { Scenario } from './scenario';
import { replay, walk } from './scheduler';

export interface Group {
  readonly title: string;
  readonly scenarios: readonly Scenario[];
  readonly faults: boolean;
  /** What a scenario may get wrong, and not in every walk. */
  readonly mayFail?: (scenario: Scenario) => readonly PropertyName[];
  /** What is not promised in a scenario; asserted as found: no less either, where all of it is walked. */
  readonly notPromised?: (scenario: Scenario) => readonly PropertyName[];
}

/** So many traces of a group that fails are printed in full. */
const MAX_TRACES = 3;

export class Walker {
  readonly #end: number;
  #left: number;
  #schedules = 0;
  #states = 0;
  #cut = 0;
  #walked = 0;

  /**
   * @param groups all that have to share the time
   * @param maxReplays for each scenario; so it is the same schedules each time, as long as the time is enough
   */
  constructor(
    seconds: number,
    groups: readonly Group[],
    private readonly maxReplays: number,
  ) {
    this.#end = Date.now() + seconds * 1000;
    this.#left = groups.reduce((sum, { scenarios }) => sum + scenarios.length, 0);
  }

  /** Each scenario has its share of the time that is left; what it does not need goes to the others. */
  async walk({ scenarios, faults, notPromised, mayFail }: Group): Promise<string> {
    const [schedules, states, cut] = [this.#schedules, this.#states, this.#cut];
    const failures: { scenario: Scenario; what: string; choices: string | undefined }[] = [];
    for (const scenario of scenarios) {
      const until = Date.now() + Math.max(0, this.#end - Date.now()) / Math.max(1, this.#left--);
      const done = await walk(scenario, {
        faults,
        until: Math.max(until, Date.now() + 100),
        isMixed: true,
        maxReplays: this.maxReplays,
      });
      this.#walked++;
      this.#schedules += done.replays;
      this.#states += done.states;
      if (!done.isComplete) this.#cut++;
      const allowed = notPromised?.(scenario) ?? [];
      for (const [name, { count, what, choices }] of done.found) {
        if (allowed.includes(name) || mayFail?.(scenario).includes(name)) continue;
        failures.push({ scenario, what: `${name} (${String(count)} states): ${what}`, choices });
      }
      for (const name of allowed) {
        if (done.isComplete && !done.found.has(name))
          failures.push({ scenario, what: `${name} holds`, choices: undefined });
      }
    }
    if (failures.length > 0) assert.fail(await tell(failures));
    return count(this.#schedules - schedules, this.#states - states, scenarios.length, this.#cut - cut);
  }

  get total(): string {
    return count(this.#schedules, this.#states, this.#walked, this.#cut);
  }
}

function count(schedules: number, states: number, scenarios: number, cut: number): string {
  const rest = cut > 0 ? `, ${String(cut)} of them not to the end` : '';
  return `${String(schedules)} schedules of ${String(scenarios)} scenarios${rest}; ${String(states)} states`;
}

async function tell(
  failures: readonly { scenario: Scenario; what: string; choices: string | undefined }[],
): Promise<string> {
  const lines: string[] = [];
  for (const [at, { scenario, what, choices }] of failures.entries()) {
    lines.push('', scenario.name, `  ${what}`);
    if (choices === undefined) continue;
    lines.push(`  SCHEDULES_REPLAY='${scenario.name} [${choices}]'`);
    if (at < MAX_TRACES) lines.push(...(await replay(scenario, choices)).map((line) => `    ${line}`));
  }
  return lines.join('\n');
}
