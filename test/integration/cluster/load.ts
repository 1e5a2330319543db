/** Clients that keep a cluster busy, and notice what is lost. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type Answer, sendAgain, signIn } from './client';
import type { Cluster } from './cluster';

/** Clients that count in their sessions, one request after the other, until they are stopped. */
export class Load {
  #isOver = false;
  readonly #events = new EventEmitter();
  readonly #clients: Promise<void>[];
  answers = 0;
  /** Answers with a status other than 200. */
  failures: Answer[] = [];

  /** @param onAnswer told of each answer with status 200 */
  constructor(
    cluster: Cluster,
    clients: number,
    onAnswer: (last: number, answer: Answer) => void = isCounting,
  ) {
    this.#clients = Array.from({ length: clients }, async (_, index) => {
      const user = `client${String(index)}`;
      const cookie = await signIn(cluster, user);
      let last = 0;
      while (!this.#isOver) {
        const answer = await sendAgain(cluster, 'GET /count', { cookie });
        if (answer.status !== 200) {
          this.failures.push(answer);
          this.#events.emit('answer');
          continue;
        }
        assert.equal(answer.body.user, user, 'the session is lost');
        onAnswer(last, answer);
        last = answer.body.count ?? 0;
        this.answers++;
        this.#events.emit('answer');
      }
    });
    for (const client of this.#clients) {
      client.catch(() => {
        this.#isOver = true;
        this.#events.emit('answer');
      });
    }
  }

  /** Ends the clients. @throws what went wrong for one of them */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }

  /** Resolves when that many more requests have been answered, or failed. */
  async more(count: number, of: 'answers' | 'failures' = 'answers'): Promise<void> {
    const number = () => (of === 'answers' ? this.answers : this.failures.length);
    const goal = number() + count;
    while (number() < goal) {
      if (this.#isOver) await this.stop();
      await once(this.#events, 'answer');
    }
  }
}

/** A request that was sent again may have counted twice, and what was answered is never forgotten. */
function isCounting(last: number, { body: { count = 0 } }: Answer): void {
  assert.ok(count > last, `${String(count)} after ${String(last)}: a save was lost`);
}
