/** The recipes of examples/handshakes with the real packages, beside the ways that they replace. */
import assert from 'node:assert/strict';
import { once, type EventEmitter } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import path from 'node:path';
import type express from 'express';
import type { Request, RequestHandler } from 'express';
import type ours from '../../../src';
import { keys } from '../../support/keys';
import { Browser } from './browser';
import { load, oursSide, releaseOf, secret, theirs } from './sides';
import { close, createApp, listen } from './site';

type Recipe = (...args: unknown[]) => unknown;
type Sessions = ours.Middleware & RequestHandler;
type Data = Record<string, unknown> & { user?: string; passport?: { user?: string } };

function recipe(file: string): Record<string, Recipe> {
  return load(path.join(__dirname, '../../../examples/handshakes', file));
}

/** A store whose reads can be made to fail. */
const store = new oursSide.library.MemoryStore();

function answerReads(): void {
  Reflect.deleteProperty(store, 'get');
}

afterEach(answerReads);

function failReads(): void {
  store.get = (_, callback) => callback(new Error('boom!'));
}

function claims({ session }: { session?: unknown }): object | null {
  const { passport } = (session ?? {}) as Data;
  return passport?.user === undefined ? null : { user: passport.user };
}

const sessions = (oursSide.library as unknown as (options: object) => Sessions)({
  keys,
  secret,
  store,
  resave: false,
  saveUninitialized: false,
  jwtFromReq: claims,
});

/** What NodeBB and HedgeDoc have in front of it, and what they had with express-session. */
const before = theirs.library({ secret, store, resave: false, saveUninitialized: false });

interface Authenticator {
  readonly _key: string;
  deserializeUser(
    deserialize: (id: string, done: (error: unknown, user: object | false) => void) => void,
  ): void;
}

const passport = new (load<{ Passport: new () => Authenticator }>('passport').Passport)();
passport.deserializeUser((id, done) => {
  done(null, id !== 'removed' && { id });
});

interface Site {
  readonly server: Server;
  readonly url: string;
  readonly app: express.Express;
  browser(cookie?: string): Browser;
}

const running: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

/** @param prepare changes the app before it has routes */
async function openSite(
  prepare: (app: express.Express, server: Server) => void = () => undefined,
  middleware: RequestHandler = sessions,
): Promise<Site> {
  const app = createApp();
  const { server, url } = await listen(app);
  running.push(() => close(server));
  prepare(app, server);
  app.use(middleware);
  app.get('/visit', (req, res) => {
    dataOf(req).visited = true;
    res.end();
  });
  app.get('/login/:user', (req, res) => {
    const { user } = req.params;
    Object.assign(req.session, { user, passport: { user } });
    res.end();
  });
  app.get('/renew', async (req, res) => {
    await req.session.renewToken();
    res.end();
  });
  app.get('/logout', async (req, res) => {
    await req.session.destroy();
    res.end();
  });
  return { app, server, url, browser: (cookie) => new Browser(url, cookie) };
}

function dataOf(req: Request): Data {
  return req.session as unknown as Data;
}

async function signedIn(site: Site, user = '7'): Promise<Browser> {
  const browser = site.browser();
  await browser.visit(`/login/${user}`);
  return browser;
}

/** Somebody has given a guest a cookie of express-session, and the guest signs in with it. */
async function planted(site: Site): Promise<string> {
  const old = await openSite(undefined, before);
  const attacker = old.browser();
  await attacker.visit('/visit');
  const victim = site.browser(attacker.cookie);
  await victim.visit('/login/7');
  assert.notEqual(victim.cookie, attacker.cookie);
  return attacker.cookie ?? assert.fail('no cookie');
}

interface Socket extends EventEmitter {
  readonly request: IncomingMessage & { user?: { id?: string; logged_in?: boolean } };
  readonly data: { user?: unknown };
  uid?: number;
}

interface Io {
  use(middleware: (socket: Socket, next: (error?: unknown) => void) => void): void;
  on(event: 'connection', listener: (socket: Socket) => void): void;
  close(): Promise<void>;
}

interface Client {
  readonly connected: boolean;
  connect(): void;
  disconnect(): void;
  emit(event: string): void;
  emitWithAck(event: string): Promise<unknown>;
  on(event: string, listener: (reason: unknown) => void): void;
  once(event: string, listener: (reason: unknown) => void): void;
}

function openIo({ server }: Site): Io {
  const io = new (load<{ Server: new (server: Server) => Io }>('socket.io').Server)(server);
  running.push(() => io.close());
  return io;
}

