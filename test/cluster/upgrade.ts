import assert from 'node:assert/strict';
import { readLegacyId } from '../../src/legacy';
import { send, signIn } from './client';
import { Member } from './cluster';
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
  const { settings } = cluster.members[0];
  const legacy = new Member({ ...settings, isLegacy: true });
  await legacy.start();
  const result = { loggedOut: 0, lost: 0, oldCookiesAlive: 0, othersAlive: 0, legacyIdsLeft: 0 };
  const legacyIds: string[] = [];
  try {
    for (let number = 0; number < users; number++) {
      const user = `user${String(number)}`;
      const old = await signIn(legacy, user);
      legacyIds.push(legacyIdIn(old, settings.secret));
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
  } finally {
    await legacy.stop();
  }
  const stored = new Set(await storedIds());
  result.legacyIdsLeft = legacyIds.filter((id) => stored.has(id)).length;
  return result;
}

function legacyIdIn(cookie: string, secret: string): string {
  const value = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1));
  return readLegacyId(value, [secret]) ?? assert.fail('no cookie of express-session');
}
