/** A response that waits for the store: its body, its callbacks and its return values are as without the middleware. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Request, RequestHandler, Response } from 'express';
import request from 'supertest';
import session from '../../src';
import { cookieOf, setCookie } from '../support/cookies';
import { keys } from '../support/keys';
import { createHttp2Server, serverOf, type Handler } from '../support/server';
import { asStore, data, gate, serve, turn } from '../support/site';
import { ForeignStore, methods } from '../support/stores';
import {
  answerAfter,
  closed,
  Http2Exchange,
  parseRaw,
  requestText,
  roundTrip,
  Wire,
  withHttp2Client,
  withServer,
} from '../support/wire';

interface Tested {
  answer: request.Response;
  store: ForeignStore;
}

/** The answer of a handler that starts with a modified session, whose save is held until `end` was called. */
async function whilePending(handler: Handler, method: 'get' | 'head' = 'get'): Promise<Tested> {
  const { server, store } = await serve({ store: new ForeignStore() }, (req, res) => {
    data(req).user = 'bob';
    return handler(req, res);
  });
  const answer = await answerAfter(
    store.hold('set'),
    request(server)[method]('/').responseType('blob').then(received),
  );
  return { answer, store };
}

/** The answer of a handler on an untouched session: no store call. */
async function withoutStoreCall(handler: Handler, method: 'get' | 'head' = 'get'): Promise<Tested> {
  const { server, store } = await serve({ store: new ForeignStore() }, handler);
  return { answer: await request(server)[method]('/').responseType('blob').then(received), store };
}

const ways = [
  ['while a save is pending', whilePending],
  ['with no store call', withoutStoreCall],
] as const;

/** The answer of the same handler with no session middleware at all. */
async function withoutMiddleware(
  handler: Handler,
  method: 'get' | 'head' = 'get',
): Promise<request.Response> {
  const passOn: RequestHandler = (_req, _res, next) => {
    next();
  };
  return request(serverOf(passOn, handler))[method]('/').responseType('blob').then(received);
}

const received = (answer: request.Response): request.Response => answer;

/** A body exactly as it came, one character for each byte. */
function bodyOf(answer: request.Response): string {
  return Buffer.isBuffer(answer.body) ? answer.body.toString('latin1') : '';
}

/** The header that frames a body; a response never has both of the lines. */
function framing(answer: request.Response): Record<string, string | undefined> {
  const headers = answer.headers as Record<string, string | undefined>;
  return { length: headers['content-length'], transfer: headers['transfer-encoding'] };
}

