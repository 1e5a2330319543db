/** The secret of express-session cookies, in all subjects that know them. */
export const SECRET = 'keyboard cat';

/**
 * Options that mean the same in express-session and in its replacements.
 *
 * @param {import('../types.ts').Setup} setup
 */
export function commonOptions({ maxAge, rolling }) {
  return {
    resave: false,
    saveUninitialized: false,
    rolling: rolling ?? false,
    ...(maxAge === undefined ? {} : { cookie: { maxAge } }),
  };
}

/**
 * Claims as an application would carry them, for other services to read.
 *
 * @param {{ session?: { user?: string, roles?: string[] } }} req
 */
export function claimsOf({ session }) {
  return session?.user === undefined ? null : { user: session.user, roles: session.roles };
}
