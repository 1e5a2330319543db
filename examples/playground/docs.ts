/** The documentation of the package, as pages of this site. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import express, { Router } from 'express';
import { html } from './html';
import { markdown } from './markdown';
import { page } from './pages/layout';

const folder = path.join(__dirname, '../../docs');

export function docs(): Router {
  const files = new Set(readdirSync(folder).filter((name) => name.endsWith('.md')));
  const router = Router();
  router.use('/images', express.static(path.join(folder, 'images')));

  router.get('/{:name}', (req, res, next) => {
    const file = req.params.name === undefined ? 'README.md' : `${req.params.name}.md`;
    if (!files.has(file)) {
      next();
      return;
    }
    const text = readFileSync(path.join(folder, file), 'utf8');
    const [, title = 'Docs'] = /^# (.*)/m.exec(text) ?? [];
    const content = markdown(text, (link) => resolve(link, files));
    const body = html`<article class="document">${content}</article>`;
    res.send(page({ title, section: '/docs', person: req.session.person, body }));
  });
  return router;
}

/** A link between documents; undefined where it leads to a file that is not among them. */
function resolve(link: string, files: ReadonlySet<string>): string | undefined {
  if (/^(https:|#)/.test(link)) return link;
  if (/^images\/[\w-]+\.png$/.test(link)) return `/docs/${link}`;
  const [file = '', fragment] = link.split('#');
  if (!files.has(file)) return undefined;
  const name = file === 'README.md' ? '' : `/${file.slice(0, -3)}`;
  return `/docs${name}${fragment === undefined ? '' : `#${fragment}`}`;
}
