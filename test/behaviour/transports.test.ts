/** The option transport: the token in a cookie, in a header, or where the application wants it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { inspect } from 'node:util';
import cookieParser from 'cookie-parser';
import express from 'express';
import request from 'supertest';
import session from '../../src';
import { breakSignature, byHand } from '../support/by-hand';
import { decode, digest } from '../support/cookies';
import { keys } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { legacySecret, startLegacySession } from '../support/legacy';
import { loose } from '../support/loose';
import { logOut } from '../support/pages';
import { createHttp2Server, type Handler, serverOf } from '../support/server';
import { idOf, recordWith } from '../support/session-tokens';
import { asStore, claimsOfSession, countHits, data, open, serve, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';
import { Http2Exchange, withHttp2Client } from '../support/wire';

type Headers = Record<string, string | string[]>;

interface Answer {
  status: number | undefined;
  body: string;
  headers: http.IncomingHttpHeaders;
  /** The token in X-Session-Token. */
  token: string | undefined;
}

/** A request with these headers; a list stands for several of one name. */
async function ask({ port }: Site, path: string, headers: Headers = {}): Promise<Answer> {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => [name, value]),
  );
  const sent = http.get({ port, path, headers: ['Host', 'localhost', ...lines] });
  const [res] = (await once(sent, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const text of res.setEncoding('utf8')) body += String(text);
  const token = res.headers['x-session-token'] as string | undefined;
  return { status: res.statusCode, body, headers: res.headers, token };
}

const bearer = (token: string | undefined): Headers => ({ Authorization: `Bearer ${String(token)}` });
const cookie = (token: string): Headers => ({ Cookie: `connect.sid=${token}` });

function cookieToken({ headers }: Answer): string | undefined {
  return headers['set-cookie']?.[0]?.split(';')[0]?.slice('connect.sid='.length);
}

const login: Handler = (req, res) => {
  data(req).user = 'alice';
  res.end('welcome');
};

const handlers: Record<string, Handler> = {
  '/': countHits,
  '/login': login,
  '/look': (req, res) => res.end(String(data(req).user)),
  '/regenerate': async (req, res) => {
    await req.session.regenerate();
    data(req).user = 'regenerated';
    res.end();
  },
  '/logout': logOut,
};

function openStored(options: Record<string, unknown>): Promise<{ site: Site; store: ForeignStore }> {
  const store = new ForeignStore();
  return serve(loose({ store, ...options }), handlers).then((site) => ({ site, store }));
}

/** A stored session's token; nobody has seen it yet. */
function put(store: ForeignStore, fields: object): string {
  const token = byHand({ ses: { id: randomUUID(), gen: 1 } });
  store.records.set(idOf(token), recordWith(fields));
  return token;
}

describe('the transport option', () => {
  const wrong: unknown[] = [
    ...['', 'Bearer', 'cookies', 0, true, {}, null, () => 'token'],
    ...[[], ['cookie', 'x'], [['cookie']], [undefined]],
    ...[{ header: '' }, { header: 'x y' }, { header: 1 }, { header: 'Authorization' }, { header: 'cookie' }],
    ...[{ bearer: true }, { bearer: {} }, { bearer: { responseHeader: 'Set-Cookie' } }],
    ...[{ header: 'x-a', bearer: { responseHeader: 'x-b' } }, { read: () => null }, { write: () => null }],
    { read: 'x', write: 'y' },
  ].filter((value) => value !== null);

  for (const transport of wrong) {
    it(`is refused as ${inspect(transport)}, by its name`, () => {
      assert.throws(() => session(loose({ keys, jwt: { transport } })), {
        name: 'TypeError',
        message: /^jwt\.transport(\.\w+)* option /,
      });
    });
  }

  for (const transport of [undefined, null, 'cookie', ['cookie']]) {
    it(`given as ${inspect(transport)} means the cookie`, async () => {
      const site = await serve(loose({ jwt: { transport } }), handlers);
      const first = await ask(site, '/');
      assert.equal(first.token, undefined);
      const token = cookieToken(first) ?? '';
      assert.equal((await ask(site, '/', cookie(token))).body, '2');
      assert.equal((await ask(site, '/', bearer(token))).body, '1');
    });
  }
});

