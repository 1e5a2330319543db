/** When the session cookie is sent, and with which expiry and attributes. */
import assert from 'node:assert/strict';
import http from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http';
import { inspect } from 'node:util';
import type { Request, Response } from 'express';
import expressSession from 'express-session';
import request from 'supertest';
import session from '../../src';
import { withFrozenClock } from '../support/clock';
import { cookieFields } from '../support/contents';
import { attributes, cookieOf, decode, setCookie, setCookies, tokenOf } from '../support/cookies';
import { keys } from '../support/keys';
import type { Handler, SessionServer } from '../support/server';
import { createServer, listen, serverOf } from '../support/server';
import { asStore } from '../support/site';
import { ForeignStore, forExpressSession } from '../support/stores';

const MINUTE = 60_000;

type Options = session.SessionOptions;
type CookieOptions = Exclude<Options['cookie'], undefined | ((req: Request) => unknown)>;

/** Options the public types leave out, some because they are wrong on purpose. */
function loose(cookie: object): CookieOptions {
  return cookie;
}

/** Sets members of the session's cookie, whatever their types. */
function editCookie(req: Request, members: object): void {
  Object.assign(req.session.cookie, members);
}

/** Makes the session differ from what it was on every call. */
function modify(req: Request): void {
  const data = req.session as unknown as { hits?: number };
  data.hits = (data.hits ?? 0) + 1;
}

/** `/modify` changes the session, any other path leaves it alone. */
const modifyOnDemand: Handler = (req, res) => {
  if (req.url === '/modify') modify(req);
  res.end();
};

const modifyAlways: Handler = (req, res) => {
  modify(req);
  res.end();
};

/** GET with the cookie of an earlier response, if there is one. */
function get(server: SessionServer, path: string, earlier?: Pick<request.Response, 'headers'>) {
  const test = request(server).get(path);
  return earlier ? test.set('Cookie', cookieOf(earlier)) : test;
}

function attributesOf(res: Pick<request.Response, 'headers'>, name?: string): Record<string, string | true> {
  const line = setCookie(res, name);
  assert.ok(line, 'a session cookie is expected');
  return attributes(line);
}

function storedCookie(store: ForeignStore): Record<string, unknown> {
  const [record] = store.records.values();
  assert.ok(record !== undefined, 'a stored session is expected');
  return (JSON.parse(record) as { cookie: Record<string, unknown> }).cookie;
}

/** The first late error: it comes in a later turn than the response. */
async function lateError(server: SessionServer): Promise<Error> {
  for (;;) {
    const [error] = server.lateErrors;
    if (error) return error;
    await new Promise(setImmediate);
  }
}

