/* A million requests through examples/cluster, and its heaps meanwhile: node bench/growth/soak.mjs [requests] */

import { spawn } from 'node:child_process';
import console from 'node:console';
import http from 'node:http';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setInterval } from 'node:timers';
import { fileURLToPath, URL } from 'node:url';

const REQUESTS = Number(process.argv[2] ?? 1_000_000);
const VISITORS = 16;
/* It prints the heaps each minute, and ends with an error if one of them has grown. */

/** ms between two looks at the heaps. */
const INTERVAL = 10_000;
/** What a heap may have grown by from the end of the first tenth to the end, in bytes. */
const TOLERANCE = 4 * 1024 * 1024;

const pathOf = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url));
const cluster = spawn(process.execPath, [pathOf('../../examples/cluster/start.mjs')], {
  env: {
    ...process.env,
    NODE_ENV: 'production',
    NODE_OPTIONS: `--require ${pathOf('report-heap.cjs')}`,
    HEAP_INTERVAL: String(INTERVAL),
    PORT: '0',
  },
  stdio: ['ignore', 'pipe', 'pipe'],
});
process.once('exit', () => cluster.kill('SIGTERM'));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** @typedef {{ requests: number, heap: number, rss: number }} Look */
/** @type {Map<string, Look[]>} by number of the process */
const looks = new Map();
let requests = 0;

cluster.stderr.on('data', (/** @type {Buffer} */ data) => {
  for (const line of String(data).trim().split('\n')) {
    const [, number, heap, rss] = /^heap (\d+) (\d+) (\d+)$/.exec(line) ?? [];
    if (number === undefined) {
      console.error(line);
      continue;
    }
    const all = looks.get(number) ?? [];
    looks.set(number, all);
    all.push({ requests, heap: Number(heap), rss: Number(rss) });
  }
});

/** @type {number} */
const port = await new Promise((resolve, reject) => {
  cluster.stdout.on('data', (/** @type {Buffer} */ data) => {
    const found = /127\.0\.0\.1:(\d+)/.exec(String(data))?.[1];
    if (found !== undefined) resolve(Number(found));
  });
  cluster.once('exit', () => {
    reject(new Error('examples/cluster has ended'));
  });
});

/**
 * One page, on a connection of its own as the example wants it.
 *
 * @param {string} method
 * @param {string} path
 * @param {string | undefined} cookie
 * @param {string} [body]
 * @returns {Promise<{ text: string, cookie: string | undefined }>}
 */
function visit(method, path, cookie, body = '') {
  const headers = {
    ...(cookie === undefined ? {} : { cookie }),
    ...(body === ''
      ? {}
      : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length }),
  };
  return new Promise((resolve, reject) => {
    const sent = http.request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (/** @type {string} */ chunk) => (text += chunk));
      res.on('end', () => {
        requests += 1;
        if ((res.statusCode ?? 0) >= 400) reject(new Error(`${method} ${path}: ${String(res.statusCode)}`));
        else resolve({ text, cookie: res.headers['set-cookie']?.[0]?.split(';')[0] ?? cookie });
      });
      res.on('error', reject);
    });
    sent.on('error', reject).end(body);
  });
}

/** Somebody who looks around, signs in, looks around, and every second time signs out. */
async function person(/** @type {number} */ number) {
  for (let time = 0; requests < REQUESTS; time++) {
    let { cookie } = await visit('GET', '/', undefined);
    for (let page = 0; page < 2; page++) ({ cookie } = await visit('GET', '/', cookie));
    ({ cookie } = await visit('POST', '/login', cookie, `name=person${String(number)}`));
    const { text } = await visit('GET', '/', cookie);
    if (!text.includes(`person${String(number)}`)) throw new Error('a login is lost');
    if (time % 2 === 0) continue;
    await visit('POST', '/logout', cookie);
    const { text: after } = await visit('GET', '/', cookie);
    if (after.includes(`person${String(number)}`)) throw new Error('a logout is lost');
  }
}

const megabytes = (/** @type {number} */ bytes) => (bytes / 1024 / 1024).toFixed(1);
setInterval(() => {
  const heaps = [...looks].sort().map(([, all]) => megabytes(all.at(-1)?.heap ?? NaN));
  console.log(`${String(requests)} requests; heaps in MB: ${heaps.join(', ')}`);
}, 60_000).unref();

const start = performance.now();
await Promise.all(Array.from({ length: VISITORS }, (_, number) => person(number)));
const seconds = (performance.now() - start) / 1000;
console.log(
  `${String(requests)} requests in ${String(Math.round(seconds))} s, ${String(Math.round(requests / seconds))} a second`,
);

for (const [number, all] of [...looks].sort()) {
  // About ten of them.
  const shown = all.filter(
    (_, index) => index % Math.ceil(all.length / 10) === 0 || index === all.length - 1,
  );
  const line = shown.map((look) => `${String(Math.round(look.requests / 1000))}k ${megabytes(look.heap)}`);
  console.log(`process ${number}, heap in MB after so many requests: ${line.join(', ')}`);
  const first = all.find((look) => look.requests >= REQUESTS / 10);
  const last = all.at(-1);
  if (first && last && last.heap - first.heap > TOLERANCE) {
    console.error(
      `process ${number}: the heap grows, from ${megabytes(first.heap)} to ${megabytes(last.heap)} MB`,
    );
    process.exitCode = 1;
  }
}
cluster.kill('SIGTERM');
