/** A second service, which only checks tokens. */
import { Router } from 'express';
import session from 'express-session-jwt';
import { verifierPage } from './pages/verifier';
import type { Playground } from './playground';
import { expiresIn } from './session-options';

/** Another service, which has the public key and nothing else: no private key, no store. */
export function verifier({ material }: Playground): Router {
  const router = Router();
  router.use(session({ keys: { public: material.keys.public }, jwt: { expiresIn } }));
  router.get('/', (req, res) => {
    res.send(verifierPage(req.session.jwt));
  });
  return router;
}
