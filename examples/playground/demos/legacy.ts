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
import { cookieName, sentCookie, sentToken, shortDigest, shortened, takeApart, tokenOf } from '../token';
import { told } from './replay';

/**
 * The site as it was before the move: leaves a record and a cookie as express-session makes them, and shows them. Belongs
 * in front of the new middleware, which would answer the cookie with a token at once. The middleware of express-session itself is not
 * run, because its debug lines print cookies.
 */
export function beforeTheMove({ material, storage }: Playground): Router {
  const router = Router();

  router.post('/promises/legacy', async (req, res) => {
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
  const token = tokenOf(req);
  const id = legacyId(cookie) ?? '';
  const again = await Promise.all([1, 2, 3].map(() => whoIs(cookie, ownAddress(req))));
  const entries = await storage.entries();
  const stored = entries.find((entry) => entry.id === id);
  const { claims } = takeApart(token);
  const sameSession = again.every(({ body }) => body.signedIn && body.views === req.session.views);

  return {
    title: 'Old cookies come along',
    promise:
      'A session of express-session gets a token. Its record stays where it is, and nobody is logged out.',
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
        what: html`${stored ? 'The record is where it was' : 'The record is gone'}. The token names it by the
          id that it had, as <code>lid</code>; from its first write on the record has
          <code>__session</code>.`,
        details: [
          { label: 'ses, in the token', value: claims.ses },
          { label: id, value: stored?.record ?? null },
        ],
      },
      {
        who: 'Old cookie',
        what: html`Three more requests with it, at the same time, like a restored browser that missed the
        token. They all reach the one session:`,
        exchange: {
          request: `3 × GET /whoami   Cookie: ${cookieName}=${shortened(cookie)}`,
          answer: again.map(told).join('\n  '),
        },
        verdict: sameSession ? 'accepted' : 'refused',
      },
    ],
    kept: stored !== undefined && claims.ses.lid === id && req.sessionID === id && sameSession,
    conclusion: html`You are still signed in, with your ${req.session.views ?? 0} views and your note. Sign
    out, and the old cookie opens nothing either.`,
  };
}
