/** A crowd that goes on visiting while the instances change under it. */
import type { Deployment } from './deployment';
import { Front } from './deployment';
import { Ledger } from './ledger';
import type { Mixture } from './mixtures';
import { Person } from './person';
import { randomFrom } from './random';

/** Requests on their way at a time. */
const CONCURRENCY = 12;

interface Task {
  readonly person: number;
  readonly run: () => Promise<void>;
}

export class Crowd {
  readonly people: readonly Person[];
  readonly ledgers: Ledger[] = [];
  readonly front: Front;
  /** What a person does waits for what he did before. */
  readonly #turns: Promise<void>[] = [];

  constructor(deployment: Deployment, name: string, size: number, seed: number) {
    this.front = new Front(deployment, randomFrom(seed));
    const { secret } = deployment;
    this.people = Array.from(
      { length: size },
      (_, index) => new Person(`${name}${String(index)}`, this.front, secret),
    );
  }

  /**
   * Goes through all mixtures. The next one begins while requests of the one before are on their way.
   *
   * @param prepare done before a mixture serves
   */
  async move(mixtures: readonly Mixture[], prepare: (mixture: Mixture) => Promise<void>): Promise<void> {
    const tasks = this.#tasks(mixtures, prepare);
    const work = async (): Promise<void> => {
      for (let next = await tasks.next(); !next.done; next = await tasks.next()) {
        const { person, run } = next.value;
        const turn = (this.#turns[person] ?? Promise.resolve()).then(run);
        this.#turns[person] = turn;
        await turn;
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
  }

  async *#tasks(
    mixtures: readonly Mixture[],
    prepare: (mixture: Mixture) => Promise<void>,
  ): AsyncGenerator<Task, void> {
    for (const mixture of mixtures) {
      await prepare(mixture);
      this.front.serveBy(mixture.kinds);
      const ledger = new Ledger(mixture);
      this.ledgers.push(ledger);
      for (const act of ['visit', 'look'] as const) {
        for (const [index, person] of this.#shuffled()) {
          yield { person: index, run: () => person[act](ledger) };
        }
      }
    }
  }

  #shuffled(): [number, Person][] {
    const { random } = this.front;
    return [...this.people.entries()]
      .map((entry) => ({ entry, at: random(2 ** 31) }))
      .sort((one, other) => one.at - other.at)
      .map(({ entry }) => entry);
  }
}
