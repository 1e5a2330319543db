/** What the store holds before and after a sign-in, and what somebody can do who has copied it. */
import { sign as signBytes } from 'node:crypto';
import { sign as signId } from 'cookie-signature';
import type { Express } from 'express';
import { html } from '../html';
import { onBothSides, type Demo, type Finding, type Step } from '../lab/demo';
import { newSigningKey, type Side } from '../lab/sides';
import type { Lab, Site } from '../lab/site';
import { signedInAs } from '../lab/told';
import { claimsIn, headerIn } from '../token';

function routes(app: Express): void {
  // shown
  app.get('/', ({ session }, res) => {
    session.visits = (session.visits ?? 0) + 1;
    res.json({ you: session.user, visits: session.visits });
  });
  app.post('/sign-in', ({ session }, res) => {
    session.user = 'Ada';
    res.json({ you: session.user });
  });
  // end
}

async function scenario(side: Side, lab: Lab): Promise<Finding> {
  const key = newSigningKey();
  const site = await lab.open(side, routes, { keys: [key] });
  const ada = site.browser();
  await ada.get('/');
  const before = Object.entries(site.records());
  await ada.post('/sign-in');
  const after = Object.entries(site.records());
  const id = after[0]?.[0] ?? '';
  const { cookie = '' } = ada;
  const inCookie = cookie.includes(id);

  const attempts = [
    await attempt(site, 'copies the store, and sends the id of Ada’s record as a cookie.', id),
    await attempt(
      site,
      'has the secret, too, and signs the id with it, as express-session does.',
      `s:${signId(id, key.secret)}`,
    ),
    ...(claimsIn(cookie)
      ? [
          await attempt(
            site,
            'has even the private key, and signs a token that names the id.',
            await tokenThatNames(id, cookie, key.pair.private, site),
          ),
        ]
      : []),
  ];
  const open = attempts.some(({ mood }) => mood === 'bad');

  return {
    steps: [
      {
        who: 'The store',
        what: 'after Ada’s first visit:',
        details: before.map(([label, value]) => ({ label, value })),
      },
      {
        who: 'The store',
        what: 'after her sign-in:',
        details: after.map(([label, value]) => ({ label, value })),
      },
      { who: 'The id:', what: 'is it in Ada’s cookie?', got: inCookie ? 'Yes' : 'No' },
      ...attempts,
    ],
    verdict: open
      ? 'A copy of the store opens every session, once the secret is known, too.'
      : 'A copy of the store opens nothing, not even together with the keys.',
    good: !open,
    why: open
      ? html`The id in the store is the id in the cookie. The signature is all that is missing.`
      : html`The token names the session by a random text, its handle. The id is made of it with SHA-256, and
          nobody can go the way back. <code>__session</code> is the library’s own part of a record; handlers
          do not see it.`,
  };
}

async function attempt(site: Site, what: string, cookie: string): Promise<Step> {
  const answer = await site.browser(cookie).get('/');
  return { who: 'Mallory', what, got: signedInAs(answer), mood: answer.you ? 'bad' : 'good' };
}

/** A token for this id, made as well as it can be: the same, for the right handle, opens the session. */
async function tokenThatNames(id: string, cookie: string, privateKey: string, site: Site): Promise<string> {
  const claims = claimsIn(cookie) ?? {};
  const forge = (ses: unknown) => {
    const content = [headerIn(cookie), { ...claims, ses }].map(encoded).join('.');
    const signature = signBytes('sha256', Buffer.from(content), {
      key: privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    return `${content}.${signature.toString('base64url')}`;
  };
  const control = await site.browser(forge(claims.ses)).get('/');
  if (!control.you)
    throw new Error('this forgery would prove nothing: it is refused with the right handle, too');
  return forge({ ...(claims.ses as object), id });
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

export const store: Demo = {
  name: 'store',
  title: 'The store, before and after',
  life: 'A backup of the site’s database ends up in the wrong hands.',
  file: __filename,
  words: ['store', 'record', 'id', 'handle', 'generation', 'secret', 'private key'],
  links: [
    ['/docs/stores', 'Stores'],
    ['/docs/session', 'The session in a request'],
  ],
  run: onBothSides(scenario),
};
