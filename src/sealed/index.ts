/** Encrypts sessions in the store: the entry `express-session-jwt/sealed`. */
import type { KeyObject } from 'node:crypto';
import type expressSession = require('#express-session');
import { SessionTypeError } from '../errors';
import type { AnyStore } from '../types';
import { RecordSealer } from './record-sealer';
import { type FullStore, SealedStore } from './sealed-store';
import { readSecrets } from './secrets';

/** A secret of at least 32 random bytes. Of a text the bytes in UTF-8 count. Undefined, as of a variable that is not set, is refused. */
export type SealSecret = string | Uint8Array | KeyObject | undefined;

export interface SealOptions {
  /**
   * Whether records are opened, but stored without a seal: for the first step of a rolling deploy, and to do away with
   * sealing. Default: false.
   *
   * @example
   * sealed(store, secret, { onlyOpen: true });
   */
  readonly onlyOpen?: boolean | undefined;
}

const METHODS = ['on', 'get', 'set', 'destroy'] as const;
const OPTIONS = ['onlyOpen'];

/**
 * Makes a store that keeps its sessions encrypted in another one. Data are readable only with the secret. The cookie, which has
 * the expiry, and `__session` stay readable. Records without a seal are read as well, and sealed when they are written next.
 *
 * @param store any session store, connected and complete. Wrap it once, and use only the wrapped one
 * @param secrets one secret, or a list: the first one seals, all of them open
 * @throws TypeError that names the argument that cannot be used
 * @example
 * const store = sealed(new RedisStore({ client }), process.env.SESSION_SEAL_SECRET);
 * app.use(session({ keys, store }));
 */
export function sealed(
  store: expressSession.Store | AnyStore,
  secrets: SealSecret | readonly SealSecret[],
  options: SealOptions = {},
): expressSession.Store {
  const missing = METHODS.find((name) => typeof (store as Partial<AnyStore> | null)?.[name] !== 'function');
  if (missing) throw wrong(`the first argument must be a session store: it has no method ${missing}`);
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw wrong(`there is no option ${unknown}, only onlyOpen`);
  const { onlyOpen = false } = options;
  if (typeof onlyOpen !== 'boolean') throw wrong('the option onlyOpen must be true or false');
  const records = new RecordSealer(readSecrets(secrets), onlyOpen);
  return new SealedStore(store as FullStore, records) as unknown as expressSession.Store;
}

function wrong(message: string): SessionTypeError {
  return new SessionTypeError('ERR_SESSION_ARGUMENT', `sealed: ${message}`);
}
