import { Buffer } from 'node:buffer';
import { read } from './acts.mjs';
import { expect } from './check.mjs';

/* What has to hold after the first visits of a scenario's first client, beyond what that client sees. */

/** @typedef {NonNullable<import('../types.ts').Scenario['proof']>} Proof */

/** @type {Proof} */
export const opensAgain = async (visit, _before, after) => {
  expect((await visit({ ...after }, read)).body === 'ada', 'the new cookie does not open the session');
};

/** @type {Proof} */
export const isReplaced = async (visit, before, after) => {
  expect(after.cookie !== before.cookie, 'regenerate gave no new cookie');
  await opensAgain(visit, before, after);
  expect((await visit({ ...before }, read)).body === 'nobody', 'the old cookie still opens a session');
};

/** @type {Proof} */
export const goesOnWithLegacyCookie = async (visit, before, after) => {
  await opensAgain(visit, before, after);
  expect((await visit({ ...before }, read)).body === 'ada', 'the old cookie does not lead to the session');
};

/** @type {Proof} */
export const carriesClaims = async (_visit, before) => {
  const payload = Buffer.from(before.cookie?.split('.').at(-2) ?? '', 'base64url').toString();
  expect(payload.includes('"user":"ada"'), 'the token does not carry the claims');
};