describe('the session cookie is sent', () => {
  describe('for a new session', () => {
    for (const saveUninitialized of [false, true]) {
      for (const modified of [false, true]) {
        const sent = saveUninitialized || modified;
        const state = modified ? 'modified' : 'untouched';
        it(`${sent ? 'if' : 'not if'} ${state}, saveUninitialized ${String(saveUninitialized)} (B062)`, async () => {
          const server = createServer({ saveUninitialized }, modifyOnDemand);
          const res = await get(server, modified ? '/modify' : '/').expect(200);
          assert.equal(setCookies(res).length, sent ? 1 : 0);
        });
      }
    }

    it('just as well where the request sent an id the store does not know (B062)', async () => {
      const other = await get(createServer({}, modifyOnDemand), '/modify');
      const server = createServer({}, modifyOnDemand);
      assert.deepEqual(setCookies(await get(server, '/', other).expect(200)), []);
      const res = await get(server, '/modify', other).expect(200);
      assert.notEqual(tokenOf(res), tokenOf(other));
    });

    it('just as well where the handler regenerated the session the request sent (B062)', async () => {
      const server = createServer({}, async (req, res) => {
        if (req.url === '/regenerate') await req.session.regenerate();
        else modify(req);
        res.end();
      });
      const first = await get(server, '/');
      assert.notEqual(tokenOf(await get(server, '/regenerate', first).expect(200)), tokenOf(first));
    });
  });

  describe('for a loaded session', () => {
    for (const rolling of [false, true]) {
      for (const expiring of [false, true]) {
        for (const modified of [false, true]) {
          const sent = rolling || (expiring && modified);
          const state = `${modified ? 'modified' : 'unmodified'}, with${expiring ? '' : 'out'} expiry`;
          it(`${sent ? 'if' : 'not if'} ${state}, rolling ${String(rolling)} (B062)`, async () => {
            const server = createServer(
              { rolling, cookie: expiring ? { maxAge: MINUTE } : {} },
              modifyOnDemand,
            );
            const first = await get(server, '/modify').expect(200);
            const res = await get(server, modified ? '/modify' : '/', first).expect(200);
            assert.equal(setCookies(res).length, sent ? 1 : 0);
            if (sent) assert.equal(tokenOf(res), tokenOf(first));
          });
        }
      }
    }

    it('not if the expiry is undefined, though the session is modified (B062)', async () => {
      const server = createServer({ cookie: loose({ maxAge: undefined }) }, modifyOnDemand);
      const first = await get(server, '/modify').expect(200);
      assert.deepEqual(setCookies(await get(server, '/modify', first).expect(200)), []);
    });
  });

  for (const [how, unset] of Object.entries({
    destroyed: (req: Request): unknown => req.session.destroy(() => undefined),
    nulled: (req: Request) => Object.assign(req, { session: null }),
    deleted: (req: Request) => Reflect.deleteProperty(req, 'session'),
  })) {
    it(`not if the session was modified and then ${how} (B062)`, async () => {
      const options = { saveUninitialized: true, rolling: true, cookie: { maxAge: MINUTE } };
      const server = createServer(options, (req, res) => {
        modify(req);
        if (req.url === '/unset') unset(req);
        res.end();
      });
      const first = await get(server, '/').expect(200);
      assert.deepEqual(setCookies(await get(server, '/unset').expect(200)), []);
      assert.deepEqual(setCookies(await get(server, '/unset', first).expect(200)), []);
    });
  }

  it('not if the id is no string (B062)', async () => {
    const server = createServer({ saveUninitialized: true }, (req, res) => {
      modify(req);
      Object.assign(req, { sessionID: () => 'bogus' });
      res.end();
    });
    assert.deepEqual(setCookies(await get(server, '/').expect(200)), []);
  });

  it('once per response, also where claims change and the session is regenerated twice (B075)', async () => {
    const jwtFromReq = (req: Request) => {
      const { user } = req as { user?: string };
      return user === undefined ? null : { user };
    };
    const server = createServer({ jwtFromReq, cookie: { maxAge: MINUTE } }, async (req, res) => {
      modify(req);
      if (req.url === '/login') Object.assign(req, { user: 'bob' });
      if (req.url === '/regenerate') {
        await req.session.save();
        await req.session.regenerate();
        Object.assign(req, { user: 'alice' });
        await req.session.regenerate();
        modify(req);
      }
      res.end();
    });
    const first = await get(server, '/');
    assert.equal(setCookies(first).length, 1);
    const login = await get(server, '/login', first).expect(200);
    assert.equal(setCookies(login).length, 1);
    assert.equal(decode(tokenOf(login)).payload.user, 'bob');
    const regenerated = await get(server, '/regenerate', login).expect(200);
    assert.equal(setCookies(regenerated).length, 1);
    assert.equal(decode(tokenOf(regenerated)).payload.user, 'alice');
  });

  it('with the token verbatim as its value (B075)', async () => {
    const server = createServer({ jwtFromReq: () => ({ name: 'Zoë; "quoted", 100 %' }) }, (req, res) => {
      modify(req);
      res.end(session.tokenOf(req));
    });
    const res = await get(server, '/').expect(200);
    assert.match(res.text, /^[\w-]+\.[\w-]+\.[\w-]{86}$/);
    assert.equal(tokenOf(res), res.text);
  });
});

describe('the expiry of the session cookie', () => {
  it('set to false on a loaded session is stored so, and the cookie goes out without it (B066)', async () => {
    const store = new ForeignStore();
    const server = createServer({ store, cookie: { maxAge: MINUTE } }, (req, res) => {
      modify(req);
      if (req.url === '/false') editCookie(req, { expires: false });
      res.end();
    });
    const first = await get(server, '/').expect(200);
    assert.equal(storedCookie(store).originalMaxAge, MINUTE);
    const res = await get(server, '/false', first).expect(200);
    assert.ok(!('expires' in attributesOf(res)));
    assert.equal(storedCookie(store).expires, false);
    assert.equal(storedCookie(store).originalMaxAge, false);
  });
});

