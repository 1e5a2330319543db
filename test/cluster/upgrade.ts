import assert from 'node:assert/strict';
import { readLegacyId } from '../../src/legacy/legacy';
import { send, signIn } from './client';
import { type Cluster, Member } from './cluster';
import type { World } from './world';

export interface Upgraded {
  /** Requests that were not answered as the user's. */
  readonly loggedOut: number;
  /** Sessions that the cookies of one of the answers did not open afterwards. */
  readonly lost: number;
  /** Legacy cookies that opened something after the logout. */
  readonly oldCookiesAlive: number;
  /** Tokens that had been sent beside the one that was signed out, and still open the session. */
  readonly othersAlive: number;
  readonly legacyIdsLeft: number;
}

/** Users of express-session, 20 parallel requests each over all processes, who sign out in the end. */
export async function upgradeUsers({ cluster, storedIds }: World, users: number): Promise<Upgraded> {
  const result = { loggedOut: 0, lost: 0, oldCookiesAlive: 0, othersAlive: 0, legacyIdsLeft: 0 };
  const legacyIds: string[] = [];
  await beside(cluster, async (legacy) => {
    for (let number = 0; number < users; number++) {
      const user = `user${String(number)}`;
      const old = await signIn(legacy, user);
      legacyIds.push(legacyIdIn(old, legacy.settings.secret));
      const requests = Array.from({ length: 20 }, () => send(cluster, 'GET /me', { cookie: old }));
      const cookies: string[] = [];
      await Promise.all(
        requests.map(async (request) => {
          const { body, cookie } = await request;
          if (body.user !== user) result.loggedOut++;
          if (cookie) cookies.push(cookie);
        }),
      );
      const isUser = async (cookie: string) =>
        (await send(cluster, 'GET /me', { cookie })).body.user === user;
      const tokens = [...new Set(cookies)];
      for (const token of tokens) if (!(await isUser(token))) result.lost++;
      // The browser keeps the cookie that came last.
      const kept = cookies.at(-1);
      assert.ok(kept);
      assert.equal((await send(cluster, 'POST /logout', { cookie: kept })).status, 200);
      assert.ok(!(await isUser(kept)));
      if (await isUser(old)) result.oldCookiesAlive++;
      for (const token of tokens) if (await isUser(token)) result.othersAlive++;
    }
  });
  const stored = new Set(await storedIds());
  result.legacyIdsLeft = legacyIds.filter((id) => stored.has(id)).length;
  return result;
}

/**
 * A slow request upgrades a session of express-session, which another process upgrades and destroys meanwhile.
 *
 * @returns how many of the sessions were there again
 */
export async function countResurrectedUpgrades(
  { cluster, storedIds }: World,
  times: number,
): Promise<number> {
  const before = (await storedIds()).length;
  let alive = 0;
  await beside(cluster, async (legacy) => {
    for (let round = 0; round < times; round++) {
      const [slow, other] = [cluster.member(round), cluster.member(round + 1)];
      const old = await signIn(legacy, 'ada');
      const id = `upgrade-${String(round)}`;
      const held = slow.held(id);
      const slowAnswer = send(slow, 'GET /count', { cookie: old, hold: `handling:${id}` });
      await held;
      const { cookie } = await send(other, 'GET /me', { cookie: old });
      assert.equal((await send(other, 'POST /logout', { cookie })).status, 200);
      slow.release(id);
      const { status, cookie: late } = await slowAnswer;
      assert.equal(status, 200);
      for (const one of [old, late]) {
        if (one && (await send(cluster, 'GET /me', { cookie: one })).body.user !== null) alive++;
      }
    }
  });
  assert.equal((await storedIds()).length, before + alive);
  return alive;
}

/** The application as it was before it moved to this package, on the same database. */
async function beside(cluster: Cluster, use: (legacy: Member) => Promise<void>): Promise<void> {
  const legacy = new Member({ ...cluster.members[0].settings, isLegacy: true });
  await legacy.start();
  try {
    await use(legacy);
  } finally {
    await legacy.stop();
  }
}

function legacyIdIn(cookie: string, secret: string): string {
  const value = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1));
  return readLegacyId(value, [secret]) ?? assert.fail('no cookie of express-session');
}
