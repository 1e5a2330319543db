'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { EventEmitter } = require('node:events');
const express = require('express');
const session = require('express-session-jwt');
const { sealed } = require('express-session-jwt/sealed');
const OldStore = require('./old-store');

assert.equal(typeof session, 'function');
for (const name of ['Store', 'MemoryStore', 'Session', 'Cookie', 'generateKeys', 'jwks', 'remoteKeys'])
  assert.equal(typeof session[name], 'function', name);
assert.equal(session.default, undefined);
assert.equal(require('express-session-jwt/package.json').name, 'express-session-jwt');
const program = require.resolve('.bin/express-session-jwt', { paths: module.paths });
assert.match(execFileSync(program, ['keygen']).toString(), /BEGIN PRIVATE KEY[^]*BEGIN PUBLIC KEY/);
assert.throws(() => require('express-session-jwt/dist/session.js'), {
  code: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
});

const store = new OldStore();
assert.ok(store instanceof session.Store);
assert.ok(store instanceof EventEmitter);
assert.ok(sealed(store, Buffer.alloc(32)) instanceof session.Store);
assert.equal(session.MemoryStore() instanceof session.MemoryStore, true);

const app = express();
app.use(
  session({
    keys: { public: process.env.SESSION_PUBLIC_KEY, private: process.env.SESSION_PRIVATE_KEY },
    store,
  }),
);
app.get('/', (req, res) => {
  assert.ok(req.session instanceof session.Session);
  assert.ok(req.session.cookie instanceof session.Cookie);
  req.session.count = (req.session.count ?? 0) + 1;
  res.send(String(req.session.count));
});
const server = app.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
