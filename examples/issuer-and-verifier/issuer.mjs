// The service that signs people in. It alone has the private key and the store.
import process from 'node:process';
import express from 'express';
import session from 'express-session-jwt';

// New keys at each start, and a store that forgets: an issuer in production reads its keys and has a real store.
const keys = session.generateKeys();

const app = express();
app.get('/.well-known/jwks.json', (req, res) => {
  res.json(session.jwks(keys));
});
app.use(
  session({
    keys,
    jwtFromReq: (req) =>
      req.session.userId ? { user_id: req.session.userId, exp: req.session.until } : null,
    cookie: { sameSite: 'lax', secure: 'auto' },
  }),
);
app.post('/login', async (req, res) => {
  await req.session.regenerate();
  req.session.userId = 101; // whom the form named, once the password was right
  req.session.until = Math.floor(Date.now() / 1000) + 60 * 60;
  res.json({ signedIn: true });
});
app.post('/logout', async (req, res) => {
  await req.session.destroy();
  res.json({ signedIn: false });
});
app.get('/', (req, res) => {
  res.json({ signedIn: req.session.userId !== undefined });
});

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  process.stdout.write(`issuer: http://127.0.0.1:${server.address().port}/\n`);
});
