/** Walks every schedule of the session protocol; for how long, SCHEDULES_SECONDS says. */
import assert from 'node:assert/strict';
import { Walker } from './groups';
import { planOf } from './plan';
import { pairOf, withCompareAndSet } from './scenarios';
import { replay, walk } from './scheduler';
import type { StoreKind } from './store';

const { SCHEDULES_SECONDS, SCHEDULES_REPLAY } = process.env;
const seconds = Number(SCHEDULES_SECONDS ?? 20);
const isShort = seconds <= 60;
/** So many runs of each scenario where time is short. */
const MAX_REPLAYS = 2000;

describe('every schedule', function () {
  this.timeout(0);
  const plan = planOf(isShort);
  const walker = new Walker(seconds, plan, isShort ? MAX_REPLAYS : Infinity);
  after(() => {
    console.log(`\n  schedules: ${walker.total}`);
  });

  for (const group of plan) {
    it(group.title, async () => {
      const walked = await walker.walk(group);
      if (!isShort) console.log(`      ${walked}`);
    });
  }

  it('what goes wrong on a store that does not compare is found (B244)', async () => {
    const careless: StoreKind = { ...withCompareAndSet, conditional: 'careless' };
    const { found } = await walk(pairOf(['login', 'modify'], careless, [0, 1]), { faults: false });
    assert.deepEqual([...found.keys()].sort(), ['keptByOwner', 'signedInByLogin']);
    const both = await walk(pairOf(['login', 'login'], careless, [0, 1]), { faults: false });
    assert.ok(both.found.has('loginIsPrivate'));
  });

  if (SCHEDULES_REPLAY !== undefined) {
    it('the schedule that SCHEDULES_REPLAY names is walked and told', async () => {
      const [, name, choices = ''] = /^(.*) \[([\d.]*)\]$/.exec(SCHEDULES_REPLAY) ?? [];
      const scenario = [...planOf(false), ...planOf(true)]
        .flatMap(({ scenarios }) => scenarios)
        .find((one) => one.name === name);
      assert.ok(scenario, `there is no scenario ${String(name)}`);
      console.log((await replay(scenario, choices)).join('\n'));
    });
  }
});
