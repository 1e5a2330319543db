/** What happened to people while a mixture of instances served them. */
import type { KnownAnswer } from './deployment';
import { type HeldCookie, type Holding, holdings } from './held-cookie';
import type { Kind, Mixture } from './mixtures';

export class Ledger {
  /** Answers that showed who is signed in, by what the cookie was. */
  readonly kept = zero();
  /** People who found themselves signed out, or without what their session had held. */
  readonly lost = zero();
  /** Of those, the ones that docs/migration.md does not tell of. */
  readonly unexpected: string[] = [];
  /** What opened a session after its logout, or read a login with a cookie of before. */
  readonly alive: string[] = [];
  /** People who have signed out, each of whose cookies was tried, and cookies of before a login. */
  readonly tried = { signedOut: 0, older: 0 };
  readonly done = { logins: 0, logouts: 0, changes: 0 };

  constructor(readonly mixture: Mixture) {}

  /** Whether docs/migration.md says that such a cookie opens nothing there: express-session knows no tokens. */
  isForeign({ holding }: HeldCookie, kind: Kind): boolean {
    if (kind === 'express-session') return holding !== 'upgradable';
    return this.mixture.isAfterDeletion === true && holding === 'rotated';
  }

  keep({ holding }: HeldCookie): void {
    this.kept[holding]++;
  }

  lose(held: HeldCookie, { kind, status, body }: KnownAnswer, where: string): void {
    this.lost[held.holding]++;
    if (this.isForeign(held, kind)) return;
    const cookie = `${held.isToken ? 'token' : 's:'} ${held.holding}, generation ${String(held.generation)}`;
    this.unexpected.push(`${where} at ${kind} with ${cookie}: ${String(status)} ${JSON.stringify(body)}`);
  }
}

function zero(): Record<Holding, number> {
  return Object.fromEntries(holdings.map((holding) => [holding, 0])) as Record<Holding, number>;
}
