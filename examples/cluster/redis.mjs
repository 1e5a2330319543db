import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';

/** A Redis for this example alone: on a free loopback port, with nothing to be kept. */
export async function startRedis() {
  const port = await freePort();
  const directory = mkdtempSync(path.join(tmpdir(), 'example-cluster-'));
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''];
  const server = spawn('redis-server', options, { stdio: 'ignore' });
  process.once('exit', () => {
    server.kill();
    rmSync(directory, { recursive: true, force: true });
  });
  server.once('error', ({ message }) => {
    process.stderr.write(`${message}\nInstall redis-server, or name a Redis in REDIS_URL.\n`);
    process.exit(1);
  });
  return { url: `redis://127.0.0.1:${port}`, stop: () => server.kill() };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