describe('the bearer transport', () => {
  it('hands a new token back in X-Session-Token, once, and reads it from Authorization', async () => {
    const { site } = await openStored({ jwt: { transport: 'bearer' } });
    const first = await ask(site, '/');
    assert.deepEqual(Object.keys(decode(first.token ?? '').payload).sort(), ['iat', 'ses']);
    const second = await ask(site, '/', bearer(first.token));
    assert.equal(second.body, '2');
    assert.equal(second.token, undefined);
    assert.equal(first.headers['set-cookie'] ?? second.headers['set-cookie'], undefined);
  });

  it('hands new tokens back in the response header that is configured', async () => {
    const { site } = await openStored({ jwt: { transport: { bearer: { responseHeader: 'X-Token' } } } });
    const { headers, token } = await ask(site, '/');
    assert.equal(token, undefined);
    assert.equal((await ask(site, '/', bearer(String(headers['x-token'])))).body, '2');
  });

  it('hands nothing back for a new session that is not stored', async () => {
    const { site, store } = await openStored({ jwt: { transport: 'bearer' } });
    const { headers, body, token } = await ask(site, '/look');
    assert.deepEqual([body, token, headers['set-cookie']], ['undefined', undefined, undefined]);
    assert.deepEqual(store.calls, []);
  });

  for (const [name, header] of Object.entries({
    'another case of the scheme': (token: string) => `bEARER ${token}`,
    'blanks around it, which HTTP takes away': (token: string) => `  Bearer ${token} `,
  })) {
    it(`takes ${name}`, async () => {
      const { site, store } = await openStored({ jwt: { transport: 'bearer' } });
      const token = put(store, { user: 'alice' });
      assert.equal((await ask(site, '/look', { Authorization: header(token) })).body, 'alice');
    });
  }

  const malformed: Record<string, (token: string) => string | string[]> = {
    'the token alone': (token) => token,
    'two blanks': (token) => `Bearer  ${token}`,
    'a tab': (token) => `Bearer\t${token}`,
    'no token': () => 'Bearer',
    'no blank': (token) => `Bearer${token}`,
    'an equals sign': (token) => `Bearer=${token}`,
    'a comma': (token) => `Bearer, ${token}`,
    quotes: (token) => `Bearer "${token}"`,
    'a parameter': (token) => `Bearer token=${token}`,
    'a parameter behind it': (token) => `Bearer ${token}, realm="x"`,
    'the token twice': (token) => `Bearer ${token} ${token}`,
    padding: (token) => `Bearer ${token}==`,
    'percent-encoding': (token) => `Bearer ${token.replaceAll('.', '%2E')}`,
    'another scheme': (token) => `Token ${token}`,
    Basic: (token) => `Basic ${token}`,
    'two headers': (token) => [`Bearer ${token}`, `Bearer ${token}`],
    'a header of another scheme beside it': (token) => [`Bearer ${token}`, 'Basic YTpi'],
    'a bad signature': (token) => `Bearer ${breakSignature(token)}`,
    'the id of its session': (token) => `Bearer ${idOf(token)}`,
    'its digest': (token) => `Bearer ${digest(token)}`,
    'thousands of characters': () => `Bearer ${'a'.repeat(12_000)}`,
    'a thousand blanks': (token) => `Bearer ${' '.repeat(1_000)}${token}`,
    'a thousand equals signs': () => `Bearer ${'a='.repeat(1_000)} `,
    'bytes beyond ASCII': (token) => `Bearer ${token}\u00e9`,
    'an expired token': () => `Bearer ${byHand({ exp: 1 })}`,
  };
  for (const [name, header] of Object.entries(malformed)) {
    it(`answers with no session to ${name}`, async () => {
      const { site, store } = await openStored({ jwt: { transport: 'bearer' } });
      const token = put(store, { user: 'alice' });
      const answer = await ask(site, '/look', { Authorization: header(token) });
      assert.deepEqual([answer.status, answer.body, answer.token], [200, 'undefined', undefined]);
      assert.deepEqual(store.calls, []);
      assert.deepEqual(await lateErrors(site), []);
    });
  }

  it('does not look at cookies', async () => {
    const { site, store } = await openStored({ jwt: { transport: 'bearer' } });
    const token = put(store, { user: 'alice' });
    assert.equal((await ask(site, '/look', cookie(token))).body, 'undefined');
    assert.deepEqual(store.calls, []);
  });

  for (const options of [{ rolling: true }, { cookie: { maxAge: 60_000 } }, { resave: true }]) {
    it(`neither sets a cookie nor hands the same token back with ${inspect(options)}`, async () => {
      const { site } = await openStored({ jwt: { transport: 'bearer' }, ...options });
      const first = await ask(site, '/');
      const second = await ask(site, '/', bearer(first.token));
      assert.equal(second.body, '2');
      assert.equal(second.token, undefined);
      assert.equal(first.headers['set-cookie'] ?? second.headers['set-cookie'], undefined);
    });
  }

  it('hands back the token of changed claims, and the old one is dead', async () => {
    const { site } = await openStored({ jwt: { transport: 'bearer' }, jwtFromReq: claimsOfSession });
    const first = await ask(site, '/');
    const second = await ask(site, '/login', bearer(first.token));
    assert.equal(decode(second.token ?? '').payload.user, 'alice');
    assert.equal((await ask(site, '/look', bearer(second.token))).body, 'alice');
    assert.equal((await ask(site, '/look', bearer(first.token))).body, 'undefined');
    assert.equal(second.headers['set-cookie'], undefined);
  });

  it('hands back the token of a regenerated session, and the old one is dead', async () => {
    const { site } = await openStored({ jwt: { transport: 'bearer' } });
    const first = await ask(site, '/');
    const second = await ask(site, '/regenerate', bearer(first.token));
    assert.equal((await ask(site, '/look', bearer(second.token))).body, 'regenerated');
    assert.equal((await ask(site, '/look', bearer(first.token))).body, 'undefined');
    assert.equal(second.headers['set-cookie'], undefined);
  });

  it('opens nothing after a logout', async () => {
    const { site, store } = await openStored({ jwt: { transport: 'bearer' } });
    const { token } = await ask(site, '/login');
    const logout = await ask(site, '/logout', bearer(token));
    assert.equal(logout.token, undefined);
    assert.equal((await ask(site, '/look', bearer(token))).body, 'undefined');
    assert.equal(store.records.size, 0);
  });

  it('is not bound to the path of the cookie, nor to its secure attribute', async () => {
    const { site } = await openStored({
      jwt: { transport: 'bearer' },
      cookie: { path: '/app', secure: true },
    });
    const first = await ask(site, '/');
    assert.equal((await ask(site, '/', bearer(first.token))).body, '2');
  });

  it('takes back a new token whose session cannot be stored; the old one goes on working', async () => {
    const { site, store } = await openStored({ jwt: { transport: 'bearer' }, jwtFromReq: claimsOfSession });
    const first = await ask(site, '/');
    store.failures.set = new Error('no space left');
    const second = await ask(site, '/login', bearer(first.token));
    assert.equal(second.body, 'welcome');
    assert.equal(second.token, undefined);
    assert.deepEqual(await lateErrors(site), ['no space left']);
    delete store.failures.set;
    assert.equal((await ask(site, '/', bearer(first.token))).body, '2');
  });

  it('works over HTTP/2', async () => {
    await withHttp2Client(createHttp2Server({ jwt: { transport: 'bearer' } }, countHits), async (client) => {
      const first = await new Http2Exchange(client).done;
      const token = String(first.headers['x-session-token']);
      const second = await new Http2Exchange(client, { authorization: `Bearer ${token}` }).done;
      assert.deepEqual([second.body, second.headers['x-session-token']], ['2', undefined]);
    });
  });
});