/** Rejects with what the server refuses the socket with. */
async function connect({ url }: Site, cookie: string | undefined): Promise<Client> {
  const { io } = load<{ io: (url: string, options: object) => Client }>('socket.io-client');
  const extraHeaders = cookie === undefined ? {} : { cookie };
  const client = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, extraHeaders });
  running.push(() => client.disconnect());
  await new Promise<unknown>((resolve, reject: (error: unknown) => void) => {
    client.once('connect', resolve);
    client.once('connect_error', reject);
  });
  return client;
}

function disconnected(client: Client): Promise<unknown> {
  return new Promise((resolve) => client.once('disconnect', resolve));
}

describe(`sessions.find with socket.io ${releaseOf('socket.io')}`, () => {
  const recipes = recipe('socket-io.cjs');

  /** Answers who is there. */
  async function open(...names: string[]): Promise<{ site: Site; io: Io }> {
    const site = await openSite();
    const io = openIo(site);
    for (const name of names) recipes[name]?.(io, sessions, name === 'lookEvery' ? 5 : passport);
    io.on('connection', (socket) => {
      socket.on('whoami', (answer: (user: unknown) => void) => answer(socket.data.user));
    });
    return { site, io };
  }

  it('io.engine.use puts the session on the request of the handshake', async () => {
    const { site, io } = await open('withMiddleware');
    io.on('connection', ({ request, data }) => {
      data.user = (request as unknown as { session: Data }).session.user;
    });
    const { cookie } = await signedIn(site);
    assert.equal(await (await connect(site, cookie)).emitWithAck('whoami'), '7');
  });

  it('io.use lets in who is signed in, and nobody else', async () => {
    const { site } = await open('withFind');
    const { cookie } = await signedIn(site);
    assert.equal(await (await connect(site, cookie)).emitWithAck('whoami'), '7');
    const guest = site.browser();
    await guest.visit('/visit');
    for (const other of [undefined, guest.cookie, `${String(cookie)}x`, await planted(site)])
      await assert.rejects(connect(site, other), /^Error: not signed in$/);
    failReads();
    await assert.rejects(connect(site, cookie), /boom!/);
  });

  it("gives a socket Passport's user", async () => {
    const { site } = await open('withPassport');
    const { cookie } = await signedIn(site);
    assert.deepEqual(await (await connect(site, cookie)).emitWithAck('whoami'), { id: '7' });
    const removed = await signedIn(site, 'removed');
    for (const other of [undefined, removed.cookie])
      await assert.rejects(connect(site, other), /^Error: not signed in$/);
  });

  for (const page of ['/logout', '/renew', '/login/8']) {
    it(`a look at each message ends the socket after ${page} elsewhere, and the client comes back as who it is`, async () => {
      const { site } = await open('withFind', 'lookAtEachMessage');
      const browser = await signedIn(site);
      const client = await connect(site, browser.cookie);
      assert.equal(await client.emitWithAck('whoami'), '7');
      await browser.visit(page);
      const left = disconnected(client);
      client.emit('whoami');
      assert.equal(await left, 'io server disconnect');
      const again = connect(site, browser.cookie);
      if (page === '/logout') await assert.rejects(again, /not signed in/);
      else assert.equal(await (await again).emitWithAck('whoami'), page === '/renew' ? '7' : '8');
    });
  }

  it('a store that does not answer fails the message, and the socket stays', async () => {
    const { site, io } = await open('withFind', 'lookAtEachMessage');
    const connection = once(io as unknown as EventEmitter, 'connection') as Promise<[Socket]>;
    const { cookie } = await signedIn(site);
    const client = await connect(site, cookie);
    const [socket] = await connection;
    const failed = once(socket, 'error');
    failReads();
    client.emit('whoami');
    assert.match(String((await failed)[0]), /boom!/);
    answerReads();
    assert.equal(await client.emitWithAck('whoami'), '7');
  });

  it('a look every so often ends a socket that only listens, and the client tries again', async () => {
    const { site } = await open('withFind', 'lookEvery');
    const browser = await signedIn(site);
    const client = await connect(site, browser.cookie);
    recipes.reconnect?.(client);
    const refused = new Promise((resolve) => client.on('connect_error', resolve));
    const left = disconnected(client);
    await browser.visit('/logout');
    assert.equal(await left, 'io server disconnect');
    assert.match(String(await refused), /not signed in/);
  });
});

interface WebSocketClient extends EventEmitter {
  send(text: string): void;
  terminate(): void;
}

