/** Two sign-ins at once with the same cookie, and a sign-out in between by somebody who knows that cookie. */
import type { Express } from 'express';
import { html } from '../html';
import { onBothSides, type Demo, type Finding } from '../lab/demo';
import { Gate } from '../lab/gate';
import type { Side } from '../lab/sides';
import { signOutRoute } from '../lab/sign-out';
import type { Lab } from '../lab/site';
import { signedInAs } from '../lab/told';

function routes(app: Express, checkPassword: () => Promise<void>): void {
  // shown
  app.post('/sign-in', async ({ session }, res) => {
    await checkPassword(); // takes a moment, so two clicks are here at once
    session.user = 'Ada';
    res.json({ you: session.user });
  });
  // end
  app.get('/', ({ session }, res) => {
    session.visits = (session.visits ?? 0) + 1;
    res.json({ you: session.user });
  });
  signOutRoute(app);
}

async function scenario(side: Side, lab: Lab): Promise<Finding> {
  const twice = await clickTwice(side, lab);
  const disturbed = await signOutInBetween(side, lab);
  const kept = twice.kept.you === 'Ada' && disturbed.own.you === 'Ada';
  const leaked = [twice.before, disturbed.other].some(({ you }) => you === 'Ada');
  const outcome = kept ? 'Both times Ada is signed in' : 'Ada’s sign-in is lost';

  return {
    steps: [
      {
        who: 'Ada',
        what: 'clicks “Sign in” twice. Her browser drops the first answer and keeps what came with the second.',
        got: signedInAs(twice.kept),
        mood: twice.kept.you === 'Ada' ? 'good' : 'bad',
      },
      {
        who: 'The cookie',
        what: 'that she had before she signed in:',
        got: signedInAs(twice.before),
        mood: twice.before.you === 'Ada' ? 'bad' : 'good',
      },
      {
        who: 'Once more,',
        what: 'and Mallory, who knows that cookie, signs out with it while Ada’s sign-in is under way. Ada then:',
        got: signedInAs(disturbed.own),
        mood: disturbed.own.you === 'Ada' ? 'good' : 'bad',
      },
      {
        who: 'Mallory',
        what: 'comes back with that cookie.',
        got: signedInAs(disturbed.other),
        mood: disturbed.other.you === 'Ada' ? 'bad' : 'good',
      },
    ],
    verdict: leaked
      ? `${outcome}, and so is whoever has the cookie from before.`
      : `${outcome}, and nobody else.`,
    good: kept && !leaked,
    why: leaked
      ? html`Both clicks wrote to one session, under the cookie that was there before.`
      : html`The first sign-in began the next generation of the session. The second one found that, and put
        its session under a new name. So neither can take the other away.`,
  };
}

async function clickTwice(side: Side, lab: Lab) {
  const gate = new Gate();
  const site = await lab.open(side, (app) => {
    routes(app, () => gate.wait());
  });
  const ada = site.browser();
  await ada.get('/');
  const { cookie } = ada;
  const clicks = [site.browser(cookie), site.browser(cookie)] as const;
  const answers = clicks.map((click) => click.post('/sign-in'));
  await Promise.race([gate.arrivals(2), Promise.all(answers)]);
  gate.open();
  await Promise.all(answers);
  return { kept: await clicks[1].get('/'), before: await site.browser(cookie).get('/') };
}

async function signOutInBetween(side: Side, lab: Lab) {
  const gate = new Gate();
  const site = await lab.open(side, (app) => {
    routes(app, () => gate.wait());
  });
  const ada = site.browser();
  await ada.get('/');
  const { cookie } = ada;
  const signIn = ada.post('/sign-in');
  await Promise.race([gate.arrivals(1), signIn]);
  await site.browser(cookie).post('/sign-out');
  gate.open();
  await signIn;
  return { own: await ada.get('/'), other: await site.browser(cookie).get('/') };
}

export const doubleClick: Demo = {
  name: 'double-click',
  title: 'A sign-in clicked twice',
  life: 'The site is slow, so you click “Sign in” a second time.',
  file: __filename,
  words: ['session', 'cookie', 'token', 'generation'],
  links: [
    ['/docs/tokens', 'Tokens and generations'],
    ['/docs/behaviour', 'Behaviour, line by line'],
  ],
  run: onBothSides(scenario),
};
