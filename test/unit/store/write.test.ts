/** One write of a loaded session: every way it can go. */
import assert from 'node:assert/strict';
import session from '../../../src';
import { MemoryRecordStore } from '../../../src/store/memory-record-store';
import { MemoryStore } from '../../../src/store/memory-store';
import { sharedBy } from '../../../src/store/shared';
import { Write } from '../../../src/store/write';
import { withFrozenClock } from '../../support/clock';
import { ComparingStore } from '../../support/comparing-store';
import { HidingStore } from '../../support/hiding-store';
import { ForeignStore } from '../../support/stores';
import { change, Desk, ID, plant, STATE, stored, storedData } from './session-desk';

const methodsOf = (store: ForeignStore): string[] => store.calls.map(({ method }) => method);
const boom = new Error('boom!');

describe('A write on a store with compareAndSet', () => {
  it('is one call, with the tag that is known (B244)', async () => {
    const desk = new Desk(new ComparingStore());
    const { outcome, state } = await desk.write(change({ hits: 2 }));
    assert.equal(outcome, 'stored');
    assert.deepEqual(state, STATE);
    assert.deepEqual(methodsOf(desk.store), ['compareAndSet']);
    assert.deepEqual(desk.store.expected, ['first tag']);
    assert.deepEqual(storedData(desk.store), { hits: 2 });
    assert.deepEqual(stored(desk.store)?.__session, STATE);
    assert.equal(desk.live.newest?.data, '{"hits":2}');
    assert.equal(desk.live.writes, 1);
  });

  it('of a record of express-session asks for none of ours, and adopts it (B232 B244)', async () => {
    for (const adopted of [true, 'acme'] as const) {
      const desk = new Desk(new ComparingStore(), { hits: 1 }, null);
      assert.equal((await desk.write(change({ hits: 2 }, { adopted }))).outcome, 'stored');
      assert.deepEqual(desk.store.expected, [null]);
      const state = stored(desk.store)?.__session;
      assert.deepEqual([state?.gen, state?.adopted], [1, adopted]);
    }
  });

  it('of a rotation begins the next generation, with another tag (B242)', () =>
    withFrozenClock(async ({ now }) => {
      const desk = new Desk(new ComparingStore(), { hits: 1 }, { ...STATE, adopted: true });
      const { state } = await desk.write(change({ hits: 2 }, { rotates: true }));
      const { tag, ...rest } = stored(desk.store)?.__session ?? STATE;
      assert.deepEqual(rest, { gen: 2, created: 1000, rotatedAt: now(), adopted: true });
      assert.notEqual(tag, STATE.tag);
      assert.deepEqual(state, { ...rest, tag });
    }));

  it('has another tag each time where changes are merged, in the same generation (B242)', async () => {
    const desk = new Desk(new ComparingStore());
    const { state } = await desk.write(change({ hits: 2 }, { mergeBase: '{"hits":1}' }));
    assert.notEqual(state?.tag, STATE.tag);
    assert.deepEqual({ ...state, tag: STATE.tag }, STATE);
    await desk.write(change({ hits: 3 }, { mergeBase: '{"hits":2}' }));
    assert.deepEqual(desk.store.expected, ['first tag', state?.tag]);
  });

  for (const how of ['destroyed', 'regenerated'] as const) {
    it(`of a session that is ${how} here asks nobody (B244)`, async () => {
      const desk = new Desk(new ComparingStore());
      desk.live.ended = how;
      assert.equal((await desk.write(change({ hits: 2 }))).outcome, 'gone');
      assert.deepEqual(methodsOf(desk.store), []);
    });
  }

  it('of a generation that has ended here asks nobody (B247)', async () => {
    const desk = new Desk(new ComparingStore(), { hits: 1 }, { ...STATE, gen: 2 });
    for (const generation of [1, 3]) {
      assert.equal((await desk.write(change({ hits: 2 }, { generation }))).outcome, 'superseded');
    }
    assert.deepEqual(methodsOf(desk.store), []);
  });

  describe('that is refused', () => {
    it('and finds nothing was destroyed meanwhile: nothing is stored, no error (B244)', async () => {
      const desk = new Desk(new ComparingStore());
      desk.store.records.clear();
      assert.deepEqual(await desk.write(change({ hits: 2 })), {
        error: undefined,
        outcome: 'gone',
        state: undefined,
        answers: 1,
      });
      assert.deepEqual(methodsOf(desk.store), ['compareAndSet', 'get']);
      assert.deepEqual([desk.live.ended, desk.live.isOver], ['destroyed', true]);
      assert.equal(desk.store.records.size, 0);
    });

    it('and finds another generation is dropped, and what is there is known from now on (B244 B247)', async () => {
      const desk = new Desk(new ComparingStore());
      plant(desk.store, { hits: 7 }, { gen: 2, tag: 'other tag' });
      assert.equal((await desk.write(change({ hits: 2 }))).outcome, 'superseded');
      assert.deepEqual(storedData(desk.store), { hits: 7 });
      assert.deepEqual([desk.live.newest?.state?.gen, desk.live.newest?.data], [2, '{"hits":7}']);
      assert.equal(desk.live.writes, 1);
    });

    it('and finds the same generation goes again with the tag that it found, once (B244)', async () => {
      const desk = new Desk(new ComparingStore());
      plant(desk.store, { hits: 7, theirs: true }, { tag: 'other tag', created: 5 });
      assert.equal((await desk.write(change({ hits: 2 }))).outcome, 'stored');
      assert.deepEqual(desk.store.expected, ['first tag', 'other tag']);
      assert.deepEqual(storedData(desk.store), { hits: 2 }, 'the later one wins');
      assert.deepEqual(stored(desk.store)?.__session, { ...STATE, tag: 'other tag', created: 5 });
    });

    it('a second time is an error with a code, and nothing is stored (B244)', async () => {
      const desk = new Desk(new ComparingStore());
      changeAtEachGet(desk.store);
      const { error, answers } = await desk.write(change({ hits: 2 }));
      assert.equal((error as { code?: unknown }).code, 'ERR_SESSION_WRITE_CONFLICT');
      assert.equal(answers, 1);
      assert.equal(desk.store.count('compareAndSet'), 2);
      assert.deepEqual(storedData(desk.store), { theirs: 2 });
    });

    it('a second time, by a login, is dropped and no error (B244 B247)', async () => {
      const desk = new Desk(new ComparingStore());
      changeAtEachGet(desk.store, (times) => 1 + times);
      const { error, outcome } = await desk.write(change({ hits: 2 }));
      assert.deepEqual([error, outcome], [undefined, 'superseded']);
      assert.equal(desk.store.count('compareAndSet'), 2);
      assert.deepEqual(storedData(desk.store), { theirs: 2 });
    });

    it('goes 8 times where changes are merged, then it is an error (B244)', async () => {
      const desk = new Desk(new ComparingStore());
      changeAtEachGet(desk.store);
      const { error } = await desk.write(change({ hits: 2 }, { mergeBase: '{"hits":1}' }));
      assert.equal((error as { code?: unknown }).code, 'ERR_SESSION_WRITE_CONFLICT');
      assert.equal(desk.store.count('compareAndSet'), 8);
    });

    it('takes in what it found where changes are merged (B245)', async () => {
      const desk = new Desk(new ComparingStore(), { hits: 1, old: 1 });
      plant(desk.store, { hits: 1, old: 1, theirs: true }, { tag: 'other tag' });
      const { outcome } = await desk.write(change({ hits: 2 }, { mergeBase: '{"hits":1,"old":1}' }));
      assert.equal(outcome, 'stored');
      assert.deepEqual(storedData(desk.store), { hits: 2, theirs: true });
      assert.equal(desk.live.newest?.data, '{"hits":2,"theirs":true}');
    });

    it('takes nothing in where it rotates (B246)', async () => {
      const desk = new Desk(new ComparingStore());
      plant(desk.store, { hits: 1, theirs: true }, { tag: 'other tag' });
      const { outcome } = await desk.write(change({ hits: 2 }, { mergeBase: '{"hits":1}', rotates: true }));
      assert.equal(outcome, 'stored');
      assert.deepEqual(storedData(desk.store), { hits: 2 });
      assert.equal(stored(desk.store)?.__session?.gen, 2);
    });

    it('and cannot look is an error (B244)', async () => {
      const desk = new Desk(new ComparingStore());
      desk.store.records.clear();
      desk.store.failures.get = boom;
      assert.equal((await desk.write(change({ hits: 2 }))).error, boom);
      assert.equal(desk.live.ended, undefined);
    });

    it('and meets a get that throws is an error, once (B248)', async () => {
      const desk = new Desk(new ComparingStore());
      desk.store.records.clear();
      desk.store.get = () => {
        throw boom;
      };
      const { error, answers } = await desk.write(change({ hits: 2 }));
      assert.deepEqual([error, answers], [boom, 1]);
    });

    it('bears with a record that has lost its cookie meanwhile', async () => {
      const desk = new Desk(new ComparingStore());
      desk.store.records.set(ID, JSON.stringify({ hits: 7, __session: { ...STATE, tag: 'other tag' } }));
      assert.equal((await desk.write(change({ hits: 2 }))).outcome, 'stored');
      assert.deepEqual(storedData(desk.store), { hits: 2 });
    });
  });

  describe('that is refused although the very tag is there', () => {
    it('goes once more where the store can see tags, and is stored (B244)', async () => {
      const desk = new Desk(new ComparingStore());
      desk.store.outcomes.push('refused');
      assert.equal((await desk.write(change({ hits: 2 }))).outcome, 'stored');
      assert.equal(desk.target.stops, 0);
      assert.deepEqual(methodsOf(desk.store), [
        ...['compareAndSet', 'get'],
        // The probe, with a record of the library's own.
        ...['set', 'compareAndSet', 'destroy'],
        'compareAndSet',
      ]);
      const probe = desk.store.calls.find(({ method }) => method === 'set');
      assert.match(probe?.id ?? '', /^[\w-]{32}$/);
      assert.deepEqual([...desk.store.records.keys()], [ID], 'nothing is left of the probe');
      assert.deepEqual(storedData(desk.store), { hits: 2 });
    });

    it('and refused once more is gone (B244)', async () => {
      const desk = new Desk(new ComparingStore());
      refuseFor(desk.store, ID);
      assert.equal((await desk.write(change({ hits: 2 }))).outcome, 'gone');
      assert.equal(desk.store.count('set'), 1, 'one probe');
      assert.equal(desk.live.ended, 'destroyed');
      assert.deepEqual(storedData(desk.store), { hits: 1 });
    });

    it('is made by set where the store hides tags, which is told (B244)', async () => {
      const desk = new Desk(new HidingStore());
      assert.equal((await desk.write(change({ hits: 2 }))).outcome, 'stored');
      assert.equal(desk.target.stops, 1);
      assert.deepEqual(storedData(desk.store), { hits: 2 });
      assert.deepEqual([...desk.store.records.keys()], [ID]);
      await desk.write(change({ hits: 3 }));
      assert.equal(methodsOf(desk.store).at(-1), 'set');
      assert.equal(desk.store.count('compareAndSet'), 2, 'not asked any more');
    });

    for (const [step, spoil] of [
      ['is not stored', (store: ComparingStore) => (store.failures.set = boom)],
      ['cannot be compared', (store: ComparingStore) => failFor(store, (id) => id !== ID)],
    ] as const) {
      it(`is an error where the probe ${step} (B244)`, async () => {
        const desk = new Desk(new ComparingStore());
        desk.store.outcomes.push('refused');
        spoil(desk.store);
        assert.equal((await desk.write(change({ hits: 2 }))).error, boom);
        assert.equal(desk.target.stops, 0, 'that proves nothing');
        assert.deepEqual(storedData(desk.store), { hits: 1 });
      });
    }

    it('minds no probe that cannot be destroyed: it expires', async () => {
      const desk = new Desk(new ComparingStore());
      desk.store.outcomes.push('refused');
      desk.store.failures.destroy = boom;
      assert.equal((await desk.write(change({ hits: 2 }))).outcome, 'stored');
      const probe = [...desk.store.records].find(([id]) => id !== ID)?.[1] ?? '';
      const { cookie } = JSON.parse(probe) as { cookie: { expires: string } };
      assert.ok(Date.parse(cookie.expires) <= Date.now() + 60_000);
    });
  });

  describe('of a record of express-session that is refused', () => {
    it('though none of ours is there uses set, this once (B244)', async () => {
      const desk = new Desk(new ComparingStore(), { notes: { __session: 'mine' } }, null);
      assert.equal((await desk.write(change({ hits: 2 }))).outcome, 'stored');
      assert.deepEqual(methodsOf(desk.store), ['compareAndSet', 'get', 'set']);
      assert.equal(desk.target.stops, 0);
      assert.deepEqual(storedData(desk.store), { hits: 2 });
      await desk.write(change({ hits: 3 }));
      assert.equal(methodsOf(desk.store).at(-1), 'compareAndSet');
    });

    it('since another process has adopted it goes again with the tag of that (B244)', async () => {
      const desk = new Desk(new ComparingStore(), { hits: 1 }, null);
      plant(desk.store, { hits: 7 }, { tag: 'other tag', adopted: true });
      assert.equal((await desk.write(change({ hits: 2 }))).outcome, 'stored');
      assert.deepEqual(desk.store.expected, [null, 'other tag']);
      assert.deepEqual(stored(desk.store)?.__session, { ...STATE, tag: 'other tag', adopted: true });
    });

    it('since it is signed in elsewhere by now is dropped (B247)', async () => {
      const desk = new Desk(new ComparingStore(), { hits: 1 }, null);
      plant(desk.store, { hits: 7 }, { tag: 'other tag', gen: 2 });
      assert.equal((await desk.write(change({ hits: 2 }))).outcome, 'superseded');
      assert.deepEqual(storedData(desk.store), { hits: 7 });
    });
  });

  describe('that errs', () => {
    it('is an error at once where no token depends on it (B211)', async () => {
      const desk = new Desk(new ComparingStore());
      desk.store.outcomes.push('fails');
      assert.equal(String((await desk.write(change({ hits: 2 }))).error), 'Error: boom!');
      assert.equal(desk.store.count('compareAndSet'), 1);
    });

    for (const [title, more] of [
      ['rotates', { rotates: true }],
      ['merges', { mergeBase: '{"hits":1}' }],
    ] as const) {
      it(`is repeated once where it ${title}: same record, same tag (B211)`, async () => {
        const desk = new Desk(new ComparingStore());
        desk.store.outcomes.push('fails');
        assert.equal((await desk.write(change({ hits: 2 }, more))).outcome, 'stored');
        assert.deepEqual(desk.store.expected, ['first tag', 'first tag']);
        const [first, second] = desk.store.calls;
        assert.equal(first?.data, second?.data);
      });

      it(`is stored where it ${title}, has been lost, and its own tag is there (B211)`, async () => {
        const desk = new Desk(new ComparingStore());
        desk.store.outcomes.push('lost');
        const { outcome, state } = await desk.write(change({ hits: 2 }, more));
        assert.equal(outcome, 'stored');
        assert.deepEqual(methodsOf(desk.store), ['compareAndSet', 'compareAndSet', 'get']);
        assert.deepEqual(stored(desk.store)?.__session, state);
      });
    }

    it('twice is the error, whatever is in the store (B211)', async () => {
      for (const outcome of ['fails', 'lost'] as const) {
        const desk = new Desk(new ComparingStore());
        desk.store.outcomes.push(outcome, 'fails');
        const { error, answers } = await desk.write(change({ hits: 2 }, { rotates: true }));
        assert.deepEqual([String(error), answers], ['Error: boom!', 1]);
        assert.equal(desk.store.count('compareAndSet'), 2);
      }
    });

    it('is repeated where it adopts a record: its tag is new (B211)', async () => {
      const desk = new Desk(new ComparingStore(), { hits: 1 }, null);
      desk.store.outcomes.push('lost');
      assert.equal((await desk.write(change({ hits: 2 }))).outcome, 'stored');
      assert.deepEqual(desk.store.expected, [null, null]);
    });

    it('because the store cannot do it is made by set, from now on (B244)', async () => {
      const desk = new Desk(new ComparingStore());
      const unsupported = Object.assign(new Error('no'), { code: 'ERR_COMPARE_AND_SET_UNSUPPORTED' });
      desk.store.failures.compareAndSet = unsupported;
      assert.equal((await desk.write(change({ hits: 2 }))).outcome, 'stored');
      assert.deepEqual(methodsOf(desk.store), ['compareAndSet', 'set']);
      assert.equal(desk.target.stops, 1);
    });

    it('because the store throws comes out of it at once, and is not repeated, where the tag stays (B248)', () => {
      const desk = new Desk(new ComparingStore());
      desk.store.compareAndSet = () => {
        throw boom;
      };
      const write = new Write(desk.target, change({ hits: 2 }), () => assert.fail());
      assert.throws(() => write.begin(), boom);
    });

    it('because the store throws is repeated where it rotates: it may have had its effect (B211 B248)', async () => {
      const desk = new Desk(new ComparingStore());
      const compareAndSet = desk.store.compareAndSet.bind(desk.store);
      let calls = 0;
      desk.store.compareAndSet = (...args) => {
        calls += 1;
        if (calls > 1) {
          compareAndSet(...args);
          return;
        }
        desk.store.records.set(args[0], JSON.stringify(args[1]));
        throw boom;
      };
      const { error, outcome, answers } = await desk.write(change({ hits: 2 }, { rotates: true }));
      assert.deepEqual([error, outcome, answers, calls], [undefined, 'stored', 1, 2]);
    });

    it('because the store throws the second time is told, once (B248)', async () => {
      const desk = new Desk(new ComparingStore());
      let calls = 0;
      desk.store.compareAndSet = (_id, _data, _tag, callback) => {
        if (++calls === 2) throw boom;
        setImmediate(callback, new Error('first'));
      };
      const { error, answers } = await desk.write(change({ hits: 2 }, { rotates: true }));
      assert.deepEqual([error, answers, calls], [boom, 1, 2]);
    });
  });
});

