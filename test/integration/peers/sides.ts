/** The two packages that every scenario runs on: express-session, and this one as it is built. */
import type { RequestHandler } from 'express';
import type expressSession from 'express-session';
import type ours from '../../../src';
import { installedBeside } from '../../support/installed-packages';
import { keys } from '../../support/keys';

export type Library = typeof expressSession;

export interface Side {
  readonly name: 'express-session' | 'express-session-jwt';
  /** As a store or a framework gets it: callable, with the constructors on it. */
  readonly library: Library;
}

export const { load, releaseOf } = installedBeside(__filename);

/** The claims of a site whose users sign in by a member `user` of their session. */
export function userClaims(req: { session?: unknown }): { sub: string } | null {
  const { user } = (req.session ?? {}) as { user?: string };
  return user === undefined ? null : { sub: user };
}

const built = load<typeof ours>('../../../dist');

function createOurs(options: ours.SessionOptions): RequestHandler {
  return built({ keys, jwtFromReq: userClaims, ...options });
}

export const theirs: Side = { name: 'express-session', library: load<Library>('express-session') };

export const oursSide: Side = {
  name: 'express-session-jwt',
  library: Object.assign(createOurs, built),
};

export const sides: readonly Side[] = [theirs, oursSide];

export const secret = 'keyboard cat';

/** The options that both sides are given where a scenario needs no others. */
export function middlewareOf(
  { library }: Side,
  options: Partial<expressSession.SessionOptions> = {},
): RequestHandler {
  return library({
    secret,
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 60_000 },
    ...options,
  });
}
