import { Buffer } from 'node:buffer';
import crypto from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { answerCalls } from './ipc.mjs';
import { largeData, typicalData } from './site/data.mjs';

/* What Node itself takes for the parts that a session cannot do without, each by itself. */

const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const signingInput = crypto.randomBytes(100).toString('base64url');
const data = Buffer.from(signingInput);
const dsaEncoding = /** @type {const} */ ('ieee-p1363');
const signature = crypto.sign('sha256', data, { key: privateKey, dsaEncoding });
const token = `${signingInput}.${signature.toString('base64url')}`;
const id = crypto.randomBytes(24).toString('base64url');
const typical = JSON.stringify(typicalData());
const large = JSON.stringify(largeData());

/** @type {Record<import('./types.ts').Limit, () => unknown>} */
const parts = {
  sign: () => crypto.sign('sha256', data, { key: privateKey, dsaEncoding }),
  verify: () => crypto.verify('sha256', data, { key: publicKey, dsaEncoding }, signature),
  hmac: () => crypto.createHmac('sha256', 'keyboard cat').update(id).digest('base64'),
  sha256: () => crypto.createHash('sha256').update(token).digest('hex'),
  json: () => JSON.stringify(JSON.parse(typical)),
  json50k: () => JSON.stringify(JSON.parse(large)),
};

/**
 * @param {{ limit: import('./types.ts').Limit, ms: number }} slice
 * @returns {import('./types.ts').Slice}
 */
function slice({ limit, ms }) {
  const part = parts[limit];
  const start = performance.now();
  let count = 0;
  do {
    for (let i = 0; i < 8; i++) part();
    count += 8;
  } while (performance.now() < start + ms);
  return { count, ms: performance.now() - start };
}

answerCalls({
  warmUp({ ms }) {
    for (const limit of /** @type {import('./types.ts').Limit[]} */ (Object.keys(parts)))
      slice({ limit, ms });
  },
  slice,
});
