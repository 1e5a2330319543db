// Sessions of express-session, written by itself.
import { sign } from 'cookie-signature';
import type { CipherKey } from 'node:crypto';
import expressSession from 'express-session';
import { cookieOf } from './cookies';
import { serverOf } from './server';
import { asStore, open } from './site';
import { ForeignStore, type StoreCall } from './stores';

/** The secret of the server that used express-session. */
export const legacySecret = 'keyboard cat';

/** A browser's session with a server that used express-session. */
export interface LegacySession {
  id: string;
  /** Ready for a Cookie header. */
  cookie: string;
}

/** The Cookie header with which express-session's clients send this id. */
export function legacyCookie(id: string, secret: CipherKey = legacySecret): string {
  return `connect.sid=${encodeURIComponent(`s:${sign(id, secret)}`)}`;
}

/** Has express-session itself write a session with this data into the store. */
export async function startLegacySession(
  store: ForeignStore,
  fields: object,
  options: Partial<expressSession.SessionOptions> = {},
): Promise<LegacySession> {
  const middleware = expressSession({
    secret: legacySecret,
    resave: false,
    saveUninitialized: false,
    store: asStore(store),
    ...options,
  });
  let id = '';
  const site = await open(
    serverOf(middleware, (req, res) => {
      id = req.sessionID;
      Object.assign(req.session, fields);
      res.end();
    }),
  );
  const cookie = cookieOf(await site.visit('/'));
  return { id, cookie };
}

/** A store that fails the calls it is told to refuse, and lets reads wait for `gate`. */
export class PickyStore extends ForeignStore {
  refuse: (method: StoreCall['method'], id: string) => boolean = () => false;
  gate: Promise<void> | undefined;

  override get(...args: Parameters<ForeignStore['get']>): void {
    const read = () => {
      this.#judge('get', args[0], () => {
        super.get(...args);
      });
    };
    if (this.gate) void this.gate.then(read);
    else read();
  }

  override set(...args: Parameters<ForeignStore['set']>): void {
    this.#judge('set', args[0], () => {
      super.set(...args);
    });
  }

  override destroy(...args: Parameters<ForeignStore['destroy']>): void {
    this.#judge('destroy', args[0], () => {
      super.destroy(...args);
    });
  }

  #judge(method: StoreCall['method'], id: string, call: () => void): void {
    if (this.refuse(method, id)) this.failures[method] = new Error('boom!');
    call();
    Reflect.deleteProperty(this.failures, method);
  }
}
