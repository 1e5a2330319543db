/** People who sign in, change things and sign out, what they were told, and what of it a Redis still knows later. */
import { type Answer, send } from '../cluster/client';

/** What somebody was told of one session. */
interface Told {
  readonly user: string;
  readonly cookie: string;
  /** The last number that was answered. */
  count: number;
  /** Whether the logout was answered. */
  isOver: boolean;
  /** A request was not answered as it should be: what has come of it is not known. */
  isUncertain: boolean;
}

export interface Losses {
  /** Logins, changes and logouts that were answered. */
  readonly answered: number;
  /** Of those, the ones that are lost. */
  readonly lost: number;
  readonly logins: number;
  readonly changes: number;
  /** Sessions that are there again. */
  readonly logouts: number;
}

interface Place {
  readonly port: number;
}

/** People without end, who visit until they are stopped. */
export class History {
  readonly #told: Told[] = [];
  /** Signed in before. */
  readonly #earlier: Told[];
  readonly #people: Promise<void>[];
  #isOver = false;
  answered = 0;

  /** @param earlier cookies of somebody who signed in before; one after the other is signed out */
  constructor(
    private readonly place: Place,
    people: number,
    earlier: { readonly user: string; readonly cookies: readonly string[] },
  ) {
    const { user } = earlier;
    this.#earlier = earlier.cookies.map((cookie) => newTold(user, cookie));
    this.#people = Array.from({ length: people }, (_, index) => this.#visit(index));
  }

  /** Resolves when that many more requests have been answered. */
  async more(count: number): Promise<void> {
    const goal = this.answered + count;
    while (this.answered < goal) await new Promise((resolve) => setImmediate(resolve));
  }

  /** From now on nobody begins anything. What is under way is waited for. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#people);
  }

  /** Compares what was answered with what is there now. */
  async losses(): Promise<Losses> {
    const found = { logins: 0, changes: 0, logouts: 0 };
    for (const { user, cookie, count, isOver } of this.#told.filter(({ isUncertain }) => !isUncertain)) {
      const { body } = await send(this.place, 'GET /me', { cookie });
      const isThere = body.user === user;
      if (isOver) found.logouts += Number(isThere);
      else if (!isThere) {
        found.logins++;
        found.changes += count;
      } else found.changes += Math.max(0, count - (body.count ?? 0));
    }
    const { logins, changes, logouts } = found;
    return { answered: this.answered, lost: logins + changes + logouts, ...found };
  }

  async #visit(person: number): Promise<void> {
    for (let number = 0; !this.#isOver; number++) {
      const user = `person${String(person)}-${String(number)}`;
      const login = await this.#send(`POST /login?user=${user}`);
      if (login?.cookie === undefined) continue;
      const told = newTold(user, login.cookie);
      this.#told.push(told);
      for (let change = 0; change < 2 && this.#goesOn(told); change++) await this.#change(told);
      const old = this.#earlier.pop();
      if (!old) continue;
      if (this.#goesOn(old)) await this.#signOut(old);
      this.#told.push(old);
    }
  }

  #goesOn({ isUncertain }: Told): boolean {
    return !this.#isOver && !isUncertain;
  }

  async #change(told: Told): Promise<void> {
    // A save at the end of a response would fail too late to be told.
    const answer = await this.#send('GET /count?save', told.cookie);
    if (answer?.body.user === told.user) told.count = answer.body.count ?? 0;
    else this.#doubt(told, answer);
  }

  async #signOut(told: Told): Promise<void> {
    const answer = await this.#send('POST /logout', told.cookie);
    if (answer?.status === 200) told.isOver = true;
    else this.#doubt(told, answer);
  }

  /** A failure says nothing. Where the session was not known, its login and changes are lost. */
  #doubt(told: Told, answer: Answer | undefined): void {
    told.isUncertain = answer?.status !== 200;
  }

  /** Undefined: there was no answer, or an error. */
  async #send(request: string, cookie?: string): Promise<Answer | undefined> {
    const answer = await send(this.place, request, { cookie }).catch(() => undefined);
    if (answer === undefined || answer.status >= 400) return undefined;
    this.answered++;
    return answer;
  }
}

function newTold(user: string, cookie: string): Told {
  return { user, cookie, count: 0, isOver: false, isUncertain: false };
}
