// Makes variants of express-session with one change in its source, which a comparison has to notice.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type original from 'express-session';

/** A change of express-session's source: `from` occurs once in `file` and becomes `to`. */
export interface Change {
  file: 'index.js' | 'session/session.js' | 'session/cookie.js' | 'session/store.js';
  from: string;
  to: string;
}

/** A copy of express-session with that change in it. */
export function variantOf({ file, from, to }: Change): typeof original {
  const root = path.dirname(require.resolve('express-session'));
  const loaded = new Map<string, { exports: unknown }>();
  const load = (filename: string): unknown => {
    const known = loaded.get(filename);
    if (known) return known.exports;
    const module = { exports: {} as unknown };
    loaded.set(filename, module);
    let source = fs.readFileSync(filename, 'utf8');
    if (filename === path.join(root, file)) {
      const parts = source.split(from);
      if (parts.length !== 2) throw new Error(`${file} holds not exactly one ${from}`);
      source = parts.join(to);
    }
    const outside = createRequire(filename);
    const inside = (id: string): unknown => (id.startsWith('.') ? load(outside.resolve(id)) : outside(id));
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a module wrapper, as Node's own
    const wrapper = new Function('exports', 'require', 'module', source) as (...args: unknown[]) => void;
    wrapper(module.exports, inside, module);
    return module.exports;
  };
  return load(path.join(root, 'index.js')) as typeof original;
}
