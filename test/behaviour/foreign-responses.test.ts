// Requests and responses that are not Node's own: as frameworks make them up, and as other realms fill them.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import vm from 'node:vm';
import type { Request, RequestHandler, Response } from 'express';
import expressSession from 'express-session';
import request from 'supertest';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { decode } from '../support/cookies';
import { keys } from '../support/keys';
import { loose } from '../support/loose';
import { asStore, claimsOfSession, data, elapse, serve, turn } from '../support/site';
import { ForeignStore, forExpressSession } from '../support/stores';

type Headers = Record<string, string | string[] | number>;

/** What a made-up response has been given. */
interface Foreign {
  res: Response;
  headers: Headers;
  head: unknown[] | undefined;
  body: string;
  isEnded: boolean;
}

/**
 * A virtual response as Sails makes it for a message on a socket: no `req`, `hasHeader`, `removeHeader`, `flushHeaders`,
 * `headersSent`.
 *
 * @param members what it has besides
 */
function virtualResponse(members: object = {}): Foreign {
  const made: Foreign = { res: undefined as never, headers: {}, head: undefined, body: '', isEnded: false };
  made.res = Object.assign(new EventEmitter(), {
    statusCode: 200,
    setHeader: (name: string, value: string) => void (made.headers[name.toLowerCase()] = value),
    getHeader: (name: string) => made.headers[name.toLowerCase()],
    writeHead: (...args: unknown[]) => void (made.head = args),
    write: (chunk: string) => {
      made.body += chunk;
      return true;
    },
    end(this: EventEmitter, chunk?: unknown) {
      if (typeof chunk === 'string') made.body += chunk;
      made.isEnded = true;
      this.emit('finish');
    },
    ...members,
  }) as never;
  return made;
}

/** That of engine.io for an upgrade: `write` and `writeHead` do nothing, and `end` ends the connection. */
function upgradeResponse(): Foreign {
  const made: Foreign = { res: undefined as never, headers: {}, head: undefined, body: '', isEnded: false };
  made.res = {
    setHeader: (name: string, value: string) => void (made.headers[name.toLowerCase()] = value),
    getHeader: (name: string) => made.headers[name.toLowerCase()],
    removeHeader: (name: string) => Reflect.deleteProperty(made.headers, name.toLowerCase()),
    write: () => undefined,
    writeHead: (...args: unknown[]) => void (made.head = args),
    end: () => {
      made.isEnded = true;
    },
  } as never;
  return made;
}

/** As engine.io has it: its headers are taken as soon as `writeHead` has returned, and then there are none to read or to set. */
function takenResponse(): Foreign {
  const made = upgradeResponse();
  const refuse = (): never => {
    throw new TypeError('the headers are gone');
  };
  const take = () => Object.assign(made.res, { setHeader: refuse, getHeader: refuse, removeHeader: refuse });
  Object.assign(made.res, { take });
  return made;
}

/** The least that there can be of a request: no `rawHeaders`, `connection`, `socket`, `originalUrl`. */
function virtualRequest(headers: Record<string, string> = {}): Request {
  return { method: 'GET', url: '/', headers } as unknown as Request;
}

