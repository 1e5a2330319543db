/** The documents: their links lead somewhere, their code compiles and runs, and nothing of the package is left out. */
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import session from '../../src';
import { findProgram, skipWithout, type DatabaseServer } from '../support/database-server';
import {
  allBlocks,
  brokenBecause,
  documents,
  guides,
  readDocument,
  root,
  type Block,
} from '../support/documents/markdown';
import { manifest, Project } from '../support/documents/project';
import { checkTypes, membersOf, type CheckedTypes } from '../support/documents/type-check';
import { redisProgram, startRedis } from '../support/redis';

/** Languages whose blocks are looked at by people only. */
const FOR_READERS = new Set(['text', 'mermaid', 'diff', 'nginx', 'yaml', 'sql', 'http', 'html', 'python']);

describe('The documents', () => {
  let types: CheckedTypes;

  before('compiles their code', function () {
    this.timeout(120_000);
    types = checkTypes(allBlocks);
  });

  for (const document of documents) {
    it(`${document.file} has links that lead to files and headings`, () => {
      const broken = document.links.flatMap((link) => brokenBecause(document, link) ?? []);
      assert.deepEqual(broken, []);
    });
  }

  it('README.md has at most 250 lines', () => {
    const lines = readDocument('README.md').text.trimEnd().split('\n').length;
    assert.ok(lines <= 250, String(lines));
  });

  it('README.md shows the two commands that a clone needs', () => {
    const commands = allBlocks.filter(({ file, language }) => file === 'README.md' && language === 'sh');
    const lines = commands.flatMap(({ text }) => text.split('\n')).map((line) => line.replace(/\s*#.*/, ''));
    for (const command of ['npm ci && npm start', 'npm ci && npm test']) assert.ok(lines.includes(command));
  });

  it('docs/README.md lists every page of docs/', () => {
    const { links } = readDocument('docs/README.md');
    const pages = guides.map(({ file }) => path.basename(file)).filter((name) => name !== 'README.md');
    for (const page of pages) assert.ok(links.includes(page), page);
  });

  it('CONTRIBUTING.md and docs/architecture.md name files that there are', () => {
    const texts = ['CONTRIBUTING.md', 'docs/architecture.md']
      .map((file) => readDocument(file).text)
      .join('\n');
    const named = [...texts.matchAll(/`((?:src|test|docs|\.ci)\/[\w./-]+)`/g)].map(([, file = '']) => file);
    const inRooms = [
      ...texts.matchAll(/(?<![\w/])(?:request|store|http|token|session|keys|legacy)\/[\w-]+\.ts/g),
    ];
    const files = [
      ...named.filter((file) => !file.includes('x.test')),
      ...inRooms.map(([file]) => `src/${file}`),
    ];
    assert.ok(files.length > 40, String(files.length));
    assert.deepEqual(
      files.filter((file) => !existsSync(path.join(root, file))),
      [],
    );
  });

  it('docs/options.md has a heading for every option and for no other', () => {
    const documented = [...readDocument('docs/options.md').text.matchAll(/^### `([\w.]+)`/gm)].map(
      ([, name]) => name,
    );
    const jwt = membersOf(types, 'JwtOptions').map((name) => `jwt.${name}`);
    const cookie = membersOf(types, 'CookieOptions')
      .filter((name) => !['signed', 'encode'].includes(name))
      .map((name) => `cookie.${name}`);
    assert.deepEqual(documented.sort(), [...membersOf(types, 'SessionOptions'), ...jwt, ...cookie].sort());
  });

  it('docs/faq.md justifies every runtime dependency and no other', () => {
    const section =
      readDocument('docs/faq.md').text.split('\n## What does it depend on')[1]?.split('\n## ')[0] ?? '';
    const justified = [...section.matchAll(/^- `([^`]+)`/gm)].map((match) => match[1]);
    assert.deepEqual(justified.sort(), Object.keys(manifest.dependencies).sort());
  });

  it('docs/troubleshooting.md explains lines of DEBUG that there are', () => {
    const table = readDocument('docs/troubleshooting.md').text.split('| Line')[1] ?? '';
    const lines = [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, line = '']) => line);
    const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(path.join(root, 'src', name), 'utf8'))
      .join('\n');
    assert.ok(lines.length > 10);
    assert.deepEqual(
      lines.filter((line) => !sources.includes(line)),
      [],
    );
  });

  describe('have code', () => {
    for (const block of allBlocks.filter(({ language }) => ['js', 'ts'].includes(language))) {
      it(`that compiles: ${where(block)}`, () => assert.deepEqual(types.findingsOf(block), []));
    }

    for (const block of allBlocks.filter(({ language }) => language === 'json')) {
      it(`that parses: ${where(block)}`, () => assert.doesNotThrow(() => JSON.parse(block.text) as unknown));
    }

    it('in no language that nothing is known of', () => {
      const known = new Set([...FOR_READERS, 'js', 'ts', 'json', 'sh']);
      assert.deepEqual(allBlocks.filter(({ language }) => !known.has(language)).map(where), []);
    });

    it('that calls only scripts which package.json has', () => {
      const shell = documents.flatMap(({ blocks }) => blocks).filter(({ language }) => language === 'sh');
      for (const { text } of shell) {
        for (const [, script = ''] of text.matchAll(/\bnpm run ([\w:]+)/g)) {
          assert.ok(Object.hasOwn(manifest.scripts, script), script);
        }
      }
    });
  });

  const openssl = findProgram('openssl');

  describe('have code that runs', function () {
    this.timeout(60_000);
    let project: Project;
    let redis: DatabaseServer | undefined;

    before('installs the package, and starts a Redis where there is one', async () => {
      if (redisProgram) redis = await startRedis();
      project = new Project({ REDIS_URL: redis?.url ?? '' });
    });

    after(async () => {
      await redis?.remove();
      project.remove();
    });

    for (const block of allBlocks.filter(({ runs }) => runs)) {
      it(where(block), async function () {
        if (!redis && block.text.includes('REDIS_URL'))
          skipWithout(this, 'no redis: apt-get install redis-server');
        if (!openssl && block.text.startsWith('openssl'))
          skipWithout(this, 'no openssl: apt-get install openssl');
        if (block.language === 'sh') project.runShell(block.text, checkKeyFiles);
        else if (block.text.includes('node:test')) project.runTests(block.text);
        else await project.run(block.text, ({ visitor }) => visitor.visitRoutes(block.text));
      });
    }
  });
});

function where({ file, line, language }: Block): string {
  return `${file}:${String(line)} (${language})`;
}

/** Keys that a command has written fit together, and the middleware takes them. */
function checkKeyFiles(folder: string): void {
  const read = (name: string) => {
    try {
      return readFileSync(path.join(folder, name));
    } catch {
      return undefined;
    }
  };
  const keys = { public: read('public-key.pem'), private: read('private-key.pem') };
  if (!keys.private || !keys.public) return;
  assert.doesNotThrow(() => session({ keys }));
  assert.equal(createPublicKey(keys.public).asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.ok(createPublicKey(createPrivateKey(keys.private)).equals(createPublicKey(keys.public)));
}
