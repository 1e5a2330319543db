/** Reads the titles of tests and suites from their source. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** The text of a title as far as it stands in the source, what is computed left out; undefined if all of it is. */
function literalText(node: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…');
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return `${literalText(node.left) ?? '…'}${literalText(node.right) ?? '…'}`;
  }
  return undefined;
}

/**
 * The titles of all tests and suites of a source that run: neither comments, nor what is skipped or has no body.
 * Where a title or its number is a mere variable, as with tests from a table, the strings of the file that end like a
 * title, or are nothing but a number, stand for it.
 */
export function titlesIn(source: string): string[] {
  const file = ts.createSourceFile('a.test.ts', source, ts.ScriptTarget.Latest);
  const titles: string[] = [];
  const candidates: string[] = [];
  const computed: ts.Expression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && /\(B\d{3}[^)]*\)$|^B\d{3}$/.test(node.text))
      candidates.push(node.text);
    if (ts.isCallExpression(node)) {
      const [title, body] = node.arguments;
      const callee = node.expression.getText(file);
      if (/^(x(it|describe)|(it|describe)\.skip)$/.test(callee)) return;
      if (/^(it|describe)(\.only)?$/.test(callee) && title && body) {
        const text = literalText(title);
        if (text === undefined || text.includes('(…')) computed.push(title);
        if (text !== undefined) titles.push(text);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return computed.length === 0 ? titles : [...new Set([...titles, ...candidates])];
}

/** The project's own test files; those of the consumer projects are other people's. */
export function testFiles(directory = path.join(__dirname, '../..')): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) return /^(node_modules|consumers)$/.test(entry.name) ? [] : testFiles(file);
    return entry.name.endsWith('.test.ts') ? [file] : [];
  });
}
