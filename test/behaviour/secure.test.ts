/** When a secure cookie is sent, and what "auto" makes of secure and sameSite. */
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';

import express from 'express';
import request from 'supertest';
import session from '../../src';
import { attributes, cookieOf, setCookie, setCookies } from '../support/cookies';
import { keys } from '../support/keys';
import { listener } from '../support/server';
import type { Handler } from '../support/server';
import { asStore } from '../support/site';
import { ForeignStore } from '../support/stores';
import { tls } from '../support/tls';

// Express 4 has no types of its own here; what the tests use of it is as in Express 5.
const express4 = createRequire(__filename)('express4') as typeof express;

type Options = Omit<session.SessionOptions, 'cookie'> & { cookie?: object };

/** How a request comes in: over TLS or not, and what earlier code says or hides about its connection. */
interface Connection {
  tls?: true;
  /** What earlier code, such as Express, leaves in `req.secure`. */
  secure?: unknown;
  /** Members that the request is without. */
  without?: ('connection' | 'socket')[];
  /** The X-Forwarded-Proto header. */
  proto?: string;
  /** The Cookie header. */
  cookie?: string;
}

/** Modifies the session, so that a cookie is due wherever the connection allows it. */
const modify: Handler = (req, res) => {
  const data = req.session as unknown as { hits?: number };
  data.hits = (data.hits ?? 0) + 1;
  res.end('served');
};

/** Sends one request; the handler is reached and answers 200 whatever becomes of the cookie. */
async function send(
  options: Options,
  connection: Connection = {},
  handler = modify,
): Promise<request.Response> {
  const middleware = session({ keys, ...options });
  const serve = listener((req, res, next) => {
    if ('secure' in connection) Object.assign(req, { secure: connection.secure });
    for (const name of connection.without ?? []) Object.defineProperty(req, name, { value: undefined });
    void middleware(req, res, next);
  }, handler);
  const server = connection.tls ? https.createServer(tls, serve) : http.createServer(serve);
  const test = request(server).get('/').ca(tls.cert);
  if (connection.proto !== undefined) test.set('X-Forwarded-Proto', connection.proto);
  if (connection.cookie !== undefined) test.set('Cookie', connection.cookie);
  return test.expect(200, 'served');
}

/** What a response says about secure and sameSite: `none` without a session cookie, else the two attributes sent. */
function security(res: Pick<request.Response, 'headers'>): string {
  const line = setCookie(res);
  if (line === undefined) return 'none';
  const { secure, samesite } = attributes(line);
  const parts = [
    secure === true ? 'Secure' : '',
    samesite === undefined ? '' : `SameSite=${String(samesite)}`,
  ];
  return parts.filter(Boolean).join('; ');
}

/** One test per row: options and connection of a request, and what its response then says. */
function rows(list: [title: string, options: Options, connection: Connection, expected: string][]): void {
  for (const [title, options, connection, expected] of list) {
    it(title, async () => {
      assert.equal(security(await send(options, connection)), expected);
    });
  }
}

const secure = { secure: true };

describe('a secure cookie', () => {
  describe('behind a trusted proxy', () => {
    const options = { proxy: true, cookie: secure };
    rows([
      [
        'is sent whatever the case and blanks of the header (B080)',
        options,
        { proto: ' HTTPS , http' },
        'Secure',
      ],
      ['is not sent if only a later proxy was (B080)', options, { proto: 'http, https' }, 'none'],
      ['is not sent if the proxy was reached by http (B080)', options, { proto: 'http' }, 'none'],
      ['is not sent for a value that merely begins with https (B080)', options, { proto: 'https2' }, 'none'],
    ]);
  });

  describe('with proxy left undefined', () => {
    const options = { cookie: secure };
    rows([
      [
        'is sent where req.secure is true and the option says undefined (B082)',
        { ...options, proxy: undefined },
        { secure: true },
        'Secure',
      ],
      ['is not sent where req.secure is 1 (B082)', options, { secure: 1 }, 'none'],
      ['is not sent where req.secure is "true" (B082)', options, { secure: 'true' }, 'none'],
      ['is not sent where req.secure is an object (B082)', options, { secure: {} }, 'none'],
      ['is not sent where req.secure is false (B082)', options, { secure: false }, 'none'],
    ]);

    for (const [version, create] of [
      ['5', express],
      ['4', express4],
    ] as const) {
      it(`is sent where Express ${version} itself trusts the proxy, and only there (B082)`, async () => {
        for (const trusted of [true, false]) {
          const app = create();
          app.set('trust proxy', trusted);
          app.use(session({ keys, cookie: secure }));
          app.get('/', modify);
          const res = await request(app).get('/').set('X-Forwarded-Proto', 'https').expect(200, 'served');
          assert.equal(security(res), trusted ? 'Secure' : 'none');
        }
      });
    }
  });

  describe('over TLS', () => {
    for (const proxy of [undefined, true, false]) {
      for (const proto of [undefined, 'http']) {
        const header = proto === undefined ? 'no header' : `the header ${proto}`;
        it(`is sent, with proxy ${String(proxy)} and ${header} (B083)`, async () => {
          const connection = { tls: true as const, ...(proto === undefined ? {} : { proto }) };
          assert.equal(security(await send({ proxy, cookie: secure }, connection)), 'Secure');
        });
      }
    }

    rows([
      [
        'is sent where req.secure is false (B083)',
        { cookie: secure },
        { tls: true, secure: false },
        'Secure',
      ],
      [
        'is sent by the socket where the request has no connection (B083)',
        { cookie: secure },
        { tls: true, without: ['connection'] },
        'Secure',
      ],
      [
        'is not sent if the request has neither (B083)',
        { cookie: secure },
        { tls: true, without: ['connection', 'socket'] },
        'none',
      ],
    ]);
  });

  describe('over plain HTTP', () => {
    rows([
      ['is not sent, which is no error (B083)', { cookie: secure }, {}, 'none'],
      ...[['connection'], ['connection', 'socket']].map((without): Parameters<typeof rows>[0][number] => [
        `is not sent if the request has no ${without.join(' and no ')} (B083)`,
        { cookie: secure },
        { without: without as Connection['without'] },
        'none',
      ]),
    ]);

    it('is not sent, but its session is stored all the same (B083)', async () => {
      const store = new ForeignStore();
      const res = await send({ store: asStore(store), cookie: secure });
      assert.deepEqual(setCookies(res), []);
      assert.equal(store.count('set'), 1);
      assert.equal(storedCookie(store).secure, true);
    });
  });
});

