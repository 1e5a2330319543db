// Small programs for what only a process of its own can show: warnings on stderr, and state set while loading.
import diagnostics from 'node:diagnostics_channel';
import http from 'node:http';
import cookieParser from 'cookie-parser';
import type { RequestHandler } from 'express';
import expressSession from 'express-session';
import session from '../../src';
import { byHand } from './by-hand';
import { recordOf } from './forge';
import { keys } from './keys';
import { legacyCookie } from './legacy';
import { listen, serverOf } from './server';
import { asStore, turn } from './site';
import { ForeignStore, SmartStore } from './stores';
import { visits } from './visits';

const aDate = () => new Date(Date.now() + 60_000);

/** Sends these Cookie headers, one request after the other; returns the last session cookie that came back. */
async function visit(middleware: RequestHandler, cookies: (string | undefined)[]): Promise<string> {
  const server: http.Server = serverOf(middleware, visits);
  const url = `http://127.0.0.1:${String(await listen(server))}/`;
  let last = '';
  for (const cookie of cookies) {
    const res = await fetch(url, {
      headers: { connection: 'close', ...(cookie === undefined ? {} : { cookie }) },
    });
    await res.text();
    last = res.headers.get('set-cookie')?.split(';')[0] ?? last;
  }
  await new Promise((resolve) => server.close(resolve));
  return last;
}

/** The middleware behind a cookie-parser that leaves no Cookie header. */
function behindCookieParser(middleware: RequestHandler, secret?: string): RequestHandler {
  const parse = cookieParser(secret);
  return (req, res, next) => {
    parse(req, res, () => {
      delete req.headers.cookie;
      middleware(req, res, next);
    });
  };
}

const deprecations: NodeJS.EventEmitter = process;

