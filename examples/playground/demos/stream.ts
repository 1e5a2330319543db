/** A response that signs in and then goes on for a while. */
import { pipeline } from 'node:stream';
import type { Express } from 'express';
import { html } from '../html';
import { onBothSides, type Demo, type Finding } from '../lab/demo';
import { Gate } from '../lab/gate';
import type { Side } from '../lab/sides';
import type { Lab } from '../lab/site';
import { signedInAs } from '../lab/told';

function routes(app: Express, loaded: () => Promise<void>, over: () => void): void {
  app.post('/sign-in', (_req, res, next) => {
    res.once('close', over);
    next();
  });
  // shown
  app.post('/sign-in', ({ session }, res) => {
    session.user = 'Ada';
    pipeline(mails, res, () => undefined); // the cookie leaves with the first words
  });
  async function* mails() {
    yield 'Welcome, Ada. ';
    await loaded();
    yield 'You have 2 mails.';
  }
  // end
  app.get('/', ({ session }, res) => {
    res.json({ you: session.user });
  });
}

async function scenario(side: Side, lab: Lab): Promise<Finding> {
  const stayed = await signIn(side, lab, true);
  const leftEarly = await signIn(side, lab, false);
  const good = [stayed.during, stayed.after, leftEarly.after].every(({ you }) => you === 'Ada');
  const mood = ({ you }: { you?: string | null }) => (you === 'Ada' ? 'good' : 'bad');

  return {
    steps: [
      {
        who: 'Ada',
        what: 'signs in. Her browser has the new cookie and the first words of the page:',
        got: `“${stayed.begin.trim()}”`,
      },
      {
        who: 'Ada',
        what: 'opens another tab while that page is still loading.',
        got: signedInAs(stayed.during),
        mood: mood(stayed.during),
      },
      {
        who: 'Ada',
        what: `does so again once the page is complete (“${stayed.rest}”).`,
        got: signedInAs(stayed.after),
        mood: mood(stayed.after),
      },
      {
        who: 'Once more,',
        what: 'but Ada closes the page before it is complete. What the cookie that she has opens then:',
        got: signedInAs(leftEarly.after),
        mood: mood(leftEarly.after),
      },
    ],
    verdict: good
      ? 'Who has the cookie is signed in, from the first byte on.'
      : 'Ada has a cookie that is good for nothing until the page is complete.',
    good,
    why: good
      ? html`No byte leaves before the session is stored, also where the page is a stream.`
      : html`The cookie left with the headers, but the session is stored at the end of the response. Where the
        end never comes, it is not stored at all.`,
  };
}

interface SignIn {
  begin: string;
  rest: string;
  during: { you?: string | null };
  after: { you?: string | null };
}

async function signIn(side: Side, lab: Lab, stay: boolean): Promise<SignIn> {
  const gate = new Gate();
  let close: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (close = resolve));
  const site = await lab.open(side, (app) => {
    routes(app, () => gate.wait(), close);
  });
  const ada = site.browser();
  const page = await ada.stream('/sign-in');
  const during = await ada.get('/');
  if (stay) gate.open();
  else page.leave();
  const rest = stay ? await page.rest() : '';
  await closed;
  gate.open();
  return { begin: page.begin, rest, during, after: await ada.get('/') };
}

export const stream: Demo = {
  name: 'stream',
  title: 'A page that signs in while it loads',
  life: 'You sign in, and the page that welcomes you comes in slowly, piece by piece.',
  file: __filename,
  words: ['session', 'cookie', 'headers', 'store'],
  links: [
    ['/docs/session', 'The session in a request'],
    ['/docs/differences', 'Differences from express-session'],
  ],
  run: onBothSides(scenario),
};
