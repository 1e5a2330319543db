import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import express from 'express';
import session, {
  Cookie,
  generateKeys,
  jwks,
  MemoryStore,
  remoteKeys,
  Session,
  Store,
  tokenOf,
} from 'express-session-jwt';
import * as everything from 'express-session-jwt';
import { sealed } from 'express-session-jwt/sealed';

const named = { Cookie, generateKeys, jwks, MemoryStore, remoteKeys, Session, Store, tokenOf };
assert.deepEqual(named, { ...session });
assert.equal(everything.default, session);
// One copy, however it is asked for.
assert.equal(createRequire(import.meta.url)('express-session-jwt'), session);

class OwnStore extends Store {
  records = new Map();
  async get(id, callback) {
    const text = this.records.get(id);
    callback(null, text && JSON.parse(text));
  }
  async set(id, data, callback) {
    this.records.set(id, JSON.stringify(data));
    callback();
  }
  async destroy(id, callback) {
    this.records.delete(id);
    callback?.();
  }
}

const app = express();
app.use(
  session({
    keys: { public: process.env.SESSION_PUBLIC_KEY, private: process.env.SESSION_PRIVATE_KEY },
    store: sealed(new OwnStore(), 'a secret of this test, 32 bytes long or more'),
  }),
);
app.get('/', async (req, res) => {
  assert.ok(req.session instanceof Session);
  req.session.count = (req.session.count ?? 0) + 1;
  await req.session.save();
  res.send(String(req.session.count));
});
const server = app.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
