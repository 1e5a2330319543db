/** Memory and handles of the processes over time. */
import assert from 'node:assert/strict';
import { send, sendAgain, signIn } from './client';
import type { Cluster, Member } from './cluster';

interface Measure {
  /** Bytes in use after garbage collection. */
  heap: number;
  /** Handles and requests that keep the process alive, at rest. */
  resources: number;
}

/** What a heap at rest may differ by, for reasons other than a leak: compiled code, buffers of the database client. */
const TOLERANCE = { heap: 2 * 1024 * 1024, resources: 2 };

/** People who come, look around and go, some without signing out, for so many seconds. */
async function visit(cluster: Cluster, seconds: number): Promise<number> {
  const end = Date.now() + seconds * 1000;
  let visits = 0;
  const person = async (index: number) => {
    while (Date.now() < end) {
      const cookie = await signIn(cluster, `person${String(index)}`);
      for (let page = 0; page < 3; page++) await sendAgain(cluster, 'GET /count', { cookie });
      await sendAgain(cluster, 'GET /me');
      if (visits++ % 2) await sendAgain(cluster, 'POST /logout', { cookie });
    }
  };
  await Promise.all(Array.from({ length: 6 }, (_, index) => person(index)));
  return visits;
}

async function measure(member: Member): Promise<Measure> {
  const { body } = await send(member, 'GET /measure');
  const { heap, resources } = body as unknown as { heap: number; resources: string[] };
  return { heap, resources: resources.length };
}

/** Compares each process at rest after a warm-up of a third of the time with the same process at the end. */
export async function soak(cluster: Cluster, seconds: number): Promise<void> {
  await visit(cluster, seconds / 3);
  const before = await Promise.all(cluster.members.map(measure));
  const visits = await visit(cluster, (seconds / 3) * 2);
  const after = await Promise.all(cluster.members.map(measure));
  console.log(
    `        ${String(visits)} visits; ${before.map((one, index) => line(one, after[index])).join('; ')}`,
  );
  for (const [index, { heap, resources }] of before.entries()) {
    const now = after[index] ?? assert.fail();
    assert.ok(now.heap - heap < TOLERANCE.heap, `heap: ${String(heap)}, then ${String(now.heap)} bytes`);
    assert.ok(
      now.resources - resources <= TOLERANCE.resources,
      `${String(resources)}, then ${String(now.resources)} handles`,
    );
  }
}

function line(before: Measure, after: Measure | undefined): string {
  const megabytes = (bytes = 0) => (bytes / 1024 / 1024).toFixed(1);
  return `${megabytes(before.heap)} → ${megabytes(after?.heap)} MB, ${String(before.resources)} → ${String(after?.resources)} handles`;
}
