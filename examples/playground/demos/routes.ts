/** The pages of the demonstrations, and the form that runs one. */
import path from 'node:path';
import { Router } from 'express';
import { runDemo } from '../lab/demo';
import { shownLines } from '../lab/source';
import { demoPage } from '../pages/demo';
import { demosPage } from '../pages/demos';
import type { Playground } from '../playground';
import { demos } from './all';

const setup = shownLines(path.join(__dirname, '../lab/sides.ts'));

export function demoRoutes({ runs }: Playground): Router {
  const router = Router();

  router.get('/demos', (req, res) => {
    res.send(demosPage(demos, req.session.person));
  });

  router.get('/demos/:name', (req, res, next) => {
    const at = demos.findIndex(({ name }) => name === req.params.name);
    const demo = demos[at];
    const { run } = req.query;
    const findings = typeof run === 'string' ? runs.get(run) : undefined;
    const { person } = req.session;
    if (demo) res.send(demoPage({ demo, findings, setup, next: demos[at + 1], person }));
    else next();
  });

  router.post('/demos/:name', async (req, res, next) => {
    const demo = demos.find(({ name }) => name === req.params.name);
    if (!demo) {
      next();
      return;
    }
    const run = runs.keep(await runDemo(demo));
    res.redirect(303, `/demos/${demo.name}?run=${run}#observed`);
  });
  return router;
}
