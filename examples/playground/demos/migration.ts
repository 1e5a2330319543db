/** The change of the package on a site that runs: a user with an old cookie, and the two steps of docs/migration.md. */
import type { Express } from 'express';
import expressSession from 'express-session';
import session from 'express-session-jwt';
import { html } from '../html';
import type { Demo, Finding, Findings, Step } from '../lab/demo';
import { newSigningKey } from '../lab/sides';
import { signOutRoute } from '../lab/sign-out';
import type { Lab } from '../lab/site';
import type { Answer } from '../lab/browser';
import { signedInAs } from '../lab/told';
import { claimsIn } from '../token';

function routes(app: Express): void {
  app.post('/sign-in/:name', (req, res) => {
    req.session.user = req.params.name;
    res.json({ you: req.session.user });
  });
  app.get('/', (req, res) => {
    res.json({ you: req.session.user });
  });
  signOutRoute(app);
}

async function run(lab: Lab): Promise<Findings> {
  const { secret, pair } = newSigningKey();
  // shown
  const store = new expressSession.MemoryStore();
  const options = { store, secret, resave: false, saveUninitialized: false };
  const asItWas = expressSession(options);
  const stepOne = session({ ...options, keys: pair, cookieFormat: 'express-session' });
  const stepTwo = session({ ...options, keys: pair });
  // end
  const was = await lab.serve(asItWas, store, routes);
  const one = await lab.serve(stepOne, store, routes);
  const two = await lab.serve(stepTwo, store, routes);

  const ada = was.browser();
  const begun = await ada.post('/sign-in/Ada');
  const { cookie: oldCookie = '' } = ada;
  const inStepOne = await one.browser(oldCookie).get('/');
  const grace = one.browser();
  const graceSignsIn = await grace.post('/sign-in/Grace');
  const graceAtTheOld = await was.browser(grace.cookie).get('/');

  const ids = Object.keys(one.records());
  const inStepTwo = await two.browser(oldCookie).get('/');
  const sameIds = Object.keys(two.records()).join() === ids.join();
  const token = inStepTwo.cookie ?? '';
  const tokenInStepOne = await one.browser(token).get('/');
  const tokenAtTheOld = await was.browser(token).get('/');

  await two.browser(token).post('/sign-out');
  const ended = [await two.browser(token).get('/'), await two.browser(oldCookie).get('/')];
  const endedAtTheOld = await was.browser(oldCookie).get('/');

  const before: Finding = {
    steps: [
      { who: 'Ada', what: 'signs in, before anything changes.', got: formOf(begun.cookie) },
      {
        who: 'Step one',
        what: 'runs beside it. Grace, who signed in there, is sent here by the load balancer.',
        ...shouldBe('Grace', graceAtTheOld),
      },
      {
        who: 'Had it been one step,',
        what: 'a token would come to an instance of express-session. Then Ada is:',
        ...shouldBe('Ada', tokenAtTheOld),
      },
      {
        who: 'Ada',
        what: 'signs out in step two. Her old cookie here:',
        ...shouldBe(undefined, endedAtTheOld),
      },
    ],
    verdict: tokenAtTheOld.you
      ? 'It understands tokens.'
      : 'It goes on beside step one, but would sign out whoever has a token.',
    good: graceAtTheOld.you === 'Grace' && !endedAtTheOld.you && tokenAtTheOld.you === 'Ada',
    why: html`It does not know what a token is. So no token may be in a browser while it runs: that is what
    step one is for.`,
  };

  const steps: Step[] = [
    { who: 'Step one', what: 'meets Ada’s old cookie.', ...shouldBe('Ada', inStepOne) },
    { who: 'Grace', what: 'signs in in step one.', got: formOf(graceSignsIn.cookie) },
    {
      who: 'Step two',
      what: 'meets Ada’s old cookie.',
      got: `${signedInAs(inStepTwo)}. ${formOf(inStepTwo.cookie)}`,
      mood: inStepTwo.you === 'Ada' && claimsIn(token) ? 'good' : 'bad',
    },
    {
      who: 'The records:',
      what: 'are they where they were, under the same ids?',
      got: sameIds ? 'Yes' : 'No',
      mood: sameIds ? 'good' : 'bad',
    },
    {
      who: 'An instance of step one',
      what: 'that still runs meets Ada’s token.',
      ...shouldBe('Ada', tokenInStepOne),
    },
    { who: 'Ada', what: 'signs out in step two. Her token:', ...shouldBe(undefined, ended[0]) },
    { who: 'Her old cookie', what: 'is tried once more.', ...shouldBe(undefined, ended[1]) },
  ];
  const good = steps.every(({ mood }) => mood !== 'bad');
  const after: Finding = {
    steps,
    verdict: good
      ? 'Nobody is signed out by the move, and a sign-out ends both cookies.'
      : 'The move went wrong.',
    good,
    why: html`A session that express-session began keeps its id and its record; it only gets a token that
    names it. Step two is the same code without one option.`,
  };
  return { 'express-session': before, 'express-session-jwt': after };
}

function shouldBe(name: string | undefined, answer: Answer | undefined): Pick<Step, 'got' | 'mood'> {
  const { you } = answer ?? {};
  return { got: signedInAs({ you: you ?? null }), mood: (you ?? undefined) === name ? 'good' : 'bad' };
}

function formOf(cookie: string | undefined): string {
  if (cookie === undefined) return 'No new cookie';
  return claimsIn(cookie) ? 'The cookie is a token now' : `A cookie of the old form: ${cookie.slice(0, 6)}…`;
}

export const migration: Demo = {
  name: 'moving',
  title: 'The move, on a site that runs',
  life: 'The site changes from express-session to express-session-jwt while you are signed in.',
  file: __filename,
  hasOwnSetup: true,
  words: ['cookie', 'token', 'store', 'record', 'id', 'secret'],
  links: [['/docs/migration', 'Moving from express-session']],
  run,
};
