// A site with this package, and with express-session beside it on the same store: it runs on each runtime. Prints its port.
import { AsyncLocalStorage } from 'node:async_hooks';
import { generateKeyPairSync } from 'node:crypto';
import console from 'node:console';
import process from 'node:process';
import { setImmediate, setTimeout } from 'node:timers';
import express from 'express';
import expressSession from 'express-session';
import session, { MemoryStore } from 'express-session-jwt';

const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const keys = {
  public: pair.publicKey.export({ type: 'spki', format: 'pem' }),
  private: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
};

/** A store that can be slow. */
class SlowStore extends MemoryStore {
  delay = 0;
  hasStored = false;

  set(id, record, callback) {
    super.set(id, record, (error) => {
      setTimeout(() => {
        this.hasStored = true;
        callback?.(error);
      }, this.delay);
    });
  }
}

const store = new SlowStore();
const options = {
  secret: 'keyboard cat',
  store,
  resave: false,
  saveUninitialized: false,
  cookie: { maxAge: 60_000 },
};
const sessions = session({
  ...options,
  keys,
  jwtFromReq: (req) => (req.session.user ? { sub: req.session.user } : null),
});
const visits = new AsyncLocalStorage();

const app = express();
app.set('env', 'test');
app.use('/old', expressSession(options));
app.use((req, _res, next) => (req.url.startsWith('/old') ? next() : visits.run(req.url, next)));
app.use((req, res, next) => (req.session ? next() : sessions(req, res, next)));

const tell = (req, res) => {
  const { count = 0, user = 'nobody' } = req.session;
  res.json({ count, user, id: req.sessionID, visit: visits.getStore() });
};
app.get(['/count', '/old/count'], (req, res) => {
  req.session.count = (req.session.count ?? 0) + 1;
  tell(req, res);
});
app.get('/look', tell);
app.get('/login', (req, res) => {
  req.session.user = 'ann';
  tell(req, res);
});
app.get('/renew', async (req, res) => {
  await req.session.renewToken();
  tell(req, res);
});
app.get('/regenerate', async (req, res) => {
  await req.session.regenerate();
  req.session.user = 'ann';
  tell(req, res);
});
app.get('/logout', async (req, res) => {
  await req.session.destroy();
  res.json({ user: 'nobody' });
});
app.get('/save', async (req, res) => {
  req.session.count = 100;
  await req.session.save();
  res.redirect('/look');
});
app.get('/runtime', (_req, res) => {
  const { bun, deno, node } = process.versions;
  res.json(bun ?? deno ?? node);
});
app.get('/stored', (_req, res) => {
  res.json(store.hasStored);
});
app.get('/stream', async (req, res) => {
  Object.assign(store, { delay: 100, hasStored: false });
  req.session.user = 'ann';
  res.type('text').write('one, ');
  await new Promise(setImmediate);
  res.write('two, ');
  while (!store.hasStored) await new Promise(setImmediate);
  store.delay = 0;
  req.session.count = 3;
  res.end('three');
});

const server = app.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