describe('a header as transport', () => {
  it('carries tokens both ways', async () => {
    const { site } = await openStored({ jwt: { transport: { header: 'X-Access-Token' } } });
    const first = await ask(site, '/');
    const token = String(first.headers['x-access-token']);
    const second = await ask(site, '/', { 'x-access-token': token });
    assert.equal(second.body, '2');
    assert.equal(second.headers['x-access-token'], undefined);
    assert.equal(first.headers['set-cookie'] ?? second.headers['set-cookie'], undefined);
    assert.equal((await ask(site, '/', bearer(token))).body, '1');
  });

  for (const [name, values] of Object.entries({
    'nothing in it': () => '',
    'a scheme before it': (token: string) => `Bearer ${token}`,
    'a token twice': (token: string) => [token, token],
    'a bad signature': breakSignature,
  })) {
    it(`answers with no session to ${name}`, async () => {
      const { site, store } = await openStored({ jwt: { transport: { header: 'x-access-token' } } });
      const token = put(store, { user: 'alice' });
      const answer = await ask(site, '/look', { 'x-access-token': values(token) });
      assert.deepEqual([answer.status, answer.body], [200, 'undefined']);
      assert.deepEqual(store.calls, []);
    });
  }
});

describe('an id that express-session has signed', () => {
  for (const [transport, name, prefix] of [
    ['bearer', 'Authorization', 'Bearer '],
    [{ header: 'x-access-token' }, 'x-access-token', ''],
    [{ read: ({ headers }: http.IncomingMessage) => headers['x-mine'], write: () => null }, 'x-mine', ''],
  ] as const) {
    it(`is refused in ${name}: only a cookie may carry it`, async () => {
      const { site, store } = await openStored({ jwt: { transport }, secret: legacySecret });
      const { id, cookie } = await startLegacySession(store, { user: 'alice' });
      store.calls.length = 0;
      const value = cookie.slice('connect.sid='.length);
      for (const text of [value, decodeURIComponent(value), id]) {
        assert.equal((await ask(site, '/look', { [name]: `${prefix}${text}` })).body, 'undefined');
      }
      assert.deepEqual(store.calls, []);
    });
  }
});

