/** Whatever a client sends in a Cookie header, it gets a page and no session of somebody else. */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import cookieParser from 'cookie-parser';
import type { RequestHandler } from 'express';
import fc from 'fast-check';
import session from '../../src';
import { base64url, ecdsa, forgeTexts, hmac, type Signer } from '../support/forge';
import { createKeyPair, keys, otherKeys } from '../support/keys';
import { listener, type Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { asStore } from '../support/site';
import { ForeignStore } from '../support/stores';

const NAME = 'connect.sid';
const SECRET = 'keyboard cat';
const VICTIM = 'victim';

interface Data {
  user?: string;
  hits?: number;
  admin?: unknown;
}

interface Answer {
  status: number | undefined;
  body: string;
  cookies: string[];
}

/** What the page tells about the session it was served with. */
interface Page {
  user: string | null;
  hits: number;
  /** Own or inherited, of the session, of its claims or of any object. */
  admin: boolean;
}

const page: Handler = (req, res) => {
  const data = req.session as unknown as Data;
  const { jwt } = req.session as unknown as { jwt?: { admin?: unknown } };
  if (req.url === '/login') data.user = VICTIM;
  data.hits = (data.hits ?? 0) + 1;
  const admin = [data.admin, jwt?.admin, ({} as Data).admin].some((value) => value !== undefined);
  res.end(JSON.stringify({ user: data.user ?? null, hits: data.hits, admin } satisfies Page));
};

/** A running site that takes headers of up to 1 MiB, and a client that writes the Cookie header as it is. */
class Site {
  readonly errors: Error[] = [];
  readonly #server: http.Server;
  readonly #agent = new http.Agent({ keepAlive: true });

  constructor(...middlewares: RequestHandler[]) {
    const chain: RequestHandler = (req, res, next) => {
      const [first, ...rest] = middlewares;
      const run = (middleware: RequestHandler | undefined, later: RequestHandler[]): void => {
        if (!middleware) {
          next();
          return;
        }
        void middleware(req, res, (error?: unknown) => {
          if (error) next(error);
          else run(later[0], later.slice(1));
        });
      };
      run(first, rest);
    };
    this.#server = http.createServer({ maxHeaderSize: 1 << 20 }, listener(chain, page, this.errors));
  }

  open(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  close(): void {
    this.#agent.destroy();
    this.#server.close();
  }

  get(cookie?: string, path = '/'): Promise<Answer> {
    const { port } = this.#server.address() as AddressInfo;
    const headers = cookie === undefined ? {} : { Cookie: cookie };
    return new Promise((resolve, reject) => {
      const sent = http.get({ host: '127.0.0.1', port, path, agent: this.#agent, headers }, (res) => {
        let body = '';
        res.setEncoding('utf8').on('data', (text: string) => (body += text));
        res.on('end', () => {
          resolve({ status: res.statusCode, body, cookies: res.headers['set-cookie'] ?? [] });
        });
      });
      sent.on('error', reject);
    });
  }

  /** A page that works, with a session that nobody has had before. */
  async assertFresh(cookie: string): Promise<void> {
    const { status, body, cookies } = await this.get(cookie);
    assert.equal(status, 200, body);
    assert.deepEqual(JSON.parse(body), { user: null, hits: 1, admin: false });
    assert.equal(cookies.length, 1);
    assert.match(cookies[0] ?? '', /^connect\.sid=[\w-]+\.[\w-]+\.[\w-]{86};/);
    assert.ok(
      !cookie.includes(tokenFrom(cookies)),
      'the session got an id that the request had brought along',
    );
  }

  async assertVictim(cookie: string): Promise<Page> {
    const { status, body } = await this.get(cookie);
    assert.equal(status, 200, body);
    const shown = JSON.parse(body) as Page;
    assert.equal(shown.user, VICTIM);
    return shown;
  }
}

function tokenFrom(cookies: string[]): string {
  return (cookies[0] ?? '').slice(NAME.length + 1).split(';')[0] ?? '';
}

function pair(value: string): string {
  return `${NAME}=${value}`;
}

const victimRecord = {
  __session: { gen: 1, tag: 'of the victim', created: Date.now() },
  cookie: { originalMaxAge: null, expires: null, httpOnly: true, path: '/' },
  user: VICTIM,
  hits: 41,
};

/** Answers every id with the victim's record: whatever reaches this store has taken over the victim's session. */
class TrapStore extends ForeignStore {
  override get(id: string, callback: (error?: unknown, value?: unknown) => void): void {
    this.calls.push({ method: 'get', id });
    setImmediate(callback, null, structuredClone(victimRecord));
  }
}

const now = Math.floor(Date.now() / 1000);
const claims = { iat: now, ses: { id: 'forged', gen: 1 } };
const ES256 = { alg: 'ES256', typ: 'JWT' };

/** A token as the site itself would sign it, with this payload. */
function signed(payload: unknown): string {
  return forgeTexts(JSON.stringify(ES256), JSON.stringify(payload));
}

const unsigned: Signer = () => Buffer.alloc(0);
const randomly: Signer = () => randomBytes(64);

/** An HMAC of this hash, keyed with the PEM text of the public key as an attacker may have it. */
function hmacWithPublicKey(hash: string, pem = keys.public): Signer {
  return (input) => createHmac(hash, pem).update(input).digest();
}

/** Text that may stand in a header line: whatever Node's parser lets through. */
const headerText = (maxLength: number) =>
  fc.string({
    unit: fc
      .oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff }), fc.constant(0x09))
      .map((code) => String.fromCharCode(code)),
    maxLength,
  });

