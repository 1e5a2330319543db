/** What DEBUG prints, which never holds a secret, and what is deprecated. */
import assert from 'node:assert/strict';
import request from 'supertest';
import session from '../../src';
import { cookieOf, setCookie, tokenOf } from '../support/cookies';
import { debugLines } from '../support/debug-lines';
import { breakSignature, byHand } from '../support/by-hand';
import { forge, recordOf } from '../support/forge';
import { createKeyPair, otherKeys } from '../support/keys';
import { legacyCookie } from '../support/legacy';
import { runProgram } from '../support/run-program';
import { createServer, type Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { data, serve } from '../support/site';
import { ForeignStore } from '../support/stores';
import { countVisit } from '../support/visits';

const secret = 'keyboard cat';

/** A program compiles the whole package before it does anything, in ms. */
const PROGRAM_TIMEOUT = 60_000;

const handler: Handler = (req, res) => {
  switch (req.url) {
    case '/count':
      countVisit(req);
      return res.end('counted');
    case '/stream':
      countVisit(req);
      res.write('first, ');
      return res.end('last');
    case '/unset':
      Object.assign(req, { session: null });
      return res.end();
    case '/destroy':
      return req.session.destroy(() => res.end());
    case '/reload':
      return req.session.reload(() => res.end());
    case '/bogus':
      Object.assign(req, { sessionID: () => 'bogus' });
      return res.end();
    default:
      return res.end();
  }
};

function setUp(options: session.SessionOptions = {}) {
  const store = new ForeignStore();
  const server = createServer({ store, secret, unset: 'destroy', ...options }, handler);
  const get = (url: string, cookie?: string) => {
    const pending = request(server).get(url);
    return cookie === undefined ? pending : pending.set('Cookie', cookie);
  };
  return { store, get };
}

describe('debug output', () => {
  type Setting = ReturnType<typeof setUp>;

  /** The lines of one request, which may carry the cookie of a stored session. */
  async function linesOf(
    url: string,
    {
      options,
      cookie,
      before,
    }: {
      options?: session.SessionOptions;
      cookie?: string | ((own: string) => string);
      before?: (setting: Setting) => void;
    } = {},
  ): Promise<string[]> {
    const setting = setUp(options);
    const header =
      typeof cookie === 'function' ? cookie(cookieOf(await setting.get('/count').expect(200))) : cookie;
    before?.(setting);
    return debugLines(() => setting.get(url, header));
  }

  const own = (cookie: string) => cookie;
  const has = (lines: string[], pattern: RegExp) => {
    assert(
      lines.some((line) => pattern.test(line)),
      `no line matches ${String(pattern)}:\n${lines.join('\n')}`,
    );
  };
  const lacks = (lines: string[], pattern: RegExp) => {
    assert.deepEqual(
      lines.filter((line) => pattern.test(line)),
      [],
    );
  };

  it('tells that the store is down (B188)', async () => {
    has(await linesOf('/', { before: ({ store }) => store.emit('disconnect') }), /store is disconnected/);
    lacks(await linesOf('/'), /disconnected/);
  });

  it('tells that the path does not match (B188)', async () => {
    has(await linesOf('/', { options: { cookie: { path: '/app' } } }), /path.*mismatch/);
    lacks(await linesOf('/'), /mismatch/);
  });

  it('tells that no id was sent (B188)', async () => {
    has(await linesOf('/'), /no (usable )?(SID|id) sent/);
    lacks(await linesOf('/', { cookie: own }), /no (usable )?(SID|id) sent/);
  });

  it('tells that it fetches a session and that it was found (B188)', async () => {
    const lines = await linesOf('/', { cookie: own });
    has(lines, /^fetching/);
    has(lines, /^(session )?found/);
    lacks(lines, /no session found|not found/);
  });

  it('tells that a session was not found (B188)', async () => {
    const lines = await linesOf('/', {
      cookie: own,
      before: ({ store }) => {
        store.records.clear();
      },
    });
    has(lines, /no session found|not found/);
    lacks(lines, /^(session )?found/);
  });

  it('tells an error of the store (B188)', async () => {
    const failing = ({ store }: Setting) => (store.failures.get = new Error('boom!'));
    has(await linesOf('/', { cookie: own, before: failing }), /error/);
    lacks(await linesOf('/', { cookie: own }), /error/);
  });

  it('tells that a signature is bad, of a token and of a legacy cookie (B188)', async () => {
    const bad = /signature/;
    has(await linesOf('/', { cookie: breakSignature }), bad);
    has(await linesOf('/', { cookie: legacyCookie('old-id', 'another secret') }), bad);
    lacks(await linesOf('/', { cookie: own }), bad);
  });

  it('tells that a cookie is no token, or an unsigned one (B188)', async () => {
    const unusable = /unsigned|invalid/;
    has(await linesOf('/', { cookie: 'connect.sid=neither-token-nor-legacy' }), unusable);
    const unsigned = forge({ alg: 'none' }, { jti: 'unsigned' }, () => Buffer.alloc(0));
    has(await linesOf('/', { cookie: `connect.sid=${unsigned}` }), unusable);
    lacks(await linesOf('/', { cookie: own }), unusable);
  });

  it('tells that req.sessionID was replaced by something bogus (B188)', async () => {
    has(await linesOf('/bogus'), /bogus/);
    lacks(await linesOf('/'), /bogus/);
  });

  it('tells that it saves (B188)', async () => {
    has(await linesOf('/count'), /^saving/);
    lacks(await linesOf('/'), /^saving/);
  });

  it('tells that it touches and has touched (B188)', async () => {
    const lines = await linesOf('/', { cookie: own });
    const [touching, touched] = [/^touching/, /^touched/].map((pattern) =>
      lines.findIndex((line) => pattern.test(line)),
    );
    assert(
      touching !== undefined && touching >= 0 && touched !== undefined && touched > touching,
      lines.join('\n'),
    );
    lacks(await linesOf('/count', { cookie: own }), /^touch/);
  });

  it('tells that it destroys and has destroyed (B188)', async () => {
    const lines = await linesOf('/unset', { cookie: own });
    const [destroying, destroyed] = [/^destroying/, /^destroyed/].map((pattern) =>
      lines.findIndex((line) => pattern.test(line)),
    );
    assert(
      destroying !== undefined && destroying >= 0 && destroyed !== undefined && destroyed > destroying,
      lines.join('\n'),
    );
    lacks(await linesOf('/', { cookie: own }), /^destroy/);
  });

  it('tells that it reloads (B188)', async () => {
    has(await linesOf('/reload', { cookie: own }), /^reloading/);
    lacks(await linesOf('/', { cookie: own }), /^reloading/);
  });

  it('tells that it splits the response (B188)', async () => {
    has(await linesOf('/stream'), /split response/);
  });

  it('tells that there is no session (B188)', async () => {
    has(await linesOf('/destroy', { cookie: own }), /^no session$/);
    lacks(await linesOf('/', { cookie: own }), /^no session$/);
  });

  it('tells that the connection is not secure enough for the cookie (B188)', async () => {
    has(await linesOf('/count', { options: { cookie: { secure: true } } }), /not secured/);
    lacks(await linesOf('/count'), /not secured/);
  });

  it('tells that it sets the cookie (B188)', async () => {
    has(await linesOf('/count'), /set-cookie|cookie set/i);
    lacks(await linesOf('/'), /set-cookie|cookie set/i);
  });

  it('goes to stderr under exactly the namespace express-session (B188)', async function () {
    this.timeout(PROGRAM_TIMEOUT);
    const { stderr } = await runProgram('two visits', { DEBUG: 'express-session' });
    const lines = stderr.split('\n').filter((line) => line !== '');
    assert(lines.length >= 6, stderr);
    for (const line of lines) assert.match(line, /(^|\s)express-session [a-z]/);
    has(lines, /express-session fetching/);
  });

  it('is silent under any other namespace (B188)', async function () {
    this.timeout(PROGRAM_TIMEOUT);
    const { stderr } = await runProgram('two visits', {
      DEBUG: 'express-session:*,express-session-jwt:*,session',
    });
    assert.equal(stderr, '');
  });

  it('goes to the namespace express-session-jwt with method and path, one line a step', async function () {
    this.timeout(PROGRAM_TIMEOUT);
    const { stderr } = await runProgram('visits of paths with secrets', { DEBUG: 'express-session-jwt' });
    const lines = stderr.split('\n').filter((line) => line !== '');
    for (const line of lines) assert.match(line, /(^|\s)express-session-jwt /);
    has(lines, /express-session-jwt GET \/reset\/abcdefgh… no id sent$/);
    has(lines, /express-session-jwt GET \/reset\/abcdefgh… saving [\w-]{8}$/);
    has(lines, /express-session-jwt GET \/reset\/abcdefgh… set-cookie connect\.sid for [\w-]{8}$/);
    has(lines, /express-session-jwt GET \/ fetching [\w-]{8}$/);
    has(lines, /express-session-jwt GET \/ touched [\w-]{8}$/);
    // What belongs to no request.
    has(lines, /express-session-jwt guarantee: in this process/);
    lacks(lines, /secret|abcdefghi/);
  });

  describe('holds no secret', () => {
    const legacyId = 'an-id-of-express-session-that-is-still-good';
    const foreignToken = byHand({ sub: 'a stranger' }, createKeyPair());
    const fruit = 'pineapple-in-the-session';

    const keeping: Handler = (req, res) => {
      data(req).fruit = fruit;
      return handler(req, res);
    };

    it('neither token nor legacy id nor data, on any path through the middleware (B189)', async () => {
      const store = new ForeignStore();
      const { get } = await serve({ store, secret, unset: 'destroy', cookie: { maxAge: 60_000 } }, keeping);
      const strangers = createServer({ store, keys: otherKeys, secret }, keeping);
      store.records.set(legacyId, recordOf({ fruit }));

      const tokens = [foreignToken];
      const send = async (url: string, cookie?: string) => {
        const res = await get(url, cookie);
        if (setCookie(res) !== undefined) tokens.push(tokenOf(res));
        return res;
      };

      const lines = await debugLines(async () => {
        const cookie = cookieOf(await send('/'));
        for (const url of ['/', '/count', '/stream', '/reload', '/bogus']) await send(url, cookie);
        tokens.push(tokenOf(await request(strangers).get('/')));
        await send('/', `connect.sid=${tokens.at(-1) ?? ''}`);
        await send('/', `connect.sid=${foreignToken}`);
        const broken = breakSignature(cookie);
        tokens.push(broken.slice('connect.sid='.length));
        await send('/', broken);
        await send('/', legacyCookie(legacyId, 'another secret'));
        await send('/', `connect.sid=${legacyId}`);
        await send('/', legacyCookie(legacyId, secret));
        await send('/', legacyCookie(legacyId, secret));
        const doomed = cookieOf(await send('/'));
        await send('/destroy', doomed);
        await send('/', doomed);
        const unset = cookieOf(await send('/'));
        await send('/unset', unset);
        for (const method of ['get', 'set', 'touch', 'destroy'] as const) {
          store.failures[method] = new Error('boom!');
          await send('/', cookie);
          await send('/unset', cookie);
          Reflect.deleteProperty(store.failures, method);
        }
      });

      assert(lines.length > 40, 'the walk is expected to be talkative');
      const signatureOf = (cookie: string) => decodeURIComponent(cookie).split('.').at(-1) ?? '';
      const secrets = [
        ...new Set(tokens.flatMap((token) => [token, token.split('.')[2] ?? '', token.split('.')[1] ?? ''])),
        legacyId,
        signatureOf(legacyCookie(legacyId, secret)),
        fruit,
        secret,
      ];
      for (const line of lines) {
        for (const word of secrets) assert(!line.includes(word), `a debug line tells ${word}: ${line}`);
      }
    });

    it('but the id, by its first 8 characters (B189)', async () => {
      const { get } = setUp();
      const first = await get('/count').expect(200);
      const id = idOf(first).slice(0, 8);
      const lines = await debugLines(async () => {
        await get('/count', cookieOf(first));
        await get('/reload', cookieOf(first));
      });
      for (const verb of ['fetching', 'saving', 'reloading']) has(lines, new RegExp(`^${verb} ${id}$`));
      lacks(lines, new RegExp(idOf(first)));
    });

    it('but a legacy id, by its first 8 characters (B189)', async () => {
      const { store, get } = setUp();
      store.records.set(legacyId, recordOf({}));
      const lines = await debugLines(() => get('/', legacyCookie(legacyId, secret)));
      has(lines, new RegExp(`^fetching ${legacyId.slice(0, 8)}$`));
      lacks(lines, new RegExp(legacyId));
    });
  });
});

describe('deprecation output', function () {
  this.timeout(PROGRAM_TIMEOUT);
  const count = (text: string, part: string) => text.split(part).length - 1;
  const fromParser = 'express-session deprecated cookie should be available in req.headers.cookie';
  const fromDate = 'express-session deprecated maxAge as Date; pass number of milliseconds instead';

  it('does not come from leaving out resave, saveUninitialized and secret (B190)', async () => {
    assert.equal((await runProgram('two visits')).stderr, '');
  });

  it('comes once from tokens taken from req.cookies (B191)', async () => {
    const { stderr } = await runProgram('three visits with the token in req.cookies');
    assert.equal(count(stderr, fromParser), 1, stderr);
  });

  it('comes once from legacy ids taken from req.signedCookies (B191)', async () => {
    const { stderr } = await runProgram('three visits with a legacy id in req.signedCookies');
    assert.equal(count(stderr, fromParser), 1, stderr);
  });

  it('does not come from cookies that the header has as well, or that are of no use (B191)', async () => {
    const both = await runProgram('a visit with the token in the header and in req.cookies');
    assert.equal(both.stderr, '');
    const unusable = await runProgram('a visit with an unusable value in req.cookies');
    assert.equal(unusable.stderr, '');
  });

  it('comes from a maxAge set to a Date, and not from a number (B192)', async () => {
    const { stderr } = await runProgram('maxAge as a Date, three times at one place');
    assert(stderr.includes(fromDate), stderr);
    assert.equal((await runProgram('maxAge as a number')).stderr, '');
  });

  it('goes to stderr once per call site (B193)', async () => {
    const loop = await runProgram('maxAge as a Date, three times at one place');
    assert.equal(count(loop.stderr, fromDate), 1, loop.stderr);
    const places = await runProgram('maxAge as a Date, at two places');
    assert.equal(count(places.stderr, fromDate), 2, places.stderr);
  });

  it('goes to a listener of the deprecation event of process instead, where there is one (B193)', async () => {
    const { stdout, stderr } = await runProgram('maxAge as a Date, with a listener for deprecations');
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout), [
      {
        name: 'DeprecationError',
        namespace: 'express-session',
        message: 'maxAge as Date; pass number of milliseconds instead',
      },
    ]);
  });

  for (const muted of ['express-session', 'other,express-session']) {
    it(`is mute with NO_DEPRECATION=${muted} (B193)`, async () => {
      const { stderr } = await runProgram('maxAge as a Date, at two places', { NO_DEPRECATION: muted });
      assert.equal(stderr, '');
    });
  }

  it('is not mute where NO_DEPRECATION lists only others (B193)', async () => {
    const { stderr } = await runProgram('maxAge as a Date, at two places', { NO_DEPRECATION: 'other' });
    assert.equal(count(stderr, fromDate), 2, stderr);
  });

  it('is mute with --no-deprecation (B193)', async () => {
    const { stderr } = await runProgram('maxAge as a Date, at two places', {}, ['--no-deprecation']);
    assert.equal(stderr, '');
  });
});