describe('the attributes of the session cookie', () => {
  /** The Set-Cookie line of these cookie options from its first attribute on. */
  async function attributeText(cookie: object): Promise<string> {
    const server = createServer({ proxy: true, cookie: loose(cookie) }, modifyOnDemand);
    const res = await get(server, '/modify').set('X-Forwarded-Proto', 'https').expect(200);
    return setCookie(res)?.replace(/^[^;]*; /, '') ?? '';
  }

  it('come in a fixed order, whatever the order of the options (B072)', async () => {
    const text = await attributeText({
      sameSite: 'lax',
      priority: 'medium',
      partitioned: true,
      secure: true,
      httpOnly: true,
      maxAge: MINUTE,
      path: '/',
      domain: 'example.com',
    });
    assert.match(
      text,
      /^Domain=example\.com; Path=\/; Expires=[A-Z][a-z]{2}, [^;]* GMT; HttpOnly; Secure; Partitioned; Priority=Medium; SameSite=Lax$/,
    );
  });

  for (const [input, form] of [
    ['low', 'Low'],
    ['medium', 'Medium'],
    ['high', 'High'],
    ['HIGH', 'High'],
    ['mEdIuM', 'Medium'],
  ] as const) {
    it(`write priority ${input} as ${form} (B072)`, async () => {
      assert.equal(await attributeText({ priority: input }), `Path=/; HttpOnly; Priority=${form}`);
    });
  }

  for (const [input, form] of [
    [true, 'Strict'],
    ['strict', 'Strict'],
    ['STRICT', 'Strict'],
    ['lax', 'Lax'],
    ['Lax', 'Lax'],
    ['none', 'None'],
    ['None', 'None'],
  ] as const) {
    it(`write sameSite ${JSON.stringify(input)} as ${form} (B072)`, async () => {
      assert.equal(await attributeText({ sameSite: input }), `Path=/; HttpOnly; SameSite=${form}`);
    });
  }

  for (const falsy of [undefined, null, false, '']) {
    it(`leave out what is ${inspect(falsy)} (B072)`, async () => {
      const names = ['domain', 'expires', 'httpOnly', 'secure', 'partitioned', 'priority', 'sameSite'];
      const cookie = Object.fromEntries(names.map((name) => [name, falsy]));
      assert.equal(await attributeText(cookie), 'Path=/');
    });
  }

  it('are not affected by options that are no attributes (B072)', async () => {
    const encode = () => 'encoded';
    const cookie = { encode, signed: true, overwrite: true, Path: '/other' };
    const server = createServer({ cookie: loose(cookie) }, (req, res) => {
      modify(req);
      res.end(session.tokenOf(req));
    });
    const res = await get(server, '/').expect(200);
    assert.equal(setCookie(res), `connect.sid=${res.text}; Path=/; HttpOnly`);
  });

  it('are not taken for the expiry where the path has the text of one (B072)', async () => {
    for (const text of [
      'Expires=Thu, 01 Jan 1970 00:00:00 GMT',
      'Thu, 01 Jan 1970 00:00:00 GMT',
      'Expires=',
    ]) {
      for (const maxAge of [MINUTE, undefined]) {
        const path = `/${text}`;
        const server = createServer({ cookie: { maxAge } }, (req, res) => {
          modify(req);
          editCookie(req, { path });
          const { expires } = cookieFields(req.session);
          res.end(expires instanceof Date ? expires.toUTCString() : '');
        });
        const res = await get(server, '/').expect(200);
        const expires = maxAge === undefined ? '' : `; Expires=${res.text}`;
        assert.equal(setCookie(res)?.replace(/^[^;]*/, ''), `; Path=${path}${expires}; HttpOnly`);
      }
    }
  });

  /** Members of a cookie that no header can carry, as a handler may set them. */
  const invalid: [message: string, members: object][] = [
    ['option expires is invalid', { expires: new Date(Number.NaN) }],
    ['option domain is invalid', { domain: 'example.com;' }],
    ['option domain is invalid', { domain: 'two words' }],
    ['option path is invalid', { path: '/;x' }],
    ['option path is invalid', { path: '/ü' }],
    ['option priority is invalid', { priority: 'urgent' }],
    ['option priority is invalid', { priority: 42 }],
    ['option sameSite is invalid', { sameSite: 'sometimes' }],
    ['option sameSite is invalid', { sameSite: 42 }],
  ];
  for (const [message, members] of invalid) {
    it(`draw the late error "${message}", as with express-session, for ${inspect(members)}: 200, saved, but no cookie (B073)`, async () => {
      const errors: string[] = [];
      for (const theirs of [false, true]) {
        const store = new ForeignStore();
        const middleware = theirs
          ? expressSession({
              secret: 'keyboard cat',
              resave: false,
              saveUninitialized: false,
              store: forExpressSession(store),
            })
          : session({ keys, store: asStore(store) });
        const server = serverOf(middleware, (req, res) => {
          modify(req);
          editCookie(req, members);
          res.end('served');
        });
        const res = await get(server, '/').expect(200, 'served');
        assert.deepEqual(setCookies(res), []);
        errors.push((await lateError(server)).message);
        assert.equal(server.lateErrors.length, 1);
        assert.equal(store.count('set'), 1);
        assert.equal(store.records.size, 1);
      }
      assert.deepEqual(errors, [message, message]);
    });
  }

  it('draw the error "argument name is invalid", as with express-session, where the name is (B073)', () => {
    const messages = [session.Cookie, expressSession.Cookie].map((Cookie) => {
      const cookie = new Cookie() as session.Cookie & { serialize(name: string, value: string): string };
      try {
        return cookie.serialize('two words', 'value');
      } catch (error) {
        assert(error instanceof TypeError);
        return error.message;
      }
    });
    assert.deepEqual(messages, ['argument name is invalid', 'argument name is invalid']);
  });

  it('come from the stored cookie for a loaded session, not from the options of the day (B078)', () =>
    withFrozenClock(async (clock) => {
      const store = asStore(new ForeignStore());
      const then = { maxAge: MINUTE, httpOnly: false, sameSite: 'lax', priority: 'low' } as const;
      const today = {
        maxAge: 5 * MINUTE,
        domain: 'example.com',
        sameSite: 'strict',
        partitioned: true,
      } as const;
      const first = await get(createServer({ store, cookie: then }, modifyOnDemand), '/modify').expect(200);
      clock.tick(10_000);
      const server = createServer({ store, cookie: today }, modifyOnDemand);
      const sent = attributesOf(await get(server, '/modify', first).expect(200));
      assert.deepEqual(sent, {
        path: '/',
        expires: new Date(clock.now() + MINUTE).toUTCString(),
        priority: 'Low',
        samesite: 'Lax',
      });
    }));

  describe('given by a cookie function', () => {
    it('decide whether the path matches (B076)', async () => {
      const server = createServer({ cookie: () => ({ path: '/admin' }) }, (req, res) => {
        res.end(typeof req.session);
      });
      await get(server, '/other').expect(200, 'undefined');
      await get(server, '/admin').expect(200, 'object');
    });

    it('are asked for once per request and again per generated session (B076)', async () => {
      let calls: Request[] = [];
      const cookie = (req: Request) => {
        calls.push(req);
        return { maxAge: MINUTE };
      };
      const server = createServer({ cookie }, async (req, res) => {
        if (req.url === '/regenerate') await req.session.regenerate();
        else modify(req);
        const own = calls.every((call) => call === req);
        res.end(own ? String(calls.length) : 'another request');
      });
      const first = await get(server, '/new').expect(200, '2');
      calls = [];
      await get(server, '/loaded', first).expect(200, '1');
      calls = [];
      await get(server, '/regenerate', first).expect(200, '2');
    });

    function createAutoServer() {
      const cookie = () => loose({ secure: 'auto', sameSite: 'auto' });
      return createServer({ proxy: true, cookie }, modifyAlways);
    }

    it('have "auto" resolved on a secure connection (B077)', async () => {
      const res = await get(createAutoServer(), '/').set('X-Forwarded-Proto', 'https').expect(200);
      assert.deepEqual(attributesOf(res), { path: '/', httponly: true, secure: true, samesite: 'None' });
    });

    it('have "auto" resolved on an insecure connection (B077)', async () => {
      const server = createAutoServer();
      const res = await get(server, '/').expect(200);
      assert.deepEqual(attributesOf(res), { path: '/', httponly: true, samesite: 'Lax' });
      assert.deepEqual(server.lateErrors, []);
    });
  });
});

