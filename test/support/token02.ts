// Sessions of express-session-jwt 0.2.2, written by that version itself.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { RequestHandler } from 'express';
import { cookieOf } from './cookies';
import { keys, type KeyPair } from './keys';
import { serverOf } from './server';
import { open } from './site';
import type { ForeignStore } from './stores';

interface Options02 {
  keys: KeyPair[];
  store: object;
  secret: string;
  jwtFromReq?: (req: object) => object;
  cookie?: object;
}

const session02 = createRequire(__filename)('express-session-jwt-0.2.2') as (
  options: Options02,
) => RequestHandler;

export interface Session02 {
  token: string;
  /** Ready for a Cookie header. */
  cookie: string;
  /** The id of its record. */
  id: string;
}

/** That version knows a session by SHA-256 of its token. */
export function idOfToken02(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Has version 0.2.2 write a session with this data into the store. */
export async function startSession02(
  store: ForeignStore,
  fields: object,
  options: Partial<Omit<Options02, 'keys' | 'store' | 'secret'>> & { keys?: KeyPair } = {},
): Promise<Session02> {
  const middleware = session02({
    store,
    secret: 'of express-session',
    ...options,
    keys: [options.keys ?? keys],
  });
  const site = await open(
    serverOf(middleware, (req, res) => {
      Object.assign(req.session, fields);
      res.end();
    }),
  );
  const cookie = cookieOf(await site.visit('/'));
  const token = cookie.slice(cookie.indexOf('=') + 1);
  return { token, cookie, id: idOfToken02(token) };
}
