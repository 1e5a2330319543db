/** Starts the playground: `npm start`. */
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createApp } from './app';
import { loadKeys } from './keys';
import { Runs } from './runs';
import { openStorage } from './storage';

// Keys and, with STORE=sqlite, the sessions: git ignores this directory.
const directory = process.env.PLAYGROUND_DIR ?? path.join(__dirname, '.keys');
const port = Number(process.env.PORT ?? 3000);

const material = loadKeys(directory);
const storage = openStorage(process.env.STORE ?? 'memory', directory);

// The people here have no passwords, so the site is for this machine only.
const server = createApp({ material, storage, runs: new Runs() }).listen(port, '127.0.0.1', (error) => {
  if (error) {
    console.error(`${error.message}\nPORT=<number> chooses another port.`);
    process.exit(1);
  }
  const { port: actual } = server.address() as AddressInfo;
  console.log(`The playground is at http://localhost:${String(actual)} (sessions: ${storage.label})`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close(() => void storage.close());
    server.closeAllConnections();
  });
}