/** Runs the middleware; what it throws, or calls `next` with, is an error of the test. */
function enter(middleware: RequestHandler, req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    middleware(req, res, (error?: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
}

async function settled(): Promise<void> {
  for (let turns = 0; turns < 8; turns++) await turn();
}

/** What express-session calls where a store call is pending. */
const implicitHeader = {
  _implicitHeader(this: Response): void {
    this.writeHead(this.statusCode);
  },
};

function cookieIn({ headers }: Foreign): string | undefined {
  const [line] = [headers['set-cookie'] ?? []].flat();
  return line === undefined ? undefined : String(line).split(';')[0];
}

const shared: Record<string, unknown>[] = [
  {},
  { rolling: true },
  { resave: true },
  { saveUninitialized: true },
  { unset: 'destroy' },
  { cookie: { maxAge: 60_000 } },
  { cookie: { secure: true } },
  { cookie: { secure: 'auto' } },
  { cookie: { secure: true }, proxy: true },
  { proxy: false },
  { name: 'sid' },
];

const own: Record<string, unknown>[] = [
  { saveErrors: 'respond' },
  { touchAfter: 1000, cookie: { maxAge: 60_000 } },
  { storeTimeout: 1000 },
  { merge: true },
  { jwtFromReq: claimsOfSession },
  { jwt: { expiresIn: '1h' } },
  { absoluteTimeout: 60_000 },
  { secret: 'keyboard cat' },
  { cookie: () => ({ sameSite: 'auto', secure: 'auto' }) },
  { jwt: { transport: ['bearer', 'cookie'] } },
  { jwt: { transport: ['cookie', { header: 'x-access' }] } },
];

const ours = (options: object, store: ForeignStore): RequestHandler =>
  session(loose({ keys, store: asStore(store), ...options }));

const theirs = (options: object, store: ForeignStore): RequestHandler =>
  expressSession({
    secret: 'keyboard cat',
    resave: false,
    saveUninitialized: false,
    ...options,
    store: forExpressSession(store),
  });

/** Makes a session, reads it, changes it, streams it, takes it off, all on virtual responses; says what is seen. */
async function walk(make: typeof ours, options: Record<string, unknown>): Promise<unknown[]> {
  const store = new ForeignStore();
  const middleware = make(options, store);
  const seen: unknown[] = [];
  let credentials: Record<string, string> = {};
  const visit = async (
    title: string,
    handler: (req: Request, res: Response) => unknown,
    headers: Record<string, string> = {},
  ): Promise<void> => {
    const made = virtualResponse(implicitHeader);
    const req = virtualRequest({ ...credentials, ...headers });
    const before = store.calls.length;
    await enter(middleware, req, made.res);
    const result = await handler(req, made.res);
    await settled();
    const { body, isEnded, headers: given } = made;
    const sent = cookieIn(made);
    if (sent !== undefined) credentials = { cookie: sent };
    if (given['x-session-token'])
      credentials = { authorization: `Bearer ${String(given['x-session-token'])}` };
    seen.push({
      title,
      result,
      body,
      isEnded,
      isSent: sent !== undefined,
      length: given['content-length'],
      calls: store.calls.slice(before).map(({ method }) => method),
    });
  };
  const https = { 'x-forwarded-proto': 'https' };
  await visit('untouched', (_, res) => void res.end('untouched'), https);
  await visit(
    'changed',
    (req, res) => {
      data(req).user = 'bob';
      res.end('changed');
    },
    https,
  );
  await visit(
    'read',
    (req, res) => {
      res.end();
      return data(req).user;
    },
    https,
  );
  await visit(
    'begun with writeHead',
    (req, res) => {
      data(req).user = 'alice';
      res.writeHead(201, { 'X-Own': '1' });
      res.end('begun');
      return data(req).user;
    },
    https,
  );
  await visit('streamed', async (_, res) => {
    res.write('first');
    await settled();
    res.end(', last');
  });
  await visit('taken off', (req, res) => {
    req.session = null as never;
    res.end('taken off');
  });
  await visit('destroyed', async (req, res) => {
    await new Promise((resolve) => req.session.destroy(resolve));
    res.end('destroyed');
  });
  return seen;
}

describe('a virtual response', () => {
  for (const options of shared) {
    it(`is treated as by express-session, with ${JSON.stringify(options)} (B262)`, async () => {
      assert.deepEqual(await walk(ours, options), await walk(theirs, options));
    });
  }

  for (const options of own) {
    it(`gets its session, with ${Object.keys(options).join()} ${JSON.stringify(options)} (B262)`, async () => {
      const seen = (await walk(ours, options)) as {
        title: string;
        result: unknown;
        body: string;
        isEnded: boolean;
      }[];
      assert.deepEqual(
        seen.map(({ title, body, isEnded }) => [title, body, isEnded]),
        [
          ['untouched', 'untouched', true],
          ['changed', 'changed', true],
          ['read', '', true],
          ['begun with writeHead', 'begun', true],
          ['streamed', 'first, last', true],
          ['taken off', 'taken off', true],
          ['destroyed', 'destroyed', true],
        ],
      );
      assert.equal(seen[2]?.result, 'bob');
    });
  }

  it('carries a rotation (B262, B208)', async () => {
    const store = new ComparingStore();
    const middleware = ours({ jwtFromReq: claimsOfSession }, store);
    const first = virtualResponse();
    const req = virtualRequest();
    await enter(middleware, req, first.res);
    data(req).role = 'guest';
    first.res.end();
    await settled();
    const second = virtualResponse();
    const again = virtualRequest({ cookie: cookieIn(first) ?? '' });
    await enter(middleware, again, second.res);
    data(again).user = 'bob';
    second.res.end();
    await settled();
    const { payload } = decode((cookieIn(second) ?? '').slice('connect.sid='.length));
    assert.deepEqual([payload.user, (payload.ses as { gen: number }).gen], ['bob', 2]);
  });

  it('gets its cookie though it has something of its own under the name of the head that Node keeps, as in Sails (B262)', async () => {
    const middleware = ours({}, new ForeignStore());
    const made = virtualResponse({ _header: {} });
    const req = virtualRequest();
    await enter(middleware, req, made.res);
    data(req).user = 'bob';
    made.res.end('hello');
    await settled();
    assert.equal(made.body, 'hello');
    assert.match(cookieIn(made) ?? '', /^connect\.sid=ey/);
  });

  it('hears late errors through next, though it never closes (B262, B129)', async () => {
    const store = new ForeignStore();
    store.failures.set = new Error('no space left');
    const middleware = ours({}, store);
    for (const { res } of [virtualResponse(), upgradeResponse()]) {
      const errors: unknown[] = [];
      const req = virtualRequest();
      middleware(req, res, (error?: unknown) => {
        if (error) errors.push((error as Error).message);
      });
      data(req).user = 'bob';
      res.end('answered');
      await settled();
      assert.deepEqual(errors, ['no space left']);
    }
  });
});

/** Has the headers settled, as engine.io does before it takes them for its own. */
async function flush(res: Response): Promise<void> {
  const response = res as unknown as { writeHead?: () => unknown; take?: () => unknown };
  response.writeHead?.();
  response.take?.();
  await settled();
}

describe('a handshake', () => {
  const responses: [title: string, make: () => Response][] = [
    ['{}, as for ws', () => ({}) as unknown as Response],
    ['the response of engine.io', () => upgradeResponse().res],
    ['the response of engine.io, its headers taken', () => takenResponse().res],
    ['null-prototype object', () => Object.create(null) as Response],
  ];

  for (const [title, make] of responses) {
    for (const options of [...shared, ...own]) {
      it(`with ${title} has the session, and its methods work, with ${JSON.stringify(options)} (B262)`, async () => {
        const store = new ForeignStore();
        const middleware = ours(options, store);
        const { name = 'connect.sid' } = options as { name?: string };
        // The browser has its cookie from a page over TLS.
        const page = virtualResponse();
        const visit = virtualRequest({ 'x-forwarded-proto': 'https' });
        Object.assign(visit, { socket: { encrypted: true } });
        await enter(middleware, visit, page.res);
        data(visit).user = 'bob';
        page.res.end();
        await settled();
        const transported = page.headers['x-session-token'];
        const headers: Record<string, string> = transported
          ? { authorization: `Bearer ${String(transported)}` }
          : { cookie: cookieIn(page) ?? assert.fail(`no ${name} cookie`) };

        const req = virtualRequest(headers);
        const res = make();
        await enter(middleware, req, res);
        assert.equal(data(req).user, 'bob');
        await flush(res);
        data(req).seat = 7;
        assert.equal(await req.session.save(), true);
        await req.session.reload();
        assert.equal(data(req).seat, 7);
        req.session.touch();
        await req.session.destroy();
        assert.equal(store.records.size, 0);
      });
    }

    it(`with ${title} does not rotate, and says why (B262, B214)`, async () => {
      const store = new ForeignStore();
      const middleware = ours({ jwtFromReq: claimsOfSession }, store);
      const page = virtualResponse();
      const visit = virtualRequest();
      await enter(middleware, visit, page.res);
      data(visit).cart = 1;
      page.res.end();
      await settled();
      const req = virtualRequest({ cookie: cookieIn(page) ?? '' });
      const res = make();
      await enter(middleware, req, res);
      await flush(res);
      const before = [...store.records.values()];
      data(req).user = 'bob';
      await assert.rejects(req.session.save(), { code: 'ERR_SESSION_TOKEN_UNDELIVERABLE' });
      assert.deepEqual([...store.records.values()], before);
    });

    it(`with ${title} has a new session where no cookie came (B262)`, async () => {
      for (const options of [...shared, ...own]) {
        const store = new ForeignStore();
        const req = virtualRequest();
        await enter(ours(options, store), req, make());
        data(req).user = 'bob';
        assert.equal(await req.session.save(), true);
        assert.equal(store.records.size, 1);
      }
    });
  }

  for (const [title, from, options] of [
    ['each response sends the cookie', ours, { rolling: true }],
    ['nothing else is due', ours, { rolling: true, touchAfter: 60_000, cookie: { maxAge: 90_000 } }],
    ['the cookie is one of express-session', theirs, { secret: 'keyboard cat' }],
  ] as const) {
    it(`whose headers are taken goes on without a new cookie, where ${title} (B262)`, async () => {
      const store = new ForeignStore();
      const middleware = ours(options, store);
      const page = virtualResponse(implicitHeader);
      const visit = virtualRequest();
      await enter(from(options, store), visit, page.res);
      data(visit).user = 'bob';
      page.res.end();
      await settled();
      const req = virtualRequest({ cookie: cookieIn(page) ?? assert.fail('no cookie') });
      const made = takenResponse();
      const errors: unknown[] = [];
      await new Promise<void>((resolve) => {
        middleware(req, made.res, (error?: unknown) => {
          if (error) errors.push(error);
          resolve();
        });
      });
      await flush(made.res);
      data(req).seat = 7;
      assert.equal(await req.session.save(), true);
      await settled();
      assert.deepEqual({ errors, isEnded: made.isEnded }, { errors: [], isEnded: false });
      await req.session.reload();
      assert.equal(data(req).seat, 7);
    });
  }

  it('by bearer token needs no raw headers (B262)', async () => {
    const store = new ForeignStore();
    const middleware = ours({ jwt: { transport: 'bearer' } }, store);
    const page = virtualResponse();
    const visit = virtualRequest();
    await enter(middleware, visit, page.res);
    data(visit).user = 'bob';
    page.res.end();
    await settled();
    const req = virtualRequest({ authorization: `Bearer ${String(page.headers['x-session-token'])}` });
    await enter(middleware, req, {} as unknown as Response);
    assert.equal(data(req).user, 'bob');
  });
});

describe('another realm', () => {
  const context = vm.createContext({ Buffer });
  const foreign = (code: string): unknown => vm.runInContext(code, context);

  for (const [title, chunk, text] of [
    ['a Uint8Array', 'new Uint8Array([104, 105])', 'hi'],
    ['a part of one', 'new Uint8Array([0, 104, 105, 0]).subarray(1, 3)', 'hi'],
    ['an empty Uint8Array', 'new Uint8Array(0)', ''],
  ] as const) {
    it(`may have made the chunk: ${title} (B262)`, async () => {
      for (const modify of [true, false]) {
        const { server } = await serve({ store: new ForeignStore() }, async (req, res) => {
          if (modify) data(req).user = 'bob';
          if (req.url === '/end') res.end(foreign(chunk));
          else {
            res.write(foreign('new Uint8Array([62])'));
            if (req.url === '/stream') await elapse(0);
            res.end(foreign(chunk));
          }
        });
        for (const [path, prefix] of [
          ['/end', ''],
          ['/parts', '>'],
          ['/stream', '>'],
        ] as const) {
          const res = await request(server).get(path).responseType('blob');
          assert.equal((res.body as Buffer).toString(), prefix + text);
        }
      }
    });
  }

  it('may have made claims, data, options and promises (B262)', async () => {
    const store = new ForeignStore();
    const options = {
      jwtFromReq: () => foreign('({ role: "guest", groups: ["a"] })'),
      cookie: foreign('({ maxAge: 60000 })'),
      keysProvider: () => vm.runInContext('Promise.resolve(keys)', vm.createContext({ keys })) as unknown,
      keys: undefined,
    };
    const middleware = ours(options, store);
    const page = virtualResponse();
    const visit = virtualRequest();
    await enter(middleware, visit, page.res);
    data(visit).cart = foreign('({ items: [1, 2], at: new Date(0) })');
    page.res.end();
    await settled();
    const { payload } = decode((cookieIn(page) ?? '').slice('connect.sid='.length));
    assert.deepEqual([payload.role, payload.groups], ['guest', ['a']]);
    const req = virtualRequest({ cookie: cookieIn(page) ?? '' });
    await enter(middleware, req, virtualResponse().res);
    assert.deepEqual(data(req).cart, { items: [1, 2], at: '1970-01-01T00:00:00.000Z' });
  });
});
