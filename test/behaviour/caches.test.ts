// A token is for one client: what caches on the way are told, and what waits because of them.
import assert from 'node:assert/strict';
import { type Response } from 'supertest';
import type session from '../../src';
import { byHand } from '../support/by-hand';
import { cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { seconds } from '../support/forge';
import { legacySecret, startLegacySession } from '../support/legacy';
import { createHttp2Server, type Handler } from '../support/server';
import { idOf, recordWith } from '../support/session-tokens';
import { data, serve, type Site, turn } from '../support/site';
import { ForeignStore } from '../support/stores';
import { Http2Exchange, withHttp2Client } from '../support/wire';

/** Signs in and replies with these headers set. */
const signIn =
  (headers: Record<string, string | string[]> = {}): Handler =>
  (req, res) => {
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    data(req).user = 'bob';
    res.end('welcome');
  };

function said({ headers }: Response): (string | undefined)[] {
  const { vary, 'cache-control': control } = headers as Record<string, string | undefined>;
  return [vary, control];
}

describe('a response with a token', () => {
  const NO_CACHE = 'no-cache="Set-Cookie"';

  const cases: [headers: Record<string, string | string[]>, vary: string, control: string][] = [
    [{}, 'Cookie', NO_CACHE],
    [{ Vary: 'Accept-Encoding' }, 'Accept-Encoding, Cookie', NO_CACHE],
    [{ Vary: ['Accept', 'Accept-Encoding'] }, 'Accept,Accept-Encoding, Cookie', NO_CACHE],
    [{ Vary: 'accept, cookie' }, 'accept, cookie', NO_CACHE],
    [{ Vary: 'X-Cookie' }, 'X-Cookie, Cookie', NO_CACHE],
    [{ Vary: '*' }, '*', NO_CACHE],
    [{ 'Cache-Control': 'max-age=60' }, 'Cookie', `max-age=60, ${NO_CACHE}`],
    [{ 'Cache-Control': 'public, max-age=60' }, 'Cookie', `public, max-age=60, ${NO_CACHE}`],
    [{ 'Cache-Control': 's-maxage=60' }, 'Cookie', `s-maxage=60, ${NO_CACHE}`],
    [{ 'Cache-Control': 'private' }, 'Cookie', 'private'],
    [{ 'Cache-Control': 'max-age=60, Private' }, 'Cookie', 'max-age=60, Private'],
    [{ 'Cache-Control': 'no-store' }, 'Cookie', 'no-store'],
    [{ 'Cache-Control': 'no-cache,must-revalidate' }, 'Cookie', 'no-cache,must-revalidate'],
    // These speak of some headers alone, none of which is ours.
    [{ 'Cache-Control': 'private="X-Own"' }, 'Cookie', `private="X-Own", ${NO_CACHE}`],
    [{ 'Cache-Control': 'no-cache="X-Own"' }, 'Cookie', `no-cache="X-Own", ${NO_CACHE}`],
  ];
  for (const [headers, vary, control] of cases) {
    it(`says for whom it is beside ${JSON.stringify(headers)} (B261)`, async () => {
      const { get } = await serve({ store: new ForeignStore() }, signIn(headers));
      const res = await get('/');
      assert.ok(setCookie(res));
      assert.deepEqual(said(res), [vary, control]);
    });
  }

  it('says so too where the headers come with writeHead, in a stream and over HTTP/2 (B261)', async () => {
    const replies: Handler[] = [
      (_, res) => {
        res.writeHead(200, { Vary: 'Accept', 'Cache-Control': 'max-age=60' });
        res.end();
      },
      async (_, res) => {
        res.writeHead(200, { Vary: 'Accept', 'Cache-Control': 'max-age=60' });
        res.write('first');
        await turn();
        res.end('last');
      },
    ];
    for (const reply of replies) {
      const handler: Handler = (req, res) => {
        data(req).user = 'bob';
        return reply(req, res);
      };
      const { get } = await serve({ store: new ForeignStore() }, handler);
      assert.deepEqual(said(await get('/')), ['Accept, Cookie', `max-age=60, ${NO_CACHE}`]);
      await withHttp2Client(createHttp2Server({}, handler), async (client) => {
        const { headers } = await new Http2Exchange(client).done;
        assert.deepEqual(
          [headers.vary, headers['cache-control']],
          ['Accept, Cookie', `max-age=60, ${NO_CACHE}`],
        );
      });
    }
  });

  for (const [transport, vary, control] of [
    ['bearer', 'Authorization', 'no-cache="X-Session-Token"'],
    [{ bearer: { responseHeader: 'X-Token' } }, 'Authorization', 'no-cache="X-Token"'],
    [{ header: 'X-Access' }, 'X-Access', 'no-cache="X-Access"'],
    [
      {
        read: () => null,
        write: (_: unknown, res: { setHeader: (name: string, value: string) => unknown }, token: string) =>
          void res.setHeader('X-Mine', token),
      },
      undefined,
      'private',
    ],
  ] as [session.Transport, string | undefined, string][]) {
    it(`says so of the headers of its transport: ${control} (B261)`, async () => {
      const { get } = await serve({ store: new ForeignStore(), jwt: { transport } }, signIn());
      assert.deepEqual(said(await get('/')), [vary, control]);
    });
  }

  it('is told from one without: that says nothing (B261)', async () => {
    const { get, visit } = await serve({ store: new ForeignStore() }, (req, res) => {
      if (req.url === '/start') data(req).user = 'bob';
      res.end();
    });
    const cookie = cookieOf(await visit('/start'));
    for (const sent of ['', cookie]) {
      assert.deepEqual(said(await get('/', sent)), [undefined, undefined]);
    }
  });
});

describe('a token that nobody asked for', () => {
  const shared = ['public', 'public, max-age=60', 'max-age=5, s-maxage=60', 'S-MaxAge=60'];
  const control: Handler = (req, res) => {
    res.setHeader('Cache-Control', decodeURIComponent(req.url.slice(2)));
    res.end(String(data(req).user));
  };
  const at = (text: string): string => `/?${encodeURIComponent(text)}`;

  for (const text of shared) {
    it(`waits while Cache-Control says ${text}: a refresh (B261, B250)`, async () => {
      const { store, get } = await serve({ store: new ForeignStore(), jwt: { expiresIn: '1h' } }, control);
      const old = byHand({
        ses: { id: 'old', gen: 1, exp: true },
        iat: seconds() - 3500,
        exp: seconds() + 100,
      });
      store.records.set(idOf(old), recordWith({ user: 'bob' }));
      const waiting = await get(at(text), `connect.sid=${old}`);
      assert.deepEqual([waiting.text, setCookie(waiting)], ['bob', undefined]);
      assert.equal(waiting.headers['cache-control'], text);
      const refreshed = await get(at('max-age=60'), `connect.sid=${old}`);
      assert.ok(Number(decode(tokenOf(refreshed)).payload.exp) > seconds() + 3000);
    });

    it(`waits while Cache-Control says ${text}: an upgrade (B261, B230)`, async () => {
      const store = new ForeignStore();
      const legacy = await startLegacySession(store, { user: 'bob' });
      const { get } = await serve({ store, secret: legacySecret }, control);
      const waiting = await get(at(text), legacy.cookie);
      assert.deepEqual([waiting.text, setCookie(waiting)], ['bob', undefined]);
      const upgraded = await get(at('max-age=60'), legacy.cookie);
      assert.ok(setCookie(upgraded));
    });

    it(`waits while Cache-Control says ${text}: a soft change (B261, B210)`, async () => {
      const jwtFromReq: session.SessionOptions['jwtFromReq'] = (req) => {
        const { user, role } = data(req as never);
        return user ? { sub: user, role } : null;
      };
      const { get, visit } = await serve({ store: new ForeignStore(), jwtFromReq }, (req, res) => {
        if (req.url === '/start') data(req).user = 'bob';
        if (req.url === '/promote') {
          res.setHeader('Cache-Control', text);
          data(req).role = 'admin';
        }
        res.end(String(data(req).role));
      });
      const cookie = cookieOf(await visit('/start'));
      const waiting = await get('/promote', cookie);
      assert.deepEqual([waiting.status, setCookie(waiting)], [200, undefined]);
      const next = await get('/', cookie);
      assert.equal(next.text, 'admin');
      assert.equal(decode(tokenOf(next)).payload.role, 'admin');
      assert.equal((await get('/', cookieOf(next))).text, 'admin');
    });
  }

  it('is told from one that a sign-in asks for: that goes out with any Cache-Control (B261)', async () => {
    const jwtFromReq: session.SessionOptions['jwtFromReq'] = (req) => {
      const { user } = data(req as never);
      return user ? { sub: user } : null;
    };
    for (const text of shared) {
      const handler: Handler = (req, res) => {
        if (req.url === '/start') data(req).cart = 1;
        else {
          res.setHeader('Cache-Control', text);
          data(req).user = 'bob';
        }
        res.end();
      };
      const site: Site = await serve({ store: new ForeignStore(), jwtFromReq }, handler);
      const res = await site.get('/login', cookieOf(await site.visit('/start')));
      assert.equal(decode(tokenOf(res)).payload.sub, 'bob');
    }
  });
});
