import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import console from 'node:console';
import { largeData } from './site/data.mjs';
import { median } from './statistics.mjs';

/*
 * What it takes to seal and to open a record: `node bench/sealed.mjs`, after `npm run build`. Each call is made on a sealed
 * store and on the store itself, which answers at once; the difference is what sealing adds.
 */

// Required by path: types are checked without a build.
const { sealed } = createRequire(import.meta.url)('../dist/sealed/index.js');

const ROUNDS = 21;
const ROUND_MS = 50;

/** A store that keeps the last record as JSON text, as databases do. */
class TextStore {
  text = '';

  on() {
    return this;
  }

  /** @param {string} _id @param {object} record */
  set(_id, record) {
    this.text = JSON.stringify(record);
  }

  /** @param {string} _id @param {(error: null, record: object) => void} callback */
  get(_id, callback) {
    callback(null, JSON.parse(this.text));
  }

  destroy() {
    this.text = '';
  }
}

/** @param {number} items in the cart, of about 100 bytes each */
function recordOf(items) {
  const { cart, ...data } = largeData();
  return { cookie: { originalMaxAge: null }, ...data, cart: cart.slice(0, items) };
}

/** @param {() => void} run @returns {number} µs a call */
function time(run) {
  const start = performance.now();
  let count = 0;
  do {
    for (let i = 0; i < 10; i++) run();
    count += 10;
  } while (performance.now() < start + ROUND_MS);
  return ((performance.now() - start) * 1000) / count;
}

const id = randomBytes(24).toString('base64url');
const secrets = [randomBytes(32), randomBytes(32)];

console.log('µs that a call takes more on a sealed store (median of rounds)\n');
for (const [title, items] of /** @type {const} */ ([
  ['1 KB', 8],
  ['50 KB', 500],
])) {
  const record = recordOf(items);
  const plain = new TextStore();
  const inner = new TextStore();
  const store = sealed(inner, secrets[0]);
  const rotated = sealed(inner, [secrets[1], secrets[0]]);
  /** @type {[name: string, on: any][]} */
  const stores = [
    ['plain', plain],
    ['sealed', store],
    ['rotated', rotated],
  ];
  plain.set(id, record);
  /** @type {Record<string, number[]>} */
  const times = {};
  const note = (/** @type {string} */ name, /** @type {number} */ us) => (times[name] ??= []).push(us);
  for (let round = 0; round < ROUNDS; round++) {
    note(
      'plain set',
      time(() => plain.set(id, record)),
    );
    note(
      'sealed set',
      time(() => store.set(id, record)),
    );
    for (const [name, on] of stores)
      note(
        `${name} get`,
        time(() => on.get(id, () => undefined)),
      );
  }
  const of = (/** @type {string} */ name) => median(times[name] ?? []);
  console.log(
    `${title}: seal ${(of('sealed set') - of('plain set')).toFixed(0)}, ` +
      `open ${(of('sealed get') - of('plain get')).toFixed(0)}, ` +
      `open by the second secret ${(of('rotated get') - of('plain get')).toFixed(0)}; ` +
      `stored ${String(plain.text.length)} → ${String(inner.text.length)} bytes`,
  );
}
