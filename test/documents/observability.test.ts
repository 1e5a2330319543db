/** The recipes of docs/observability.md do what the page says. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { names } from '../support/events';
import { allBlocks, findBlock, readDocument } from '../support/documents/markdown';
import { Project } from '../support/documents/project';
import { checkTypes, membersOf } from '../support/documents/type-check';

const FILE = 'docs/observability.md';

describe(FILE, function () {
  this.timeout(60_000);
  let project: Project;

  before(() => {
    project = new Project();
  });

  after(() => project.remove());

  it('has every channel and every member in its tables, and no other channel', () => {
    const { text } = readDocument(FILE);
    const types = checkTypes(allBlocks);
    const channels = [...text.matchAll(/^\| `([\w-]+)` +\|.*\| `[\w`, ]+\|$/gm)].map(([, name]) => name);
    assert.deepEqual(channels, [...names]);
    assert.deepEqual(membersOf(types, 'SessionEvents').sort(), [...names].sort());
    for (const [event, type] of [
      ['created', 'CreatedEvent'],
      ['loaded', 'LoadedEvent'],
      ['rotated', 'RotatedEvent'],
      ['refreshed', 'RefreshedEvent'],
      ['upgraded', 'UpgradedEvent'],
      ['destroyed', 'DestroyedEvent'],
      ['refused', 'RefusedEvent'],
      ['dropped', 'DroppedEvent'],
      ['store-error', 'StoreCallEvent'],
    ] as const) {
      const row = new RegExp(`^\\| \`${event}\` .*\\|(.*)\\|$`, 'm').exec(text)?.[1] ?? '';
      const documented = [...row.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
      const own = membersOf(types, type).filter((name) => name !== 'req' && name !== 'error');
      assert.deepEqual(documented.sort(), own.sort(), event);
    }
  });

  it('keeps an audit log: who signed in and out, when and from where, and whose old tokens came back', async () => {
    const file = path.join(project.directory, 'audit.log');
    // The page's own program has run with other documents.
    rmSync(file, { force: true });
    await project.run(findBlock(FILE, 'audit.log').text, async ({ visitor }) => {
      assert.equal(await visitor.post('/login'), 200);
      const token = visitor.cookie;
      assert.equal(await visitor.post('/login'), 200);
      assert.equal(await visitor.post('/logout'), 200);
      visitor.cookie = `${token.slice(0, -20)}${token.at(-20) === 'A' ? 'B' : 'A'}${token.slice(-19)}`;
      assert.equal(await visitor.post('/logout'), 200);
    });
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as Record<string, string | undefined>);
    assert.deepEqual(
      entries.map(({ what, user, from }) => [what, user, from?.replace('::ffff:', '')]),
      [
        ['sign-in', '101', '127.0.0.1'],
        ['sign-in', '101', '127.0.0.1'],
        ['sign-out', '101', '127.0.0.1'],
        ['refused: signature', undefined, '127.0.0.1'],
      ],
    );
    assert.equal(entries[1]?.session, entries[2]?.session);
    assert.notEqual(entries[0]?.session, entries[1]?.session);
    for (const { at } of entries) assert.ok(Math.abs(Date.now() - Date.parse(String(at))) < 60_000);
  });

  it('counts in the text format of Prometheus', async () => {
    await project.run(findBlock(FILE, 'session_events_total').text, async ({ visitor }) => {
      for (let visits = 0; visits < 3; visits++) await visitor.get('/');
      visitor.cookie = 'no token';
      await visitor.get('/');
      assert.deepEqual((await visitor.get('/metrics')).trimEnd().split('\n'), [
        '# TYPE session_events_total counter',
        'session_events_total{event="created",detail="new"} 2',
        'session_events_total{event="loaded",detail="token"} 2',
        'session_events_total{event="refused",detail="malformed"} 1',
      ]);
    });
  });
});
