/** The sources as people read them: each file says what it is for, and each option says its default. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { OPTION_NAMES } from '../../src/options/option-names';

const root = path.join(__dirname, '../../src');
const texts = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => [name, readFileSync(path.join(root, name), 'utf8')] as const);

describe('The sources', () => {
  it('begin with a sentence that says what the file is for', () => {
    const faulty = texts.filter(([, text]) => {
      const [, sentence = ''] = /^(?:#!.*\n)?\/\*\*([\s*]+\S[^]*?)\*\//.exec(text) ?? [];
      return !/^[A-Z`].+\.$/s.test(sentence.replace(/\n \* ?/g, ' ').trim());
    });
    assert.ok(texts.length > 100);
    assert.deepEqual(
      faulty.map(([file]) => file),
      [],
    );
  });

  it('say what they mean, and not by the number of a behaviour', () => {
    const faulty = texts.filter(([, text]) => /\bB\d{1,3}\b/.test(text));
    assert.deepEqual(
      faulty.map(([file]) => file),
      [],
    );
  });

  const comments = commentsIn('SessionOptions');

  it('give each option a comment of its own, so that no hover shows the defaults of express-session', () => {
    assert.deepEqual([...comments.keys()].sort(), [...OPTION_NAMES].sort());
  });

  it('say in the comment of each option what its default is', () => {
    const all = [...comments, ...commentsIn('JwtOptions'), ...commentsIn('RemoteKeysOptions')];
    const faulty = all.filter(([, comment]) => !comment.includes('Default: '));
    assert.deepEqual(
      faulty.map(([name]) => name),
      [],
    );
  });

  it('say that resave and saveUninitialized are false by default, which is not so in express-session', () => {
    for (const name of ['resave', 'saveUninitialized']) {
      assert.match(comments.get(name) ?? '', /Default: false\. In express-session it is true\./);
    }
  });
});

/** The comments of the members that an interface in src/types/ declares itself, as plain text on one line. */
function commentsIn(name: string): Map<string, string> {
  const sources = readdirSync(path.join(root, 'types')).map((file) => {
    const text = readFileSync(path.join(root, 'types', file), 'utf8');
    return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  });
  const found = sources
    .flatMap(({ statements }) => [...statements])
    .find((one): one is ts.InterfaceDeclaration => ts.isInterfaceDeclaration(one) && one.name.text === name);
  assert.ok(found, name);
  return new Map(
    found.members.map((member) => {
      const comment = ts
        .getJSDocCommentsAndTags(member)
        .map((one) => ts.getTextOfJSDocComment(one.comment) ?? '');
      return [member.name?.getText() ?? '', comment.join(' ').replace(/\s+/g, ' ')];
    }),
  );
}
