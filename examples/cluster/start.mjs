// Three processes of one application behind one port, with their sessions in Redis.
import cluster from 'node:cluster';
import { once } from 'node:events';
import process from 'node:process';
import { URL, fileURLToPath } from 'node:url';
import session from 'express-session-jwt';
import { connectTo } from './client.mjs';
import { startRedis } from './redis.mjs';

const PROCESSES = 3;

const redis = process.env.REDIS_URL ? { url: process.env.REDIS_URL, stop: () => {} } : await startRedis();
// New keys at each start; an application in production reads its keys. All processes have to have the same.
const { public: publicKey, private: privateKey } = session.generateKeys();

let isEnding = false;
cluster.setupPrimary({ exec: fileURLToPath(new URL('app.mjs', import.meta.url)) });

function fork(number) {
  const worker = cluster.fork({
    PROCESS: String(number),
    REDIS_URL: redis.url,
    SESSION_PUBLIC_KEY: publicKey,
    SESSION_PRIVATE_KEY: privateKey,
  });
  // Who was killed is replaced.
  worker.once('exit', () => {
    if (!isEnding) fork(number);
  });
  return worker;
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    isEnding = true;
    for (const worker of Object.values(cluster.workers)) worker.kill();
    redis.stop();
  });
}

const client = await connectTo(redis.url);
client.destroy();
const workers = Array.from({ length: PROCESSES }, (_, index) => fork(index + 1));
const [[{ port }]] = await Promise.all(workers.map((worker) => once(worker, 'listening')));
process.stdout.write(
  `cluster: http://127.0.0.1:${port}/ (${PROCESSES} processes, sessions in ${redis.url.replace(/\/\/.*@/, '//')})\n`,
);
