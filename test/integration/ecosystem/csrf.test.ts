/** What keeps other sites from sending forms: csrf-csrf, csrf-sync and lusca. Their tokens hang on the session or its id. */
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { createApp, dataOf } from '../peers/site';
import { load } from './packages';
import { describePackage, type Run } from './side-by-side';
import type { Visitor } from './visitor';

type WithToken = Request & { csrfToken(): string };

interface DoubleCsrf {
  doubleCsrf(options: object): { doubleCsrfProtection: RequestHandler };
}

interface CsrfSync {
  csrfSync(): { csrfSynchronisedProtection: RequestHandler };
}

type Lusca = (options: object) => RequestHandler;

/** Each as its README mounts it. */
const protections: Readonly<Record<string, () => RequestHandler>> = {
  'csrf-csrf': () =>
    load<DoubleCsrf>('csrf-csrf').doubleCsrf({
      getSecret: () => 'a secret of the application',
      getSessionIdentifier: ({ sessionID }: Request) => sessionID,
      cookieName: 'csrf',
      cookieOptions: { secure: false },
    }).doubleCsrfProtection,
  'csrf-sync': () => load<CsrfSync>('csrf-sync').csrfSync().csrfSynchronisedProtection,
  lusca: () => load<Lusca>('lusca')({ csrf: true, xframe: 'SAMEORIGIN', xssProtection: true }),
};

async function open(run: Run, name: string): Promise<Visitor> {
  const app = createApp();
  app.use(load<() => RequestHandler>('cookie-parser')());
  app.use(run.session());
  app.get('/visit', (req, res) => {
    dataOf(req).visited = true;
    res.send('welcome');
  });
  app.use(protections[name]?.() ?? []);
  app.get('/form', (req, res) => {
    res.send(`<form><input name="token" value="${(req as WithToken).csrfToken()}"></form>`);
  });
  app.post('/buy', (req, res) => {
    res.send(`bought for ${dataOf(req).user ?? 'nobody'}`);
  });
  app.post('/login', (req, res) => {
    dataOf(req).user = 'ann';
    res.send('welcome, ann');
  });
  app.post('/regenerate', (req, res, next) => {
    req.session.regenerate((error: unknown) => {
      dataOf(req).user = 'ann';
      if (error) next(error);
      else res.send('welcome, ann');
    });
  });
  app.use(((error: Error, _req, res, next) => {
    if (res.headersSent) next(error);
    else res.status((error as { status?: number }).status ?? res.statusCode).send(error.message);
  }) satisfies ErrorRequestHandler);
  return await run.visitor(app);
}

/** The token of a form that somebody has open. */
async function formOf(visitor: Visitor): Promise<RequestInit> {
  const { text } = await visitor.open('/form');
  return { method: 'POST', headers: { 'x-csrf-token': /value="([^"]+)"/.exec(text)?.[1] ?? '' } };
}

const refusals: Readonly<Record<string, [string, string]>> = {
  'csrf-csrf': ['403 invalid csrf token', '403 invalid csrf token'],
  'csrf-sync': ['403 invalid csrf token', '403 invalid csrf token'],
  lusca: ['403 CSRF token missing', '403 CSRF token mismatch'],
};

for (const name of Object.keys(protections)) {
  const [missing, mismatch] = refusals[name] ?? [];
  describePackage(name, [name], (sideBySide) => {
    sideBySide(
      'takes the form that it gave, and no other one',
      { 'sends it': '200 bought for nobody', without: missing, 'with that of mallory': mismatch },
      async (run) => {
        const ann = await open(run, name);
        await ann.open('/visit');
        const form = await formOf(ann);
        await ann.visit('sends it', '/buy', form);
        await ann.visit('without', '/buy', { method: 'POST' });
        const mallory = run.visitorOf(ann.url);
        await mallory.open('/visit');
        await ann.visit('with that of mallory', '/buy', await formOf(mallory));
      },
    );

    sideBySide(
      'takes the form of somebody who had no session before',
      // The double submit hangs on an id that is not kept unless something is stored.
      { 'sends it': name === 'csrf-csrf' ? missing : '200 bought for nobody' },
      async (run) => {
        const ann = await open(run, name);
        await ann.visit('sends it', '/buy', await formOf(ann));
      },
    );

    sideBySide(
      'takes a form that was open while its user signed in, unless the session was regenerated',
      {
        'signs in': '200 welcome, ann +connect.sid',
        'sends the form from before': '200 bought for ann',
        'signs in by regenerate': '200 welcome, ann +connect.sid',
        // lusca makes its secret for each request that has none.
        'sends the form once more': `${String(mismatch)}${name === 'lusca' ? ' +connect.sid' : ''}`,
        'sends a new form': '200 bought for ann',
      },
      async (run) => {
        const ann = await open(run, name);
        await ann.open('/visit');
        const form = await formOf(ann);
        await ann.visit('signs in', '/login', form);
        await ann.visit('sends the form from before', '/buy', form);
        await ann.visit('signs in by regenerate', '/regenerate', form);
        await ann.visit('sends the form once more', '/buy', form);
        await ann.visit('sends a new form', '/buy', await formOf(ann));
      },
    );

    sideBySide(
      'a form of somebody who has planted the cookie, after the user has signed in',
      { 'mallory sends a form': '200 bought for ann' },
      async (run) => {
        const mallory = await open(run, name);
        await mallory.open('/visit');
        const form = await formOf(mallory);
        const ann = mallory.copy();
        await ann.open('/login', await formOf(ann));
        await mallory.visit('mallory sends a form', '/buy', form);
      },
    );
  });
}