describe('A write on a store without compareAndSet', () => {
  it('is one set, with the state as it is known here (B245)', async () => {
    const desk = new Desk(new ForeignStore(), { hits: 1 }, { ...STATE, gen: 2 });
    const { outcome } = await desk.write(change({ hits: 2 }, { generation: 2 }));
    assert.equal(outcome, 'stored');
    assert.deepEqual(methodsOf(desk.store), ['set']);
    assert.deepEqual(stored(desk.store)?.__session, { ...STATE, gen: 2 });
  });

  it('takes in what others of this process have stored, where changes are merged (B245)', async () => {
    const desk = new Desk(new ForeignStore());
    await desk.write(change({ hits: 1, a: 1 }, { mergeBase: '{"hits":1}' }));
    await desk.write(change({ hits: 2 }, { mergeBase: '{"hits":1}' }));
    assert.deepEqual(storedData(desk.store), { hits: 2, a: 1 });
  });

  it('is repeated once if it errs and rotates, else not (B211)', async () => {
    for (const [rotates, calls] of [
      [true, 2],
      [false, 1],
    ] as const) {
      const desk = new Desk(new ForeignStore());
      desk.store.failures.set = boom;
      assert.equal((await desk.write(change({ hits: 2 }, { rotates }))).error, boom);
      assert.equal(desk.store.count('set'), calls);
    }
  });

  it('throws what the store throws at once (B248)', () => {
    const desk = new Desk(new ForeignStore());
    desk.store.set = () => {
      throw boom;
    };
    assert.throws(() => new Write(desk.target, change({ hits: 2 }), () => assert.fail()).begin(), boom);
  });
});

