// Options that can never work are told at once, with what would be right.
import assert from 'node:assert/strict';
import { inspect as inspectLines } from 'node:util';
import request from 'supertest';
import session from '../../src';
import { setCookie } from '../support/cookies';
import { keys } from '../support/keys';
import { loose } from '../support/loose';
import { createServer } from '../support/server';
import { elapse, serve } from '../support/site';
import { visits } from '../support/visits';

const impossible: [cookie: Record<string, unknown>, message: RegExp][] = [
  [{ maxAge: '3600000' }, /^cookie\.maxAge option must be a number of milliseconds.*"3600000"/],
  [{ maxAge: NaN }, /^cookie\.maxAge option must be a number of milliseconds.*NaN/],
  [{ maxAge: Infinity }, /^cookie\.maxAge option must be a number of milliseconds.*Infinity/],
  [{ maxAge: Number.MAX_SAFE_INTEGER }, /^cookie\.maxAge option must be .*as long as dates can tell/],
  [{ expires: '2030-01-01' }, /^cookie\.expires option must be a Date.*"2030-01-01"/],
  [{ expires: Date.now() }, /^cookie\.expires option must be a Date/],
  [{ sameSite: 'foo' }, /^cookie\.sameSite option must be true, false, 'lax', 'strict', 'none' or 'auto'/],
  [{ sameSite: 'AUTO' }, /^cookie\.sameSite option must be .*'auto'/],
  [{ domain: 'example com' }, /^cookie\.domain option must be the name of a host/],
  [{ domain: 'https://example.com' }, /^cookie\.domain option must be the name of a host/],
  [{ domain: `${'a'.repeat(64)}.example` }, /^cookie\.domain option must be the name of a host/],
  [{ path: '/a;b' }, /^cookie\.path option must be a path/],
  [{ path: '/ü' }, /^cookie\.path option must be a path.*ASCII/],
  [{ secure: 'yes' }, /^cookie\.secure option must be true, false or 'auto', it is "yes"/],
  [{ secure: ['yes'] }, /^cookie\.secure option must be true, false or 'auto', it is of type object/],
  [{ httpOnly: 'yes' }, /^cookie\.httpOnly option must be true or false/],
  [{ partitioned: 'yes' }, /^cookie\.partitioned option must be true or false/],
  [{ priority: 'huge' }, /^cookie\.priority option must be 'low', 'medium' or 'high'/],
];

const impossibleNames: [name: string, cookie: Record<string, unknown>, message: RegExp][] = [
  ...['__Host-sid', '__host-sid', '__HOST-sid', '__hOsT-sid'].flatMap(
    (name): [string, Record<string, unknown>, RegExp][] => [
      [name, {}, /^name option __host-sid: .*__host-.* secure: true/i],
      [name, { secure: 'auto' }, /^name option __host-sid: .*__host-.* secure: true/i],
      [name, { secure: true, path: '/app' }, /^name option __host-sid: .*path: '\/' and no domain/i],
      [name, { secure: true, domain: 'example.com' }, /^name option __host-sid: .*path: '\/' and no domain/i],
    ],
  ),
  ['__sEcUrE-sid', {}, /^name option __sEcUrE-sid: .*secure: true/],
  ['two words', {}, /^name option must be the name of a cookie.*"two words"/],
  ['a=b', {}, /^name option must be the name of a cookie.*"a=b"/],
  ['a;b', {}, /^name option must be the name of a cookie.*"a;b"/],
  ['sitzung\u00fc', {}, /^name option must be the name of a cookie/],
];

const never: [options: Record<string, unknown>, message: RegExp][] = [
  ...impossible.map(([cookie, message]): [Record<string, unknown>, RegExp] => [{ cookie }, message]),
  ...impossibleNames.map(([name, cookie, message]): [Record<string, unknown>, RegExp] => [
    { name, cookie },
    message,
  ]),
];

const inspect = (value: unknown): string => inspectLines(value, { breakLength: Infinity });

/** Warnings of the process that come while `run` is at work. */
async function warningsOf(run: () => unknown): Promise<string[]> {
  const messages: string[] = [];
  const listen = ({ message }: Error): unknown => messages.push(message);
  process.on('warning', listen);
  try {
    await run();
    await elapse(0);
  } finally {
    process.off('warning', listen);
  }
  return messages;
}

describe('an option that can never work', () => {
  for (const [options, message] of never) {
    it(`is a TypeError of the call that names it: ${inspect(options)} (B263)`, () => {
      assert.throws(() => session(loose({ keys, ...options })), { name: 'TypeError', message });
    });
  }

  for (const [{ cookie, name = 'connect.sid' }, message] of never.filter(
    ([{ name }]) => !/[ =;ü]/.test(String(name)),
  )) {
    it(`is an error for next where a function returns it: ${inspect(cookie)} for ${String(name)} (B263)`, async () => {
      const { server, get } = await serve(loose({ name, cookie: () => cookie }), visits);
      const res = await get('/');
      assert.equal(res.status, 500);
      assert.match(res.text, message);
      assert.equal(setCookie(res, String(name)), undefined);
      assert.deepEqual(server.lateErrors, []);
    });
  }

  it('is not told where the response that it belongs to tells it: an invalid Date in expires (B263, B073)', async () => {
    const server = createServer({ cookie: { expires: new Date(NaN) } }, visits);
    const res = await request(server).get('/').expect(200, '1');
    assert.equal(setCookie(res), undefined);
    await elapse(0);
    assert.deepEqual(
      server.lateErrors.map(({ message }) => message),
      ['option expires is invalid'],
    );
  });

  for (const cookie of [
    { maxAge: 0 },
    { maxAge: -1 },
    { maxAge: 365 * 24 * 3600 * 1000 },
    { expires: new Date() },
    { sameSite: 'Lax' },
    { sameSite: 'STRICT' },
    { domain: '.example.com' },
    { domain: 'localhost' },
    { path: '/a b%20(c)' },
    { priority: 'HIGH' },
    { secure: 'auto', sameSite: 'auto' },
    { unknown: 'option' },
    { maxAge: null, domain: '', path: '', sameSite: false, priority: null },
  ]) {
    it(`is not one that works: ${inspect(cookie)} (B263)`, async () => {
      const warnings = await warningsOf(() => session(loose({ keys, cookie })));
      assert.deepEqual(warnings, []);
    });
  }
});

describe('a cookie that browsers refuse since it is not secure', () => {
  for (const cookie of [{ sameSite: 'none' }, { sameSite: 'None', secure: false }, { partitioned: true }]) {
    it(`draws one warning, however many requests: ${inspect(cookie)} (B263)`, async () => {
      for (const given of [cookie, () => cookie]) {
        const warnings = await warningsOf(async () => {
          const server = createServer(loose({ cookie: given }), visits);
          for (let visit = 0; visit < 3; visit++) await request(server).get('/').expect(200, '1');
        });
        assert.equal(warnings.length, 1);
        assert.match(
          warnings[0] ?? '',
          /^cookie option: .*sameSite "none" or partitioned.*set secure to true$/,
        );
      }
    });
  }

  it('draws none where it is secure (B263)', async () => {
    const warnings = await warningsOf(() => {
      session({ keys, cookie: { sameSite: 'none', secure: true } });
      session({ keys, cookie: { partitioned: true, secure: 'auto' } });
    });
    assert.deepEqual(warnings, []);
  });
});
