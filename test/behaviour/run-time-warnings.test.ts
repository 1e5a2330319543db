/** Mistakes that show only at run time are warned of, once each. */
import assert from 'node:assert/strict';
import request from 'supertest';
import session from '../../src';
import { cookieOf, setCookie } from '../support/cookies';
import { keys } from '../support/keys';
import { loose } from '../support/loose';
import { serverOf } from '../support/server';
import { asStore, data, elapse } from '../support/site';
import { ForeignStore } from '../support/stores';

/** The codes of the warnings that come while `run` is at work. Each comes once a process: other tests may have had it. */
async function heard(run: () => unknown): Promise<{ code?: string; message: string }[]> {
  const warnings: { code?: string; message: string }[] = [];
  const listen = (warning: { code?: string; message: string }): unknown => warnings.push(warning);
  process.on('deprecation' as never, listen as never);
  try {
    await run();
    await elapse(0);
  } finally {
    process.off('deprecation', listen as never);
  }
  return warnings;
}

/** The package loaded anew, so that no warning has been told yet. */
function loadAnew(): typeof session {
  const source = require.resolve('../../src');
  const root = source.slice(0, source.lastIndexOf('index'));
  const cached = Object.entries(require.cache).filter(([file]) => file.startsWith(root));
  for (const [file] of cached) Reflect.deleteProperty(require.cache, file);
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- anew
    return require('../../src') as typeof session;
  } finally {
    for (const [file, module] of cached) require.cache[file] = module;
  }
}

const codes = (warnings: { code?: string }[]) => warnings.map(({ code }) => code);

describe('mistakes that show at run time (B271)', function () {
  this.timeout(30_000);

  it('a secure cookie on a plain connection is told once, with "trust proxy"', async () => {
    const fresh = loadAnew();
    const server = serverOf(fresh({ keys, cookie: { secure: true } }), (req, res) => {
      data(req).user = 'ann';
      res.end();
    });
    const warnings = await heard(async () => {
      await request(server).get('/');
      await request(server).get('/');
    });
    assert.deepEqual(codes(warnings), ['WARN_SESSION_PLAIN_CONNECTION']);
    assert.match(String(warnings[0]?.message), /app\.set\('trust proxy', 1\)/);
  });

  it('a column that is too narrow is recognised by the error of the store', async () => {
    for (const message of [
      'value too long for type character varying(24)',
      "Data too long for column 'session_id' at row 1",
      'String or binary data would be truncated.',
      'ORA-12899: value too large for column "SID"',
      'CHECK constraint failed: length(sid) <= 24',
    ]) {
      const store = new ForeignStore();
      store.failures.set = new Error(message);
      const fresh = loadAnew();
      const server = serverOf(fresh({ keys, store: asStore(store) }), (req, res) => {
        data(req).user = 'ann';
        res.end();
      });
      const warnings = await heard(() => request(server).get('/'));
      assert.deepEqual(codes(warnings), ['WARN_SESSION_NARROW_COLUMN'], message);
    }
  });

  it('any other error of the store draws no warning', async () => {
    const store = new ForeignStore();
    store.failures.set = new Error('no connection');
    const server = serverOf(loadAnew()({ keys, store: asStore(store) }), (req, res) => {
      data(req).user = 'ann';
      res.end();
    });
    assert.deepEqual(await heard(() => request(server).get('/')), []);
  });

  for (const [kind, isChanging, expected] of [
    ['differ each time', true, ['WARN_SESSION_TOKEN_CHURN']],
    ['stay the same', false, []],
  ] as const) {
    it(`claims that ${kind} are told after 20 requests, or not`, async () => {
      let count = 0;
      const fresh = loadAnew();
      const jwtFromReq = () => ({ sub: 'ann', at: isChanging ? ++count : 0 });
      const server = createServerOf(fresh, { jwtFromReq, saveUninitialized: true });
      const warnings = await heard(async () => {
        let cookie = cookieOf(await request(server).get('/'));
        for (let i = 0; i < 25; i++) {
          const res = await request(server).get('/').set('Cookie', cookie);
          if (setCookie(res) !== undefined) cookie = cookieOf(res);
        }
      });
      assert.deepEqual(codes(warnings), expected);
    });
  }

  it('a rotation that cannot be delivered is told beside its late error', async () => {
    const fresh = loadAnew();
    const jwtFromReq = (req: object) => ({
      user: (req as { session?: Record<string, unknown> }).session?.user,
    });
    const server = serverOf(fresh(loose({ keys, jwtFromReq, saveUninitialized: true })), (req, res) => {
      if (req.url === '/late') {
        res.write('first');
        setImmediate(() => {
          data(req).user = 'ann';
          res.end('last');
        });
      } else res.end();
    });
    const cookie = cookieOf(await request(server).get('/'));
    const warnings = await heard(() => request(server).get('/late').set('Cookie', cookie));
    assert.deepEqual(codes(warnings), ['WARN_SESSION_UNDELIVERABLE']);
  });

  for (const [expiresIn, meant] of [
    [900_000, "'15 minutes' or '10 days'"],
    [86_400_000, "'1440 minutes' or '1000 days'"],
    [400_000_000, "'6667 minutes' or '4630 days'"],
  ] as const) {
    it(`jwt.expiresIn: ${String(expiresIn)} was most likely meant as milliseconds`, async () => {
      const warnings = await heard(() => loadAnew()({ keys, jwt: { expiresIn } }));
      assert.deepEqual(codes(warnings), ['WARN_SESSION_MILLISECONDS']);
      assert.ok(warnings[0]?.message.includes(meant), warnings[0]?.message);
    });
  }

  for (const expiresIn of [60, 900, 3600, 86_400, 2_592_000, 31_536_000, '15 minutes', '20 years']) {
    it(`jwt.expiresIn: ${String(expiresIn)} is what it says`, async () => {
      assert.deepEqual(await heard(() => loadAnew()({ keys, jwt: { expiresIn } })), []);
    });
  }

  it('keys that are made at each start are told where sessions outlive them', async () => {
    const fresh = loadAnew();
    const made = fresh.generateKeys();
    const store = asStore(new ForeignStore());
    assert.deepEqual(await heard(() => fresh({ keys: made })), []);
    assert.deepEqual(await heard(() => fresh({ keys: made, store: new fresh.MemoryStore() })), []);
    assert.deepEqual(await heard(() => fresh({ keys, store })), []);
    assert.deepEqual(await heard(() => fresh({ keys: { private: Buffer.from(keys.private) }, store })), []);
    assert.deepEqual(codes(await heard(() => fresh({ keys: [keys, made], store }))), [
      'WARN_SESSION_NEW_KEYS',
    ]);
  });
});

function createServerOf(fresh: typeof session, options: Record<string, unknown>) {
  return serverOf(fresh(loose({ keys, ...options })), (_, res) => res.end());
}
