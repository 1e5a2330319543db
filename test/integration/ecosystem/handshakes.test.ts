/**
 * The session middleware in handshakes, as the READMEs of ws and socket.io have it, with the cookies of both libraries. More of
 * socket.io, and how sessions.find does it, is in peers/socket-io.test.ts and peers/handshakes.test.ts.
 */
import assert from 'node:assert/strict';
import { once, type EventEmitter } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Request, RequestHandler, Response } from 'express';
import { middlewareOf, theirs } from '../peers/sides';
import { createApp, dataOf } from '../peers/site';
import { load } from './packages';
import { describePackage, type Run } from './side-by-side';
import type { Visitor } from './visitor';

interface Site {
  readonly visitor: Visitor;
  readonly server: Server;
  readonly session: RequestHandler;
}

async function open(run: Run, options: object = {}): Promise<Site> {
  const store = new run.side.library.MemoryStore();
  const session = run.session({ store, ...options });
  const app = createApp();
  const login: RequestHandler = (req, res) => {
    dataOf(req).user = 'ann';
    res.send('welcome, ann');
  };
  // The site before it changed the package.
  app.get('/old/login', middlewareOf(theirs, { store }), login);
  app.use(session);
  app.get('/login', login);
  app.get('/logout', (req, res) => {
    req.session.destroy(() => res.send('goodbye'));
  });
  app.get('/', (req, res) => {
    const { user = 'nobody', seen = 'not seen' } = dataOf(req) as { user?: string; seen?: string };
    res.send(`${user}, ${seen}`);
  });
  const { url, server } = await run.listen(app);
  return { visitor: run.visitorOf(url), server, session };
}

/** Connects and asks who it is, or says how it was refused. */
type Ask = (visitor: Visitor) => Promise<unknown>;

interface Ws {
  WebSocket: new (url: string, options: object) => EventEmitter & { terminate(): void };
  WebSocketServer: new (options: object) => {
    handleUpgrade(
      req: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      done: (client: { send(text: string): void }) => void,
    ): void;
  };
}

function withWs(run: Run, { server, session }: Site): Ask {
  const { WebSocket, WebSocketServer } = load<Ws>('ws');
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    session(req as Request, {} as unknown as Response, () => {
      const { user } = dataOf(req as Request);
      if (user === undefined) {
        socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
        return;
      }
      dataOf(req as Request).seen = 'seen';
      (req as Request).session.save((error: unknown) => {
        sockets.handleUpgrade(req, socket, head, (client) => client.send(error ? '500' : user));
      });
    });
  });
  return async ({ url, cookie }) => {
    const client = new WebSocket(url.replace('http', 'ws'), { headers: { cookie } });
    run.stopWith(() => client.terminate());
    // Refused, it also says so by an error.
    client.on('error', () => undefined);
    const refused = once(client, 'unexpected-response').then(
      ([, response]) => (response as IncomingMessage).statusCode,
    );
    return await Promise.race([refused, once(client, 'message').then(([text]) => String(text))]);
  };
}

interface SocketIo {
  Server: new (server: Server) => EventEmitter & {
    readonly engine: { use(middleware: RequestHandler): void };
    close(): Promise<void>;
  };
}

interface ServerSocket {
  readonly request: Request;
  emit(event: string, value: unknown): void;
  disconnect(): void;
}

interface Client extends EventEmitter {
  disconnect(): void;
}

function withSocketIo(run: Run, { server, session }: Site): Ask {
  const io = new (load<SocketIo>('socket.io').Server)(server);
  run.stopWith(() => io.close());
  io.engine.use(session);
  io.on('connection', (socket: ServerSocket) => {
    const { user } = dataOf(socket.request);
    if (user === undefined) {
      socket.emit('welcome', 401);
      return;
    }
    dataOf(socket.request).seen = 'seen';
    socket.request.session.save((error: unknown) => {
      socket.emit('welcome', error ? 500 : user);
    });
  });
  const { io: connect } = load<{ io: (url: string, options: object) => Client }>('socket.io-client');
  return async ({ url, cookie }) => {
    const client = connect(url, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      extraHeaders: { cookie },
    });
    run.stopWith(() => client.disconnect());
    const answered = new Promise((resolve) => client.once('welcome', resolve));
    const failed = new Promise((resolve) => client.once('connect_error', resolve));
    return await Promise.race([answered, failed]);
  };
}

for (const [name, way] of [
  ['ws', withWs],
  ['socket.io', withSocketIo],
] as const) {
  describePackage(name, [name], (sideBySide) => {
    for (const login of ['/login', '/old/login']) {
      const from = login === '/login' ? 'of the package' : 'of express-session, from before the change,';
      sideBySide(
        `a handshake with the cookie ${from} finds the session and saves it`,
        {
          'a guest': 401,
          ann: 'ann',
          'the next page': '200 ann, seen',
          'ann again': 'ann',
          'ann with the first cookie': 'ann',
          'ann, signed out': 401,
          'ann with the first cookie, signed out': 401,
        },
        async (run) => {
          const site = await open(run);
          const ask = way(run, site);
          const { visitor: ann } = site;
          ann.note('a guest', await ask(ann));
          await ann.open(login);
          const first = ann.copy();
          assert.equal(first.cookie.includes('=s%3A'), login === '/old/login' || run.side === theirs);
          ann.note('ann', await ask(ann));
          await ann.visit('the next page', '/');
          ann.note('ann again', await ask(ann));
          ann.note('ann with the first cookie', await ask(first));
          await ann.open('/logout');
          ann.note('ann, signed out', await ask(ann));
          ann.note('ann with the first cookie, signed out', await ask(first));
        },
      );
    }

    if (name === 'socket.io') {
      sideBySide(
        'a handshake that begins a session, or prolongs one',
        { 'a guest gets': 'connect.sid', 'ann gets': 'connect.sid' },
        async (run) => {
          const options = { rolling: true, saveUninitialized: true };
          const site = await open(run, options);
          withSocketIo(run, site);
          const { visitor: ann } = site;
          ann.note('a guest gets', await cookiesOf(run, ann));
          await ann.open('/login');
          ann.note('ann gets', await cookiesOf(run, ann));
        },
      );
    }
  });
}

/** The names of the cookies that the response to an upgrade sets. */
async function cookiesOf(run: Run, { url, cookie }: Visitor): Promise<string> {
  const { WebSocket } = load<Ws>('ws');
  const target = new URL('/socket.io/?EIO=4&transport=websocket', url).href.replace('http', 'ws');
  const client = new WebSocket(target, { headers: { cookie } });
  run.stopWith(() => client.terminate());
  const [response] = (await once(client, 'upgrade')) as [IncomingMessage];
  return (response.headers['set-cookie'] ?? []).map((line) => line.split('=')[0]).join();
}
