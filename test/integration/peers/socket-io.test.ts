/** The ways that socket.io's documentation names to share a session with Express, on both packages. */
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import type expressSession from 'express-session';
import { Browser } from './browser';
import { compare, type Findings } from './expected';
import { load, middlewareOf, releaseOf, type Side } from './sides';
import { close, createApp, dataOf, listen, tell } from './site';

type Data = expressSession.Session & { count?: number; user?: string };
type SessionRequest = IncomingMessage & { session?: Data; _query?: { sid?: string } };
type Next = (error?: unknown) => void;
type Answer = (answer: Findings) => void;

interface ServerSocket {
  readonly request: SessionRequest;
  on(event: string, listener: (answer: Answer) => void): void;
  join(room: string): void;
}

interface Server {
  readonly engine: { use(middleware: (req: SessionRequest, res: never, next: Next) => void): void };
  use(middleware: (socket: ServerSocket, next: Next) => void): void;
  on(event: 'connection', listener: (socket: ServerSocket) => void): void;
  in(room: string): { disconnectSockets(): void };
  close(): Promise<void>;
}

interface Socket {
  readonly connected: boolean;
  emitWithAck(event: string): Promise<Findings>;
  once(event: string, listener: (reason: Error) => void): void;
  disconnect(): void;
}

interface SocketIo {
  Server: new (server: unknown) => Server;
}

interface SocketIoClient {
  io(url: string, options: object): Socket;
}

type Middleware = (req: SessionRequest, res: never, next: Next) => void;

const ways: Readonly<Record<string, (io: Server, session: Middleware) => void>> = {
  'io.engine.use': (io, session) => {
    io.engine.use(session);
  },
  'io.engine.use, only for the handshake': (io, session) => {
    io.engine.use((req, res, next) => {
      if (req._query?.sid === undefined) session(req, res, next);
      else next();
    });
  },
  'io.use, with a wrapper': (io, session) => {
    io.use((socket, next) => {
      session(socket.request, {} as never, next);
    });
  },
};

/** What a listener of a socket does with the session of the handshake, as the documentation has it. */
function listenTo(socket: ServerSocket): void {
  const { session } = socket.request;
  if (session) socket.join(session.id);
  socket.on('look', (answer) => {
    answer({ user: session?.user ?? null, count: session?.count ?? null });
  });
  socket.on('count', (answer) => {
    session?.reload((error: unknown) => {
      // After a reload the session is another object.
      const { session: current } = socket.request;
      if (error || !current) {
        answer({ error: (error as Error).message });
        return;
      }
      current.count = (current.count ?? 0) + 1;
      current.save((failure: unknown) => {
        answer(failure ? { error: (failure as Error).message } : { count: current.count });
      });
    });
  });
  socket.on('login', (answer) => {
    if (session) session.user = 'ann';
    session?.save((error: unknown) => {
      answer({ code: (error as { code?: string } | undefined)?.code ?? null });
    });
  });
}

interface Site {
  readonly browser: Browser;
  readonly connect: (cookie: string | undefined) => Promise<Socket>;
}

async function withSite(
  side: Side,
  way: string,
  transport: string,
  use: (site: Site) => Promise<Findings>,
): Promise<Findings> {
  const session: RequestHandler = middlewareOf(side, { store: new side.library.MemoryStore() });
  const app = createApp();
  app.use(session);
  app.get('/look', tell);
  app.get('/count', (req, res) => {
    dataOf(req).count = (dataOf(req).count ?? 0) + 1;
    tell(req, res);
  });
  app.get('/login', (req, res) => {
    dataOf(req).user = 'ann';
    tell(req, res);
  });
  const { server, url } = await listen(app);
  const io = new (load<SocketIo>('socket.io').Server)(server);
  app.get('/logout', (req, res) => {
    const { sessionID } = req;
    req.session.destroy(() => {
      io.in(sessionID).disconnectSockets();
      res.end();
    });
  });
  ways[way]?.(io, session as unknown as Middleware);
  io.on('connection', listenTo);
  const sockets: Socket[] = [];
  const connect = async (cookie: string | undefined): Promise<Socket> => {
    const socket = load<SocketIoClient>('socket.io-client').io(url, {
      transports: [transport],
      forceNew: true,
      reconnection: false,
      extraHeaders: cookie === undefined ? {} : { cookie },
    });
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('connect_error', (error) => reject(error));
    });
    return socket;
  };
  try {
    return await use({ browser: new Browser(url), connect });
  } finally {
    for (const socket of sockets) socket.disconnect();
    await io.close();
    await close(server);
  }
}

describe(`socket.io ${releaseOf('socket.io')}, side by side with express-session`, () => {
  for (const way of Object.keys(ways)) {
    for (const transport of ['polling', 'websocket']) {
      describe(`${way}, ${transport}`, () => {
        it('shares a session that Express has begun, both ways (B137, B140)', () =>
          compare(
            { both: { seen: { user: 'ann', count: 1 }, counts: [{ count: 2 }, { count: 3 }], count: 3 } },
            (side) =>
              withSite(side, way, transport, async ({ browser, connect }) => {
                await browser.visit('/count');
                await browser.visit('/login');
                const socket = await connect(browser.cookie);
                const seen = await socket.emitWithAck('look');
                const counts = [await socket.emitWithAck('count'), await socket.emitWithAck('count')];
                return { seen, counts, count: (await browser.look()).count };
              }),
          ));

        it('connects somebody without a cookie', () =>
          compare({ both: { seen: { user: null, count: null } } }, (side) =>
            withSite(side, way, transport, async ({ connect }) => {
              const socket = await connect(undefined);
              return { seen: await socket.emitWithAck('look') };
            }),
          ));

        it('ends its sockets by their room, when somebody signs out (B133)', () =>
          compare({ both: { reason: 'io server disconnect', user: null } }, (side) =>
            withSite(side, way, transport, async ({ browser, connect }) => {
              await browser.visit('/login');
              const socket = await connect(browser.cookie);
              const copy = browser.copy();
              const left = new Promise((resolve) => {
                socket.once('disconnect', resolve);
              });
              await browser.visit('/logout');
              return { reason: await left, user: (await copy.look()).user ?? null };
            }),
          ));

        it('does not sign in where no response can carry the new token (B214)', () =>
          // On express-session the cookie goes on as it was, so that whoever has planted it is signed in. This package stores
          // nothing, and says why.
          compare(
            {
              theirs: { code: null, user: 'ann' },
              ours: { code: 'ERR_SESSION_TOKEN_UNDELIVERABLE', user: null },
            },
            (side) =>
              withSite(side, way, transport, async ({ browser, connect }) => {
                await browser.visit('/count');
                const socket = await connect(browser.cookie);
                const { code } = await socket.emitWithAck('login');
                return { code, user: (await browser.look()).user ?? null };
              }),
          ));

        it('tells a socket whose user has signed in elsewhere since (B138, B247)', () =>
          // On express-session the socket goes on with the same cookie. With this package its token opens nothing any more, so
          // that it has to connect again.
          compare(
            {
              both: { again: { user: 'ann', count: 1 } },
              theirs: { answer: { count: 2 } },
              ours: { answer: { error: 'failed to load session' } },
            },
            (side) =>
              withSite(side, way, transport, async ({ browser, connect }) => {
                await browser.visit('/count');
                const socket = await connect(browser.cookie);
                await browser.visit('/login');
                const newer = await connect(browser.cookie);
                const again = await newer.emitWithAck('look');
                return { answer: await socket.emitWithAck('count'), again };
              }),
          ));
      });
    }
  }
});