describe('a Set-Cookie header of the handler', () => {
  /** Status line and headers as a raw client sees them. */
  async function fetchRaw(handle: (res: Response) => void) {
    const server = serverOf(session({ keys }), (req, res) => {
      modify(req);
      handle(res);
    });
    const port = await listen(server);
    try {
      return await new Promise<http.IncomingMessage>((resolve, reject) => {
        http
          .get({ port, host: '127.0.0.1', agent: false }, (res) => resolve(res.resume()))
          .on('error', reject);
      });
    } finally {
      server.close();
    }
  }

  function assertOwnCookiesFirst(res: http.IncomingMessage, own: string[]): void {
    const lines = res.headers['set-cookie'] ?? [];
    assert.deepEqual(lines.slice(0, -1), own);
    assert.match(lines.at(-1) ?? '', /^connect\.sid=/);
  }

  /** Headers in the form of pairs, which Node takes although its types do not say so. */
  function pairs(...list: [name: string, value: string | string[]][]): OutgoingHttpHeaders {
    return list as unknown as OutgoingHttpHeaders;
  }

  const two = ['first=1', 'second=2; Path=/'];
  const forms: [form: string, own: string[], handle: (res: Response) => void][] = [
    ['set before', ['first=1'], (res) => void res.setHeader('Set-Cookie', 'first=1').end()],
    ['set before as an array', two, (res) => void res.setHeader('Set-Cookie', two).end()],
    ['passed to writeHead', ['first=1'], (res) => void res.writeHead(200, { 'Set-Cookie': 'first=1' }).end()],
    ['passed to writeHead as an array', two, (res) => void res.writeHead(200, { 'Set-Cookie': two }).end()],
    [
      'passed to writeHead in a flat header array',
      two,
      (res) =>
        void res
          .writeHead(
            200,
            two.flatMap((line) => ['Set-Cookie', line]),
          )
          .end(),
    ],
    [
      'passed to writeHead in an array of pairs',
      ['first=1'],
      (res) => void res.writeHead(200, pairs(['Set-Cookie', 'first=1'], ['X-Other', 'kept'])).end(),
    ],
    [
      'passed to writeHead as an array in an array of pairs',
      two,
      (res) => void res.writeHead(200, pairs(['Set-Cookie', two])).end(),
    ],
  ];
  for (const [form, own, handle] of forms) {
    it(`stays ahead of the session cookie when ${form} (B074)`, async () => {
      const res = await fetchRaw(handle);
      assert.equal(res.statusCode, 200);
      assertOwnCookiesFirst(res, own);
    });
  }

  for (const [form, headers] of [
    ['an object', { 'Set-Cookie': 'first=1', 'X-Other': 'kept' }],
    ['a flat array', ['Set-Cookie', 'first=1', 'X-Other', 'kept']],
    ['an array of pairs', pairs(['Set-Cookie', 'first=1'], ['X-Other', 'kept'])],
  ] as const) {
    it(`and a custom status text survive together, headers given as ${form} (B074)`, async () => {
      const res = await fetchRaw((res) => {
        res.writeHead(202, 'Splendid', headers as OutgoingHttpHeaders).end();
      });
      assert.equal(res.statusCode, 202);
      assert.equal(res.statusMessage, 'Splendid');
      assert.equal(res.headers['x-other'], 'kept');
      assertOwnCookiesFirst(res, ['first=1']);
    });
  }

  it('and a custom status text set as a property survive (B074)', async () => {
    const res = await fetchRaw((res) => {
      res.statusMessage = 'Splendid';
      res.setHeader('Set-Cookie', 'first=1');
      res.end();
    });
    assert.equal(res.statusMessage, 'Splendid');
    assertOwnCookiesFirst(res, ['first=1']);
  });
});
