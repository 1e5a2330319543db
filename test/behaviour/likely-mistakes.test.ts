/** Options that are hardly meant are warned of at the start. */
import assert from 'node:assert/strict';
import session from '../../src';
import { keys } from '../support/keys';
import { loose } from '../support/loose';
import { runProgram } from '../support/run-program';
import { elapse } from '../support/site';

interface Warning {
  readonly code?: string;
  readonly message: string;
}

/** The warnings of the process that come while `run` is at work: `code: message`. */
async function warningsOf(run: () => unknown): Promise<string[]> {
  const messages: string[] = [];
  const listen = ({ code, message }: Warning): unknown => messages.push(`${String(code)}: ${message}`);
  process.on('warning', listen);
  try {
    await run();
    await elapse(0);
  } finally {
    process.off('warning', listen);
  }
  return messages;
}

const make = (options: Record<string, unknown>) => () => session(loose({ keys, ...options }));

describe('options that are hardly meant (B271)', () => {
  for (const [options, expected] of [
    [{ resavee: true }, 'resavee is no option, and does nothing; did you mean resave?'],
    [
      { saveUnitialized: true },
      'saveUnitialized is no option, and does nothing; did you mean saveUninitialized?',
    ],
    [{ Store: {} }, 'Store is no option, and does nothing; did you mean store?'],
    [
      { maxAge: 1 },
      'maxAge is no option, and does nothing; as an attribute of the cookie it is cookie: { maxAge }',
    ],
    [{ somethingElse: 1 }, 'somethingElse is no option, and does nothing'],
    [
      { cookie: { samesite: 'lax' } },
      'cookie.samesite is no option, and does nothing; did you mean sameSite?',
    ],
    [{ cookie: { maxage: 1 } }, 'cookie.maxage is no option, and does nothing; did you mean maxAge?'],
  ] as const) {
    it(`are told once, with the name that is meant: ${expected}`, async () => {
      assert.deepEqual(await warningsOf(make(options)), [`WARN_SESSION_OPTION_UNKNOWN: ${expected}`]);
      assert.deepEqual(await warningsOf(make(options)), []);
    });
  }

  for (const [options, expected] of [
    [{ resave: 'no' }, 'resave option should be true or false; it is "no", which counts as true'],
    [{ rolling: 1 }, 'rolling option should be true or false; it is 1, which counts as true'],
    [
      { saveUninitialized: 0 },
      'saveUninitialized option should be true or false; it is 0, which counts as false',
    ],
    [{ proxy: 1 }, 'proxy option should be true or false; it is 1, which counts as left out'],
    [{ resave: {} }, 'resave option should be true or false; it is of type object, which counts as true'],
  ] as const) {
    it(`are told, with what they count as: ${expected}`, async () => {
      assert.deepEqual(await warningsOf(make(options)), [`WARN_SESSION_OPTION_COERCED: ${expected}`]);
    });
  }

  it('are not those of express-session and of this package, nor null for the default', async () => {
    const known = {
      key: 'sid',
      resave: null,
      proxy: undefined,
      rolling: true,
      unset: 'keep',
      cookie: new session.Cookie({ maxAge: 1000 }),
    };
    assert.deepEqual(await warningsOf(make(known)), []);
    assert.deepEqual(await warningsOf(make({ cookie: { encode: String, signed: true } })), []);
  });

  for (const [options, expected] of [
    [{ jwt: { expiresin: 60 } }, /^jwt\.expiresin is no option; .*; did you mean expiresIn\?$/],
    [{ merge: 'yes' }, /^merge option must be true or false$/],
  ] as const) {
    it(`are refused where express-session knows nothing of them: ${String(expected)}`, () => {
      assert.throws(make(options), { name: 'TypeError', message: expected });
    });
  }

  for (const options of ['secret', 1, () => ({})]) {
    it(`are refused where they are no options at all, but ${typeof options}`, () => {
      assert.throws(() => session(options as object), {
        name: 'TypeError',
        message: 'session() must be given an object of options',
      });
    });
  }

  it('are none at all where a falsy value takes their place, as in express-session', () => {
    assert.equal(typeof session(false as unknown as null), 'function');
  });
});

describe('a secret without resave and saveUninitialized (B271)', function () {
  this.timeout(60_000);
  const code = 'WARN_SESSION_DEFAULTS';
  const count = (text: string) => text.split(`[${code}] Warning: resave and saveUninitialized`).length - 1;

  it('draws one warning at start, which says what express-session took for default (amends B190)', async () => {
    const { stderr } = await runProgram('factories with a secret and without resave');
    assert.equal(count(stderr), 1, stderr);
    assert.match(stderr, /With express-session it was true\. Say which you mean: resave: false/);
  });

  it('draws none where both are given, nor without a secret', async () => {
    assert.equal((await runProgram('factories that say resave and saveUninitialized')).stderr, '');
  });

  for (const muted of ['express-session', 'other, Express-Session', '*']) {
    it(`is mute with NO_DEPRECATION=${muted} (B193)`, async () => {
      const { stderr } = await runProgram('factories with a secret and without resave', {
        NO_DEPRECATION: muted,
      });
      assert.equal(stderr, '');
    });
  }

  it('is mute with --no-deprecation (B193)', async () => {
    const { stderr } = await runProgram('factories with a secret and without resave', {}, [
      '--no-deprecation',
    ]);
    assert.equal(stderr, '');
  });

  it('goes to a listener of the deprecation event of process instead, where there is one (B193)', async () => {
    const { stdout, stderr } = await runProgram('a factory with a secret, with a listener for deprecations');
    assert.equal(stderr, '');
    const [heard, ...more] = JSON.parse(stdout) as Record<string, string>[];
    assert.deepEqual(more, []);
    assert.equal(heard?.code, code);
    assert.equal(heard.namespace, 'express-session');
    assert.match(String(heard.message), /^resave and saveUninitialized options/);
  });
});
