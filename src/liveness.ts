import { perObject } from './per-object';
import type { ErrorCallback, SessionRecord } from './types';
import { WeakValues } from './session/weak-values';

/** What is stored under another id for the same session, and goes once the session is stored under its own. */
export interface Predecessor {
  readonly id: string;
  readonly liveness?: Liveness;
  /** Stored before the predecessor goes: leads its holder to the session (B232). */
  readonly forwarding?: { readonly id: string; readonly record: SessionRecord };
}

/**
 * What this process knows about a stored session. Every request that has loaded or stored the session holds the same
 * object, so the mark of a destroyed session lasts as long as a request that could bring it back (B227).
 */
export class Liveness {
  destroyed = false;
  /** Whether this process has stored it, or has seen that it is stored. */
  isStored = false;
  /** Those who wait for its first save; undefined where none is under way. */
  whenStored: ErrorCallback[] | undefined;
  predecessor: Predecessor | undefined;
  /** Stored id of the forwarding record of the legacy session that it was. */
  forwardedBy: string | undefined;
  /** From when on it may be stored under another token, in ms since 1970; undefined: never. */
  mayMoveFrom: number | undefined;

  /** Whether it must not be stored any more: destroyed, or about to take the place of one that was destroyed. */
  get isDead(): boolean {
    return this.destroyed || this.predecessor?.liveness?.destroyed === true;
  }
}

/** Sessions of this store that requests hold, by stored id; shared by all middlewares on the store. */
export const livenessIn = perObject<object, WeakValues<Liveness>>(() => new WeakValues());
