import type { AddressInfo } from 'node:net';
import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { createPool, RedisStandIn } from './databases';
import FileStore = require('./file-store');

const PgStore = connectPgSimple(session);

function createStore(): session.Store {
  switch (process.env.STORE) {
    case 'redis':
      return new RedisStore({ client: new RedisStandIn() });
    case 'pg':
      return new PgStore({ pool: createPool(), pruneSessionInterval: false });
    case 'es5':
      return new (FileStore as unknown as new () => session.Store)();
    default:
      return new session.MemoryStore();
  }
}

class NameStrategy extends passport.Strategy {
  override authenticate(): void {
    this.success({ id: 7 });
  }
}
passport.use('name', new NameStrategy());
passport.serializeUser<number>((user, done) => {
  done(null, user.id);
});
passport.deserializeUser<number>((id, done) => {
  done(null, { id });
});

const options: session.SessionOptions = {
  secret: 'keyboard cat',
  resave: false,
  saveUninitialized: false,
  cookie: { maxAge: 60_000 },
  store: createStore(),
};

const app = express();
app.use(session(options));
app.use(passport.session());

app.get('/', (req, res) => {
  req.session.count = (req.session.count ?? 0) + 1;
  res.send(String(req.session.count));
});
app.post('/basket', (req, res, next) => {
  (req.session.basket ??= []).push({ article: 'book', pieces: 2 });
  req.session.save((error) => {
    if (error) next(error);
    else res.json(req.session.basket);
  });
});
app.post('/login', passport.authenticate('name'), (req, res) => {
  const data: Partial<session.SessionData> = req.session;
  res.json({ user: req.user?.id, basket: data.basket ?? null });
});
app.get('/user', (req, res) => {
  res.json(req.user?.id ?? null);
});
app.post('/logout', (req, res, next) => {
  req.logout((error) => {
    if (error) next(error);
    else res.json('bye');
  });
});
const server = app.listen(0, '127.0.0.1', () => {
  console.log(`port ${String((server.address() as AddressInfo).port)}`);
});
