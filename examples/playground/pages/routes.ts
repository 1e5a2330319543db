/** The pages that are only looked at. */
import { Router } from 'express';
import type { Cookie } from 'express-session';
import type { Playground } from '../playground';
import { expiresIn } from '../session-options';
import { cookieName, sentToken, shortDigest } from '../token';
import { cookiePage } from './cookie';
import { refreshPage } from './refresh';
import { sessionPage } from './session';
import { storePage } from './store';
import { tokenPage } from './token';

/** The header line for this cookie, but for the token. */
function setCookieLine(cookie: Cookie): string {
  // A method that express-session has as well, but not in its types.
  return (cookie as Cookie & { serialize(name: string, value: string): string }).serialize(
    cookieName,
    'token',
  );
}

export function pages({ material, storage }: Playground): Router {
  const router = Router();

  router.get('/', (req, res) => {
    req.session.views = (req.session.views ?? 0) + 1;
    const { person, views, note } = req.session;
    res.send(sessionPage({ person, views, note, data: req.session, known: sentToken(req) !== undefined }));
  });

  router.get('/token', (req, res) => {
    const { person } = req.session;
    const hidden = Object.keys(req.session).filter((name) => name !== 'person');
    res.send(tokenPage({ person, token: sentToken(req), publicKey: material.keys.public, hidden }));
  });

  router.get('/store', async (req, res) => {
    const { person } = req.session;
    const entries = await storage.entries();
    res.send(storePage({ person, token: sentToken(req), label: storage.label, entries }));
  });

  router.get('/cookie', (req, res) => {
    const { person, cookie } = req.session;
    const token = sentToken(req);
    res.send(
      cookiePage({
        person,
        flags: token === undefined ? undefined : cookie,
        tokenLength: token?.length ?? 0,
        setCookie: setCookieLine(cookie),
      }),
    );
  });

  router.get('/refresh', (req, res) => {
    const { person } = req.session;
    const token = sentToken(req);
    if (token !== undefined) {
      const digest = shortDigest(token);
      const seen = req.session.seen ?? [];
      if (!seen.includes(digest)) req.session.seen = [...seen, digest].slice(-8);
    }
    res.send(
      refreshPage({
        person,
        claims: token === undefined ? undefined : req.session.jwt,
        seen: req.session.seen ?? [],
        expiresIn,
      }),
    );
  });

  router.get('/whoami', (req, res) => {
    const { person, views } = req.session;
    res.json({ signedIn: person !== undefined, name: person?.name, role: person?.role, views });
  });

  return router;
}
