// One process of the application.
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session-jwt';
import { connectTo } from './client.mjs';
import { errorPage, page } from './page.mjs';

const number = Number(process.env.PROCESS);
const sessions = session({
  keys: { public: process.env.SESSION_PUBLIC_KEY, private: process.env.SESSION_PRIVATE_KEY },
  store: new RedisStore({ client: await connectTo(process.env.REDIS_URL) }),
  cookie: { maxAge: 24 * 60 * 60 * 1000, sameSite: 'lax', secure: 'auto' },
  jwtFromReq: (req) => (req.session.name ? { name: req.session.name } : null),
});

const app = express();
app.disable('x-powered-by');
app.get('/style.css', (req, res) => {
  res.sendFile(path.join(path.dirname(fileURLToPath(import.meta.url)), 'style.css'));
});
app.use((req, res, next) => {
  // A browser would keep its connection, and with it one process.
  res.set('Connection', 'close');
  res.set(
    'Content-Security-Policy',
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'",
  );
  next();
});
app.use(sessions);
app.get('/', (req, res) => {
  req.session.views = (req.session.views ?? 0) + 1;
  req.session.trail = [...(req.session.trail ?? []), number].slice(-12);
  const { name, views, trail } = req.session;
  res.send(page({ number, pid: process.pid, guarantee: sessions.guarantee, name, views, trail }));
});
app.post('/login', express.urlencoded({ extended: false }), async (req, res) => {
  const { views, trail } = req.session;
  await req.session.regenerate();
  Object.assign(req.session, { views, trail, name: String(req.body.name ?? '').slice(0, 40) || 'Nobody' });
  res.redirect(303, '/');
});
app.post('/logout', async (req, res) => {
  await req.session.destroy();
  res.redirect(303, '/');
});
app.post('/kill', (req, res) => {
  req.socket.once('close', () => process.kill(process.pid, 'SIGKILL'));
  res.redirect(303, '/');
});
// Four parameters make it Express's handler of errors: of Redis, above all.
app.use((error, req, res, next) => {
  if (res.headersSent) next(error);
  else res.status(503).send(errorPage(number));
});

app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
