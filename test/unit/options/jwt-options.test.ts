// Which values of the jwt and absoluteTimeout options are refused, and what the others mean.
import assert from 'node:assert/strict';
import { resolveRules } from '../../../src/options/jwt-options';

const resolve = (options: Record<string, unknown>) => resolveRules(options);

describe('the jwt option', () => {
  const wrong: Record<string, [unknown, RegExp]> = {
    'no object': ['15m', /^jwt option must be an object/],
    'an array': [[], /^jwt option must be an object/],
    'an unknown name': [
      { expireIn: '15m' },
      /^jwt\.expireIn is no option; those of jwt are expiresIn, issuer/,
    ],
    'the grace of an earlier version': [{ grace: 30 }, /^jwt\.grace is no option/],
    'expiresIn of 0': [{ expiresIn: 0 }, /^jwt\.expiresIn option must/],
    'expiresIn below 0': [{ expiresIn: -1 }, /^jwt\.expiresIn option must/],
    'expiresIn with a fraction': [{ expiresIn: 1.5 }, /^jwt\.expiresIn option must/],
    'expiresIn of NaN': [{ expiresIn: NaN }, /^jwt\.expiresIn option must/],
    'expiresIn that never comes': [{ expiresIn: Infinity }, /^jwt\.expiresIn option must/],
    'expiresIn without a unit': [{ expiresIn: '900' }, /^jwt\.expiresIn option must/],
    'expiresIn in no words': [{ expiresIn: 'soon' }, /^jwt\.expiresIn option must/],
    'expiresIn of no length': [{ expiresIn: `${'9'.repeat(101)}s` }, /^jwt\.expiresIn option must/],
    'expiresIn of less than a second': [{ expiresIn: '900ms' }, /^jwt\.expiresIn option must/],
    'expiresIn of null': [{ expiresIn: null }, /^jwt\.expiresIn option must/],
    'maxTokenAge of 0': [{ maxTokenAge: 0 }, /^jwt\.maxTokenAge option must/],
    'clockTolerance as text': [{ clockTolerance: '5' }, /^jwt\.clockTolerance option must/],
    'clockTolerance below 0': [{ clockTolerance: -1 }, /^jwt\.clockTolerance option must/],
    'an empty issuer': [{ issuer: '' }, /^jwt\.issuer option must/],
    'no issuers': [{ issuer: [] }, /^jwt\.issuer option must/],
    'a RegExp as issuer': [{ issuer: /a/ }, /^jwt\.issuer option must/],
    'an audience of numbers': [{ audience: [1] }, /^jwt\.audience option must/],
  };
  for (const [name, [jwt, message]] of Object.entries(wrong)) {
    it(`refuses ${name}`, () => {
      assert.throws(() => resolve({ jwt }), { name: 'TypeError', message });
    });
  }

  for (const given of [undefined, null, {}]) {
    it(`may be ${JSON.stringify(given)}: then tokens have neither lifetime nor purpose`, () => {
      const rules = resolve({ jwt: given });
      assert.deepEqual(rules.claimsAt(100, undefined), {});
      assert.equal(rules.refreshes, false);
    });
  }

  it('takes timespans with their unit or in seconds, and lists that are frozen', () => {
    for (const expiresIn of [900, '15m', '15 minutes']) {
      assert.deepEqual(resolve({ jwt: { expiresIn } }).claimsAt(100, undefined), { exp: 1000 });
    }
    const jwt = Object.freeze({ issuer: Object.freeze(['a', 'b']), audience: Object.freeze(['c']) });
    assert.deepEqual(resolve({ jwt }).claimsAt(100, undefined), { iss: 'a', aud: ['c'] });
    assert.deepEqual(resolve({ jwt: { audience: 'c' } }).claimsAt(100, undefined), { aud: 'c' });
  });
});

describe('the absoluteTimeout option', () => {
  for (const given of [0, 999, -1, NaN, Infinity, '1h', null]) {
    it(`refuses ${String(given)}`, () => {
      assert.throws(() => resolve({ absoluteTimeout: given }), {
        name: 'TypeError',
        message: /^absoluteTimeout option must be a number of milliseconds/,
      });
    });
  }

  it('is a number of milliseconds', () => {
    assert.equal(resolve({ absoluteTimeout: 1000 }).absoluteTimeout, 1000);
    assert.equal(resolve({}).absoluteTimeout, undefined);
  });
});
