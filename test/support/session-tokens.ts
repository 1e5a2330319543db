// What session tokens and stored records say about each other: the claim `ses`, and the member `__session`.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import type { Response } from 'supertest';
import { decode, tokenOf } from './cookies';
import { recordOf } from './forge';

/** The claim `ses` of a token. */
export interface Ses {
  id?: string;
  lid?: string;
  gen: number;
  exp?: boolean;
}

/** The member `__session` of a record. */
export interface StoredState {
  gen: number;
  tag: string;
  created: number;
  rotatedAt?: number;
  adopted?: true | string;
}

export function sesOf(source: string | Pick<Response, 'headers'>): Ses {
  const { ses } = decode(typeof source === 'string' ? source : tokenOf(source)).payload;
  return ses as Ses;
}

/** The id under which stores know what a handle names. */
export function idOfHandle(handle: string): string {
  return createHash('sha256').update(handle).digest('base64url').slice(0, 32);
}

/** The id under which stores know the session of a token, or of the response that carries one. */
export function idOf(source: string | Pick<Response, 'headers'>): string {
  const { id, lid } = sesOf(source);
  return lid ?? idOfHandle(id ?? assert.fail('no session token'));
}

/** The text of a record as the package would have stored it. */
export function recordWith(fields: object, state: Partial<StoredState> = {}): string {
  return recordOf({
    ...fields,
    __session: { gen: 1, tag: `by hand ${randomUUID()}`, created: Date.now(), ...state },
  });
}

/** What the library itself keeps in a stored record. */
export function stateOf(store: { records: Map<string, string> }, id: string): StoredState {
  const text = store.records.get(id) ?? assert.fail(`no record ${id}`);
  return (JSON.parse(text) as { __session: StoredState }).__session;
}