describe('several transports', () => {
  const orders = [
    ['cookie', 'bearer'],
    ['bearer', 'cookie'],
  ];
  for (const transport of orders) {
    describe(`in the order ${transport.join(', ')}`, () => {
      it('read a session from where it came and write its next token there', async () => {
        const { site, store } = await openStored({ jwt: { transport }, jwtFromReq: claimsOfSession });
        const byCookie = await ask(site, '/login', cookie(put(store, { hits: 1 })));
        assert.ok(cookieToken(byCookie));
        assert.equal(byCookie.token, undefined);
        const byBearer = await ask(site, '/login', bearer(put(store, { hits: 1 })));
        assert.ok(byBearer.token);
        assert.equal(byBearer.headers['set-cookie'], undefined);
      });

      it('hand the token of a brand-new session out by the first one', async () => {
        const { site } = await openStored({ jwt: { transport } });
        const answer = await ask(site, '/');
        assert.equal(Boolean(cookieToken(answer)), transport[0] === 'cookie');
        assert.equal(Boolean(answer.token), transport[0] === 'bearer');
      });

      for (const [name, text] of [
        ['bad', breakSignature(byHand())],
        ['unknown', byHand({ ses: { id: 'unknown', gen: 1 } })],
        ['malformed', 'x y'],
      ] as const) {
        it(`do not fall back to the cookie from a bearer token that is ${name}`, async () => {
          const { site, store } = await openStored({ jwt: { transport: ['bearer', 'cookie'] } });
          const answer = await ask(site, '/', { ...bearer(text), ...cookie(put(store, { hits: 41 })) });
          assert.equal(answer.body, '1');
          assert.ok(answer.token);
          assert.equal(answer.headers['set-cookie'], undefined);
        });
      }

      it('let the first one decide where both carry a good token', async () => {
        const { site, store } = await openStored({ jwt: { transport } });
        const [one, two] = [put(store, { user: 'cookie' }), put(store, { user: 'bearer' })];
        assert.equal((await ask(site, '/look', { ...cookie(one), ...bearer(two) })).body, transport[0]);
      });

      it('let a client choose by an empty header or cookie where its new token goes', async () => {
        const { site } = await openStored({ jwt: { transport } });
        assert.ok((await ask(site, '/', { Authorization: 'Bearer' })).token);
        assert.ok(cookieToken(await ask(site, '/', cookie(''))));
      });

      it('leave other schemes of Authorization to others', async () => {
        const { site, store } = await openStored({ jwt: { transport } });
        const headers = { ...cookie(put(store, { user: 'alice' })), Authorization: 'Basic YTpi' };
        assert.equal((await ask(site, '/look', headers)).body, 'alice');
      });
    });
  }

  it('let the first decide also if its cookie is bad', async () => {
    const { site, store } = await openStored({ jwt: { transport: ['cookie', 'bearer'] } });
    const answer = await ask(site, '/', { ...cookie('stale'), ...bearer(put(store, { hits: 41 })) });
    assert.equal(answer.body, '1');
    assert.ok(cookieToken(answer));
  });

  it('bind the cookie alone to its path and its secure attribute', async () => {
    const { site, store } = await openStored({
      jwt: { transport: ['cookie', 'bearer'] },
      cookie: { path: '/app', secure: true },
    });
    assert.equal((await ask(site, '/login')).status, 500); // there is no session
    assert.equal((await ask(site, '/look', bearer(put(store, { user: 'alice' })))).body, 'alice');
  });

  it('upgrade the cookie of express-session', async () => {
    const { site, store } = await openStored({
      jwt: { transport: ['bearer', 'cookie'] },
      secret: legacySecret,
    });
    const legacy = await startLegacySession(store, { user: 'alice' });
    const answer = await ask(site, '/look', { Cookie: legacy.cookie });
    assert.equal(answer.body, 'alice');
    assert.ok(cookieToken(answer));
    assert.equal(answer.token, undefined);
  });

  it('see what cookie-parser has taken from the header', async () => {
    const store = new ForeignStore();
    const app = express().use(cookieParser(legacySecret));
    app.use((req, _, next) => {
      delete req.headers.cookie;
      next();
    });
    app.use(session({ keys, store: asStore(store), jwt: { transport: ['bearer', 'cookie'] } }));
    app.get('/', countHits);
    const res = await request(app)
      .get('/')
      .set('Cookie', `connect.sid=${put(store, { hits: 41 })}`);
    assert.equal(res.text, '42');
  });
});

