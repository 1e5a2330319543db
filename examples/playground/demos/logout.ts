/** A sign-out while a slow request is still at work with the session. */
import type { Express } from 'express';
import { html } from '../html';
import { onBothSides, type Demo, type Finding } from '../lab/demo';
import { Gate } from '../lab/gate';
import type { Side } from '../lab/sides';
import type { Lab } from '../lab/site';
import { signedInAs } from '../lab/told';

function routes(app: Express, slowQuery: () => Promise<void>): void {
  // shown
  app.get('/report', async ({ session }, res) => {
    await slowQuery();
    session.report = 'ready';
    res.json({ you: session.user });
  });
  app.post('/sign-out', ({ session }, _res, next) => {
    session.destroy(next); // the next handler answers
  });
  // end
  app.post('/sign-out', (_req, res) => {
    res.json({ you: null });
  });
  app.post('/sign-in', ({ session }, res) => {
    session.user = 'Ada';
    res.json({ you: session.user });
  });
  app.get('/', ({ session }, res) => {
    res.json({ you: session.user });
  });
}

async function scenario(side: Side, lab: Lab): Promise<Finding> {
  const gate = new Gate();
  const site = await lab.open(side, (app) => {
    routes(app, () => gate.wait());
  });
  const ada = site.browser();
  await ada.post('/sign-in');
  // The browser that stays behind: the same cookie, whatever answers say later.
  const leftBehind = site.browser(ada.cookie);

  const report = ada.get('/report');
  // Should the report fail, its error ends this instead of a wait for ever.
  await Promise.race([gate.arrivals(1), report]);
  await site.browser(ada.cookie).post('/sign-out');
  const meanwhile = Object.keys(site.records()).length;
  gate.open();
  await report;
  const records = Object.keys(site.records()).length;
  const answer = await leftBehind.get('/');
  const back = answer.you === 'Ada';

  return {
    steps: [
      { who: 'Ada', what: 'is signed in and asks for a report. It takes a while.' },
      {
        who: 'Ada',
        what: 'signs out in another tab. The store then holds',
        got: inStore(meanwhile),
        mood: meanwhile === 0 ? 'good' : 'bad',
      },
      {
        who: 'The report',
        what: 'is ready. Its request notes that in the session, which it had loaded before. The store then holds',
        got: inStore(records),
        mood: records === 0 ? 'good' : 'bad',
      },
      {
        who: 'The next person',
        what: 'at this computer sends the cookie from before the sign-out.',
        got: signedInAs(answer),
        mood: back ? 'bad' : 'good',
      },
    ],
    verdict: back ? 'The sign-out is undone: Ada’s session is back.' : 'Signed out stays signed out.',
    good: !back,
    why: back
      ? html`The slow request stored its copy of the session at its end, as if nothing had happened.`
      : html`A change is stored only if the session is still there. What the slow request had changed went
        with the session.`,
  };
}

function inStore(count: number): string {
  return count === 0 ? 'No session' : `${String(count)} session of Ada`;
}

export const logout: Demo = {
  name: 'slow-request',
  title: 'A sign-out against a slow request',
  life: 'You sign out at a shared computer while a page of yours is still loading in another tab.',
  file: __filename,
  words: ['session', 'cookie', 'store', 'record'],
  links: [
    ['/docs/stores#several-processes', 'Stores: several processes'],
    ['/docs/users', 'Signing out everywhere'],
  ],
  run: onBothSides(scenario),
};
