/** A fail-over of Redis Sentinel under load, and what is lost by it. */
import assert from 'node:assert/strict';
import { createKeyPair } from '../../support/keys';
import { startRedisSentinel, type SentinelOptions } from '../../support/redis-sentinel';
import { type Answer, send, signIn } from '../cluster/client';
import { Cluster, type Member } from '../cluster/cluster';
import type { Sentinel } from '../cluster/settings';
import { History, type Losses } from './history';

export interface Scenario extends SentinelOptions, Pick<Sentinel, 'waits'> {
  /** What becomes of the primary: it is killed, or nobody but the application reaches it any more. */
  readonly fate: 'killed' | 'cut off';
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
/** Sessions that the replicas know of before. */
const KNOWN = 20;
/** Sessions of before that people sign out, as long as there are some. */
const EARLIER = 200;
/** One write waits for the other where each waits for a replica. */
const EARLIER_WAITING = 20;

export async function failOver({ fate, waits = false, ...options }: Scenario): Promise<FailOver> {
  const redis = await startRedisSentinel(options);
  const engine = { addresses: redis.addresses, waits };
  const keys = createKeyPair();
  const cluster = new Cluster(
    { store: 'connect-redis', url: redis.url, keys, secret: 'keyboard cat', engine },
    2,
  );
  try {
    await cluster.start();
    const pids = () => cluster.members.map(({ pid }) => pid);
    const before = pids();
    const [kept, ended, cookies] = await Promise.all(
      [KNOWN, KNOWN, waits ? EARLIER_WAITING : EARLIER].map((count) => signInAll(cluster, count)),
    );
    assert.ok(kept && ended && cookies);
    for (const cookie of ended) await send(cluster, 'POST /logout', { cookie });
    await redis.replicated();

    const history = new History(cluster, PEOPLE, { user: 'ada', cookies });
    await history.more(100);
    const start = Date.now();
    if (fate === 'killed') {
      const stopped = history.stop();
      await redis.primary.server.stop('SIGKILL');
      await redis.failedOver();
      await stopped;
    } else {
      redis.primary.link.cut();
      await redis.failedOver();
    }
    const switched = Date.now() - start;
    await Promise.all(cluster.members.map(signInAgain));
    const away = Date.now() - start;
    await history.stop();

    const losses = await history.losses();
    const users = async (cookies: readonly string[]): Promise<number> => {
      const answers = await Promise.all(cookies.map((cookie) => send(cluster, 'GET /me', { cookie })));
      return answers.filter(isAda).length;
    };
    const replicatedLogouts = await users(ended);
    const replicatedLogins = KNOWN - (await users(kept));
    assert.deepEqual(pids(), before, 'a process has ended');
    // Express tells an error of the store that comes after that of a save.
    for (const { complaints } of cluster.members)
      assert.doesNotMatch(complaints, /unhandled|uncaught|TypeError/i);
    return { ...losses, replicatedLogouts, replicatedLogins, away, switched };
  } finally {
    await cluster.stop();
    await redis.remove();
  }
}

function signInAll(cluster: Cluster, count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => signIn(cluster, 'ada')));
}

/** As often as it takes. */
async function signInAgain(member: Member): Promise<void> {
  while (!(await send(member, 'POST /login?user=again')).cookie);
}

function isAda({ body }: Answer): boolean {
  return body.user === 'ada';
}
