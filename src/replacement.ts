import { restoreCookie } from './session/cookie';
import { trace } from './diagnostics';
import { forwardingRecord, endingRecord, openSuccessor, type Successor, successorIn } from './forwarding';
import { reissue } from './request/generate';
import type { Source } from './request/open';
import { perObject } from './per-object';
import type { Storage } from './storage';
import { callStoreSafely, isMissing } from './store/store-call';
import type { Token } from './token/token';
import { replacedBy } from './token/token-rules';
import type { SessionRecord } from './types';

/*
 * The replacement of a token, O, by a new one, N, while the session goes on. It happens before the request's handler runs:
 * what follows is a request that came with N, and N goes out with the headers. Records in the store, under the digest of:
 *
 *   O         N         state
 *   session   -         O is good.
 *   session   session   N is written first. A crash here leaves a copy that nobody has the token of, until it expires.
 *   forward   session   O's record is replaced in one write: O was a session, and leads to N from now on, however often the
 *                       response with N is lost. N carries the digest of O (`replaces`).
 *   ends      session   A request came with N itself: O leads on for the grace, which is in the record and its expiry.
 *   -         session   The store has dropped it, or has not yet: then its time is over all the same.
 *   any       -         Logout, with O or with N: the session is under N alone, so both open nothing.
 *
 * N's claims are those of O; if the application's have changed, N is rotated as any token: at once, without forwarding.
 * Several processes: each looks again after its write, and follows what it finds there; so two that begin at the same time
 * agree on the one that came last. Should each have seen its own, the token that is used first ends the other one.
 * A request that had loaded the session under O stores it under N: following-records.ts.
 */

/** A token on the way from the one that came to the one that is replaced now. */
export interface Step {
  readonly token: Token;
  readonly successor: Successor;
}

/** Rounds until a store that changes under our hands is left alone. */
const MAX_ROUNDS = 4;

/** Replacements of this process, by the stored id of the token that is replaced. */
const underWayIn = perObject<object, Map<string, Promise<string>>>(() => new Map());

/**
 * Puts a new token in the place of this one, shared by requests that overlap in this process.
 *
 * @param way the tokens that have led to it
 * @returns the text of the token under which the session is now; the empty text if the session is gone
 * @throws IssueError if no token can be issued, and what the store answers
 */
export function replaceToken(source: Source, token: Token, way: readonly Step[]): Promise<string> {
  const all = underWayIn(source.storage.origin);
  const id = token.storedId(source.storage.records.storeKey);
  let replacement = all.get(id);
  if (!replacement) {
    replacement = replace(source, token, way).finally(() => all.delete(id));
    all.set(id, replacement);
  }
  return replacement;
}

async function replace(
  { config, tokens, storage, req }: Source,
  old: Token,
  way: readonly Step[],
): Promise<string> {
  const store = new Store(storage);
  const leading = way.filter(({ successor }) => successor.until === undefined);
  const replaces = [old, ...leading.map((step) => step.token)].map((one) => store.idOf(one));
  const token = reissue(config, tokens, req, old.claims.text, { ...old.origins, replaces });
  const { life } = config.rules;
  const [oldId, tokenId] = [store.idOf(old), store.idOf(token)];
  const leadOn = (one: Token, record: SessionRecord): SessionRecord =>
    forwardingRecord(one, { id: tokenId, token }, record, life);
  const liveness = storage.records.livenessOf(oldId);
  let isStored = false;
  for (let round = 0; ; round++) {
    const record = await store.get(oldId);
    const successor = successorIn(record);
    const text = (successor && openSuccessor(successor, old)) ?? '';
    const isLost = !record || liveness.destroyed;
    if (text === token.text && !isLost) break;
    if (isLost || successor || round === MAX_ROUNDS) {
      if (isStored) await store.destroy(tokenId);
      if (isLost) return '';
      if (successor) return text;
      throw new Error('the record of the session changes too often');
    }
    trace('replacing the token of %s', oldId);
    await store.set(tokenId, { ...record, cookie: restoreCookie(record.cookie) as never });
    isStored = true;
    await store.replace(oldId, leadOn(old, record));
  }
  for (const step of leading) {
    const id = store.idOf(step.token);
    const record = await store.get(id);
    if (record && successorIn(record)?.until === undefined) await store.set(id, leadOn(step.token, record));
  }
  return token.text;
}

/**
 * The first use of a token that replaces others: from now on those have the grace left.
 *
 * @throws what the store answers
 */
export async function endReplaced(storage: Storage, token: Token, grace: number): Promise<void> {
  const store = new Store(storage);
  const tokenId = store.idOf(token);
  for (const id of replacedBy(token.payload)) {
    const record = await store.get(id);
    if (!record) continue;
    const successor = successorIn(record);
    if (successor?.id === tokenId) {
      if (successor.until === undefined) await store.set(id, endingRecord(successor, Date.now() + grace));
      continue;
    }
    // Another process has given out another token at the same time; unless this one has been replaced just now.
    const own = await store.get(tokenId);
    if (!own || successorIn(own)) continue;
    if (successor) await store.destroy(successor.id);
    await store.destroy(id);
  }
}

/** The application's store itself: there are more than sessions to be stored. */
class Store {
  constructor(private readonly storage: Storage) {}

  idOf(token: Token): string {
    return token.storedId(this.storage.records.storeKey);
  }

  get(id: string): Promise<SessionRecord | undefined> {
    return promise<SessionRecord | null>((done) => {
      this.storage.records.read(id, (error, record) => {
        if (isMissing(error)) done();
        else done(error, record);
      });
    }).then((record) => record ?? undefined);
  }

  async set(id: string, record: SessionRecord): Promise<void> {
    await promise((done) => this.storage.calls.store.set(id, record, done));
  }

  /** Where the store can tell, not if the record was destroyed meanwhile. */
  async replace(id: string, record: SessionRecord): Promise<void> {
    const { update } = this.storage.calls;
    if (update) await promise((done) => update(id, record, done));
    else await this.set(id, record);
  }

  async destroy(id: string): Promise<void> {
    await promise((done) => {
      this.storage.records.remove(id, done);
    });
  }
}

function promise<Result>(
  method: (done: (error?: unknown, result?: Result) => void) => unknown,
): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    callStoreSafely<Result>(method, (error, result) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the store's error as it is
      if (error) reject(error);
      else resolve(result);
    });
  });
}
