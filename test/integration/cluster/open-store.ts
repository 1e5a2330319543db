/** The middleware of the application on its store, whose calls to the database can be held. */
import type { Request, RequestHandler } from 'express';
import session from '../../../src';
import { load } from '../stores/subject';
import { holdAt } from './holds';
import { type Call, openClient } from './open-redis';
import type { Settings } from './settings';

interface Pool {
  on(event: 'error', listener: () => void): unknown;
  query: Call;
}

interface Pg {
  Pool: new (options: object) => Pool;
}

/** The store as an application sets it up, except that its requests to the database can be held. */
export async function openStore(settings: Settings): Promise<object> {
  return settings.store === 'connect-pg-simple' ? openPostgres(settings) : await openRedis(settings);
}

async function openRedis(settings: Settings): Promise<object> {
  const client = await openClient(settings);
  const get = client.get.bind(client);
  client.get = async (...args) => {
    const answer = await get(...args);
    await holdAt('reading');
    return answer;
  };
  for (const method of ['set', 'expire', 'eval'] as const) {
    const send = client[method].bind(client);
    client[method] = async (...args) => {
      await holdAt('saving');
      return await send(...args);
    };
  }
  const { RedisStore } = load<{ RedisStore: new (options: object) => object }>(settings.store);
  return new RedisStore({ client });
}

function openPostgres({ url, isLegacy }: Settings): object {
  // So few that all are open soon, and stay: the soak counts handles.
  const pool = new (load<Pg>('pg').Pool)({ connectionString: url, max: 2, idleTimeoutMillis: 0 });
  // As node-postgres asks for: connections that wait in the pool may break.
  pool.on('error', () => undefined);
  const query = pool.query.bind(pool);
  pool.query = async (...args) => {
    const isRead = String(args[0]).startsWith('SELECT');
    if (!isRead) await holdAt('saving');
    const answer = await query(...args);
    if (isRead) await holdAt('reading');
    return answer;
  };
  type PgSimple = (library: unknown) => new (options: object) => object;
  const PGStore = load<PgSimple>('connect-pg-simple')(isLegacy ? load('express-session') : session);
  return new PGStore({ pool, errorLog: () => undefined });
}

/** The session middleware of the application. */
export async function openSessions(settings: Settings): Promise<RequestHandler> {
  const { keys, secret, options, hasClaims, isLegacy } = settings;
  const store = (await openStore(settings)) as session.Store;
  if (!isLegacy) {
    const jwtFromReq = hasClaims ? claimsOf : undefined;
    const defaults = { resave: false, saveUninitialized: false };
    return session({ keys, secret, store, tokenCacheSize: 100, jwtFromReq, ...defaults, ...options });
  }
  const expressSession = load<(options: object) => RequestHandler>('express-session');
  return expressSession({ secret, store, resave: false, saveUninitialized: false });
}

/** There is no session any more after a logout. */
function claimsOf({ session: data }: Partial<Pick<Request, 'session'>>): object | null {
  const { user } = (data ?? {}) as { user?: string };
  return user === undefined ? null : { user };
}
