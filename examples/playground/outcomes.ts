import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import type { Html } from './html';

export interface Step {
  who: 'You' | 'Server' | 'Store' | 'Thief' | 'Old cookie' | 'New cookie' | 'Slow request';
  what: Html;
  /** A request the site sent to itself, and what came back. */
  exchange?: { request: string; answer: string };
  /** JSON worth a look. */
  details?: { label: string; value: unknown }[];
  verdict?: 'refused' | 'accepted';
  /** Milliseconds since the demonstration began. */
  at?: number;
}

export interface Outcome {
  title: string;
  promise: string;
  steps: Step[];
  /** What was found, not what was hoped for. */
  kept: boolean;
  conclusion: Html;
}

type Telling = (req: Request) => Promise<Outcome>;

const limit = 100;

/**
 * What the demonstrations found, for the page a form redirects to. Kept in memory and not in the session: an outcome may
 * have to replay an older token, and no token belongs into the store.
 */
export class Outcomes {
  readonly #tellings = new Map<string, Telling>();

  /** Keeps an outcome that is told, once, when its page is first opened; returns the address of that page. */
  keep(tell: Telling): string {
    const id = randomUUID();
    let told: Promise<Outcome> | undefined;
    this.#tellings.set(id, (req) => (told ??= tell(req)));
    for (const oldest of this.#tellings.keys()) {
      if (this.#tellings.size <= limit) break;
      this.#tellings.delete(oldest);
    }
    return `/promises/outcome/${id}`;
  }

  async tell(id: string, req: Request): Promise<Outcome | undefined> {
    return this.#tellings.get(id)?.(req);
  }
}
