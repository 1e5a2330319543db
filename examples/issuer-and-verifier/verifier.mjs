// Another service. It has no private key and no store, and learns the public keys from the issuer.
import process from 'node:process';
import express from 'express';
import session from 'express-session-jwt';

const app = express();
app.use(
  session({
    keys: session.remoteKeys(process.env.JWKS_URL ?? 'http://127.0.0.1:3000/.well-known/jwks.json'),
  }),
);
app.get('/', (req, res) => {
  if (req.session.jwt) res.json(req.session.jwt);
  else res.status(401).json({ error: 'sign in first' });
});

const server = app.listen(process.env.PORT ?? 4000, '127.0.0.1', () => {
  process.stdout.write(`verifier: http://127.0.0.1:${server.address().port}/\n`);
});
