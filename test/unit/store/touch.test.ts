// Touches of one session that come at the same time: those that would wait one behind the other are one call of the store.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Cookie } from '../../../src/session/cookie';
import { LiveSession } from '../../../src/session/live-session';
import { firstState } from '../../../src/session/record-state';
import { RecordStore } from '../../../src/store/record-store';
import { touchSession, type Touch } from '../../../src/store/touch';
import { turn } from '../../support/gate';
import { asStore } from '../../support/site';
import { ForeignStore } from '../../support/stores';

const SETTINGS = new Cookie({ maxAge: 60_000 }).data;

/** A touch of a session without data, whose cookie lives so long, in ms. */
function touchFor(maxAge: number, generation = 1): Touch {
  return { session: {}, data: '{}', cookie: new Cookie({ maxAge }), generation };
}

describe('touches of one session at the same time (B272)', () => {
  let store: ForeignStore;
  let live: LiveSession;
  const touch = (touched: Touch): Promise<unknown> =>
    new Promise((resolve) => {
      const records = new RecordStore(asStore(store), undefined);
      touchSession({ id: 'an id', live, records }, touched, resolve);
    });
  const lifetimes = (): unknown[] =>
    store.calls.map(
      ({ data }) =>
        (JSON.parse(String(data)) as { cookie: { originalMaxAge: number } }).cookie.originalMaxAge,
    );

  beforeEach(() => {
    store = new ForeignStore();
    live = new LiveSession();
    live.newest = { state: firstState(undefined), data: '{}', cookie: SETTINGS };
  });

  it('are two calls of the store: the one under way, and one with the newest expiry for all that wait', async () => {
    const held = store.hold('touch');
    const answers = [1000, 2000, 3000, 4000].map((maxAge) => touch(touchFor(maxAge)));
    await held.reached;
    held.release();
    assert.deepEqual(await Promise.all(answers), [null, null, null, null]);
    assert.deepEqual(lifetimes(), [1000, 4000]);
  });

  it('each hear of the error of the call that they share', async () => {
    const held = store.hold('touch');
    const first = touch(touchFor(1000));
    await held.reached;
    const others = [2000, 3000].map((maxAge) => touch(touchFor(maxAge)));
    store.failures.touch = new Error('boom!');
    held.release();
    await first;
    assert.deepEqual((await Promise.all(others)).map(String), ['Error: boom!', 'Error: boom!']);
  });

  it('do not share a call with one of another generation, nor over work that waits between them', async () => {
    const held = store.hold('touch');
    const answers = [touch(touchFor(1000)), touch(touchFor(2000)), touch(touchFor(3000, 2))];
    let hasRun = false;
    live.run(
      (release) => {
        hasRun = true;
        release();
      },
      () => undefined,
    );
    answers.push(touch(touchFor(4000)));
    await held.reached;
    held.release();
    await Promise.all(answers);
    assert.equal(hasRun, true);
    assert.deepEqual(lifetimes(), [1000, 2000, 4000], 'the generation of the third is over');
  });

  it('keep the AsyncLocalStorage context of their requests', async () => {
    const requests = new AsyncLocalStorage<string>();
    const held = store.hold('touch');
    const seen = ['one', 'two', 'three'].map((name) =>
      requests.run(name, () => touch(touchFor(1000)).then(() => requests.getStore())),
    );
    const records = new RecordStore(asStore(store), undefined);
    const told = new Promise((resolve) =>
      requests.run('four', () => {
        touchSession({ id: 'an id', live, records }, touchFor(1000), () => resolve(requests.getStore()));
      }),
    );
    await held.reached;
    held.release();
    assert.deepEqual(await Promise.all([...seen, told]), ['one', 'two', 'three', 'four']);
  });

  it('are a call each where the one before is over', async () => {
    await touch(touchFor(1000));
    await turn();
    await touch(touchFor(2000));
    assert.deepEqual(lifetimes(), [1000, 2000]);
  });
});
