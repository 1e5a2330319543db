/** The whole site, from the first middleware to the page for errors. */
import path from 'node:path';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import session from 'express-session-jwt';
import { actions } from './actions';
import { demoRoutes } from './demos/routes';
import { docs } from './docs';
import { errorPage, notFoundPage } from './pages/error';
import { pages } from './pages/routes';
import type { Playground } from './playground';
import { sameOriginOnly, securityHeaders } from './security';
import { sessionOptions } from './session-options';
import { verifier } from './verifier';

export function createApp(playground: Playground): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.static(path.join(__dirname, 'public'), { index: false }));
  app.use(securityHeaders, sameOriginOnly);
  app.use('/verifier', verifier(playground));
  app.use(session(sessionOptions(playground)));
  app.use(pages(playground));
  app.use(actions());
  app.use(demoRoutes(playground));
  app.use('/docs', docs());

  app.use((req, res) => {
    res.status(404).send(notFoundPage(req.path, req.session.person));
  });
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- Express knows an error handler by its four parameters
  app.use((error: Error, req: Request, res: Response, _next: NextFunction) => {
    // Errors about a malformed request bring a status of their own and are not worth a log line.
    const status = (error as { status?: number }).status ?? 500;
    if (status >= 500) console.error(`${req.method} ${req.path}: ${error.stack ?? error.message}`);
    if (!res.headersSent) res.status(status).send(errorPage(status));
  });
  return app;
}
