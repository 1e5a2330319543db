/** Two services side by side: one signs people in, the other has no store. */
import type { Express, RequestHandler } from 'express';
import expressSession from 'express-session';
import session from 'express-session-jwt';
import { html } from '../html';
import { onBothSides, type Demo, type Finding } from '../lab/demo';
import { newSigningKey, newStore, type Side, type SigningKey } from '../lab/sides';
import { signOutRoute } from '../lab/sign-out';
import type { Lab } from '../lab/site';
import { signedInAs } from '../lab/told';
import { claimsIn } from '../token';
import { fromNow, inWords } from '../times';

const lifetime = 5 * 60 * 1000;

function issuer(app: Express): void {
  app.post('/sign-in', (req, res) => {
    req.session.user = 'Ada';
    res.json({ you: req.session.user });
  });
  app.get('/', (req, res) => {
    res.json({ you: req.session.user });
  });
  signOutRoute(app);
}

// shown
function secondService(side: Side, { secret, pair }: SigningKey): RequestHandler {
  if (side === 'express-session-jwt') return session({ keys: { public: pair.public } });
  return expressSession({ secret, resave: false, saveUninitialized: false });
}
function pages(app: Express): void {
  app.get('/', ({ session: { jwt, user } }, res) => {
    res.json({ you: jwt?.sub ?? user });
  });
}
// end

async function scenario(side: Side, lab: Lab): Promise<Finding> {
  const key = newSigningKey();
  const first = await lab.open(side, issuer, { keys: [key], more: { jwt: { expiresIn: lifetime / 1000 } } });
  const second = await lab.serve(secondService(side, key), newStore(side), pages);

  const ada = first.browser();
  await ada.post('/sign-in');
  const { cookie = '' } = ada;
  const there = await second.browser(cookie).get('/');
  await ada.post('/sign-out');
  const [here, later] = [await first.browser(cookie).get('/'), await second.browser(cookie).get('/')];
  const claims = claimsIn(cookie);
  const good = there.you === 'Ada' && !here.you;
  const expiry = claims ? ` The token expires ${fromNow(Number(claims.exp) * 1000)}.` : '';

  return {
    steps: [
      { who: 'Ada', what: 'signs in at the first service.' },
      {
        who: 'Ada',
        what: 'goes to the second service with the same cookie. It has a key and no store.',
        got: signedInAs(there),
        mood: there.you === 'Ada' ? 'good' : 'bad',
      },
      {
        who: 'Ada',
        what: 'signs out at the first service. Her old cookie there:',
        got: signedInAs(here),
        mood: here.you ? 'bad' : 'good',
      },
      { who: 'The second service', what: `meets the old cookie once more.${expiry}`, got: signedInAs(later) },
    ],
    verdict: good
      ? `The second service knows Ada without a store${later.you ? `, also for ${inWords(lifetime)} after a sign-out` : ''}.`
      : 'Without the store, the cookie says nothing to a second service.',
    good,
    why: good
      ? html`The second service has the public key alone: it can check tokens, and can make none. It does not
        hear of a sign-out. So tokens should expire soon, and where it matters the first service is asked.`
      : html`The cookie holds an id and no more. A second service needs the store, and the secret with which
        cookies can be made.`,
  };
}

export const verifier: Demo = {
  name: 'two-services',
  title: 'One signs, another checks',
  life: 'You sign in at the shop, and its help desk, another service, greets you by name.',
  file: __filename,
  hasOwnSetup: true,
  words: ['token', 'claims', 'public key', 'private key', 'secret', 'store', 'verifier'],
  links: [
    ['/docs/verifying', 'Verifying tokens in another service'],
    ['/docs/tokens#lifetime', 'Tokens: lifetime'],
  ],
  run: onBothSides(scenario),
};
