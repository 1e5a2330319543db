/** Looks what a cookie opens, in a process that begins now, without changing what it looks at. */
import { visitOf, quietProcess } from './process';
import type { Credential } from './browser';
import { digestOf, type Names } from './names';
import type { Scenario } from './scenario';
import type { Records } from './store';
import type { FakeTime } from './time';

export class Looker {
  /** The same contents and the same cookie, but for their random texts, show the same. */
  readonly #seen = new Map<string, string>();

  constructor(
    private readonly scenario: Scenario,
    private readonly time: FakeTime,
  ) {}

  /** @returns the body: the session as JSON text */
  async look(records: Records, { value }: Credential, names: Names): Promise<string> {
    const contents = [...records].map(([id, { text }]) => names.canonical(`${id}=${text}`, 'store')).sort();
    const key = digestOf(`${contents.join('\n')}\n\n${names.canonical(value, 'store')}`);
    const seen = this.#seen.get(key);
    if (seen !== undefined) return seen;
    const { time, scenario } = this;
    const { timers, onTimer } = time;
    time.timers = [];
    time.onTimer = undefined;
    const process = quietProcess(scenario.store, scenario, new Map(records), () => time.now);
    const { answer } = process.serve(visitOf(-1, 'read'), { value, lineage: [] }, '');
    await time.settle();
    Object.assign(time, { timers, onTimer });
    this.#seen.set(key, answer.body);
    return answer.body;
  }
}

/** Whether this body shows a session that was there before. */
export function isOpen(body: string): boolean {
  return body.includes('"hits":1');
}

export function isSignedIn(body: string): boolean {
  return body.includes('"user":');
}

/** The requests whose data this body shows. */
export function secretsIn(body: string): number[] {
  return [...body.matchAll(/"secret(\d+)":/g)].map((match) => Number(match[1]));
}
