/** The application that each process of the cluster runs. */
import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler } from 'express';
import { holdAt, holdRequests } from './holds';
import { openSessions } from './open-store';
import type { Report, Settings } from './settings';

/** What the tests keep in a session. */
interface Data {
  user?: string;
  count?: number;
  text?: string;
  /** Of `text`: a record that is written by half shows. */
  digest?: string;
}

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');

async function start(settings: Settings): Promise<void> {
  const app = express();
  app.use(holdRequests);
  app.get('/measure', async (_req, res) => {
    // Finalizers run in turns of their own.
    for (let turns = 0; turns < 5; turns++) {
      global.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    res.json({ heap: process.memoryUsage().heapUsed, resources: process.getActiveResourcesInfo() });
  });
  app.use(await openSessions(settings));
  app.post('/login', (req, res, next) => {
    const signIn = (): void => {
      (req.session as Data).user = req.query.user as string;
      res.redirect('/me');
    };
    if (req.query.regenerate === undefined) {
      signIn();
      return;
    }
    // As Passport does.
    req.session.regenerate((error: unknown) => {
      if (error) next(error);
      else signIn();
    });
  });
  app.post('/logout', (req, res, next) => {
    req.session.destroy((error: unknown) => {
      if (error) next(error);
      else res.json({ user: null });
    });
  });
  app.get('/me', (req, res) => {
    const { user = null, count = 0 } = req.session as Data;
    res.json({ user, count, pid: process.pid });
  });
  app.get('/touch', async (req, res) => {
    await holdAt('handling');
    res.json({ user: (req.session as Data).user ?? null });
  });
  app.get('/count', async (req, res) => {
    const data = req.session as Data;
    const { user = null, text = '', digest = digestOf('') } = data;
    if (digestOf(text) !== digest) throw new Error('the session is half-written');
    data.count = (data.count ?? 0) + 1;
    data.text = `${String(data.count)} `.repeat((data.count % 50) * 10);
    data.digest = digestOf(data.text);
    await holdAt('handling');
    if (req.query.save !== undefined) await req.session.save();
    res.json({ user, count: data.count });
  });
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- four parameters make it a handler of errors
  const fail: ErrorRequestHandler = (error: Error, _req, res, _next) => {
    // Too late for this response; Express's own handler would cut the connection.
    if (!res.headersSent) res.status(503).json({ error: error.message });
  };
  app.use(fail);
  const server = app.listen(0, '127.0.0.1', () => {
    process.send?.({ ready: (server.address() as AddressInfo).port } satisfies Report);
  });
  // The test has gone.
  process.once('disconnect', () => process.exit());
}

void start(JSON.parse(process.env.CLUSTER_SETTINGS ?? '') as Settings);
