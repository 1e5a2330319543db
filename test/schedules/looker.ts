/** Looks what a cookie opens, in a process that begins now, without changing what it looks at. */
import { visitOf, quietProcess } from './process';
import type { Credential } from './browser';
import { digestOf, type Names } from './names';
import type { Scenario } from './scenario';
import type { Records } from './store';
import type { FakeTime } from './time';

export class Looker {
  /** The same contents and the same cookie, but for their random texts, show the same. */
  readonly #seen = new Map<string, readonly string[]>();

  constructor(
    private readonly scenario: Scenario,
    private readonly time: FakeTime,
  ) {}

  /** @returns the body of each kind of process that the scenario has: the session as JSON text */
  async look(records: Records, { value }: Credential, names: Names): Promise<readonly string[]> {
    const contents = [...records].map(([id, { text }]) => names.canonical(`${id}=${text}`, 'store')).sort();
    const key = digestOf(`${contents.join('\n')}\n\n${names.canonical(value, 'store')}`);
    const seen = this.#seen.get(key);
    if (seen !== undefined) return seen;
    const { time, scenario } = this;
    const { timers, onTimer } = time;
    time.timers = [];
    time.onTimer = undefined;
    const bodies: string[] = [];
    for (const instance of new Set(scenario.instances ?? (['step two'] as const))) {
      const process = quietProcess(scenario.store, scenario, new Map(records), () => time.now, instance);
      const { answer } = process.serve(visitOf(-1, 'read'), { value, lineage: [] }, '');
      await time.settle();
      bodies.push(answer.body);
    }
    Object.assign(time, { timers, onTimer });
    this.#seen.set(key, bodies);
    return bodies;
  }
}

/** Whether one of these bodies shows a session that was there before. */
export function isOpen(bodies: readonly string[]): boolean {
  return bodies.some((body) => body.includes('"hits":1'));
}

/** Whether all of them do. */
export function isOpenEverywhere(bodies: readonly string[]): boolean {
  return bodies.every((body) => isOpen([body]));
}

export function isSignedIn(bodies: readonly string[]): boolean {
  return bodies.every((body) => body.includes('"user":'));
}

/** The requests whose data this body shows. */
export function secretsIn(body: string): number[] {
  return [...body.matchAll(/"secret(\d+)":/g)].map((match) => Number(match[1]));
}
