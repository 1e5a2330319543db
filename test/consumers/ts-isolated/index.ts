import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import express from 'express';
import session, { MemoryStore, Session } from 'express-session-jwt';

declare module 'express-session-jwt' {
  interface SessionData {
    count: number;
  }
}

const app = express();
app.use(
  session({
    keys: { public: process.env.SESSION_PUBLIC_KEY ?? '', private: process.env.SESSION_PRIVATE_KEY ?? '' },
    store: new MemoryStore(),
    jwtFromReq: (req) => ({ path: req.path }),
  }),
);
app.get('/', async (req, res) => {
  assert.ok(req.session instanceof Session);
  assert.equal(req.session.jwt?.['path'], '/');
  req.session.count = (req.session.count ?? 0) + 1;
  await req.session.save();
  res.send(String(req.session.count));
});
const server = app.listen(0, '127.0.0.1', () => {
  console.log(`port ${String((server.address() as AddressInfo).port)}`);
});
