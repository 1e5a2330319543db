/** A fail-over from a primary to a replica under load, and what is lost by it. */
import assert from 'node:assert/strict';
import { createKeyPair } from '../../support/keys';
import { until } from '../../support/until';
import { type Answer, send, signIn } from '../cluster/client';
import { Cluster, type Member } from '../cluster/cluster';
import type { Settings } from '../cluster/settings';
import { History, type Losses } from './history';

/** A database and its replicas. */
export interface Replicas {
  readonly settings: Pick<Settings, 'store' | 'url' | 'engine'>;
  /** Resolves once the replicas have all that the primary has by now. */
  replicated(): Promise<void>;
  /** Ends the primary, or cuts it off. Resolves once a replica has taken its place. */
  end(): Promise<unknown>;
  remove(): Promise<void>;
}

export interface Load {
  /** Whether people go on after the end of the primary. Default: false. */
  readonly goesOn?: boolean;
  /** Sessions of before that people sign out, as long as there are some. Default: 200. */
  readonly earlier?: number;
}

export interface FailOver extends Losses {
  /** Sessions that were destroyed, and known to be so by the replica, and are there again. */
  readonly replicatedLogouts: number;
  /** Sessions that the replica knew, and that are gone. */
  readonly replicatedLogins: number;
  /** From the end of the primary to the first answer of each process. In ms. */
  readonly away: number;
  /** From the end of the primary to the fail-over. In ms. */
  readonly switched: number;
}

/** Requests on their way at a time, of people whose answers are compared. */
const PEOPLE = 8;
/** In ms. */
const STORE_TIMEOUT = 8000;
/** Sessions that the replicas know of before. */
const KNOWN = 20;

/** Removes the database in the end. */
export async function failOver(
  replicas: Replicas,
  { goesOn = false, earlier = 200 }: Load = {},
): Promise<FailOver> {
  // As docs/deployment.md asks for: a client may wait for ever for a primary.
  const options = { storeTimeout: STORE_TIMEOUT };
  const settings = { ...replicas.settings, keys: createKeyPair(), secret: 'keyboard cat', options };
  const cluster = new Cluster(settings, 2);
  try {
    await cluster.start();
    const pids = () => cluster.members.map(({ pid }) => pid);
    const before = pids();
    const [kept, ended, cookies] = await Promise.all(
      [KNOWN, KNOWN, earlier].map((count) => signInAll(cluster, count)),
    );
    assert.ok(kept && ended && cookies);
    for (const cookie of ended) await send(cluster, 'POST /logout', { cookie });
    await replicas.replicated();

    const history = new History(cluster, PEOPLE, { user: 'ada', cookies });
    await history.more(100);
    const start = Date.now();
    if (!goesOn) void history.stop();
    await replicas.end();
    const switched = Date.now() - start;
    await Promise.all(cluster.members.map(signInAgain));
    const away = Date.now() - start;
    await history.stop();

    const losses = await history.losses();
    const replicatedLogouts = await countSignedIn(cluster, ended);
    const replicatedLogins = KNOWN - (await countSignedIn(cluster, kept));
    assert.deepEqual(pids(), before, 'a process has ended');
    // Express tells an error of the store that comes after that of a save.
    for (const { complaints } of cluster.members) {
      assert.doesNotMatch(complaints, /unhandled|uncaught|TypeError/i);
    }
    return { ...losses, replicatedLogouts, replicatedLogins, away, switched };
  } finally {
    await cluster.stop();
    await replicas.remove();
  }
}

/** One line for the figures. */
export function lineOf({ answered, lost, logins, changes, logouts, switched, away }: FailOver): string {
  const numbers = `${String(logins)} logins, ${String(changes)} changes, ${String(logouts)} logouts`;
  const times = `fail-over after ${String(switched)} ms, answers after ${String(away)} ms`;
  return `${String(lost)} of ${String(answered)} answered writes lost (${numbers}); ${times}`;
}

function signInAll(cluster: Cluster, count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => signIn(cluster, 'ada')));
}

async function signInAgain(member: Member): Promise<void> {
  await until(
    'a process answers again',
    async () => (await send(member, 'POST /login?user=again')).cookie !== undefined,
  );
}

async function countSignedIn(cluster: Cluster, cookies: readonly string[]): Promise<number> {
  const answers: Answer[] = await Promise.all(cookies.map((cookie) => send(cluster, 'GET /me', { cookie })));
  return answers.filter(({ body }) => body.user === 'ada').length;
}
