/** Cookies that somebody has changed, and a change of the key that signs them. */
import type { Express } from 'express';
import { html } from '../html';
import { onBothSides, type Demo, type Finding, type Step } from '../lab/demo';
import { newSigningKey, newStore, type Side } from '../lab/sides';
import type { Lab, Site } from '../lab/site';
import { signedInAs } from '../lab/told';
import { claimsIn } from '../token';

function routes(app: Express): void {
  app.post('/sign-in/:name', ({ session, params }, res) => {
    Object.assign(session, { user: params.name, role: 'reader' });
    res.json({ you: session.user });
  });
  app.get('/', ({ session }, res) => {
    res.json({ you: session.user, role: session.role });
  });
}

async function scenario(side: Side, lab: Lab): Promise<Finding> {
  const store = newStore(side);
  // shown
  const [oldKey, newKey] = [newSigningKey(), newSigningKey()];
  const before = await lab.open(side, routes, { store, keys: [oldKey] });
  const during = await lab.open(side, routes, { store, keys: [newKey, oldKey] }); // the first one signs
  const after = await lab.open(side, routes, { store, keys: [newKey] });
  // end
  const ada = before.browser();
  await ada.post('/sign-in/Ada');
  const { cookie = '' } = ada;
  const own = await ada.get('/');

  const forgeries = await Promise.all(forgeriesOf(cookie).map((forgery) => attempt(before, forgery)));
  const grace = during.browser();
  const kept = await during.browser(cookie).get('/');
  await grace.post('/sign-in/Grace');
  const ended = await after.browser(cookie).get('/');
  const moved = await after.browser(grace.cookie).get('/');

  const isRefused = forgeries.every(({ mood }) => mood === 'good');
  const isSmooth = own.you === 'Ada' && kept.you === 'Ada' && moved.you === 'Grace' && !ended.you;
  return {
    steps: [
      { who: 'Ada', what: 'signs in. Her cookie is signed with the old key.', got: signedInAs(own) },
      ...forgeries,
      {
        who: 'The site',
        what: 'puts a new key in front of the old one. Ada comes back with her cookie.',
        got: signedInAs(kept),
        mood: kept.you === 'Ada' ? 'good' : 'bad',
      },
      { who: 'Grace', what: 'signs in meanwhile. Her cookie is signed with the new key.' },
      {
        who: 'The site',
        what: 'takes the old key out, later. Grace:',
        got: signedInAs(moved),
        mood: moved.you === 'Grace' ? 'good' : 'bad',
      },
      { who: 'Ada', what: 'who kept a cookie of the old key until then:', got: signedInAs(ended) },
    ],
    verdict:
      (isRefused ? 'No forged cookie opens anything.' : 'A forged cookie opens the session!') +
      (isSmooth
        ? ' A new key signs nobody out while the old one stays listed.'
        : ' A new key signs people out.'),
    good: isRefused && isSmooth,
    why: claimsIn(cookie)
      ? html`One algorithm is taken, ES256, whatever a token says of itself. The key that a token names has to
        be one that the site lists.`
      : html`The signature is made with the secret (HMAC), and every listed secret is tried.`,
  };
}

interface Forgery {
  what: string;
  cookie: string;
}

function forgeriesOf(cookie: string): Forgery[] {
  const unsigned = cookie.slice(0, cookie.lastIndexOf('.') + 1);
  const signature = cookie.slice(unsigned.length);
  const cut = { what: 'cuts the signature off.', cookie: unsigned };
  const claims = claimsIn(cookie);
  if (!claims) {
    const changed = unsigned.replace(/(.)\.$/, (_, last) => (last === 'A' ? 'B.' : 'A.'));
    return [{ what: 'changes one letter of the id in the cookie.', cookie: changed + signature }, cut];
  }
  const [header = ''] = cookie.split('.');
  const editor = encoded({ ...claims, role: 'editor' });
  return [
    { what: 'changes the role in the token to “editor”.', cookie: `${header}.${editor}.${signature}` },
    cut,
    {
      what: 'writes a token that says it needs no signature (“alg”: “none”).',
      cookie: `${encoded({ alg: 'none', typ: 'JWT' })}.${editor}.`,
    },
  ];
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function attempt(site: Site, { what, cookie }: Forgery): Promise<Step> {
  const answer = await site.browser(cookie).get('/');
  return { who: 'Mallory', what, got: signedInAs(answer), mood: answer.you ? 'bad' : 'good' };
}

export const keys: Demo = {
  name: 'keys',
  title: 'Forged cookies, and a new key',
  life: 'Somebody edits their cookie to become more than they are, and one day the site changes its key.',
  file: __filename,
  words: ['cookie', 'token', 'signature', 'private key', 'public key', 'secret'],
  links: [
    ['/docs/keys#changing-keys', 'Changing keys'],
    ['/docs/standards', 'What standards ask of tokens'],
  ],
  run: onBothSides(scenario),
};
