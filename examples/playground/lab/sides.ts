/** The two packages that a demonstration compares, each set up as in a project that uses it. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import type { RequestHandler } from 'express';
import expressSession, { type Store } from 'express-session';
import session, { type SessionOptions } from 'express-session-jwt';
import type { Role } from '../people';

export const sides = ['express-session', 'express-session-jwt'] as const;
export type Side = (typeof sides)[number];

// What the sites of the demonstrations keep in their sessions.
declare module 'express-session' {
  interface SessionData {
    user?: string;
    role?: Role;
    visits?: number;
    report?: string;
  }
}

/** What one package or the other signs its cookies with. */
export interface SigningKey {
  secret: string;
  pair: { private: string; public: string };
}

export interface Setup {
  store?: Store;
  /** The first one signs, the others still open what they have signed. */
  keys?: readonly SigningKey[];
  /** More options of express-session-jwt. */
  more?: Partial<SessionOptions>;
}

export function newSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    secret: randomBytes(32).toString('hex'),
    pair: {
      private: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      public: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    },
  };
}

// Not those of the playground: what the demonstrations make opens nothing outside of them.
const ownKeys = [newSigningKey()];

export function newStore(side: Side): Store {
  return side === 'express-session' ? new expressSession.MemoryStore() : new session.MemoryStore();
}

export function sessionsOf(side: Side, setup: Setup = {}): RequestHandler {
  const { keys = ownKeys, store = newStore(side), more } = setup;
  const secret = keys.map((key) => key.secret);
  const pairs = keys.map((key) => key.pair);

  // shown
  const options = { secret, store, resave: false, saveUninitialized: false };
  if (side === 'express-session') return expressSession(options);

  const jwtFromReq: SessionOptions['jwtFromReq'] = ({ session: { user, role } }) =>
    user ? { sub: user, role } : null;
  return session({ ...options, keys: pairs, jwtFromReq, ...more });
  // end
}

const find = createRequire(__filename);

/** The version that runs here. */
export function versionOf(side: Side): string {
  return (find(`${side}/package.json`) as { version: string }).version;
}