/** What `action` threw. */
function thrownBy(action: () => unknown): NodeJS.ErrnoException {
  try {
    action();
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error('nothing was thrown');
}

/** Patches `end` and `write` as monitoring tools do; its `write` throws once `end` was called. */
function refuseLateWrites(res: Response): { writes: number; ends: number } {
  const seen = { writes: 0, ends: 0 };
  const { write, end } = Object.fromEntries(
    (['write', 'end'] as const).map((name) => [
      name,
      Reflect.get(res, name) as (...args: unknown[]) => unknown,
    ]),
  );
  Object.assign(res, {
    write: (...args: unknown[]) => {
      if (seen.ends > 0) throw new Error('write after end');
      seen.writes++;
      return write?.apply(res, args);
    },
    end: (...args: unknown[]) => {
      seen.ends++;
      return end?.apply(res, args);
    },
  });
  return seen;
}

describe('res.end called twice', () => {
  for (const [when, run] of ways) {
    it(`keeps the first body and Content-Type ${when}, and the repeat returns false (B046)`, async () => {
      let repeat: unknown;
      const { answer } = await run((_, res) => {
        res.setHeader('Content-Type', 'text/x-greeting');
        res.end('Hello, world!');
        repeat = res.end();
      });
      assert.equal(answer.status, 200);
      assert.equal(bodyOf(answer), 'Hello, world!');
      assert.equal(answer.headers['content-type'], 'text/x-greeting');
      assert.equal(repeat, false);
    });
  }

  it('causes no store call by the repeat, not even after another change (B046)', async () => {
    const { store } = await whilePending((req, res) => {
      res.end('Hello, world!');
      data(req).user = 'alice';
      res.end();
    });
    assert.deepEqual(methods(store), ['set']);
  });

  it('returns false for a repeat that comes after the response is finished (B046, B057)', async () => {
    let repeat: unknown;
    const { store } = await whilePending(async (_, res) => {
      res.end('Hello, world!');
      await once(res, 'finish');
      repeat = res.end('again');
    });
    await roundTrip();
    assert.equal(repeat, false);
    assert.deepEqual(methods(store), ['set']);
  });
});

describe('res.end without a body', () => {
  for (const [when, run] of ways) {
    for (const [form, end] of [
      ['null', (res: Response) => res.end(null)],
      ['undefined', (res: Response) => res.end(undefined)],
      ['no argument', (res: Response) => res.end()],
    ] as const) {
      it(`answers ${form} with 200 and an empty body ${when} (B047)`, async () => {
        const { answer } = await run((_, res) => end(res));
        assert.equal(answer.status, 200);
        assert.equal(bodyOf(answer), '');
      });
    }
  }
});

describe('a header set after res.end', () => {
  /** Ends, then tries to answer something else in the same tick. */
  function endTwice(keep: (error: NodeJS.ErrnoException) => void): Handler {
    return (_, res) => {
      res.end();
      keep(
        thrownBy(() => {
          res.setHeader('Content-Length', '3');
          res.end('foo');
        }),
      );
    };
  }

  for (const [when, run] of ways) {
    it(`throws what it throws without the middleware, ${when} (B048)`, async () => {
      const errors: NodeJS.ErrnoException[] = [];
      const { answer } = await run(endTwice((error) => errors.push(error)));
      const plain = await withoutMiddleware(endTwice((error) => errors.push(error)));
      const [ours, nodes] = errors;
      assert.match(String(ours?.message), /Cannot set headers after they are sent/);
      assert.deepEqual([ours?.message, ours?.code], [nodes?.message, nodes?.code]);
      assert.equal(answer.status, plain.status);
      assert.equal(bodyOf(answer), bodyOf(plain));
      assert.deepEqual(framing(answer), framing(plain));
    });
  }

  const late: Record<string, (res: Response) => unknown> = {
    setHeader: (res) => res.setHeader('X-Late', '1'),
    setHeaders: (res) => res.setHeaders(new Map([['X-Late', '1']])),
    appendHeader: (res) => res.appendHeader('X-Late', '1'),
    removeHeader: (res) => {
      res.removeHeader('X-Early');
    },
    writeHead: (res) => res.writeHead(201),
    flushHeaders: (res) => {
      res.flushHeaders();
    },
  };

  /** Ends, then calls each of these methods; keeps what came of it. */
  function callLate(keep: (outcomes: Record<string, unknown>) => void): Handler {
    return (_, res) => {
      res.setHeader('X-Early', '1');
      res.end('body');
      const outcomes: Record<string, unknown> = { headersSent: res.headersSent };
      for (const [name, call] of Object.entries(late)) {
        try {
          call(res);
          outcomes[name] = 'no error';
        } catch (error) {
          outcomes[name] = [(error as NodeJS.ErrnoException).code, (error as Error).message];
        }
      }
      keep(outcomes);
    };
  }

  for (const [title, options] of [
    ['a save is pending', {}],
    ['the save of another token is pending', { jwtFromReq: (req: Request) => ({ path: req.url }) }],
  ] as const) {
    it(`and other late calls do what they do without the middleware while ${title} (B048)`, async () => {
      const outcomes: Record<string, unknown>[] = [];
      const handler = callLate((found) => outcomes.push(found));
      const { server, store, visit } = await serve({ ...options, store: new ForeignStore() }, (req, res) => {
        data(req).user = req.url;
        if (req.url === '/start') return res.end();
        req.url = '/elsewhere';
        return handler(req, res);
      });
      const cookie = cookieOf(await visit('/start'));
      const answer = await answerAfter(
        store.hold('set'),
        request(server).get('/').set('Cookie', cookie).then(received),
      );
      const plain = await withoutMiddleware(handler);
      assert.equal(answer.text, 'body');
      assert.deepEqual(outcomes[0], outcomes[1]);
      for (const { headers, status } of [answer, plain]) {
        assert.deepEqual([status, headers['x-early'], headers['x-late']], [200, '1', undefined]);
      }
    });
  }

  it('finds the header state committed by the first end while its save is pending, and no byte sent (B048)', async () => {
    const { port, store } = await serve({ store: new ForeignStore() }, (req, res) => {
      data(req).user = 'bob';
      assert.equal(res.headersSent, false);
      res.end('body');
      states.push(res.headersSent);
    });
    const states: boolean[] = [];
    const gate = store.hold('set');
    const wire = new Wire(port, requestText());
    await gate.reached;
    await roundTrip();
    assert.deepEqual(states, [true]);
    assert.equal(wire.received, '');
    gate.release();
    assert.match(await wire.closed, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nbody$/);
  });
});

describe('a response with a Content-Length and a slow store', () => {
  async function assertDelivered(
    length: string,
    body: string,
    end: (res: Response) => unknown,
  ): Promise<void> {
    const { answer, store } = await whilePending((_, res) => {
      res.setHeader('Content-Length', length);
      end(res);
    });
    assert.equal(answer.status, 200);
    assert.equal(bodyOf(answer), body);
    assert.deepEqual(framing(answer), { length, transfer: undefined });
    assert.deepEqual(methods(store), ['set']);
  }

  it('is delivered and saved once with a length of 0 and no body (B049)', () =>
    assertDelivered('0', '', (res) => res.end()));

  it('is delivered whole and saved once where the body comes in two parts (B050)', () =>
    assertDelivered('12', 'hello, world', (res) => {
      res.write('hello, ');
      res.end('world');
    }));

  it('is delivered whole and saved once where the body comes in one part (B051)', () =>
    assertDelivered('13', 'session saved', (res) => res.end('session saved')));
});

describe('a pending store call', () => {
  it('holds a chunk whole until the store has answered, then passes it on in one piece (B052)', async () => {
    const passedOn: unknown[][] = [];
    const store = new ForeignStore();
    const middleware = session({ keys, store: asStore(store) });
    const server = serverOf(
      (req, res, next) => {
        for (const name of ['write', 'end'] as const) {
          const original = Reflect.get(res, name) as (...args: unknown[]) => unknown;
          Reflect.set(res, name, (...args: unknown[]) => {
            passedOn.push([name, String(args[0])]);
            return original.apply(res, args);
          });
        }
        middleware(req, res, next);
      },
      (req, res) => {
        data(req).user = 'bob';
        res.end('Hello, world!');
      },
    );
    const gate = store.hold('set');
    await withServer(server, async (port) => {
      const wire = new Wire(port, requestText());
      await gate.reached;
      await roundTrip();
      assert.equal(wire.received, '');
      assert.deepEqual(passedOn, []);
      gate.release();
      assert.equal(parseRaw(await wire.closed).body, 'Hello, world!');
      assert.deepEqual(passedOn, [['end', 'Hello, world!']]);
    });
  });

  for (const [framed, length, early, late] of [
    ['in chunks', undefined, '7\r\nhello, \r\n', '5\r\nworld\r\n0\r\n\r\n'],
    ['with a Content-Length', '12', 'hello, ', 'world'],
  ] as const) {
    it(`of a stream whose headers have left makes the last chunk and the end wait, ${framed} (B052)`, async () => {
      const more = gate();
      const { port, store, visit } = await serve({ store: new ForeignStore() }, async (req, res) => {
        if (req.url === '/start') {
          data(req).user = 'alice';
          res.end();
          return;
        }
        if (length) res.setHeader('Content-Length', length);
        res.write('hello, ');
        await more.pass();
        data(req).user = 'bob';
        res.end('world');
      });
      const cookie = cookieOf(await visit('/start'));
      const wire = new Wire(port, requestText('GET', '/', { cookie }));
      await wire.until('hello');
      const held = store.hold('set');
      more.open();
      await held.reached;
      await roundTrip();
      assert.equal(parseRaw(wire.received).body, early);
      held.release();
      assert.equal(parseRaw(await wire.closed).body, early + late);
    });
  }

  it('of a body in two parts, written and ended in one tick, holds all of it (B052, B259)', async () => {
    const { port, store } = await serve({ store: new ForeignStore() }, (req, res) => {
      data(req).user = 'bob';
      res.write('hello, ');
      res.end('world');
    });
    const held = store.hold('set');
    const wire = new Wire(port, requestText());
    await held.reached;
    await roundTrip();
    assert.equal(wire.received, '');
    held.release();
    assert.match(parseRaw(await wire.closed).body, /hello, [^]*world/);
    assert.deepEqual(methods(store), ['set']);
  });
});

describe('the length of a body whose end waits for the store', () => {
  for (const [title, end] of [
    ['a text', (res: Response) => res.end('hi')],
    ['a text of two-byte characters', (res: Response) => res.end('hé')],
    ['a text in another encoding', (res: Response) => res.end('hé', 'latin1')],
    ['hexadecimal text', (res: Response) => res.end('6869', 'hex')],
    ['base64', (res: Response) => res.end('aGk=', 'base64')],
    ['a Buffer', (res: Response) => res.end(Buffer.from('hé'))],
    ['an empty text', (res: Response) => res.end('')],
    ['nothing', (res: Response) => res.end()],
    ['a text and a callback', (res: Response) => res.end('hi', () => undefined)],
  ] as const) {
    it(`is that which Node computes for ${title} (B053)`, async () => {
      const { answer } = await whilePending((_, res) => end(res));
      const plain = await withoutMiddleware((_, res) => end(res));
      assert.ok(framing(plain).length, 'Node knows the length');
      assert.deepEqual(framing(answer), framing(plain));
    });
  }

  it('is 2 for hi, without Transfer-Encoding (B053)', async () => {
    const { answer } = await whilePending((_, res) => res.end('hi'));
    assert.deepEqual(framing(answer), { length: '2', transfer: undefined });
    assert.equal(bodyOf(answer), 'hi');
  });

  for (const status of [204, 304]) {
    it(`is not told for a ${String(status)} (B053)`, async () => {
      const { answer } = await whilePending((_, res) => {
        res.statusCode = status;
        res.end('hi');
      });
      assert.equal(answer.status, status);
      assert.deepEqual(framing(answer), { length: undefined, transfer: undefined });
    });
  }

  it('is not told for a HEAD (B053)', async () => {
    const { answer } = await whilePending((_, res) => res.end('hi'), 'head');
    assert.equal(answer.status, 200);
    assert.deepEqual(framing(answer), { length: undefined, transfer: undefined });
  });

  it('is not told for a 1xx (B053)', async () => {
    const { port, store } = await serve({ store: new ForeignStore() }, (req, res) => {
      data(req).user = 'bob';
      res.statusCode = 102;
      res.end('hi');
    });
    const gate = store.hold('set');
    const wire = new Wire(port, requestText());
    await gate.reached;
    gate.release();
    const { headers, body } = parseRaw(await wire.until('\r\n\r\n'));
    assert.match(wire.received, /^HTTP\/1\.1 102 /);
    assert.deepEqual(
      headers.filter((line) => /^(content-length|transfer-encoding)/.test(line)),
      [],
    );
    assert.equal(body, '');
  });

  for (const [title, name, value, expected] of [
    ['Transfer-Encoding', 'Transfer-Encoding', 'chunked', { length: undefined, transfer: 'chunked' }],
    ['Content-Length', 'Content-Length', '2', { length: '2', transfer: undefined }],
  ] as const) {
    it(`is left to the application that set ${title} (B053)`, async () => {
      const { answer } = await whilePending((_, res) => {
        res.setHeader(name, value);
        res.end('hi');
      });
      assert.deepEqual(framing(answer), expected);
      assert.equal(bodyOf(answer), 'hi');
    });
  }

  for (const [title, prepare] of [
    ['Trailer', (res: Response) => res.setHeader('Trailer', 'X-Checksum')],
    [
      'no Content-Length, by removing it',
      (res: Response) => {
        res.removeHeader('Content-Length');
      },
    ],
  ] as const) {
    it(`is left to Node where the application wants ${title} (B053)`, async () => {
      const handler: Handler = (_, res) => {
        prepare(res);
        res.end('hi');
      };
      const { answer } = await whilePending(handler);
      assert.equal(bodyOf(answer), 'hi');
      assert.equal(framing(answer).length, undefined);
      assert.deepEqual(framing(answer), framing(await withoutMiddleware(handler)));
    });
  }

  it('is told of HTTP/1 only, and of HTTP/2 as Node does: not at all (B053)', async () => {
    const server = createHttp2Server({}, (req, res) => {
      data(req).user = 'bob';
      res.end('hi');
    });
    await withHttp2Client(server, async (client) => {
      const exchange = await new Http2Exchange(client).done;
      assert.equal(exchange.body, 'hi');
      assert.ok(exchange.setCookie);
      assert.equal(exchange.headers['content-length'], undefined);
    });
  });

  it('is left to an application that gave it to writeHead, and told once (B053)', async () => {
    const { port } = await serve({ store: new ForeignStore() }, (req, res) => {
      data(req).user = 'bob';
      res.writeHead(200, { 'Content-Length': '2' });
      res.end('hi');
    });
    const { headers, body } = parseRaw(await new Wire(port, requestText()).closed);
    assert.deepEqual(
      headers.filter((line) => /^(content-length|transfer-encoding)/.test(line)),
      ['content-length: 2'],
    );
    assert.equal(body, 'hi');
  });
});

describe('the kinds of chunk', () => {
  const binary = Buffer.from([0, 255, 128, 10, 13, 195]);
  const kinds: [title: string, chunk: unknown, encoding: BufferEncoding | undefined, bytes: Buffer][] = [
    ['a hexadecimal text', '6869', 'hex', Buffer.from('hi')],
    ['a base64 text', binary.toString('base64'), 'base64', binary],
    ['a latin1 text', 'hé', 'latin1', Buffer.from('hé', 'latin1')],
    ['a UTF-16 text', 'hé', 'utf16le', Buffer.from('hé', 'utf16le')],
    ['a text of multi-byte characters', 'Grüße, 世界 👋', undefined, Buffer.from('Grüße, 世界 👋')],
    ['a Buffer', binary, undefined, binary],
    ['a Uint8Array', new Uint8Array(binary), undefined, binary],
    [
      'a Uint8Array over a part of its memory',
      new Uint8Array(binary).subarray(1, 3),
      undefined,
      binary.subarray(1, 3),
    ],
    ['an empty text', '', undefined, Buffer.alloc(0)],
    ['an empty Buffer', Buffer.alloc(0), undefined, Buffer.alloc(0)],
    ['a text of one byte', 'x', undefined, Buffer.from('x')],
    ['a Buffer of one byte', Buffer.from('x'), undefined, Buffer.from('x')],
  ];

  for (const [title, chunk, encoding, bytes] of kinds) {
    const end = (res: Response) => (encoding ? res.end(chunk, encoding) : res.end(chunk));

    it(`delivers ${title} unchanged while a save is pending (B054)`, async () => {
      const { answer } = await whilePending((_, res) => end(res));
      assert.equal(bodyOf(answer), bytes.toString('latin1'));
    });

    it(`delivers ${title} unchanged under a Content-Length in bytes (B054)`, async () => {
      const { answer } = await whilePending((_, res) => {
        res.setHeader('Content-Length', bytes.length);
        end(res);
      });
      assert.equal(bodyOf(answer), bytes.toString('latin1'));
      assert.equal(framing(answer).length, String(bytes.length));
    });

    it(`delivers ${title} unchanged at the end of a stream (B054)`, async () => {
      const { answer } = await whilePending((_, res) => {
        res.write('> ');
        end(res);
      });
      assert.equal(bodyOf(answer), `> ${bytes.toString('latin1')}`);
    });
  }
});

describe('the callback of res.end', () => {
  const forms = [
    ['end(cb)', '', (res: Response, done: () => void) => res.end(done)],
    ['end(chunk, cb)', 'hi', (res: Response, done: () => void) => res.end('hi', done)],
    ['end(chunk, encoding, cb)', 'hi', (res: Response, done: () => void) => res.end('6869', 'hex', done)],
    ['end(null, cb)', '', (res: Response, done: () => void) => res.end(null, done)],
  ] as const;

  for (const [when, run] of ways) {
    for (const [form, body, end] of forms) {
      it(`is called once, after finish, by ${form} ${when} (B055)`, async () => {
        const calls: boolean[] = [];
        let whole = Promise.resolve();
        const { answer } = await run((_, res) => {
          whole = closed(res);
          end(res, () => calls.push(res.writableFinished));
        });
        await whole;
        assert.equal(answer.status, 200);
        assert.equal(bodyOf(answer), body);
        assert.deepEqual(calls, [true]);
      });
    }
  }

  it('is not called before the store has answered (B055)', async () => {
    const calls: string[] = [];
    const { server, store } = await serve({ store: new ForeignStore() }, (req, res) => {
      data(req).user = 'bob';
      res.end('hi', () => calls.push('end'));
    });
    const gate = store.hold('set');
    const pending = request(server).get('/').then(received);
    await gate.reached;
    await roundTrip();
    assert.deepEqual(calls, []);
    gate.release();
    assert.equal((await pending).text, 'hi');
    await roundTrip();
    assert.deepEqual(calls, ['end']);
  });

  it('is not called if the connection closes first (B055)', async () => {
    let calls = 0;
    let whole = Promise.resolve();
    const { port, store } = await serve({ store: new ForeignStore() }, (req, res) => {
      data(req).user = 'bob';
      whole = closed(res);
      res.end('hi', () => calls++);
    });
    const held = store.hold('set');
    const wire = new Wire(port, requestText());
    await held.reached;
    wire.destroy();
    await whole;
    held.release();
    await roundTrip();
    assert.equal(store.records.size, 1);
    assert.equal(calls, 0);
  });

  it('is called once at the end of a stream as well (B055)', async () => {
    let calls = 0;
    let whole = Promise.resolve();
    const { answer } = await whilePending((_, res) => {
      whole = closed(res);
      res.write('hello, ');
      res.end('world', () => calls++);
    });
    await whole;
    assert.equal(bodyOf(answer), 'hello, world');
    assert.equal(calls, 1);
  });
});

describe('a chunk that Node refuses', () => {
  async function assertRefused(
    run: typeof whilePending,
    end: (res: Response) => unknown,
    code: string,
  ): Promise<void> {
    let error: NodeJS.ErrnoException | undefined;
    const { answer } = await run((_, res) => {
      error = thrownBy(() => end(res));
      res.statusCode = 500;
      res.end('refused');
    });
    assert.equal(error?.code, code);
    assert.equal(answer.status, 500);
    assert.equal(bodyOf(answer), 'refused');
  }

  for (const [when, run] of ways) {
    for (const [title, end] of [
      ['a number', (res: Response) => res.end(42)],
      ['an object', (res: Response) => res.end({ not: 'bytes' })],
      ['true', (res: Response) => res.end(true)],
    ] as const) {
      it(`throws out of end for ${title} ${when}, and the response can still be ended (B056)`, () =>
        assertRefused(run, end, 'ERR_INVALID_ARG_TYPE'));
    }
  }

  // Node itself throws too late to answer anything else, so there is no more to this one than where it surfaces.
  it('throws out of end for a text in an unknown encoding while a save is pending (B056)', async () => {
    let error: NodeJS.ErrnoException | undefined;
    let whole = Promise.resolve();
    const answer = whilePending((_, res) => {
      whole = closed(res);
      error = thrownBy(() => res.end('hi', 'klingon' as BufferEncoding));
      res.destroy();
    });
    await assert.rejects(answer);
    await whole;
    assert.equal(error?.code, 'ERR_UNKNOWN_ENCODING');
  });
});

describe('the return value of res.end', () => {
  const act: [title: string, act: Handler][] = [
    ['a save is pending', (req) => (data(req).user = 'alice')],
    ['a touch is pending', () => undefined],
    ['a destroy is pending', (req) => Reflect.deleteProperty(req, 'session')],
    ['there is no session', (req) => req.session.destroy(() => undefined)],
  ];
  for (const [title, change] of act) {
    it(`is res the first time and false the second where ${title} (B057)`, async () => {
      const returned: boolean[] = [];
      const { get, visit } = await serve({ store: new ForeignStore(), unset: 'destroy' }, (req, res) => {
        if (req.url === '/start') {
          data(req).user = 'bob';
        } else {
          change(req, res);
        }
        const [first, second] = [res.end('hi'), res.end('again')] as unknown[];
        returned.push(first === res, second === false);
      });
      const cookie = cookieOf(await visit('/start'));
      const answer = await get('/', cookie);
      assert.equal(answer.text, 'hi');
      assert.deepEqual(returned, [true, true, true, true]);
    });
  }

  it('is res the first time and false the second where the store is not called (B057)', async () => {
    let returned: unknown[] = [];
    await withoutStoreCall((_, res) => {
      returned = [res.end() === res, res.end()];
    });
    assert.deepEqual(returned, [true, false]);
  });
});

describe('a response that has no body', () => {
  for (const [title, method, status] of [
    ['HEAD', 'head', 200],
    ['204', 'get', 204],
    ['304', 'get', 304],
  ] as const) {
    it(`saves the session and sets the cookie: ${title} (B058)`, async () => {
      const { answer, store } = await whilePending((_, res) => {
        res.statusCode = status;
        res.end(status === 204 ? undefined : 'no place for this');
      }, method);
      assert.equal(answer.status, status);
      assert.deepEqual(methods(store), ['set']);
      assert.equal(store.records.size, 1);
      assert.ok(setCookie(answer));
      assert.equal(bodyOf(answer), '');
    });
  }

  it('sends no byte of a body to a HEAD, nor after a 304 (B058)', async () => {
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 304],
    ] as const) {
      const { port } = await serve({ store: new ForeignStore() }, (req, res) => {
        data(req).user = 'bob';
        res.statusCode = status;
        res.end('no place for this');
      });
      const { body } = parseRaw(await new Wire(port, requestText(method)).closed);
      assert.equal(body, '');
    }
  });
});

