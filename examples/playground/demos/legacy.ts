import { randomBytes } from 'node:crypto';
import { sign } from 'cookie-signature';
import { Router, type Request } from 'express';
import { Cookie } from 'express-session';
import { html } from '../html';
import { ownAddress, whoIs } from '../loopback';
import type { Outcome } from '../outcomes';
import { legacyPage } from '../pages/legacy';
import { grace } from '../people';
import type { Playground } from '../playground';
import { cookieOptions } from '../session-options';
import { cookieName, digestOf, sentCookie, sentToken, shortDigest, shortened } from '../token';
import { told } from './replay';

/**
 * The site as it was before the move: leaves a record and a cookie as express-session makes them, and shows them. Belongs
 * in front of the new middleware, which would upgrade the cookie at once. The middleware of express-session itself is not
 * run, because its debug lines print cookies.
 */
export function beforeTheMove({ material, storage }: Playground): Router {
  const router = Router();

  router.post('/promises/legacy', async (req, res) => {
    const current = sentCookie(req);
    if (current !== undefined) await storage.remove(digestOf(current));

    const id = randomBytes(24).toString('base64url');
    const options = { ...cookieOptions, secure: req.secure };
    await storage.write(id, {
      cookie: Object.assign(new Cookie(), options),
      person: { ...grace },
      views: 41,
      note: 'kept by express-session',
    });
    res.cookie(cookieName, `s:${sign(id, material.legacySecret)}`, options);
    res.redirect(303, '/promises/legacy/before');
  });

  router.get('/promises/legacy/before', async (req, res) => {
    const cookie = sentCookie(req);
    const entry = (await storage.entries()).find(({ id }) => cookie !== undefined && id === legacyId(cookie));
    if (cookie === undefined || !entry) res.redirect(303, '/promises');
    else res.send(legacyPage(cookie, entry));
  });
  return router;
}

/** The site after the move. */
export function afterTheMove(playground: Playground): Router {
  const router = Router();
  router.get('/promises/legacy/after', (req, res) => {
    const cookie = sentCookie(req);
    if (cookie === undefined || sentToken(req) !== undefined || !req.session.person) {
      res.redirect(303, '/promises');
      return;
    }
    const outcome = playground.outcomes.keep((later) => tell(playground, cookie, later));
    res.redirect(303, outcome);
  });
  return router;
}

/** The id in a cookie of express-session: `s:` + id + `.` + signature. */
function legacyId(cookie: string): string | undefined {
  return /^s:(.+)\.[^.]+$/.exec(cookie)?.[1];
}

async function tell({ storage }: Playground, cookie: string, req: Request): Promise<Outcome> {
  const token = req.sessionID;
  const id = legacyId(cookie) ?? '';
  const again = await Promise.all([1, 2, 3].map(() => whoIs(cookie, ownAddress(req))));
  const entries = await storage.entries();
  const forwarding = entries.find((entry) => entry.id === digestOf(id));
  const upgraded = entries.find((entry) => entry.id === digestOf(token));
  const retired = !entries.some((entry) => entry.id === id);
  const sameSession = again.every(({ body }) => body.signedIn && body.views === req.session.views);

  return {
    title: 'Old cookies come along',
    promise: 'A cookie of express-session is upgraded once; its record is retired and nobody is logged out.',
    steps: [
      {
        who: 'You',
        what: html`Came with the cookie of express-session, and left with a token:`,
        exchange: {
          request: `GET /promises/legacy/after   Cookie: ${cookieName}=${shortened(cookie)}`,
          answer: `303   Set-Cookie: ${cookieName}=${shortened(token)}   (SHA-256 ${shortDigest(token)}…)`,
        },
      },
      {
        who: 'Store',
        what: html`${retired ? 'The old record is gone.' : 'The old record is still there.'} Your session lies
        under the token’s digest. Under the old id’s digest there is a forwarding record: the new token,
        sealed so that only the holder of the old cookie can open it.`,
        details: [
          { label: `Session · ${digestOf(token).slice(0, 8)}…`, value: upgraded?.record ?? null },
          { label: `Forwarding record · ${digestOf(id).slice(0, 8)}…`, value: forwarding?.record ?? null },
        ],
      },
      {
        who: 'Old cookie',
        what: html`Three more requests with it, at the same time, like a restored browser that missed the new
        cookie. They all reach the one session:`,
        exchange: {
          request: `3 × GET /whoami   Cookie: ${cookieName}=${shortened(cookie)}`,
          answer: again.map(told).join('\n  '),
        },
        verdict: sameSession ? 'accepted' : 'refused',
      },
    ],
    kept: retired && upgraded !== undefined && forwarding !== undefined && sameSession,
    conclusion: html`You are still signed in, with your ${req.session.views ?? 0} views and your note. Sign
    out, and the old cookie opens nothing either.`,
  };
}
