/** Reads the repository's documents: their headings, links and code blocks. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A fenced piece of code. */
export interface Block {
  /** The document it stands in, relative to the repository. */
  readonly file: string;
  /** The line of its opening fence, counted from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** Whether the comment `<!-- run -->` stands before it. */
  readonly runs: boolean;
}

export interface Document {
  readonly file: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  /** What a link with # can name in this document. */
  readonly anchors: ReadonlySet<string>;
  /** Where its links and pictures lead. */
  readonly links: readonly string[];
}

export const root = path.join(__dirname, '../../..');

/** The documents for users: the README and docs/. Their code is tested. */
export const guides: readonly Document[] = ['README.md', ...markdownIn('docs')].map(readDocument);

/** All documents. Their links are tested. */
export const documents: readonly Document[] = [
  ...guides,
  ...['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'bench/README.md', ...markdownIn('examples')].map(
    readDocument,
  ),
];

export const allBlocks: readonly Block[] = guides.flatMap(({ blocks }) => blocks);

/** The one block of this document that contains a text. */
export function findBlock(file: string, text: string): Block {
  const found = allBlocks.filter((block) => block.file === file && block.text.includes(text));
  const [block] = found;
  assert.ok(block && found.length === 1, `${String(found.length)} blocks of ${file} contain "${text}"`);
  return block;
}

export function readDocument(file: string): Document {
  const text = readFileSync(path.join(root, file), 'utf8');
  const { blocks, prose } = split(file, text);
  return { file, text, blocks, anchors: anchorsOf(prose), links: linksOf(prose) };
}

/** What keeps a link from leading somewhere; undefined where nothing does. Addresses on the web are not asked. */
export function brokenBecause(from: Document, link: string): string | undefined {
  if (/^(https?|mailto):/.test(link)) return undefined;
  const [target = '', fragment] = link.split('#');
  const file = target === '' ? from.file : path.join(path.dirname(from.file), target);
  if (!existsSync(path.join(root, file))) return `there is no ${file}`;
  if (fragment === undefined || !file.endsWith('.md')) return undefined;
  return readDocument(file).anchors.has(fragment) ? undefined : `${file} has no heading #${fragment}`;
}

function markdownIn(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => `${folder}/${name}`)
    .sort();
}

/** Code blocks, and the lines between them. A block after `<!-- continued -->` goes on with the last one in its language. */
function split(file: string, text: string): { blocks: Block[]; prose: string } {
  const blocks: Block[] = [];
  const prose: string[] = [];
  let open: { line: number; language: string; mark: string | undefined; lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*```(.*)$/.exec(line);
    if (fence && open) {
      const { mark, lines, ...place } = open;
      const at = blocks.map(({ language }) => language).lastIndexOf(place.language);
      const first = mark === '<!-- continued -->' ? blocks[at] : undefined;
      const code = lines.join('\n');
      if (first) blocks[at] = { ...first, text: `${first.text}\n\n${code}` };
      else blocks.push({ ...place, file, text: code, runs: mark === '<!-- run -->' });
      open = undefined;
    } else if (fence) {
      const mark = prose.filter((earlier) => earlier.trim() !== '').at(-1);
      open = { line: index + 1, language: fence[1]?.trim() ?? '', mark, lines: [] };
      prose.push('');
    } else {
      (open?.lines ?? prose).push(line);
    }
  }
  assert.equal(open, undefined, `${file}: a code block is not closed`);
  return { blocks, prose: prose.join('\n') };
}

/** As GitHub makes them: a second heading of the same text gets the suffix -1. */
function anchorsOf(prose: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of prose.matchAll(/^#+ (.*)$/gm)) {
    const anchor = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replace(/ /g, '-');
    let name = anchor;
    for (let count = 1; anchors.has(name); count++) name = `${anchor}-${String(count)}`;
    anchors.add(name);
  }
  return anchors;
}

function linksOf(prose: string): string[] {
  const text = prose.replace(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
}
