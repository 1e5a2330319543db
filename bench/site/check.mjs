import { countCryptoCalls } from './crypto-calls.mjs';

/**
 * @param {boolean} condition
 * @param {string} reason
 * @returns {asserts condition}
 * @throws Error with the reason where the condition does not hold
 */
export function expect(condition, reason) {
  if (!condition) throw new Error(reason);
}

/**
 * Whether the subject does what the scenario says.
 *
 * @param {import('./site.mjs').Running} site
 * @param {import('../types.ts').Scenario} scenario
 * @param {import('../types.ts').Client} client the first one of the scenario
 * @throws Error with the reason if it does not
 */
export async function check(site, scenario, client) {
  const before = { ...client };
  for (const expected of scenario.reads) {
    const { counted, result } = await countCryptoCalls(() =>
      site.visit(client, scenario.act, scenario.writes),
    );
    const { status, body, setCookie } = result;
    expect(status === 200, `it answers ${String(status)}: ${body}`);
    expect(body === expected, `the handler reads "${body}" instead of "${expected}"`);
    checkCookie(site.subject, scenario, setCookie !== undefined);
    if (site.subject.name === 'express-session-jwt') checkSignatures(scenario, counted);
  }
  await scenario.proof?.((visitor, act) => site.visit(visitor, act, false), before, client);
}

/**
 * @param {import('../types.ts').Subject} subject
 * @param {import('../types.ts').Scenario} scenario
 * @param {boolean} isSet
 */
function checkCookie(subject, { setsCookie, writes }, isSet) {
  const expected = setsCookie || (writes && subject.isInCookie === true);
  expect(isSet === expected, expected ? 'it sets no cookie' : 'it sets a cookie');
}

/**
 * @param {import('../types.ts').Scenario} scenario
 * @param {import('./crypto-calls.mjs').CryptoCalls} counted
 */
function checkSignatures({ signs, verifies }, counted) {
  for (const [what, is, should] of /** @type {const} */ ([
    ['makes', counted.signs, signs],
    ['verifies', counted.verifies, verifies],
  ])) {
    expect(is === should, `a request ${what} ${String(is)} signatures instead of ${String(should)}`);
  }
}