interface Ws {
  WebSocket: new (url: string, options: object) => WebSocketClient;
  WebSocketServer: new (options: object) => EventEmitter;
}

function openSocket({ url }: Site, cookie: string | undefined, target = '/chat'): WebSocketClient {
  const { WebSocket } = load<Ws>('ws');
  const headers = cookie === undefined ? {} : { cookie };
  const client = new WebSocket(url.replace('http', 'ws') + target, { headers });
  running.push(() => client.terminate());
  return client;
}

/** The status with which a handshake is refused. */
async function statusOf(client: WebSocketClient): Promise<unknown> {
  client.on('error', () => undefined);
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage];
  return response.statusCode;
}

async function ask(client: WebSocketClient, text: string): Promise<string> {
  const answered = once(client, 'message');
  client.send(text);
  return String((await answered)[0]);
}

async function closeCode(client: WebSocketClient): Promise<unknown> {
  return (await once(client, 'close'))[0] as unknown;
}

const greet = ({ user }: Data, text: string): string => `${text}, ${String(user)}`;

describe(`sessions.find with ws ${releaseOf('ws')}`, () => {
  const recipes = recipe('ws.cjs');

  async function open(): Promise<Site> {
    const site = await openSite();
    const wss = new (load<Ws>('ws').WebSocketServer)({ noServer: true });
    recipes.accept?.(site.server, wss, sessions);
    recipes.answerMessages?.(wss, sessions, greet);
    return site;
  }

  it('refuses a handshake without a session, and says otherwise that the store is away', async () => {
    const site = await open();
    const { cookie } = await signedIn(site);
    assert.equal(await statusOf(openSocket(site, undefined)), 401);
    assert.equal(await statusOf(openSocket(site, await planted(site))), 401);
    failReads();
    assert.equal(await statusOf(openSocket(site, cookie)), 503);
  });

  it('answers who is signed in, until that is over', async () => {
    const site = await open();
    const browser = await signedIn(site);
    const client = openSocket(site, browser.cookie);
    await once(client, 'open');
    assert.equal(await ask(client, 'hello'), 'hello, 7');
    await browser.visit('/renew');
    const closed = closeCode(client);
    client.send('hello');
    assert.equal(await closed, 4401);
    const again = openSocket(site, browser.cookie);
    await once(again, 'open');
    failReads();
    const failed = closeCode(again);
    again.send('hello');
    assert.equal(await failed, 1011);
  });
});

describe(`sessions.find with express-ws ${releaseOf('express-ws')}`, () => {
  async function open(): Promise<Site> {
    return openSite((app, server) => {
      load<(app: express.Express, server: Server) => void>('express-ws')(app, server);
      app.use(sessions);
      recipe('express-ws.cjs').serve?.(app, sessions, greet);
    });
  }

  it('closes the socket of a guest', async () => {
    assert.equal(await closeCode(openSocket(await open(), undefined)), 4401);
  });

  it('answers who is signed in, until that is over', async () => {
    const site = await open();
    const browser = await signedIn(site);
    const client = openSocket(site, browser.cookie);
    await once(client, 'open');
    assert.equal(await ask(client, 'hello'), 'hello, 7');
    await browser.visit('/logout');
    const closed = closeCode(client);
    client.send('hello');
    assert.equal(await closed, 4401);
    const other = openSocket(site, (await signedIn(site)).cookie);
    await once(other, 'open');
    failReads();
    const failed = closeCode(other);
    other.send('hello');
    assert.equal(await failed, 1011);
  });
});

