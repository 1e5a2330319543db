import crypto from 'node:crypto';

const SIGNING = /** @type {const} */ (['sign', 'createSign']);
const VERIFYING = /** @type {const} */ (['verify', 'createVerify']);

/** @typedef {{ signs: number, verifies: number }} CryptoCalls */

/**
 * How many signatures are made and verified while the work is done, by whichever of Node's functions.
 *
 * @template Result
 * @param {() => Promise<Result>} work
 */
export async function countCryptoCalls(work) {
  /** @type {CryptoCalls} */
  const counted = { signs: 0, verifies: 0 };
  const restore = [
    ...SIGNING.map((name) => count(name, () => (counted.signs += 1))),
    ...VERIFYING.map((name) => count(name, () => (counted.verifies += 1))),
  ];
  try {
    return { counted, result: await work() };
  } finally {
    for (const undo of restore) undo();
  }
}

/**
 * @param {(typeof SIGNING)[number] | (typeof VERIFYING)[number]} name
 * @param {() => void} tell
 */
function count(name, tell) {
  const module = /** @type {Record<string, any>} */ (crypto);
  const original = module[name];
  module[name] = (/** @type {unknown[]} */ ...args) => {
    tell();
    return original(...args);
  };
  return () => {
    module[name] = original;
  };
}
