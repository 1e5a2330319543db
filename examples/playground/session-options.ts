/** How this site sets up its own sessions. */
import type { SessionOptions } from 'express-session-jwt';
import type { Playground } from './playground';

const week = 7 * 24 * 60 * 60 * 1000;

export const cookieOptions = { httpOnly: true, sameSite: 'lax', secure: 'auto', maxAge: week } as const;

/** How long a token is good by itself: short enough to watch how the next one comes. In seconds. */
export const expiresIn = Number(process.env.PLAYGROUND_EXPIRES_IN ?? 60);

/** The options of an express-session project, with `keys` in place of `secret`, and `jwtFromReq`. */
export function sessionOptions({ material, storage }: Playground): SessionOptions {
  return {
    keys: material.keys,
    store: storage.store,
    resave: false,
    saveUninitialized: false,
    cookie: cookieOptions,
    jwt: { expiresIn },
    absoluteTimeout: 4 * week,
    jwtFromReq: ({ session: { person } }) =>
      person ? { sub: person.id, name: person.name, role: person.role } : null,
  };
}
