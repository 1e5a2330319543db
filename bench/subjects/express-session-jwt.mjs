import { createRequire } from 'node:module';
import { claimsOf, commonOptions, SECRET } from './options.mjs';
import { addLegacySession, createKeys, forgeToken } from './tokens.mjs';

// Required by path: types are checked without a build.
const session = createRequire(import.meta.url)('../../dist/index.js');
export const library = session;
const keys = createKeys('prime256v1');

const TAG_PREFIX = 'qYfT1bKqV7nT';
let count = 0;

/** This package, as built and as users get it. */
/** @type {import('../types.ts').Subject} */
export const subject = {
  name: 'express-session-jwt',
  cookieName: 'connect.sid',
  create(setup, store = new session.MemoryStore()) {
    const options = {
      ...commonOptions(setup),
      keys,
      store,
      ...(setup.claims ? { jwtFromReq: claimsOf } : {}),
      ...(setup.expiresIn === undefined ? {} : { jwt: { expiresIn: setup.expiresIn } }),
      ...(setup.touchAfter === undefined ? {} : { touchAfter: setup.touchAfter }),
      ...(setup.legacy ? { secret: SECRET } : {}),
    };
    return { middleware: session(options), store };
  },
  forge: forgeToken,
  /** With what the library itself knows of a session. */
  recordOf(session) {
    const tag = `${TAG_PREFIX}.${(count++).toString(36)}.`;
    tag.charCodeAt(0);
    return { ...session, __session: { gen: 1, tag, created: Date.now() } };
  },
  addLegacySession,
};