function storedCookie(store: ForeignStore): Record<string, unknown> {
  assert.equal(store.records.size, 1);
  const [record = ''] = store.records.values();
  return (JSON.parse(record) as { cookie: Record<string, unknown> }).cookie;
}

describe('secure "auto"', () => {
  const cookie = { secure: 'auto' };
  rows([['is secure over TLS (B084)', { cookie }, { tls: true }, 'Secure']]);

  const auto = { secure: 'auto', sameSite: 'auto' };
  for (const [label, connection, resolved] of [
    ['secure', { secure: true }, { secure: true, sameSite: 'none' }],
    ['insecure', {}, { secure: false, sameSite: 'lax' }],
  ] as const) {
    it(`is replaced when the session is generated on a connection that is ${label} (B085)`, async () => {
      const seen: object[] = [];
      await send({ cookie: auto }, connection, (req, res) => {
        seen.push({ secure: req.session.cookie.secure, sameSite: req.session.cookie.sameSite });
        modify(req, res);
      });
      assert.deepEqual(seen, [resolved]);
    });

    it(`is stored as its value on a connection that is ${label} (B085)`, async () => {
      const store = new ForeignStore();
      await send({ store: asStore(store), cookie: auto }, connection);
      const { secure, sameSite } = storedCookie(store);
      assert.deepEqual({ secure, sameSite }, resolved);
    });
  }

  it('leaves the options alone: each session is resolved by its own connection (B085)', async () => {
    const options = { proxy: true, cookie: { ...auto } };
    const middleware = session({ keys, ...(options as session.SessionOptions) });
    const server = http.createServer(listener(middleware, modify));
    for (const [proto, expected] of [
      ['https', 'Secure; SameSite=None'],
      ['http', 'SameSite=Lax'],
      ['https', 'Secure; SameSite=None'],
    ] as const) {
      assert.equal(security(await request(server).get('/').set('X-Forwarded-Proto', proto)), expected);
    }
    assert.deepEqual(options.cookie, auto);
  });

  it('once resolved to insecure stays so for the loaded session on a secure connection (B085)', async () => {
    const options = { store: asStore(new ForeignStore()), cookie: { ...auto, maxAge: 60_000 } };
    const first = await send(options);
    const next = await send(options, { secure: true, cookie: cookieOf(first) });
    assert.equal(cookieOf(next), cookieOf(first));
    assert.equal(security(next), 'SameSite=Lax');
  });

  it('once resolved to secure stays so: no cookie for the loaded session on a plain one (B085)', async () => {
    const store = new ForeignStore();
    const options = { store: asStore(store), cookie: { ...auto, maxAge: 60_000 } };
    const first = await send(options, { secure: true });
    const next = await send(options, { cookie: cookieOf(first) });
    assert.deepEqual(setCookies(next), []);
    const { secure, sameSite } = storedCookie(store);
    assert.deepEqual({ secure, sameSite }, { secure: true, sameSite: 'none' });
  });
});

describe('sameSite "auto"', () => {
  const sameSite = { sameSite: 'auto' };

  describe('alone', () => {
    rows([['is None over TLS (B086)', { cookie: sameSite }, { tls: true }, 'SameSite=None']]);
  });

  for (const [value, number, expected] of [
    ['auto', 'B087', 'Secure; SameSite=None'],
    [false, 'B088', 'SameSite=None'],
    [true, 'B089', 'Secure; SameSite=None'],
  ] as const) {
    describe(`with secure ${JSON.stringify(value)}`, () => {
      const options = { cookie: { ...sameSite, secure: value } };
      rows([[`sends ${expected} over TLS (${number})`, options, { tls: true }, expected]]);
    });
  }
});
