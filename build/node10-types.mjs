// Copies the public types to dist/node10/, for the resolution of TypeScript that reads no `imports` in package.json (node10):
// there `@types/express-session` has its usual name.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const dist = path.join(import.meta.dirname, '../dist');
const copied = new Set();

/** A file, and those that it imports. */
function copy(name) {
  if (copied.has(name)) return;
  copied.add(name);
  const text = readFileSync(path.join(dist, name), 'utf8');
  const target = path.join(dist, 'node10', name);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text.replaceAll("'#express-session'", "'express-session'"));
  for (const [, imported] of text.matchAll(/(?:from |require\(|import\()['"](\.[^'"]*)['"]/g)) {
    const target = path.join(path.dirname(name), imported);
    copy(existsSync(path.join(dist, target)) ? `${target}/index.d.ts` : `${target}.d.ts`);
  }
}

copy('index.d.ts');
copy('store-test/index.d.ts');
copy('sealed/index.d.ts');
