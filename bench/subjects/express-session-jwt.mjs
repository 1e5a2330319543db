import session from '../../dist/index.js';
import { claimsOf, commonOptions, SECRET } from './options.mjs';
import { addLegacySession, createKeys, forgeToken } from './tokens.mjs';

const keys = createKeys('prime256v1');

/** This package, as built and as users get it. */
/** @type {import('../types.ts').Subject} */
export const subject = {
  name: 'express-session-jwt',
  cookieName: 'connect.sid',
  create(setup, store = /** @type {any} */ (new session.MemoryStore())) {
    const options = {
      ...commonOptions(setup),
      keys,
      store,
      ...(setup.claims ? { jwtFromReq: claimsOf } : {}),
      ...(setup.legacy ? { secret: SECRET } : {}),
    };
    return { middleware: /** @type {any} */ (session(/** @type {any} */ (options))), store };
  },
  forge: forgeToken,
  addLegacySession,
};
