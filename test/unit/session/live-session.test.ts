/** The queue of one session's store work. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { LiveSession } from '../../../src/session/live-session';
import { turn } from '../../support/gate';

const never = (error: unknown): void => assert.fail(String(error));

/** Work that is noted when it begins, and whose end is the test's to tell. */
function recorder() {
  const begun: string[] = [];
  const releases: Record<string, () => void> = {};
  const work = (name: string) => (release: () => void) => {
    begun.push(name);
    releases[name] = release;
  };
  return { begun, work, release: (name: string) => releases[name]?.() };
}

describe('A live session', () => {
  it('knows of nothing before the first read or write', () => {
    const { newest, ended, isOver, writes } = new LiveSession();
    assert.deepEqual(
      { newest, ended, isOver, writes },
      { newest: undefined, ended: undefined, isOver: false, writes: 0 },
    );
  });

  it('runs work at once when it has none, and is busy until that is done', () => {
    const live = new LiveSession();
    const { begun, work, release } = recorder();
    assert.equal(live.isBusy, false);
    live.run(work('one'), never);
    assert.deepEqual([begun, live.isBusy], [['one'], true]);
    release('one');
    assert.equal(live.isBusy, false);
  });

  it('runs one work after the other, in order, each in a turn of its own', async () => {
    const live = new LiveSession();
    const { begun, work, release } = recorder();
    for (const name of ['one', 'two', 'three']) live.run(work(name), never);
    await turn();
    assert.deepEqual(begun, ['one']);
    release('one');
    assert.deepEqual(begun, ['one'], 'within the turn of the answer');
    assert.equal(live.isBusy, true, 'nobody may come in between');
    live.run(work('four'), never);
    await turn();
    assert.deepEqual(begun, ['one', 'two']);
    for (const name of ['two', 'three', 'four']) {
      release(name);
      await turn();
    }
    assert.deepEqual(begun, ['one', 'two', 'three', 'four']);
    assert.equal(live.isBusy, false);
  });

  it('takes the first release only', async () => {
    const live = new LiveSession();
    const { begun, work, release } = recorder();
    for (const name of ['one', 'two', 'three']) live.run(work(name), never);
    release('one');
    release('one');
    await turn();
    await turn();
    assert.deepEqual(begun, ['one', 'two']);
  });

  it('throws what work throws that did not wait, and goes on (B248)', async () => {
    const live = new LiveSession();
    const { begun, work } = recorder();
    const broken = () => {
      live.run(work('next'), never);
      throw new Error('thrown');
    };
    assert.throws(() => live.run(broken, never), /^Error: thrown$/);
    await turn();
    assert.deepEqual(begun, ['next']);
  });

  it('tells what work throws that had to wait, once, and goes on (B248)', async () => {
    const live = new LiveSession();
    const { begun, work, release } = recorder();
    const told: unknown[] = [];
    const thrown = new Error('thrown');
    live.run(work('one'), never);
    live.run(
      () => {
        throw thrown;
      },
      (error) => told.push(error),
    );
    live.run(work('three'), never);
    release('one');
    await turn();
    await turn();
    assert.deepEqual(told, [thrown]);
    assert.deepEqual(begun, ['one', 'three']);
  });

  it('lets pass what is thrown after the release: that is not the error of the work', async () => {
    const live = new LiveSession();
    const { begun, work, release } = recorder();
    live.run(work('one'), never);
    live.run((done) => {
      done();
      throw new Error('of the application');
    }, never);
    live.run(work('three'), never);
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
    try {
      release('one');
      assert.equal(String(await uncaught), 'Error: of the application');
    } finally {
      for (const other of others) process.on('uncaughtException', other);
    }
    await turn();
    assert.deepEqual(begun, ['one', 'three']);
  });

  it('runs work that waited in the context of whoever has brought it (B255)', async () => {
    const storage = new AsyncLocalStorage<string>();
    const live = new LiveSession();
    const { work, release } = recorder();
    const seen: unknown[] = [];
    storage.run('first', () => live.run(work('one'), never));
    storage.run('second', () =>
      live.run((done) => {
        seen.push(storage.getStore());
        done();
      }, never),
    );
    storage.run('third', () => release('one'));
    await turn();
    assert.deepEqual(seen, ['second']);
  });
});