describe('end and write patched by other code', () => {
  /** Streams a body in two parts on a session that must be saved. */
  const greet: Handler = (req, res) => {
    data(req).user = 'bob';
    res.write('hello, ');
    res.end('world');
  };

  it('before the middleware: nothing is written once the underlying end was called (B059)', async () => {
    const store = new ForeignStore();
    const middleware = session({ keys, store: asStore(store) });
    const seen: { writes: number; ends: number }[] = [];
    const server = serverOf((req, res, next) => {
      seen.push(refuseLateWrites(res));
      middleware(req, res, next);
    }, greet);
    const answer = await answerAfter(store.hold('set'), request(server).get('/').then(received));
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'hello, world');
    assert.deepEqual(seen, [{ writes: 1, ends: 1 }]);
    assert.deepEqual(methods(store), ['set']);
  });

  it('after the middleware: it uses the functions it captured on entry (B060)', async () => {
    const store = new ForeignStore();
    const seen: { writes: number; ends: number }[] = [];
    const server = serverOf(session({ keys, store: asStore(store) }), (req, res) => {
      seen.push(refuseLateWrites(res));
      return greet(req, res);
    });
    const answer = await answerAfter(store.hold('set'), request(server).get('/').then(received));
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'hello, world');
    assert.deepEqual(seen, [{ writes: 1, ends: 1 }]);
    assert.deepEqual(methods(store), ['set']);
  });
});

