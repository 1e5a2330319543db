// Counts signatures and verifications.
import crypto = require('node:crypto');

/** What checks a signature or a MAC, in any library of this process: all of them go through these. */
const checks = ['verify', 'createVerify', 'createHmac'] as const;

/** How many signatures and MACs were checked while `use` ran. */
export async function countChecks(use: () => Promise<void>): Promise<number> {
  let count = 0;
  const originals = checks.map((name) => [name, crypto[name]] as const);
  for (const [name, original] of originals) {
    Object.assign(crypto, {
      [name]: (...args: unknown[]): unknown => {
        count++;
        return Reflect.apply(original, crypto, args);
      },
    });
  }
  try {
    await use();
  } finally {
    Object.assign(crypto, Object.fromEntries(originals));
  }
  return count;
}