describe("a transport of the application's own", () => {
  const read = (req: http.IncomingMessage) => (req.headers['x-mine'] as string | undefined) ?? null;
  const write = (_: unknown, res: http.ServerResponse, token: string) => res.setHeader('X-Mine', token);

  it('reads and writes, with the request, the response, the token and the cookie', async () => {
    const calls: unknown[][] = [];
    const own = {
      read,
      write(...args: Parameters<session.CustomTransport['write']>) {
        assert.equal(this, own);
        calls.push([args[0].url, args[2], args[3].maxAge === args[0].session.cookie.maxAge]);
        write(...(args as unknown as Parameters<typeof write>));
      },
    };
    const { site } = await openStored({ jwt: { transport: own } });
    const first = await ask(site, '/');
    const token = String(first.headers['x-mine']);
    assert.equal((await ask(site, '/', { 'x-mine': token })).body, '2');
    assert.deepEqual(calls, [['/', token, true]]);
  });

  it('is asked in its turn', async () => {
    const { site, store } = await openStored({ jwt: { transport: ['bearer', { read, write }, 'cookie'] } });
    const token = put(store, { user: 'alice' });
    assert.equal((await ask(site, '/look', { 'x-mine': token })).body, 'alice');
    assert.equal((await ask(site, '/look', { 'x-mine': '', ...cookie(token) })).body, 'undefined');
    assert.equal((await ask(site, '/look', cookie(token))).body, 'alice');
  });

  for (const answer of [undefined, null, '', 'x', 0, 42, true, {}, [], ['x'], { then: 1 }, () => 'x']) {
    it(`may answer ${inspect(answer)}: there is no session`, async () => {
      const { site, store } = await openStored({ jwt: { transport: { read: () => answer, write } } });
      const { status, body } = await ask(site, '/look');
      assert.deepEqual([status, body], [200, 'undefined']);
      assert.deepEqual(store.calls, []);
    });
  }

  it('whose read throws is an error before the handler', async () => {
    const broken = () => {
      throw new Error('cannot read');
    };
    const { site } = await openStored({ jwt: { transport: [{ read: broken, write }, 'cookie'] } });
    const { status, body } = await ask(site, '/');
    assert.deepEqual([status, body], [500, 'cannot read']);
  });

  for (const [name, promise] of [
    ['fulfils', () => Promise.resolve('token')],
    ['rejects', () => Promise.reject(new Error('too late'))],
  ] as const) {
    it(`whose read ${name} later is an error before the handler`, async () => {
      const unhandled: unknown[] = [];
      const note = (reason: unknown) => unhandled.push(reason);
      process.on('unhandledRejection', note);
      const { site } = await openStored({ jwt: { transport: { read: promise, write } } });
      const { status, body } = await ask(site, '/');
      process.off('unhandledRejection', note);
      assert.equal(status, 500);
      assert.match(body, /^jwt\.transport\.read must return .* a promise$/);
      assert.deepEqual(unhandled, []);
    });
  }

  it('whose write throws is an error after the response, and what it has set does not leave', async () => {
    const broken = (_: unknown, res: http.ServerResponse, token: string) => {
      write(_, res, token);
      res.setHeader('X-New', token);
      throw new Error('cannot write');
    };
    const store = new ForeignStore();
    const site = await serve(loose({ store, jwt: { transport: { read, write: broken } } }), {
      '/': (req, res) => {
        res.setHeader('X-Mine', 'before');
        return countHits(req, res);
      },
    });
    const { status, body, headers } = await ask(site, '/');
    assert.deepEqual([status, body, headers['x-mine'], headers['x-new']], [200, '1', 'before', undefined]);
    assert.deepEqual(await lateErrors(site), ['cannot write']);
    assert.equal(store.records.size, 1);
  });

  it('whose write rejects is an error after the response', async () => {
    const rejecting = async (...args: Parameters<typeof write>) => {
      write(...args);
      await Promise.reject(new Error('cannot write'));
    };
    const { site } = await openStored({ jwt: { transport: { read, write: rejecting } } });
    const first = await ask(site, '/');
    assert.equal((await ask(site, '/', { 'x-mine': String(first.headers['x-mine']) })).body, '2');
    assert.deepEqual(await lateErrors(site), ['cannot write']);
  });

  it('has the headers it has set taken back where the session cannot be stored under the new token', async () => {
    const store = new ForeignStore();
    const signIn: Handler = (req, res) => {
      res.setHeader('Set-Cookie', ['theme=dark']);
      res.setHeader('X-Mine', 'before');
      res.setHeader('X-Other', 'other');
      return login(req, res);
    };
    const writeMuch = (_: unknown, res: http.ServerResponse, token: string) => {
      res.appendHeader('Set-Cookie', `mine=${token}`);
      res.setHeader('X-Mine', token);
      res.setHeader('X-New', token);
    };
    const site = await serve(
      loose({
        store,
        jwt: { transport: { read, write: writeMuch } },
        jwtFromReq: claimsOfSession,
      }),
      { ...handlers, '/login': signIn },
    );
    const token = put(store, { hits: 1 });
    store.failures.set = new Error('no space left');
    const { headers } = await ask(site, '/login', { 'x-mine': token });
    assert.deepEqual(headers['set-cookie'], ['theme=dark']);
    assert.deepEqual(
      [headers['x-mine'], headers['x-new'], headers['x-other']],
      ['before', undefined, 'other'],
    );
    delete store.failures.set;
    const second = await ask(site, '/login', { 'x-mine': token });
    assert.equal(second.headers['set-cookie']?.length, 2);
    assert.notEqual(second.headers['x-mine'], 'before');
  });
});

describe('a keysProvider', () => {
  it('is given the token of the transport that decides, and no other', async () => {
    const given: unknown[] = [];
    const store = new ForeignStore();
    const middleware = session(
      loose({
        store: asStore(store),
        jwt: { transport: ['bearer', { header: 'x-access-token' }, 'cookie'] },
        keysProvider: (_: unknown, token: unknown) => {
          given.push(token);
          return Promise.resolve(keys);
        },
      }),
    );
    const site = await open(serverOf(middleware, handlers['/look']));
    const [one, two, three] = [1, 2, 3].map((id) => byHand({ ses: { id: String(id), gen: 1 } }));
    const all = { ...bearer(one), 'x-access-token': String(two), ...cookie(String(three)) };
    await ask(site, '/look', all);
    await ask(site, '/look', { ...all, Authorization: 'Bearer x' });
    await ask(site, '/look', { 'x-access-token': String(two), ...cookie(String(three)) });
    await ask(site, '/look', cookie(String(three)));
    assert.deepEqual(given, [one, undefined, two, three]);
  });
});