describe('A write on the own MemoryStore', () => {
  const write = (memory: MemoryStore, what: ReturnType<typeof change>) =>
    new Promise<unknown>((resolve) => {
      const records = new MemoryRecordStore(memory, undefined);
      const live = sharedBy(memory).sessions.obtain(ID);
      const target = { id: ID, live, records, canCompare: false, stopComparing: () => assert.fail() };
      new Write(target, what, (error, outcome) => resolve(error ?? outcome)).begin();
    });

  it('of a session that is destroyed asks it all the same, and is refused (B223 B251)', async () => {
    const memory = new MemoryStore();
    const held = sharedBy(memory).sessions.obtain(ID);
    let sets = 0;
    const set = memory.set.bind(memory);
    memory.set = (...args) => {
      sets += 1;
      set(...args);
    };
    memory.destroy(ID);
    assert.equal(await write(memory, change({ hits: 2 })), 'refused');
    assert.equal(sets, 1);
    assert.equal(held.ended, 'destroyed');
    assert.deepEqual(Object.keys(memory.sessions), []);
  });

  it('of one that is regenerated, or that rotates, does not ask (B227)', async () => {
    for (const [how, rotates] of [
      ['regenerated', false],
      ['destroyed', true],
    ] as const) {
      const memory = new session.MemoryStore() as unknown as MemoryStore;
      const live = sharedBy(memory).sessions.obtain(ID);
      live.ended = how;
      assert.equal(await write(memory, change({ hits: 2 }, { rotates })), 'gone');
    }
  });
});

/** Another process changes the record each time before it is read. */
function changeAtEachGet(store: ComparingStore, generationOf: (times: number) => number = () => 1): void {
  let gets = 0;
  plant(store, { theirs: 0 }, { tag: 'tag 0' });
  const get = store.get.bind(store);
  store.get = (...args) => {
    get(...args);
    setImmediate(() => {
      gets += 1;
      plant(store, { theirs: gets }, { tag: `tag ${String(gets)}`, gen: generationOf(gets) });
    });
  };
}

/** The store refuses this record whatever is there, and takes others. */
function refuseFor(store: ComparingStore, refused: string): void {
  const compareAndSet = store.compareAndSet.bind(store);
  store.compareAndSet = (id, data, tag, callback) => {
    if (id === refused) setImmediate(callback, null, false);
    else compareAndSet(id, data, tag, callback);
  };
}

/** Comparing errs for these records. */
function failFor(store: ComparingStore, isFailing: (id: string) => boolean): void {
  const compareAndSet = store.compareAndSet.bind(store);
  store.compareAndSet = (id, data, tag, callback) => {
    if (isFailing(id)) setImmediate(callback, boom);
    else compareAndSet(id, data, tag, callback);
  };
}
