/* More users than tokens are remembered: node growth/cache.mjs <tokenCacheSize> */

import { randomInt } from 'node:crypto';
import { createRequire } from 'node:module';
import process from 'node:process';
import { answerCalls } from '../ipc.mjs';
import { create, read } from '../site/acts.mjs';
import { Loop } from '../site/loop.mjs';
import { Running } from '../site/site.mjs';
import { subject } from '../subjects/express-session-jwt.mjs';
import { createKeys } from '../subjects/tokens.mjs';

const tokenCacheSize = Number(process.argv[2]);
const session = createRequire(import.meta.url)('../../dist/index.js');
const keys = createKeys('prime256v1');

const site = new Running(
  {
    ...subject,
    create(_setup, store = new session.MemoryStore()) {
      const options = { keys, store, tokenCacheSize, resave: false, saveUninitialized: false };
      return { middleware: session(options), store };
    },
  },
  {},
);
/** @type {import('../types.ts').Client[]} */
const clients = [];
const next = () => clients[randomInt(clients.length)] ?? { cookie: undefined };
const loop = new Loop(site, /** @type {any} */ ({ act: read, writes: false }), { clients, next });

answerCalls({
  async signUp(/** @type {{ users: number }} */ { users }) {
    while (clients.length < users) {
      const client = { cookie: undefined };
      await site.visit(client, create, true);
      clients.push(client);
    }
  },

  slice: (/** @type {{ ms: number }} */ { ms }) => loop.run(ms),
});
