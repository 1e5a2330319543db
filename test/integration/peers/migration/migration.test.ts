/** Three applications in the manner of known ones are moved as docs/migration.md says, with users in them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseServer } from '../../../support/database-server';
import { createDatabase, postgresProgram, startPostgres } from '../../../support/postgres';
import { redisProgram, startRedis } from '../../../support/redis';
import { type Kind, type Process, start } from './application';
import { type Pages, Visitor } from './visitor';

interface Application extends Pages {
  readonly title: string;
  readonly name: string;
  readonly hasSockets: boolean;
  /** Whether "sign out my other devices" is there. */
  readonly listsDevices: boolean;
}

const applications: readonly Application[] = [
  {
    title:
      'an editor with Passport, connect-session-sequelize on PostgreSQL and socket.io, as HedgeDoc has them',
    name: 'editor',
    cookie: 'editor.sid',
    prefix: '',
    hasSockets: true,
    listsDevices: false,
  },
  {
    title: 'a forum with Passport, connect-redis, socket.io and a list of devices, as NodeBB has them',
    name: 'forum',
    cookie: 'connect.sid',
    prefix: '',
    hasSockets: true,
    listsDevices: true,
  },
  {
    title: 'an office with a store of its own on PostgreSQL, as Ghost has it',
    name: 'blog',
    cookie: 'office-session',
    prefix: '/office',
    hasSockets: false,
    listsDevices: true,
  },
];

/** Which processes run at the same time, one phase after the other: from each to the next one of them is replaced. */
const MOVE: readonly Kind[][] = [
  ['before', 'before'],
  ['step one', 'before'],
  ['step one', 'step one'],
  ['step two', 'step one'],
  ['step two', 'step two'],
];

/** The same phases without a move. */
const STAY: readonly Kind[][] = MOVE.map(() => ['before', 'before']);

describe('moving from express-session by docs/migration.md', () => {
  let redis: DatabaseServer;
  let postgres: DatabaseServer;

  before(async function () {
    this.timeout(60_000);
    assert.ok(redisProgram && postgresProgram, 'Redis and PostgreSQL are needed: see CONTRIBUTING.md');
    [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
  });

  after(async () => {
    await Promise.all([redis.stop(), postgres.stop()]);
  });

  for (const application of applications) {
    it(`keeps the users of ${application.title} (B229–B237)`, async () => {
      const [moved, stayed] = await Promise.all(
        [MOVE, STAY].map((phases, index) => {
          const database = `${application.name}${String(index)}`;
          const servers = {
            REDIS_URL: `${redis.url}/${String(index)}`,
            DATABASE_URL: createDatabase(postgres.url, database),
          };
          return walk(application, phases, servers);
        }),
      );
      assert.ok(stayed);
      assert.deepEqual(moved, stayed);
      assertPlausible(application, stayed);
    });

    it(`changes nothing in ${application.title} that docs/migration.md does not show`, () => {
      const [before, after] = ['before', 'after'].map((folder) =>
        readFileSync(path.join(__dirname, folder, `${application.name}.cjs`), 'utf8').split('\n'),
      ) as [string[], string[]];
      const text = readFileSync(path.join(__dirname, '../../../../docs/migration.md'), 'utf8');
      const shown = new Set(text.split('\n').map((line) => line.replace(/^[+-]/, '').trim()));
      const changed = [
        ...before.filter((line) => !after.includes(line)),
        ...after.filter((line) => !before.includes(line)),
      ];
      assert.ok(changed.length > 0);
      assert.deepEqual(
        changed.map((line) => line.trim()).filter((line) => !shown.has(line)),
        [],
      );
    });
  }
});

/** What a phase has shown. */
interface Phase {
  /** What pages and sockets of each process say to those who have signed in, in this phase or before. */
  readonly signedIn: unknown[];
  /** The same for those who have signed out, with every cookie that they ever had. */
  readonly signedOut: unknown[];
  /** How many devices were signed out from another one. */
  readonly ended: unknown;
}

async function walk(
  application: Application,
  phases: readonly Kind[][],
  servers: Record<string, string>,
): Promise<Phase[]> {
  const users: { readonly name: string; readonly visitor: Visitor }[] = [];
  const findings: Phase[] = [];
  let processes: Process[] = [];
  try {
    for (const [at, kinds] of phases.entries()) {
      processes = await replace(processes, kinds, (kind) => start(application.name, kind, servers));
      for (const [index, process] of processes.entries()) {
        const name = `user${String(at)}${String(index)}`;
        const visitor = new Visitor(application);
        assert.equal(await visitor.signIn(process, name), name);
        users.push({ name, visitor });
      }
      const signedIn = await Promise.all(users.map(({ visitor }) => ask(application, visitor, processes)));
      // Somebody of this phase leaves, and somebody of one before.
      const leaving = at === 0 ? users.splice(0, 1) : [...users.splice(0, 1), ...users.splice(-1, 1)];
      const left: Visitor[] = [];
      for (const { visitor } of leaving) {
        // In each phase at another one.
        const [process = assert.fail()] = processes.slice(at % 2);
        await visitor.signOut(process);
        left.push(...visitor.copies());
      }
      const ended = application.listsDevices ? await signOutOthers(application, users, processes, left) : 0;
      const signedOut = await Promise.all(left.map((copy) => ask(application, copy, processes)));
      findings.push({ signedIn, signedOut: [...new Set(signedOut.flat())], ended });
    }
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
  }
  return findings;
}

/** Those of a kind that is wanted no more leave, once the others are there. */
async function replace(
  running: readonly Process[],
  kinds: readonly Kind[],
  begin: (kind: Kind) => Promise<Process>,
): Promise<Process[]> {
  const processes: Process[] = [];
  for (const [index, kind] of kinds.entries()) {
    const found = running[index];
    // One after the other: two that make their table at the same time would fail.
    processes.push(found?.kind === kind ? found : await begin(kind));
  }
  await Promise.all(
    running.filter((process) => !processes.includes(process)).map((process) => process.stop()),
  );
  return processes;
}

/** A user signs in with a second device, and ends the first one from there. */
async function signOutOthers(
  application: Application,
  users: { readonly name: string; readonly visitor: Visitor }[],
  processes: readonly Process[],
  left: Visitor[],
): Promise<unknown> {
  const [first, second] = processes as [Process, Process];
  const user = users[0];
  assert.ok(user);
  const other = new Visitor(application);
  await other.signIn(second, user.name);
  const ended = await other.signOutOthers(first);
  left.push(...user.visitor.copies());
  users[0] = { name: user.name, visitor: other };
  return ended;
}

async function ask(
  application: Application,
  visitor: Visitor,
  processes: readonly Process[],
): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const process of processes) {
    // The socket first: a page may bring a new cookie.
    if (application.hasSockets) answers.push(await visitor.userOfSocket(process));
    answers.push(await visitor.user(process));
  }
  return answers;
}

/** What was compared is what a user expects, and not a failure that both sides share. */
function assertPlausible({ hasSockets, listsDevices }: Application, phases: readonly Phase[]): void {
  for (const [at, { signedIn, signedOut, ended }] of phases.entries()) {
    assert.ok(signedIn.length >= 2);
    for (const answers of signedIn as unknown[][]) {
      assert.equal(answers.length, hasSockets ? 4 : 2);
      assert.match(String(answers[0]), /^user\d\d$/);
      assert.equal(new Set(answers).size, 1, `phase ${String(at)}: ${String(answers)}`);
    }
    assert.ok(signedOut.every((answer) => answer === null || answer === 'sign in first'));
    assert.equal(ended, listsDevices ? 1 : 0);
  }
}
