/** A store that has announced its disconnection is asked again after a second, so that sessions come back with it. */
import assert from 'node:assert/strict';
import type { Request } from 'express';
import { withMovableClock } from '../support/clock';
import { serve, type Site, turn } from '../support/site';
import { ForeignStore } from '../support/stores';

const SECOND = 1000;

/** Answers whether there is a session. */
function open(store: object): Promise<Site> {
  return serve({ store }, { '/': (req, res) => void res.end(typeof (req as Partial<Request>).session) });
}

async function answers(site: Site, count: number): Promise<string[]> {
  const texts: string[] = [];
  for (let at = 0; at < count; at++) {
    texts.push((await site.visit('/')).text);
    await turn();
  }
  return texts;
}

describe('a store that announced disconnect and never announces connect', () => {
  it('is left alone for a second, then asked once, and used again when it answers', async () => {
    await withMovableClock(async (tick) => {
      const store = new ForeignStore();
      const sites = [await open(store), await open(store)] as const;
      store.emit('disconnect');
      assert.deepEqual(await answers(sites[0], 2), ['undefined', 'undefined']);
      assert.equal(store.count('get'), 0);
      tick(SECOND);
      const held = store.hold('get');
      // The request that asks does not wait for the answer, and others do not ask again.
      const texts = await Promise.all([answers(sites[0], 3), answers(sites[1], 3)]);
      assert.deepEqual(texts.flat(), Array(6).fill('undefined'));
      assert.equal(store.count('get'), 1);
      held.release();
      await turn();
      assert.deepEqual(await answers(sites[0], 1), ['object']);
      assert.deepEqual(await answers(sites[1], 1), ['object']);
    });
  });

  it('is asked once a second while it answers with errors, also if it repeats disconnect each time', async () => {
    await withMovableClock(async (tick) => {
      const store = new ForeignStore();
      const site = await open(store);
      store.emit('disconnect');
      store.failures.get = new Error('still down');
      const get = store.get.bind(store);
      store.get = (...args) => {
        store.emit('disconnect');
        get(...args);
      };
      for (let seconds = 1; seconds <= 3; seconds++) {
        tick(SECOND);
        assert.deepEqual(await answers(site, 3), Array(3).fill('undefined'));
        assert.equal(store.count('get'), seconds);
      }
      store.get = get;
      store.failures.get = Object.assign(new Error('no such file'), { code: 'ENOENT' });
      tick(SECOND);
      assert.deepEqual(await answers(site, 2), ['undefined', 'object']);
      assert.deepEqual(site.lateErrors, []);
    });
  });

  it('bears with a get that throws', async () => {
    await withMovableClock(async (tick) => {
      const store = new ForeignStore();
      const site = await open(store);
      store.emit('disconnect');
      const get = store.get.bind(store);
      store.get = () => {
        throw new Error('not connected');
      };
      tick(SECOND);
      assert.deepEqual(await answers(site, 2), ['undefined', 'undefined']);
      store.get = get;
      tick(SECOND);
      assert.deepEqual(await answers(site, 2), ['undefined', 'object']);
    });
  });

  it('is asked again after 30 seconds where it does not answer', async () => {
    await withMovableClock(async (tick) => {
      const store = new ForeignStore();
      const site = await open(store);
      store.emit('disconnect');
      tick(SECOND);
      store.hold('get');
      await answers(site, 2);
      tick(29 * SECOND);
      await answers(site, 2);
      assert.equal(store.count('get'), 1);
      tick(SECOND);
      assert.deepEqual(await answers(site, 2), ['undefined', 'object']);
      assert.equal(store.count('get'), 2);
    });
  });

  it('is not believed an answer that is older than its last disconnect', async () => {
    await withMovableClock(async (tick) => {
      const store = new ForeignStore();
      const site = await open(store);
      store.emit('disconnect');
      tick(SECOND);
      const held = store.hold('get');
      await answers(site, 1);
      store.emit('disconnect');
      held.release();
      await turn();
      assert.deepEqual(await answers(site, 1), ['undefined']);
      tick(SECOND);
      assert.deepEqual(await answers(site, 2), ['undefined', 'object']);
    });
  });
});
