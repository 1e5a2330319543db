/** The tests of sessions that Sails and its sockets hook bring along, with express-session and with this package in its place. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import {
  type DatabaseServer,
  skipWithout,
  startServer,
  temporaryDirectory,
} from '../../support/database-server';
import { redisProgram } from '../../support/redis';
import { releaseOf, type Side, sides } from './sides';

const modules = path.join(__dirname, 'node_modules');

/** Each with how many tests it has: none may get lost. */
const suites: readonly {
  readonly name: string;
  readonly files: readonly string[];
  readonly tests: number;
}[] = [
  {
    name: 'sails',
    files: [
      'integration/middleware.session.test.js',
      'integration/middleware.session.redis.test.js',
      'integration/hook.csrf.test.js',
      'integration/middleware.cookieParser.test.js',
      'integration/middleware.compression.test.js',
      'unit/req.session.test.js',
    ],
    tests: 62,
  },
  {
    name: 'sails-hook-sockets',
    files: [
      'basic-usage.test.js',
      'with-session.test.js',
      'without-session.test.js',
      'lifecycle-events.test.js',
      'sails.sockets.test.js',
    ],
    tests: 54,
  },
];

interface Report {
  readonly stats: { readonly passes: number; readonly failures: number; readonly pending: number };
  readonly failures: readonly { readonly fullTitle: string; readonly err: { readonly message?: string } }[];
}

describe('The own tests of Sails, with express-session and with this package', () => {
  let redis: DatabaseServer | undefined;

  before('what they expect to be there', async function () {
    if (redisProgram === undefined) skipWithout(this, 'redis-server is not installed');
    // Port and password are written in them.
    const port = 6380;
    redis = await startServer({
      name: 'redis-server',
      url: '',
      port,
      directory: temporaryDirectory('sails-redis-'),
      command: [
        redisProgram,
        ...['--port', String(port), '--bind', '127.0.0.1', '--requirepass', 'secret', '--save', ''],
      ],
      isReady: () => Promise.resolve(true),
    });
    // As their devDependencies would put it.
    const link = path.join(modules, 'sails', 'node_modules', 'connect-redis');
    mkdirSync(path.dirname(link), { recursive: true });
    if (!existsSync(link)) symlinkSync(path.join('..', '..', 'connect-redis-3'), link);
  });

  after(() => redis?.remove());

  for (const { name, files, tests } of suites) {
    for (const side of sides) {
      it(`${name} ${releaseOf(name)} on ${side.name}`, async () => {
        const { report, served } = await runMocha(
          side,
          files.map((file) => path.join(modules, name, 'test', file)),
        );
        assert.deepEqual(
          report.failures.map(({ fullTitle, err }) => `${fullTitle}: ${err.message ?? ''}`),
          [],
        );
        assert.deepEqual(report.stats.passes, tests);
        assert.equal(report.stats.pending, 0);
        assert.ok(served > 10, `only ${String(served)} requests had a session`);
      });
    }
  }
});

async function runMocha(side: Side, files: readonly string[]): Promise<{ report: Report; served: number }> {
  const folder = temporaryDirectory('sails-tests-');
  const [output, count] = [path.join(folder, 'report.json'), path.join(folder, 'count')];
  const isOurs = side.name === 'express-session-jwt';
  const args = [
    path.join(__dirname, '../../../node_modules/mocha/bin/mocha.js'),
    ...[
      '--no-config',
      '--require',
      path.join(__dirname, 'sails-preload.cjs'),
      '--exit',
      '--timeout',
      '10000',
    ],
    ...['--reporter', 'json', '--reporter-option', `output=${output}`, ...files],
  ];
  try {
    const printed = await new Promise<string>((resolve) => {
      const env = {
        ...process.env,
        NODE_ENV: 'test',
        TEST_REDIS_SESSION: 'yes',
        SESSION_COUNT: count,
        SESSION_PACKAGE: isOurs ? path.join(__dirname, '../../../dist') : '',
      };
      execFile(process.execPath, args, { cwd: folder, env }, (_, stdout, stderr) => {
        resolve(stdout + stderr);
      });
    });
    assert.ok(existsSync(output), printed);
    return {
      report: JSON.parse(readFileSync(output, 'utf8')) as Report,
      served: Number(readFileSync(count, 'utf8')),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
