// What the calls of a store do when the application takes methods away from it at run time.
import assert from 'node:assert/strict';
import { callsOf } from '../../../src/store/guarantee';
import { ComparingStore } from '../../support/comparing-store';
import { ForeignStore } from '../../support/stores';

const record = { cookie: { originalMaxAge: null } };

/** What `touch` calls back with. */
function touched(calls: ReturnType<typeof callsOf>): Promise<unknown> {
  return new Promise((resolve) => calls.touch?.('an id', record, resolve));
}

describe('the calls of a store', () => {
  it('answer a touch without an error where its method was removed meanwhile', async () => {
    const store = new ForeignStore();
    const calls = callsOf(store);
    Object.defineProperty(store, 'touch', { value: undefined });
    assert.equal(await touched(calls), undefined);
    assert.deepEqual(store.calls, []);
  });

  it('refuse to compare, with a code, where compareAndSet was removed meanwhile', async () => {
    const store = new ComparingStore();
    const { compareAndSet } = callsOf(store);
    Object.defineProperty(store, 'compareAndSet', { value: undefined });
    await assert.rejects(Promise.resolve(compareAndSet?.('an id', record, 'a tag', () => undefined)), {
      code: 'ERR_COMPARE_AND_SET_UNSUPPORTED',
    });
    assert.deepEqual(store.calls, []);
  });
});