describe('res.write', () => {
  it('sends the headers with the first write, with the cookie of a session changed by then (B061)', async () => {
    const { get } = await serve({ store: new ForeignStore() }, (req, res) => {
      data(req).user = 'bob';
      res.write('one ');
      res.end('two');
    });
    const answer = await get('/');
    assert.equal(answer.text, 'one two');
    assert.ok(setCookie(answer));
  });

  it('settles the headers, without a cookie where the session changes later (B061)', async () => {
    const { store, get } = await serve({ store: new ForeignStore() }, async (req, res) => {
      res.write('one ');
      await turn();
      data(req).user = 'bob';
      res.end('two');
    });
    const answer = await get('/');
    assert.equal(answer.text, 'one two');
    assert.equal(setCookie(answer), undefined);
    assert.deepEqual(methods(store), ['set']);
  });

  it('closes the headers at once, and calls back, as without the middleware (B061)', async () => {
    const seen: unknown[][] = [];
    const handler: Handler = async (_, res) => {
      const called = new Promise<void>((resolve) => {
        res.write('one ', () => {
          resolve();
        });
      });
      const { code, message } = thrownBy(() => res.setHeader('X-Late', '1'));
      seen.push([res.headersSent, code, message]);
      await called;
      res.end('two');
    };
    for (const answer of [(await withoutStoreCall(handler)).answer, await withoutMiddleware(handler)]) {
      assert.equal(bodyOf(answer), 'one two');
    }
    assert.equal(seen[0]?.[0], true);
    assert.deepEqual(seen[0], seen[1]);
  });

  it('of a response that does not need the store lets its bytes out before the end (B061)', async () => {
    const more = gate();
    const { port, store } = await serve({ store: new ForeignStore() }, async (_, res) => {
      res.write('one ');
      await more.pass();
      res.end('two');
    });
    const wire = new Wire(port, requestText());
    await wire.until('one ');
    more.open();
    assert.match(await wire.closed, /two/);
    assert.deepEqual(methods(store), []);
  });
});
