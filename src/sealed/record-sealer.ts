/** Seals and opens the records of sessions. Their cookie and the library's own member stay readable. */
import type { KeyObject } from 'node:crypto';
import { SessionError } from '../errors';
import { STATE_MEMBER } from '../session/record-state';
import type { SessionRecord } from '../types';
import { isKnownVersion, seal, unseal } from './seal';

/** The member of a sealed record that holds its data. The name is reserved, as `__session` is. */
export const SEAL_MEMBER = '__sealed';

export class RecordSealer {
  readonly #secrets: readonly [KeyObject, ...KeyObject[]];
  readonly #onlyOpens: boolean;

  /** @param onlyOpens whether records are stored as they are */
  constructor(secrets: readonly [KeyObject, ...KeyObject[]], onlyOpens: boolean) {
    this.#secrets = secrets;
    this.#onlyOpens = onlyOpens;
  }

  /**
   * The record as it is to be stored. The cookie is the same object, because stores read members that its JSON does not have.
   *
   * @throws TypeError if the data cannot be expressed in JSON
   */
  seal(id: string, record: SessionRecord): SessionRecord {
    const { cookie, [STATE_MEMBER]: state, ...data } = record;
    const readable = { cookie, ...(state !== undefined && { [STATE_MEMBER]: state }) };
    if (!this.#onlyOpens) {
      return { ...readable, [SEAL_MEMBER]: seal(this.#secrets[0], id, JSON.stringify(data)) };
    }
    Reflect.deleteProperty(data, SEAL_MEMBER);
    return { ...readable, ...data };
  }

  /**
   * The record with its data. Whatever is not sealed is given back as it is.
   *
   * @throws SessionError if no secret opens it
   */
  open(id: string, stored: unknown): unknown {
    if (!isSealed(stored)) return stored;
    const { [SEAL_MEMBER]: sealed, ...others } = stored;
    if (typeof sealed !== 'string' || !isKnownVersion(sealed)) {
      throw unreadable(
        'it is in no form that this release knows. Update the package, or destroy the session',
      );
    }
    const text = unseal(this.#secrets, id, sealed);
    if (text === undefined) {
      throw unreadable(
        'no secret in the list opens it, so it was sealed with another one, belongs to another id, or was changed. ' +
          'Put the secret that is missing into the list, or destroy the session',
      );
    }
    // Some stores add members of their own to what they are given.
    return { ...others, ...(JSON.parse(text) as object) };
  }

  /**
   * The records that a store lists: an object by id, or an array.
   *
   * @throws SessionError if one of them cannot be opened
   */
  openAll(stored: unknown): unknown {
    if (Array.isArray(stored)) return stored.map((record: unknown) => this.#openListed(record));
    if (typeof stored !== 'object' || stored === null) return stored;
    return Object.fromEntries(Object.entries(stored).map(([id, record]) => [id, this.open(id, record)]));
  }

  /** Opens a record of an array. Some stores say its id in a member. */
  #openListed(record: unknown): unknown {
    if (!isSealed(record)) return record;
    const { id } = record;
    if (typeof id !== 'string')
      throw unreadable("the store's `all` does not say its id. Read sessions by `get`");
    return { ...(this.open(id, record) as object), id };
  }
}

function isSealed(stored: unknown): stored is Record<string, unknown> {
  if (typeof stored !== 'object' || stored === null || !Object.hasOwn(stored, SEAL_MEMBER)) return false;
  // A store with a column for each member may answer null for an empty one.
  return ((stored as Record<string, unknown>)[SEAL_MEMBER] ?? undefined) !== undefined;
}

/** Neither the data nor the id is in the message, because it may be logged. */
function unreadable(reason: string): SessionError {
  return new SessionError(
    'ERR_SESSION_SEAL_UNREADABLE',
    `sealed: a stored session cannot be opened: ${reason}`,
  );
}