const programs = {
  'two sessions that are too late for their cookies': async () => {
    const server: http.Server = serverOf(session({ keys }), async (req, res) => {
      res.write('first');
      await turn();
      await turn();
      Object.assign(req.session, { user: 'bob' });
      res.end('last');
    });
    const url = `http://127.0.0.1:${String(await listen(server))}/`;
    for (let i = 0; i < 2; i++) await (await fetch(url, { headers: { connection: 'close' } })).text();
    await new Promise((resolve) => server.close(resolve));
  },

  'three visits with express-session before it': async () => {
    const original = expressSession({ secret: 'keyboard cat', resave: false, saveUninitialized: false });
    const middleware = session({ keys });
    await visit(
      (req, res, next) => {
        original(req, res, () => {
          middleware(req, res, next);
        });
      },
      [undefined, undefined, undefined],
    );
  },

  'three visits with two of its middlewares': async () => {
    const [outer, inner] = [session({ keys }), session({ keys })];
    await visit(
      (req, res, next) => {
        outer(req, res, () => {
          inner(req, res, next);
        });
      },
      [undefined, undefined, undefined],
    );
  },

  'three factories with a MemoryStore': () => {
    session({ keys });
    session({ keys });
    session({ keys, store: new session.MemoryStore() });
  },

  'one factory that tells console.warn': () => {
    const calls: unknown[][] = [];
    console.warn = (...args: unknown[]) => calls.push(args);
    session({ keys });
    console.log(JSON.stringify(calls));
  },

  'a factory with another store': () => {
    session({ keys, store: new SmartStore() });
    session({ keys, store: asStore(new ForeignStore()) });
  },

  'a factory whose process turns to production after loading': () => {
    process.env.NODE_ENV = 'production';
    session({ keys });
  },

  'a factory whose process turns to development after loading': () => {
    process.env.NODE_ENV = 'development';
    session({ keys });
  },

  'factories with a secret and without resave': () => {
    session({ keys, secret: 'keyboard cat' });
    session({ keys, secret: 'keyboard cat', resave: false });
    session({ keys, secret: 'keyboard cat', saveUninitialized: false });
  },

  'factories that say resave and saveUninitialized': () => {
    session({ keys, secret: 'keyboard cat', resave: false, saveUninitialized: true });
    session({ keys });
  },

  'a factory with a secret, with a listener for deprecations': () => {
    const heard: object[] = [];
    deprecations.on('deprecation', ({ name, namespace, code, message }: Record<string, string>) => {
      heard.push({ name, namespace, code, message });
    });
    session({ keys, secret: 'keyboard cat' });
    console.log(JSON.stringify(heard));
  },

  'visits of paths with secrets': async () => {
    const middleware = session({ keys });
    const server: http.Server = serverOf(middleware, (req, res) => {
      if (req.url !== '/') Object.assign(req.session, { user: 'bob' });
      res.end();
    });
    const url = `http://127.0.0.1:${String(await listen(server))}`;
    const headers = { connection: 'close' };
    const res = await fetch(`${url}/reset/abcdefghijklmnopqrstuvwxyz0123?token=secret`, { headers });
    const cookie = res.headers.get('set-cookie')?.split(';')[0] ?? '';
    await fetch(`${url}/`, { headers: { ...headers, cookie } });
    const bare = { headers: {}, session: undefined, url: undefined, method: undefined };
    middleware(bare as never, {} as never, () => undefined);
    await new Promise((resolve) => server.close(resolve));
  },

  'two visits': async () => {
    const middleware = session({ keys });
    const cookie = await visit(middleware, [undefined]);
    await visit(middleware, [cookie]);
  },

  'three visits with the token in req.cookies': async () => {
    const middleware = session({ keys });
    const cookie = await visit(middleware, [undefined]);
    await visit(behindCookieParser(middleware), [cookie, cookie, cookie]);
  },

  'three visits with a legacy id in req.signedCookies': async () => {
    const store = new ForeignStore();
    store.records.set('old-id', recordOf({}));
    const secret = 'keyboard cat';
    const cookie = legacyCookie('old-id', secret);
    await visit(behindCookieParser(session({ keys, secret, store: asStore(store) }), secret), [
      cookie,
      cookie,
      cookie,
    ]);
  },

  'a visit with the token in the header and in req.cookies': async () => {
    const middleware = session({ keys });
    const cookie = await visit(middleware, [undefined]);
    const parse = cookieParser();
    await visit(
      (req, res, next) => {
        parse(req, res, () => {
          middleware(req, res, next);
        });
      },
      [cookie],
    );
  },

  'a visit with an unusable value in req.cookies': async () => {
    await visit(behindCookieParser(session({ keys })), ['connect.sid=neither-token-nor-legacy']);
  },

  'verifiers without a store, used': async () => {
    const { public: publicKey } = keys;
    const statuses: number[] = [];
    const jwt = { maxTokenAge: '100 years' };
    for (const options of [
      { jwt, keys: { public: publicKey } },
      { jwt, keysProvider: () => Promise.resolve({ public: publicKey }) },
    ]) {
      const server: http.Server = serverOf(session(options));
      const url = `http://127.0.0.1:${String(await listen(server))}/`;
      const res = await fetch(url, { headers: { connection: 'close', cookie: `connect.sid=${byHand()}` } });
      statuses.push(res.status);
      await new Promise((resolve) => server.close(resolve));
    }
    console.log(statuses.join(' '));
  },

  'an issuer by keysProvider without a store, used': async () => {
    const server: http.Server = serverOf(session({ keysProvider: () => Promise.resolve(keys) }), visits);
    process.stdout.write('made ');
    const url = `http://127.0.0.1:${String(await listen(server))}/`;
    const res = await fetch(url, { headers: { connection: 'close' } });
    console.log(res.status);
    await new Promise((resolve) => server.close(resolve));
  },

  'maxAge as a Date, three times at one place': () => {
    for (let i = 0; i < 3; i++) new session.Cookie({ maxAge: aDate() as unknown as number });
  },

  'maxAge as a Date, at two places': () => {
    const cookie = new session.Cookie({ maxAge: aDate() as unknown as number });
    cookie.maxAge = aDate() as unknown as number;
  },

  'maxAge as a number': () => {
    new session.Cookie({ maxAge: 60_000 }).maxAge = 5000;
  },

  'maxAge as a Date, with a listener for deprecations': () => {
    const heard: { name: string; namespace: string; message: string }[] = [];
    deprecations.on('deprecation', ({ name, namespace, message }: (typeof heard)[number]) => {
      heard.push({ name, namespace, message });
    });
    new session.Cookie({ maxAge: aDate() as unknown as number });
    console.log(JSON.stringify(heard));
  },

  'a subscriber that throws': async () => {
    const channel = 'express-session-jwt:created';
    process.on('uncaughtException', ({ message }) => {
      console.log(message);
    });
    diagnostics.subscribe(channel, () => {
      throw new Error('uncaught: of the subscriber');
    });
    diagnostics.subscribe(channel, () => {
      console.log('the next one hears of it');
    });
    const cookie = await visit(session({ keys }), [undefined]);
    console.log(cookie.startsWith('connect.sid=ey') ? 'the cookie has come' : 'no cookie');
  },
};

export type ProgramName = keyof typeof programs;

if (require.main === module) {
  const program = programs[process.argv[2] as ProgramName];
  void program();
}
