/** Sessions of express-session that are taken over by several processes at once. */
import assert from 'node:assert/strict';
import { readLegacyId } from '../../../src/legacy/express-session-cookie';
import { send, signIn } from './client';
import { type Cluster, Member } from './cluster';
import type { World } from './world';

export interface Faults {
  /** Requests that were not answered as the user's. */
  loggedOut: number;
  /** Tokens that did not open the session afterwards. */
  lost: number;
  /** Records beside the one that express-session had made. */
  siblings: number;
  /** Cookies and tokens that opened the session, or records that were there, after the logout. */
  alive: number;
}

/** Users of express-session, 20 parallel requests each over all processes, who sign out in the end. */
export async function upgradeUsers({ cluster, storedIds }: World, users: number): Promise<Faults> {
  const faults = { loggedOut: 0, lost: 0, siblings: 0, alive: 0 };
  await beside(cluster, async (legacy) => {
    for (let number = 0; number < users; number++) {
      const user = `user${String(number)}`;
      const old = await signIn(legacy, user);
      const id = legacyIdIn(old, legacy.settings.secret);
      const before = await storedIds();
      assert.ok(before.includes(id));
      const isUser = async (cookie: string | undefined) =>
        (await send(cluster, 'GET /me', { cookie })).body.user === user;
      const tokens = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const { body, cookie } = await send(cluster, 'GET /me', { cookie: old });
          if (body.user !== user) faults.loggedOut++;
          return cookie;
        }),
      );
      const opened = await Promise.all(
        tokens.map(async (token) => token !== undefined && (await isUser(token))),
      );
      faults.lost += opened.filter((isOpen) => !isOpen).length;
      faults.siblings += (await storedIds()).length - before.length;
      // The browser keeps the cookie that came last.
      assert.equal((await send(cluster, 'POST /logout', { cookie: tokens.at(-1) })).status, 200);
      const left = await Promise.all([old, ...tokens].map(isUser));
      faults.alive += left.filter(Boolean).length;
      if ((await storedIds()).includes(id)) faults.alive++;
    }
  });
  return faults;
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
      const slowAnswer = send(slow, round % 2 ? 'GET /count' : 'GET /touch', {
        cookie: old,
        hold: `handling:${id}`,
      });
      await held;
      const { cookie } = await send(other, 'GET /me', { cookie: old });
      assert.equal((await send(other, 'POST /logout', { cookie })).status, 200);
      slow.release(id);
      const { status, cookie: late } = await slowAnswer;
      assert.equal(status, 200);
      // A token of what is not there any more would be of no use.
      assert.equal(late, undefined);
      for (const one of [old, cookie]) {
        if ((await send(cluster, 'GET /me', { cookie: one })).body.user !== null) alive++;
      }
    }
  });
  assert.equal((await storedIds()).length, before + alive);
  return alive;
}

/** The application as it was before it moved to this package, on the same database. */
async function beside(cluster: Cluster, use: (legacy: Member) => Promise<void>): Promise<void> {
  const legacy = new Member({ ...cluster.member(0).settings, isLegacy: true });
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
