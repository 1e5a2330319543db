/** Somebody with a browser, who looks around, changes things, signs in and signs out. */
import assert from 'node:assert/strict';
import type { Front, KnownAnswer } from './deployment';
import { type HeldCookie, readCookie } from './held-cookie';
import type { Ledger } from './ledger';

/** A session that is over, with all cookies that the person had until then. */
interface Departed {
  readonly user: string;
  readonly cookies: readonly string[];
}

/** What is tried now and then is tried once in so many times. */
const RARELY = 4;

export class Person {
  #cookie: string | undefined;
  /** Since the last logout. */
  #cookies: string[] = [];
  #user: string | undefined;
  #count = 0;
  #logins = 0;
  /** Has signed in or out since the last look. */
  #hasMoved = false;
  readonly #departed: Departed[] = [];
  readonly #tried = new Set<Departed>();

  constructor(
    private readonly name: string,
    private readonly front: Front,
    private readonly secret: string,
  ) {}

  /** What the person holds as somebody who is signed in. */
  get held(): HeldCookie | undefined {
    return this.#user === undefined ? undefined : this.#held;
  }

  /** Ids of records that are to be gone. */
  get departedIds(): string[] {
    const cookies = this.#departed.flatMap((one) => one.cookies);
    return cookies.map((cookie) => readCookie(cookie, this.secret).id);
  }

  /** One thing that people do. */
  async visit(ledger: Ledger): Promise<void> {
    const { random } = this.front;
    const die = random(20);
    if (this.#user === undefined) {
      if (die < 6) await this.#change(ledger);
      else await this.#signIn(ledger, die < 13);
    } else if (die < 4) await this.#signOut(ledger);
    else if (die < 6) await this.#signIn(ledger, true);
    else await this.#change(ledger);
  }

  /** Whether the person is signed in still, and nobody with an older cookie is. */
  async look(ledger: Ledger): Promise<void> {
    // Who has neither signed in nor out has been looked at by his visit.
    if (!this.#hasMoved && this.front.random(2) === 0) return;
    this.#hasMoved = false;
    const before = this.#cookie;
    const answer = await this.#send('GET /me');
    this.#compare(ledger, before, answer, 'GET /me');
    if (this.front.random(RARELY) === 0) await this.#tryOlder(ledger);
    await this.#tryDeparted(ledger);
  }

  async #change(ledger: Ledger): Promise<void> {
    const before = this.#cookie;
    const answer = await this.#send('GET /count');
    ledger.done.changes++;
    if (!this.#compare(ledger, before, answer, 'GET /count')) return;
    if (answer.body.count !== this.#count + 1 && this.#held && before) {
      ledger.lose(readCookie(before, this.secret), answer, `GET /count after ${String(this.#count)}`);
    }
    this.#count = answer.body.count ?? 0;
  }

  async #signIn(ledger: Ledger, isRegenerating: boolean): Promise<void> {
    // Who is signed in signs in again, as a page that asks for the password once more does.
    this.#user ??= `${this.name}-${String(++this.#logins)}`;
    const before = this.#held;
    const answer = await this.#send(`POST /login?user=${this.#user}${isRegenerating ? '&regenerate' : ''}`);
    assert.equal(answer.status, 302, `${answer.kind}: ${JSON.stringify(answer.body)}`);
    ledger.done.logins++;
    this.#hasMoved = true;
    // Somebody who comes without a session gets a new one by the login, and is not aware of it.
    const isForeign = before !== undefined && ledger.isForeign(before, answer.kind);
    if (isForeign) this.#cookies = answer.cookie === undefined ? [] : [answer.cookie];
    if (isForeign || isRegenerating) this.#count = 0;
  }

  async #signOut(ledger: Ledger): Promise<void> {
    const before = this.#cookie;
    const answer = await this.#send('POST /logout');
    assert.equal(answer.status, 200, `${answer.kind}: ${JSON.stringify(answer.body)}`);
    assert.equal(answer.cookie, undefined);
    ledger.done.logouts++;
    this.#hasMoved = true;
    // There is nothing to end; the next look tells.
    if (before !== undefined && ledger.isForeign(readCookie(before, this.secret), answer.kind)) return;
    this.#departed.push({ user: this.#user ?? '', cookies: this.#cookies });
    this.#cookies = [];
    this.#user = undefined;
    this.#count = 0;
  }

  /** @returns whether the person is still who he was */
  #compare(ledger: Ledger, before: string | undefined, answer: KnownAnswer, where: string): boolean {
    assert.equal(answer.status, 200, `${answer.kind}: ${JSON.stringify(answer.body)}`);
    const held = before === undefined ? undefined : readCookie(before, this.secret);
    if (answer.body.user === (this.#user ?? null)) {
      if (this.#user !== undefined && held) ledger.keep(held);
      return true;
    }
    if (held) ledger.lose(held, answer, where);
    // Its record was deleted: so an older cookie must not open it either.
    if (held?.holding === 'rotated') {
      const cookies = this.#cookies.filter((cookie) => cookie !== answer.cookie);
      this.#departed.push({ user: this.#user ?? '', cookies });
    }
    // Begins anew, without what was lost.
    this.#cookie = answer.cookie;
    this.#cookies = answer.cookie === undefined ? [] : [answer.cookie];
    this.#user = undefined;
    this.#count = answer.body.count ?? 0;
    return false;
  }

  /** A cookie of before a regenerate or a rotation, such as somebody might have planted. */
  async #tryOlder(ledger: Ledger): Promise<void> {
    const now = this.held;
    if (!now) return;
    const older = this.#cookies.filter((cookie) => {
      const { id, generation } = readCookie(cookie, this.secret);
      return id !== now.id || generation < now.generation;
    });
    const cookie = older[this.front.random(older.length || 1)];
    if (cookie === undefined) return;
    ledger.tried.older++;
    await this.#expectNobody(ledger, cookie, this.#user, 'a cookie of before the login');
  }

  /** Soon after a logout the first and the last cookie and one between, later now and then one of any. */
  async #tryDeparted(ledger: Ledger): Promise<void> {
    const { random } = this.front;
    const last = this.#departed.at(-1);
    if (!last) return;
    const isNew = !this.#tried.has(last);
    if (!isNew && random(RARELY) > 0) return;
    this.#tried.add(last);
    const { user, cookies } = isNew ? last : (this.#departed[random(this.#departed.length)] ?? last);
    const any = cookies[random(cookies.length)];
    const chosen = isNew ? new Set([cookies[0], any, cookies.at(-1)]) : new Set([any]);
    ledger.tried.signedOut++;
    for (const cookie of chosen) {
      if (cookie !== undefined)
        await this.#expectNobody(ledger, cookie, user, 'a cookie of a logged out session');
    }
  }

  async #expectNobody(ledger: Ledger, cookie: string, user: string | undefined, what: string): Promise<void> {
    const { kind, body } = await this.front.send('GET /me', cookie);
    if (body.user !== user) return;
    const { holding, isToken } = readCookie(cookie, this.secret);
    ledger.alive.push(`${what} (${isToken ? 'token' : 's:'}, ${holding}) at ${kind}`);
  }

  get #held(): HeldCookie | undefined {
    return this.#cookie === undefined ? undefined : readCookie(this.#cookie, this.secret);
  }

  async #send(request: string): Promise<KnownAnswer> {
    const answer = await this.front.send(request, this.#cookie);
    if (answer.cookie !== undefined) {
      this.#cookie = answer.cookie;
      if (!this.#cookies.includes(answer.cookie)) this.#cookies.push(answer.cookie);
    }
    return answer;
  }
}
