/** A role that changes while another tab is open. */
import type { Express } from 'express';
import { html } from '../html';
import { onBothSides, type Demo, type Finding } from '../lab/demo';
import type { Side } from '../lab/sides';
import type { Lab } from '../lab/site';
import { claimsIn } from '../token';

function routes(app: Express): void {
  // shown
  app.post('/sign-in', ({ session }, res) => {
    Object.assign(session, { user: 'Ada', role: 'reader' });
    res.json({ you: session.user, role: session.role });
  });
  app.post('/become-an-editor', ({ session }, res) => {
    session.role = 'editor';
    res.json({ you: session.user, role: session.role });
  });
  // end
  app.get('/', ({ session }, res) => {
    res.json({ you: session.user, role: session.role });
  });
}

async function scenario(side: Side, lab: Lab): Promise<Finding> {
  const site = await lab.open(side, routes);
  const ada = site.browser();
  await ada.post('/sign-in');
  const { cookie: before = '' } = ada;
  const changed = await ada.post('/become-an-editor');
  const other = await site.browser(before).get('/');
  const first = await ada.get('/');
  const [old, now] = [claimsIn(before), claimsIn(ada.cookie ?? '')];
  const good = [first, other].every(({ you, role }) => you === 'Ada' && role === 'editor');

  return {
    steps: [
      { who: 'Ada', what: 'is signed in as a reader, and has two tabs open.' },
      {
        who: 'First tab:',
        what: html`Ada becomes an editor. The handler does nothing but <code>session.role = 'editor'</code>.`,
        got: changed.cookie === undefined ? 'No new cookie' : 'A new cookie',
      },
      {
        who: 'Second tab:',
        what: 'its request was on its way already, with the cookie from before.',
        got: other.you ? `Signed in as ${other.you}, ${String(other.role)}` : 'Not signed in',
        mood: other.you === 'Ada' && other.role === 'editor' ? 'good' : 'bad',
      },
      {
        who: 'Another service',
        what: 'looks at the new cookie alone. What it says of the role:',
        got: roleIn(now),
      },
      {
        who: 'The old cookie',
        what: 'says of the role to such a service:',
        got: roleIn(old),
      },
    ],
    verdict:
      (good ? 'Both tabs go on, with the new role.' : 'A tab lost its session.') +
      (now ? ' The new cookie tells other services, too.' : ' The cookie itself tells no role.'),
    good,
    why: now
      ? html`It is the same person, as the claim <code>sub</code> says, so the new token is of the same
          generation, and the old one still opens the session. A service that looks at tokens alone may
          believe the old role until that token expires.`
      : html`The cookie is a name for the session and no more. The role is in the store.`,
  };
}

function roleIn(claims: Record<string, unknown> | undefined): string {
  return claims ? String(claims.role) : 'Nothing';
}

export const role: Demo = {
  name: 'role',
  title: 'A new role with another tab open',
  life: 'You become an editor in one tab, and go on working in another.',
  file: __filename,
  words: ['session', 'cookie', 'token', 'claims', 'generation'],
  links: [
    ['/docs/tokens', 'Tokens: claims and generations'],
    ['/docs/verifying', 'Verifying tokens in another service'],
  ],
  run: onBothSides(scenario),
};
