/** Walks all schedules of a scenario, depth first, by replay. */
import { Looker } from './looker';
import { Names } from './names';
import { credentialsOf, loginIsPrivate, properties, type PropertyName } from './properties';
import { begin, type Beginning, type Scenario } from './scenario';
import { FakeTime } from './time';
import { World } from './world';

export interface Found {
  count: number;
  /** What is wrong in the first such schedule, and the choices that lead there. */
  readonly what: string;
  readonly choices: string;
}

export interface Walk {
  readonly scenario: Scenario;
  schedules: number;
  states: number;
  /** How often the scenario was begun. */
  replays: number;
  /** Whether all were walked. */
  isComplete: boolean;
  readonly found: Map<PropertyName, Found>;
}

export interface Limits {
  readonly faults: boolean;
  readonly maxReplays?: number;
  /** In ms since 1970, of the real clock. */
  readonly until?: number;
  /** Takes the ways that are left in a mixed order, always the same: where a limit cuts them off, some of each are walked. */
  readonly isMixed?: boolean;
}

/** Deep enough for every scenario: a run that is longer does not come to an end. */
const MAX_STEPS = 400;

/** What is the same in all runs of a scenario. */
class Explorer {
  readonly time = new FakeTime();
  readonly #looker: Looker;
  readonly #start: number;

  private constructor(
    readonly scenario: Scenario,
    private readonly beginning: Beginning,
    time: FakeTime,
    private readonly names: Names,
  ) {
    this.time = time;
    this.#start = time.now;
    this.#looker = new Looker(scenario, time);
  }

  static async open(scenario: Scenario, time: FakeTime): Promise<Explorer> {
    const beginning = await begin(scenario, time);
    const names = new Names();
    for (const [id, { text }] of beginning.records) names.canonical(`${id} ${text}`, 'begin');
    names.canonical(beginning.credential.value, 'begin');
    return new Explorer(scenario, beginning, time, names);
  }

  /** A new run; its names go on from those of the beginning. */
  async run(trace?: string[]): Promise<{ world: World; names: Names }> {
    const names = new Names(this.names);
    this.time.reset();
    this.time.now = this.#start;
    const world = new World(this.scenario, this.beginning, this.time, names);
    world.trace = trace;
    await world.begin();
    return { world, names };
  }

  /** What is wrong with this world, by property. */
  async judge(world: World, names: Names, isOver: boolean): Promise<[PropertyName, string][]> {
    const look = (one: Parameters<Looker['look']>[1]): Promise<readonly string[]> =>
      this.#looker.look(world.store.records, one, names);
    const wrong: [PropertyName, string][] = [];
    if (!isOver) {
      // Whoever polls with an old token could look at this very moment.
      const what = credentialsOf(world).length > 0 ? await loginIsPrivate(world, look) : undefined;
      if (what !== undefined) wrong.push(['loginIsPrivate', `${what}, in between`]);
      return wrong;
    }
    for (const [name, property] of Object.entries(properties)) {
      const what = await property(world, look);
      if (what !== undefined) wrong.push([name as PropertyName, what]);
    }
    return wrong;
  }
}

/** Replaces time, and sees to what nobody catches, while `use` runs. */
async function inside<T>(use: (time: FakeTime, thrown: unknown[]) => Promise<T>): Promise<T> {
  const time = new FakeTime();
  const thrown: unknown[] = [];
  const events = ['unhandledRejection', 'uncaughtException'] as const;
  const listeners = events.map((event) => process.listeners(event as 'uncaughtException'));
  const note = (error: unknown): void => void thrown.push(error);
  for (const event of events) process.removeAllListeners(event).on(event, note);
  // Warnings come once a process, and here processes are many.
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  time.install();
  try {
    return await time.run(() => use(time, thrown));
  } finally {
    time.restore();
    process.emitWarning = emitWarning;
    events.forEach((event, at) => {
      process.removeAllListeners(event);
      for (const listener of listeners[at] ?? []) process.on(event as 'uncaughtException', listener);
    });
  }
}

const realNow = Date.now;

/** Walks the schedules of a scenario, all of them unless a limit is given. */
export function walk(scenario: Scenario, limits: Limits): Promise<Walk> {
  const { faults, maxReplays = Infinity, until = Infinity, isMixed = false } = limits;
  return inside(async (time, thrown) => {
    const explorer = await Explorer.open(scenario, time);
    const result: Walk = {
      scenario,
      schedules: 0,
      states: 0,
      replays: 0,
      isComplete: true,
      found: new Map(),
    };
    const seen = new Set<string>();
    const ahead: number[][] = [[]];
    const draw = isMixed ? mixer() : () => 0;
    for (let way = ahead.pop(); way; way = takeFrom(ahead, draw())) {
      result.replays++;
      if (result.replays >= maxReplays || realNow() >= until) {
        result.isComplete = false;
        break;
      }
      const { world, names } = await explorer.run();
      const taken: number[] = [];
      for (;;) {
        world.thrown.push(...thrown.splice(0));
        const choices = world.choices(faults);
        const isOver = choices.length === 0;
        if (taken.length >= way.length) {
          const key = world.key();
          if (seen.has(key)) break;
          seen.add(key);
          for (let other = choices.length - 1; other > 0; other--) ahead.push([...taken, other]);
          if (isOver || world.monitor.hasChanged)
            report(result, taken, await explorer.judge(world, names, isOver));
        }
        if (isOver) {
          result.schedules++;
          break;
        }
        if (taken.length > MAX_STEPS) throw new Error(`${scenario.name}: no end: ${spell(taken)}`);
        const next = way[taken.length] ?? 0;
        const choice = choices[next];
        if (!choice) throw new Error(`${scenario.name}: not as it was at ${spell(way)}`);
        taken.push(next);
        world.monitor.hasChanged = false;
        await world.take(choice);
      }
      result.states = seen.size;
    }
    return result;
  });
}

/** Walks one schedule again, step by step, and tells what happens. Faults come last among choices, so that numbers agree. */
export function replay(scenario: Scenario, spelled: string): Promise<string[]> {
  return inside(async (time) => {
    const explorer = await Explorer.open(scenario, time);
    const trace: string[] = [];
    const { world, names } = await explorer.run(trace);
    for (const next of spelled === '' ? [] : spelled.split('.').map(Number)) {
      const choice = world.choices(true)[next];
      if (!choice) break;
      await world.take(choice);
    }
    const isOver = world.choices(false).length === 0;
    for (const [name, what] of await explorer.judge(world, names, isOver)) trace.push(`✗ ${name}: ${what}`);
    return trace;
  });
}

/** Takes one away: the last one, or for a larger number one further below. */
function takeFrom(ahead: number[][], number: number): number[] | undefined {
  const last = ahead.pop();
  if (last === undefined || ahead.length === 0) return last;
  const at = ahead.length - (number % (ahead.length + 1));
  const way = ahead[at];
  if (way === undefined) return last;
  ahead[at] = last;
  return way;
}

/** Numbers without order, the same ones each time (a linear congruential generator). */
function mixer(): () => number {
  let state = 1;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state >> 8;
  };
}

function report(walk: Walk, taken: readonly number[], wrong: readonly [PropertyName, string][]): void {
  for (const [name, what] of wrong) {
    const found = walk.found.get(name);
    if (found) found.count++;
    else walk.found.set(name, { count: 1, what, choices: spell(taken) });
  }
}

function spell(taken: readonly number[]): string {
  return taken.join('.');
}