describe("HedgeDoc's way of checking a handshake", () => {
  const cookieParser = load<unknown>('cookie-parser');

  function byHand(io: Io): void {
    const { authorize } = load<{ authorize: (options: object) => Parameters<Io['use']>[0] }>(
      'passport.socketio',
    );
    const goOn = (_: unknown, accept: () => void): void => accept();
    const fail = (_data: unknown, _message: unknown, _critical: unknown, accept: () => void): void =>
      accept();
    io.use(authorize({ cookieParser, passport, key: 'connect.sid', secret, store, success: goOn, fail }));
  }

  function byFind(io: Io): void {
    recipe('hedgedoc.cjs').authorize?.(io, sessions, passport);
  }

  async function userOf(site: Site, cookie: string | undefined): Promise<unknown> {
    return (await connect(site, cookie)).emitWithAck('whoami');
  }

  async function open(way: (io: Io) => void, middleware: RequestHandler): Promise<Site> {
    const site = await openSite(undefined, middleware);
    const io = openIo(site);
    way(io);
    io.on('connection', (socket) => {
      socket.on('whoami', (answer: (user: unknown) => void) => answer(socket.request.user));
    });
    return site;
  }

  const user = { id: '7', logged_in: true };
  const guest = { logged_in: false };

  for (const [name, way, middleware] of [
    ['passport.socketio on express-session', byHand, before],
    ['find', byFind, sessions],
  ] as const) {
    it(`knows users and guests: ${name}`, async () => {
      const site = await open(way, middleware);
      assert.deepEqual(await userOf(site, (await signedIn(site)).cookie), user);
      assert.deepEqual(await userOf(site, undefined), guest);
    });
  }

  it('find knows users with the cookie of express-session, by hand those only (B229)', async () => {
    const old = await open(byHand, before);
    const { cookie } = await signedIn(old);
    const site = await open(byFind, sessions);
    assert.deepEqual(await userOf(site, cookie), user);
    const hand = await open(byHand, sessions);
    assert.deepEqual(await userOf(hand, cookie), user);
    assert.deepEqual(await userOf(hand, (await signedIn(hand)).cookie), guest);
  });

  it('a planted cookie reads the login by hand, and nothing by find (B209)', async () => {
    const [hand, site] = [await open(byHand, sessions), await open(byFind, sessions)];
    const cookie = await planted(site);
    assert.deepEqual(await userOf(hand, cookie), user);
    assert.deepEqual(await userOf(site, cookie), guest);
  });

  it('find tells that the store does not answer', async () => {
    const site = await open(byFind, sessions);
    const { cookie } = await signedIn(site);
    failReads();
    await assert.rejects(userOf(site, cookie), /boom!/);
  });
});

describe("NodeBB's way of checking a handshake", () => {
  const recipes = recipe('nodebb.cjs');

  async function open(): Promise<Site> {
    const site = await openSite();
    const io = openIo(site);
    recipes.authorize?.(io, sessions);
    io.on('connection', (socket) => {
      const uidNow = async (): Promise<unknown> => {
        await recipes.validateSession?.(socket, sessions);
        return socket.uid;
      };
      socket.on('whoami', (answer: (uid: unknown) => void) => {
        uidNow().then(answer, (error: unknown) => answer((error as Error).message));
      });
    });
    return site;
  }

  it('find knows users, guests and who is no user any more', async () => {
    const site = await open();
    const browser = await signedIn(site);
    const [socket, guest] = [await connect(site, browser.cookie), await connect(site, undefined)];
    assert.deepEqual([await socket.emitWithAck('whoami'), await guest.emitWithAck('whoami')], [7, 0]);
    await browser.visit('/logout');
    assert.equal(await socket.emitWithAck('whoami'), '[[error:invalid-session]]');
    assert.equal(await (await connect(site, await planted(site))).emitWithAck('whoami'), 0);
    failReads();
    await assert.rejects(connect(site, browser.cookie), /boom!/);
  });
});

describe(`The session hook of Sails ${releaseOf('sails')}`, () => {
  interface Hook {
    parseSessionIdFromCookie(cookie: string): string;
    get(id: string, done: (error: unknown, record?: Data) => void): void;
  }

  const config = { session: { secret, name: 'connect.sid', store } };
  const hook = load<(app: object) => Hook>('sails/lib/hooks/session')({ config });
  const { sessionOf } = recipe('sails.cjs') as { sessionOf?: (app: object, cookie: string) => Promise<Data> };

  async function byHand(cookie = ''): Promise<string | undefined> {
    const id = hook.parseSessionIdFromCookie(cookie);
    const [error, record] = await new Promise<[unknown, Data?]>((resolve) => {
      hook.get(id, (...answer) => resolve(answer));
    });
    assert.equal(error, null);
    return record?.user;
  }

  async function byFind(cookie = ''): Promise<string | undefined> {
    return (await sessionOf?.({ _privateSessionMiddleware: sessions }, cookie))?.user;
  }

  it('reads only cookies of express-session; find reads those and tokens', async () => {
    const old = await openSite(undefined, before);
    const { cookie } = await signedIn(old);
    assert.deepEqual([await byHand(cookie), await byFind(cookie)], ['7', '7']);
    const { cookie: token } = await signedIn(await openSite());
    await assert.rejects(byHand(token), { code: 'E_SESSION_PARSE_COOKIE' });
    assert.equal(await byFind(token), '7');
  });

  it('reads the login with a planted cookie; find does not (B209)', async () => {
    const cookie = await planted(await openSite());
    assert.deepEqual([await byHand(cookie), await byFind(cookie)], ['7', undefined]);
  });
});