const BASE64URL = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
const base64urlText = (maxLength: number) => fc.string({ unit: fc.constantFrom(...BASE64URL), maxLength });

const fragment = fc.oneof(
  fc.constantFrom(
    ...[NAME, '=', `${NAME}=`, ';', '; ', ',', '"', '%', '%00', '%E0%A4', 's:', '.', '..', 'j:'],
  ),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'eyJhbGciOiJFUzI1NiJ9', 'null', '{}', 'undefined'),
  headerText(20),
  base64urlText(90),
);

describe('whatever a Cookie header holds', function () {
  const trapStore = new TrapStore();
  const memoryStore = new session.MemoryStore();
  /** Anything that is let through to the store comes out as the victim. */
  const trap = new Site(session({ keys, secret: SECRET, store: asStore(trapStore) }));
  /** The victim is stored as in any application. */
  const site = new Site(session({ keys, secret: SECRET, store: memoryStore }));
  /** As `site`, with cookie-parser ahead of the session. */
  const parsing = new Site(cookieParser(SECRET), session({ keys, secret: SECRET, store: memoryStore }));
  const sites = [trap, site, parsing];

  let token = '';
  let victimHits = 0;
  const uncaught: unknown[] = [];
  const catchUncaught = (error: unknown) => uncaught.push(error);

  before(async () => {
    process.on('unhandledRejection', catchUncaught);
    process.on('uncaughtExceptionMonitor', catchUncaught);
    await Promise.all(sites.map((each) => each.open()));
    const login = await site.get(undefined, '/login');
    token = tokenFrom(login.cookies);
    victimHits = (await site.assertVictim(pair(token))).hits;
  });

  afterEach(async () => {
    // Unhandled rejections are told a turn later, late errors as well.
    for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
    assert.deepEqual(uncaught, []);
    for (const { errors } of sites) assert.deepEqual(errors, []);
    victimHits++;
    assert.equal(
      (await site.assertVictim(pair(token))).hits,
      victimHits,
      "somebody else's request was counted",
    );
  });

  after(() => {
    for (const each of sites) each.close();
    process.off('unhandledRejection', catchUncaught);
    process.off('uncaughtExceptionMonitor', catchUncaught);
  });

  /** Holds for the values that `arbitrary` generates; a failure prints the seed that replays it. */
  async function always<T>(
    arbitrary: fc.Arbitrary<T>,
    check: (value: T) => Promise<void>,
    numRuns = 30,
  ): Promise<void> {
    await fc.assert(fc.asyncProperty(arbitrary, check), { numRuns });
  }

  /** Rejected before any store is asked, in the header as well as by way of cookie-parser. */
  async function assertRejected(value: string): Promise<void> {
    const asked = trapStore.count('get');
    await trap.assertFresh(pair(value));
    assert.equal(trapStore.count('get'), asked, 'the store was asked');
    await parsing.assertFresh(pair(value));
  }

  describe('a page is served', () => {
    it('to a token that is in order, whose session is what the following must not reach', async () => {
      assert.equal((await trap.assertVictim(pair(signed(claims)))).hits, victimRecord.hits + 1);
      assert.equal((await parsing.assertVictim(pair(token))).hits, ++victimHits);
    });

    it('with a fresh session for any text as the header (B021)', () =>
      always(
        fc.oneof(
          headerText(200),
          fc.array(fragment, { maxLength: 40 }).map((parts) => parts.join('')),
        ),
        async (text) => {
          await trap.assertFresh(text);
          await site.assertFresh(text);
          await parsing.assertFresh(text);
        },
      ));

    it('with a fresh session for any text as the cookie (B021)', () =>
      always(fc.oneof(headerText(200), base64urlText(200), fragment), async (text) => {
        await trap.assertFresh(pair(text));
        await site.assertFresh(pair(text));
        await parsing.assertFresh(pair(text));
      }));

    it('with a fresh session for three segments of any text (B020, B021)', () => {
      const segment = fc.oneof(headerText(60), base64urlText(100), fc.json().map(base64url));
      return always(fc.array(segment, { minLength: 2, maxLength: 5 }), (segments) =>
        assertRejected(segments.join('.')),
      );
    });

    it('with a fresh session for any JSON as header and payload (B022)', () =>
      always(
        fc.tuple(fc.json(), fc.json(), fc.constantFrom(unsigned, randomly, hmacWithPublicKey('sha256'))),
        (parts) => assertRejected(forgeTexts(...parts)),
      ));

    it('with a fresh session for objects and false from cookie-parser (B187)', () =>
      always(
        fc.oneof(
          fc.json(),
          fc.constantFrom('{"__proto__":{"admin":true}}', '{"length":9,"substr":1}', '[]', 'null'),
        ),
        async (json) => {
          await parsing.assertFresh(pair(`j:${json.replaceAll(/[^\x20-\x7e]|[;%]/g, '')}`));
          await parsing.assertFresh(pair(encodeURIComponent(`j:${json}`)));
          await parsing.assertFresh(pair(encodeURIComponent(`s:j:${json}.bad`)));
        },
      ));

    it('with a fresh session for an id, which the store itself goes by (B221)', async () => {
      await site.assertFresh(pair(idOf(token)));
      await assertRejected(idOf(token));
      await assertRejected(`s:${idOf(token)}.${base64url('bad')}`);
    });
  });

  describe('huge input', () => {
    const size = fc.integer({ min: 4_000, max: 150_000 });
    const shapes: ((size: number) => string)[] = [
      (size) => 'a'.repeat(size),
      (size) => '.'.repeat(size),
      (size) => '='.repeat(size),
      (size) => '"'.repeat(size),
      (size) => '%41'.repeat(size / 3),
      (size) => '%E0%A4'.repeat(size / 6),
      (size) => 'ÿ'.repeat(size),
      (size) => `s:${'a'.repeat(size)}`,
      (size) => `s:${'.'.repeat(size)}`,
      (size) => `s:${'a'.repeat(size)}.${'b'.repeat(43)}`,
      (size) => `${'eyJ'.repeat(size / 3)}.${'a'.repeat(size)}.${'a'.repeat(86)}`,
      (size) =>
        forgeTexts(JSON.stringify(ES256), JSON.stringify({ ...claims, pad: 'x'.repeat(size) }), randomly),
      (size) =>
        forgeTexts(JSON.stringify({ ...ES256, pad: 'x'.repeat(size) }), JSON.stringify(claims), randomly),
      (size) => forgeTexts(`{"alg":${'['.repeat(size)}`, '{}', randomly),
      (size) => forgeTexts(`{"alg":"ES256","x":${'['.repeat(size)}${']'.repeat(size)}}`, '{}', randomly),
      (size) => forgeTexts(JSON.stringify(ES256), `{"x":${'['.repeat(size)}${']'.repeat(size)}}`, randomly),
      (size) => forgeTexts(JSON.stringify(ES256), '{}', () => randomBytes(size)),
    ];

    it('as one cookie gets a fresh session (B020, B021)', () =>
      always(fc.tuple(fc.constantFrom(...shapes), size), ([shape, size]) => assertRejected(shape(size))));

    it('as one rightly signed token gets a fresh session', async () => {
      await site.assertFresh(pair(signed({ ...claims, pad: 'x'.repeat(100_000) })));
      await site.assertFresh(
        pair(forgeTexts(JSON.stringify(ES256), `{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)),
      );
    });

    it('as thousands of cookies gets a fresh session (B025)', () => {
      const cookie = fc.oneof(
        fc.constantFrom(NAME, '__proto__', 'constructor').map((name) => `${name}=${base64url('garbage')}`),
        fc
          .constantFrom(unsigned, randomly)
          .map((signer) => pair(forgeTexts(JSON.stringify(ES256), '{}', signer))),
        fc.tuple(base64urlText(10), base64urlText(30)).map((parts) => parts.join('=')),
        fc.constantFrom('', '=', ' ', NAME, `${NAME}=`, `s:${NAME}=`),
      );
      const few = fc.array(cookie, { minLength: 1, maxLength: 20 });
      return always(
        fc.tuple(few, fc.integer({ min: 2_000, max: 4_000 })),
        async ([few, count]) => {
          const header = Array.from({ length: count }, (_, at) => few[at % few.length]).join('; ');
          await trap.assertFresh(header);
          await parsing.assertFresh(header);
        },
        15,
      );
    });
  });

  describe('a forged header', () => {
    const ALGORITHMS = [
      ...[
        'none',
        'None',
        'NONE',
        'nOnE',
        '',
        'es256',
        ' ES256',
        'ES256 ',
        'ES256K',
        'ES384',
        'ES512',
        'EdDSA',
      ],
      ...[
        'HS256',
        'HS384',
        'HS512',
        'RS256',
        'RS384',
        'RS512',
        'PS256',
        '__proto__',
        'constructor',
        'toString',
      ],
      ...[null, undefined, true, 0, 1, [], ['ES256'], {}, { ES256: true }],
    ];
    const signers = fc.constantFrom(
      unsigned,
      randomly,
      ecdsa(keys.private),
      ecdsa(otherKeys.private),
      hmacWithPublicKey('sha256'),
      hmacWithPublicKey('sha384'),
      hmacWithPublicKey('sha512'),
      hmacWithPublicKey('sha256', keys.public.trim()),
      hmacWithPublicKey('sha256', keys.public.replaceAll('\n', '\r\n')),
      hmac(''),
      hmac(SECRET),
    );

    it('with another algorithm gets a fresh session, even rightly signed (B022)', () =>
      always(
        fc.tuple(fc.constantFrom(...ALGORITHMS), signers),
        ([alg, signer]) =>
          assertRejected(forgeTexts(JSON.stringify({ typ: 'JWT', alg }), JSON.stringify(claims), signer)),
        100,
      ));

    for (const [alg, signer] of [
      ['ES384', ecdsa(keys.private, 'sha384')],
      ['ES512', ecdsa(keys.private, 'sha512')],
      ['HS384', hmacWithPublicKey('sha384')],
      ['HS512', hmacWithPublicKey('sha512')],
    ] as const) {
      it(`with ${alg} and the signature that goes with it gets a fresh session (B022)`, () =>
        assertRejected(forgeTexts(JSON.stringify({ ...ES256, alg }), JSON.stringify(claims), signer)));
    }

    it('with extensions that are critical gets a fresh session, even rightly signed', async () => {
      for (const crit of [['exp'], ['b64'], ['http://example.com/UNDEFINED'], [], 'exp', null]) {
        await assertRejected(
          forgeTexts(JSON.stringify({ ...ES256, b64: true, crit }), JSON.stringify(claims)),
        );
      }
    });

    it('with alg none gets a fresh session, with or without the last dot (B022)', async () => {
      const bare = forgeTexts('{"alg":"none","typ":"JWT"}', JSON.stringify(claims), unsigned);
      assert.ok(bare.endsWith('.'));
      await assertRejected(bare);
      await assertRejected(bare.slice(0, -1));
      const [, payload = '', signature = ''] = token.split('.');
      await assertRejected(`${base64url('{"alg":"none","typ":"JWT"}')}.${payload}.`);
      await assertRejected(`${base64url('{"alg":"none","typ":"JWT"}')}.${payload}.${signature}`);
    });

    it('with HS256 keyed with the public PEM gets a fresh session (B022)', async () => {
      for (const pem of [keys.public, keys.public.trim(), keys.public.replaceAll('\n', '\\n')]) {
        const header = '{"alg":"HS256","typ":"JWT"}';
        await assertRejected(forgeTexts(header, JSON.stringify(claims), hmacWithPublicKey('sha256', pem)));
        await assertRejected(
          forgeTexts(JSON.stringify(ES256), JSON.stringify(claims), hmacWithPublicKey('sha256', pem)),
        );
      }
    });

    it('that is no object gets a fresh session, even rightly signed (B022)', () =>
      always(
        fc.tuple(
          fc.constantFrom(
            '',
            'null',
            '[]',
            '"ES256"',
            '["ES256"]',
            '256',
            'true',
            '{',
            '{}',
            '{"alg":"ES256"',
            '\u0000',
          ),
          signers,
        ),
        ([header, signer]) => assertRejected(forgeTexts(header, JSON.stringify(claims), signer)),
      ));

    it('that brings its own key, or says where one is, gets a fresh session and nobody is asked for keys', async () => {
      let asked = 0;
      const keyServer = http.createServer((_, res) => {
        asked++;
        res.end('{"keys":[]}');
      });
      await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${String((keyServer.address() as AddressInfo).port)}/jwks.json`;
      const own = createKeyPair();
      const x5c = own.public.replaceAll(/-----.*-----|\n/g, '');
      const members = fc.record(
        {
          jwk: fc.constant({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', pem: own.public }),
          jku: fc.constant(url),
          x5u: fc.constant(url),
          x5c: fc.constant([x5c]),
          kid: fc.oneof(
            fc.constantFrom('__proto__', 'constructor', '../../../../dev/null', url, '0'),
            fc.jsonValue(),
          ),
          crit: fc.oneof(fc.constantFrom([], ['exp'], ['__proto__']), fc.jsonValue()),
          cty: fc.constantFrom('JWT', 'json'),
          b64: fc.boolean(),
          zip: fc.constant('DEF'),
        },
        { requiredKeys: [] },
      );
      try {
        await always(members, (extra) =>
          assertRejected(
            forgeTexts(JSON.stringify({ ...ES256, ...extra }), JSON.stringify(claims), ecdsa(own.private)),
          ),
        );
      } finally {
        keyServer.close();
      }
      assert.equal(asked, 0);
    });
  });

  describe('a token spelled otherwise', () => {
    it('with broken base64url gets a fresh session (B020)', () => {
      const edit = fc.record({
        at: fc.nat(),
        remove: fc.integer({ min: 0, max: 3 }),
        insert: fc.string({ unit: fc.constantFrom(...Array.from('+/=.*!~,:@[]{}\\\u00a0ÿ')), maxLength: 3 }),
      });
      return always(
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        async (edits) => {
          let value = token;
          for (const { at, remove, insert } of edits) {
            const start = at % value.length;
            value = value.slice(0, start) + insert + value.slice(start + remove);
          }
          fc.pre(value !== token);
          await site.assertFresh(pair(value));
          await parsing.assertFresh(pair(value));
        },
        60,
      );
    });

    it('in one character gets a fresh session (B020, B024)', () =>
      always(
        fc.tuple(fc.nat(), fc.constantFrom(...BASE64URL)),
        async ([position, character]) => {
          const at = position % token.length;
          fc.pre(token[at] !== character);
          await site.assertFresh(pair(token.slice(0, at) + character + token.slice(at + 1)));
        },
        60,
      ));

    it('in the bits that base64url leaves over gets a fresh session (B024)', async () => {
      const start = token.slice(0, -1);
      const signature = (text: string) => Buffer.from(text.slice(text.lastIndexOf('.') + 1), 'base64url');
      const variants = BASE64URL.map((last) => start + last).filter(
        (variant) => variant !== token && signature(variant).equals(signature(token)),
      );
      assert.equal(variants.length, 15);
      for (const variant of [...variants, `${token}=`, `${token}==`, `${token}A`]) {
        assert.ok(signature(variant).subarray(0, 64).equals(signature(token)));
        await site.assertFresh(pair(variant));
        await parsing.assertFresh(pair(variant));
      }
    });

    it('with the second root of its signature opens what it opens itself (B024)', async () => {
      const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
      const [header = '', payload = '', signature = ''] = token.split('.');
      const bytes = Buffer.from(signature, 'base64url');
      const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`);
      bytes.write((order - s).toString(16).padStart(64, '0'), 32, 'hex');
      const other = `${header}.${payload}.${bytes.toString('base64url')}`;
      assert.notEqual(other, token);
      assert.equal((await site.assertVictim(pair(other))).hits, ++victimHits);
    });

    it('with a signature of another length or form gets a fresh session (B020)', async () => {
      const [header = '', payload = '', signature = ''] = token.split('.');
      const bytes = Buffer.from(signature, 'base64url');
      const der = Buffer.concat([
        Buffer.from([0x30, 68, 2, 32]),
        bytes.subarray(0, 32),
        Buffer.from([2, 32]),
        bytes.subarray(32),
      ]);
      const others = [0, 1, 32, 63, 65, 96, 128, 4096].map((length) => Buffer.alloc(length, bytes));
      for (const other of [...others, der, Buffer.alloc(64), Buffer.alloc(64, 0xff)]) {
        await assertRejected(`${header}.${payload}.${other.toString('base64url')}`);
      }
    });

    it('as a JSON-serialized JWS gets a fresh session', async () => {
      const [protectedHeader, payload, signature] = token.split('.');
      const flattened = { payload, protected: protectedHeader, signature };
      const general = {
        payload,
        signatures: [{ protected: protectedHeader, header: { alg: 'none' }, signature }],
      };
      for (const json of [flattened, general, [token], { token }, token].map((value) =>
        JSON.stringify(value),
      )) {
        // Quoted, the token is itself (B025), and so it is as the JSON string that cookie-parser takes from it.
        if (json !== `"${token}"`) {
          await assertRejected(json);
          await assertRejected(`j:${json}`);
        }
        await assertRejected(base64url(json));
        await assertRejected(`s:${json}`);
        if (json.startsWith('{')) await assertRejected(encodeURIComponent(json));
      }
    });

    it('as an original, unsigned or wrongly signed cookie value gets a fresh session (B118)', () =>
      always(
        fc.tuple(fc.oneof(fc.constantFrom('', token, idOf(token), '__proto__'), fragment), fragment),
        ([id, end]) => assertRejected(`s:${id}.${end}`.replaceAll(/[;\t]/g, '')),
      ));

    it('as an original cookie value of an unknown id, rightly signed, gets a fresh session (B235)', () =>
      always(
        fc.oneof(
          fc.constantFrom('', '__proto__', 'constructor', 'toString', '.', 'a'.repeat(5_000)),
          fc.string(),
        ),
        async (id) => {
          const signature = createHmac('sha256', SECRET).update(id).digest('base64').replace(/=+$/, '');
          await site.assertFresh(pair(encodeURIComponent(`s:${id}.${signature}`)));
          await parsing.assertFresh(pair(encodeURIComponent(`s:${id}.${signature}`)));
        },
      ));
  });

  describe('a rightly signed token', () => {
    const past = fc.integer({ min: -1_000_000, max: now - 1 });
    const future = fc.integer({ min: now + 3_600, max: now + 1e9 });
    const nonNumbers = fc.oneof(
      fc.constantFrom<unknown>(
        null,
        true,
        false,
        '',
        'tomorrow',
        '0',
        [],
        {},
        '9999999999',
        '2099-01-01T00:00:00Z',
      ),
      fc.constantFrom<unknown>([now + 3_600], { valueOf: now }, { __proto__: null }),
      fc.string(),
    );

    it('with times that admit it is read, so that the following are not in vain', async () => {
      await trap.assertVictim(pair(signed({ ...claims, exp: now + 3_600, nbf: now - 3_600 })));
    });

    it('that has expired gets a fresh session (B023)', () =>
      always(past, (exp) => assertRejected(signed({ ...claims, exp }))));

    it('that is not yet valid gets a fresh session (B023)', () =>
      always(future, (nbf) => assertRejected(signed({ ...claims, nbf }))));

    it('whose times are no numbers gets a fresh session (B023)', () =>
      always(
        fc.oneof(
          nonNumbers.map((exp) => ({ exp })),
          nonNumbers.map((nbf) => ({ nbf })),
          fc.tuple(nonNumbers, nonNumbers).map(([exp, nbf]) => ({ exp, nbf })),
        ),
        (times) => assertRejected(signed({ ...claims, ...times })),
        60,
      ));

    it('whose payload is no object gets a fresh session', () =>
      always(
        fc.oneof(
          fc.constantFrom<unknown>(
            null,
            true,
            false,
            0,
            42,
            '',
            'payload',
            [],
            [claims],
            JSON.stringify(claims),
          ),
          fc
            .jsonValue()
            .filter((value) => typeof value !== 'object' || value === null || Array.isArray(value)),
        ),
        (payload) => assertRejected(signed(payload)),
      ));

    it('whose payload is no JSON gets a fresh session', () =>
      always(
        fc.oneof(fc.constantFrom('', '{', '{"a":', '\ufeff{}', 'undefined', 'NaN', '\u0000'), headerText(50)),
        async (text) => {
          fc.pre(!isJson(text));
          await assertRejected(forgeTexts(JSON.stringify(ES256), text));
        },
      ));

    it('with claims of any kind but no ses gets a fresh session, whatever else the key has signed (B203)', () =>
      always(
        fc.dictionary(
          fc.oneof(fc.constantFrom('jti', 'iat', 'sid', 'sub', 'id', 'gen'), fc.string()),
          fc.jsonValue(),
        ),
        (payload) => {
          fc.pre(!('ses' in payload) && !('nonce' in payload));
          return assertRejected(signed(payload));
        },
      ));

    it('with a ses of any kind but the handle of a session gets a fresh session (B241)', () =>
      always(fc.jsonValue(), async (ses) => {
        await site.assertFresh(pair(signed({ iat: now, ses })));
        await parsing.assertFresh(pair(signed({ iat: now, ses })));
      }));

    it('with a ses of another shape gets a fresh session, and the store is not asked (B241)', () =>
      always(
        fc.constantFrom<object>(
          { id: 'forged' },
          { gen: 1 },
          { lid: 'forged' },
          { id: 'forged', lid: 'forged', gen: 1 },
          ...[0, -1, 1.5, '1', null, true, 1e300].map((gen) => ({ id: 'forged', gen })),
          ...[1, null, true, {}, ['forged'], '', 'a\0b'].map((id) => ({ id, gen: 1 })),
          ...[1, null, true, {}, ['forged'], ''].map((lid) => ({ lid, gen: 1 })),
          ['forged', 1],
        ),
        (ses) => assertRejected(signed({ iat: now, ses })),
        60,
      ));

    it('of 0.2.2 whose text no store knows gets a fresh session (B237)', () =>
      always(fc.string(), async (nonce) => {
        await site.assertFresh(pair(signed({ iat: now, nonce })));
        await parsing.assertFresh(pair(signed({ iat: now, nonce })));
      }));

    it('with __proto__ claims gets a fresh session and changes no prototype (B148)', async () => {
      const payloads = [
        '{"__proto__":{"admin":true}}',
        `{"__proto__":{"admin":true,"toJSON":1},"iat":${String(now)},"ses":{"id":"forged","gen":1}}`,
        '{"constructor":{"prototype":{"admin":true}},"ses":{"__proto__":{"id":"forged","gen":1}}}',
        '{"__proto__":null,"hasOwnProperty":1,"toString":1,"valueOf":1,"then":1}',
        '{"cookie":{"__proto__":{"admin":true}},"req":1,"id":1,"jwt":1}',
      ];
      for (const payload of payloads) {
        await site.assertFresh(pair(forgeTexts(JSON.stringify(ES256), payload)));
        await parsing.assertFresh(pair(forgeTexts(JSON.stringify(ES256), payload)));
      }
      assert.equal(({} as Data).admin, undefined);
      assert.equal(
        (await trap.assertVictim(pair(forgeTexts(JSON.stringify(ES256), payloads[1] ?? '')))).admin,
        false,
      );
    });
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
