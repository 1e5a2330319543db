/** connect-flash: messages in the session for the next page. Beside Passport it is in peers/passport.test.ts. */
import type { Request, RequestHandler } from 'express';
import { createApp, dataOf } from '../peers/site';
import { load } from './packages';
import { describePackage, type Run } from './side-by-side';
import type { Visitor } from './visitor';

type WithFlash = Request & { flash(type: string, message?: string): unknown };

async function open(run: Run): Promise<Visitor> {
  const app = createApp();
  app.set('env', 'test');
  app.use(run.session());
  app.use(load<() => RequestHandler>('connect-flash')());
  app.get('/order', (req, res) => {
    (req as WithFlash).flash('info', 'ordered');
    (req as WithFlash).flash('info', 'on its way');
    res.redirect('/');
  });
  app.get('/login', (req, res) => {
    dataOf(req).user = 'ann';
    (req as WithFlash).flash('info', 'welcome');
    res.redirect('/');
  });
  app.get('/regenerate', (req, res, next) => {
    req.session.regenerate((error: unknown) => {
      (req as WithFlash).flash('info', 'begun anew');
      if (error) next(error);
      else res.redirect('/');
    });
  });
  app.get('/logout', (req, res) => {
    req.session.destroy(() => {
      try {
        (req as WithFlash).flash('info', 'goodbye');
      } catch (error) {
        res.send((error as Error).message);
      }
    });
  });
  app.get('/', (req, res) => {
    res.json((req as WithFlash).flash('info'));
  });
  return await run.visitor(app);
}

describePackage('connect-flash', ['connect-flash'], (sideBySide) => {
  sideBySide(
    'shows a message on the page after the redirect, once',
    {
      orders: '302 / +connect.sid',
      reads: '200 ["ordered","on its way"] +connect.sid',
      'reads again': '200 []',
      'signs in': '302 / +connect.sid',
      'is welcomed': '200 ["welcome"] +connect.sid',
      'whoever has the cookie from before': '200 []',
      'begins anew': '302 / +connect.sid',
      'is told so': '200 ["begun anew"] +connect.sid',
      'signs out': '200 req.flash() requires sessions',
    },
    async (run) => {
      const ann = await open(run);
      await ann.visit('orders', '/order');
      await ann.visit('reads', '/');
      await ann.visit('reads again', '/');
      const planted = ann.copy();
      await ann.visit('signs in', '/login');
      await ann.visit('is welcomed', '/');
      await planted.visit('whoever has the cookie from before', '/');
      await ann.visit('begins anew', '/regenerate');
      await ann.visit('is told so', '/');
      await ann.visit('signs out', '/logout');
    },
  );
});
