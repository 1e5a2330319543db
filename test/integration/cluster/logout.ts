/** A logout in one process, while another one still has the session in hand. */
import assert from 'node:assert/strict';
import { send, signIn } from './client';
import type { Place } from './settings';
import type { World } from './world';

/** When the user signs out, as seen from the request that is still running in another process. */
export type Moment = Place | 'any';

/** What the slow request does with the session. */
const requests = { change: 'GET /count', save: 'GET /count?save', touch: 'GET /touch' };

/**
 * A slow request in one process, a logout in a second one; the third is asked afterwards.
 *
 * @returns how many of the sessions were there again
 */
export async function countResurrected(
  { cluster, storedIds }: World,
  moment: Moment,
  times: number,
  kinds: readonly (keyof typeof requests)[],
): Promise<number> {
  const before = (await storedIds()).length;
  let alive = 0;
  for (let round = 0; round < times; round++) {
    const [slow, other, third] = [
      cluster.member(round),
      cluster.member(round + 1),
      cluster.member(round + 2),
    ];
    const cookie = await signIn(other, 'ada');
    const place = moment === 'any' ? 'handling' : moment;
    const id = `${moment}-${String(round)}`;
    const kind = kinds[round % kinds.length] ?? 'change';
    const held = slow.held(id);
    const slowAnswer = send(slow, requests[kind], { cookie, hold: `${place}:${id}` });
    await held;
    const logout = () => send(other, 'POST /logout', { cookie });
    if (moment === 'any') {
      // Both set out together; who is first is left to chance.
      const away = logout();
      slow.release(id);
      assert.equal((await away).status, 200);
    } else {
      assert.equal((await logout()).status, 200);
      slow.release(id);
    }
    // No error: the request did nothing wrong.
    assert.deepEqual([(await slowAnswer).status, (await slowAnswer).body.user], [200, 'ada']);
    const { body } = await send(third, 'GET /me', { cookie });
    if (body.user !== null) alive++;
  }
  assert.equal((await storedIds()).length - before, alive);
  return alive;
}
