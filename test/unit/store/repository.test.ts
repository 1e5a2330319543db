/** Reading, writing, touching and destroying sessions, by all requests of one process. */
import assert from 'node:assert/strict';
import { Cookie } from '../../../src/session/cookie';
import type { LiveSession } from '../../../src/session/live-session';
import type { RecordState } from '../../../src/session/record-state';
import { MemoryRecordStore } from '../../../src/store/memory-record-store';
import { MemoryStore } from '../../../src/store/memory-store';
import { RecordStore } from '../../../src/store/record-store';
import { type Loaded, Repository } from '../../../src/store/repository';
import { sharedBy } from '../../../src/store/shared';
import type { Change, Outcome } from '../../../src/store/write';
import type { AnyStore } from '../../../src/types';
import { ComparingStore } from '../../support/comparing-store';
import { turn } from '../../support/gate';
import { HidingStore } from '../../support/hiding-store';
import { ForeignStore } from '../../support/stores';
import { change, ID, known, plant, STATE, stored, storedData } from './session-desk';

const boom = new Error('boom!');

function repositoryOn(store: object): Repository {
  return new Repository(new RecordStore(store as AnyStore, undefined));
}

function liveOn(store: object): LiveSession {
  return sharedBy(store).sessions.obtain(ID);
}

/** A repository on a store that has a session with one hit. */
function planted(store = new ForeignStore()) {
  plant(store, { hits: 1 });
  return { store, repository: repositoryOn(store) };
}

/** The same, and this process has loaded the session. */
function loaded(store = new ForeignStore()) {
  const live = liveOn(store);
  live.newest = known({ hits: 1 });
  return { ...planted(store), live };
}

/** What is called back. */
function told<Arguments extends unknown[]>(
  start: (callback: (...args: Arguments) => void) => void,
): Promise<Arguments> {
  return new Promise((resolve) => start((...args: Arguments) => resolve(args)));
}

const read = async (repository: Repository): Promise<Loaded> =>
  (await told<[unknown, Loaded]>((done) => repository.read(ID, done)))[1];

const write = (repository: Repository, live: LiveSession, what: Change): Promise<unknown> =>
  told<[unknown?, Outcome?]>((done) => repository.write(ID, live, what, done)).then(
    ([error, outcome]) => error ?? outcome,
  );

const destroy = (repository: Repository, how: 'destroyed' | 'regenerated' = 'destroyed'): Promise<unknown> =>
  told<[unknown?]>((done) => repository.destroy(ID, how, done)).then(([error]) => error ?? undefined);

const touch = (repository: Repository, live: LiveSession, what: Change): Promise<unknown> =>
  told<[unknown?]>((done) => repository.touch(ID, live, what, done)).then(([error]) => error ?? undefined);

describe('A repository', () => {
  it('says what its store can do', () => {
    const bare = repositoryOn(Object.assign(new ForeignStore(), { touch: undefined }));
    assert.deepEqual([bare.canCompare, bare.canTouch, bare.guarantee], [false, false, 'in this process']);
    const store = new ComparingStore();
    const comparing = repositoryOn(store);
    assert.deepEqual(
      [comparing.canCompare, comparing.canTouch, comparing.guarantee],
      [true, true, 'everywhere'],
    );
    assert.equal(comparing.store, store);
  });

  describe('reads', () => {
    it('a record with the session that all its requests share (B019)', async () => {
      const store = new ForeignStore();
      plant(store, { hits: 1 });
      const { found, live, isNewest } = await read(repositoryOn(store));
      assert.deepEqual(found?.state, STATE);
      assert.equal(found.record.hits, 1);
      assert.equal(live, liveOn(store));
      assert.equal(isNewest, true);
      assert.equal((await read(repositoryOn(store))).live, live, 'of another middleware on the store');
    });

    it('nothing where there is none, and tells an error, thrown or not (B126 B131 B248)', async () => {
      const store = new ForeignStore();
      const repository = repositoryOn(store);
      assert.equal((await read(repository)).found, undefined);
      store.failures.get = boom;
      assert.equal((await told<[unknown, Loaded]>((done) => repository.read(ID, done)))[0], boom);
      store.get = () => {
        throw boom;
      };
      const [error, loaded] = await told<[unknown, Loaded]>((done) => repository.read(ID, done));
      assert.deepEqual([error, loaded.found], [boom, undefined]);
    });

    it('nothing where the session was destroyed meanwhile (B227)', async () => {
      const { store, repository } = planted();
      const held = store.hold('destroy');
      const reading = store.hold('get');
      const loading = read(repository);
      await reading.reached;
      const destroying = destroy(repository);
      await held.reached;
      reading.release();
      assert.equal((await loading).found, undefined, 'though the record is still there');
      const again = await read(repository);
      assert.equal(again.found, undefined);
      assert.equal(again.isNewest, false);
      held.release();
      await destroying;
    });

    it('another session where the id was given again since (B094)', async () => {
      const { store, repository } = planted();
      const { live } = await read(repository);
      await destroy(repository);
      plant(store, { hits: 7 });
      const again = await read(repository);
      assert.equal(again.found?.record.hits, 7);
      assert.notEqual(again.live, live);
      assert.equal(again.live.ended, undefined);
      assert.equal(live.ended, 'destroyed', 'requests of the old one go on to know');
    });

    it('a record that may be older than what is known, and says so (B245)', async () => {
      const { store, repository } = planted();
      const { live } = await read(repository);
      live.newest = known({ hits: 1 });
      const reading = store.hold('get');
      const loading = read(repository);
      await reading.reached;
      await write(repository, live, change({ hits: 2 }));
      reading.release();
      assert.equal((await loading).isNewest, false, 'a write has ended meanwhile');
      const writing = store.hold('set');
      const going = write(repository, live, change({ hits: 3 }));
      await writing.reached;
      assert.equal((await read(repository)).isNewest, false, 'a write is under way');
      writing.release();
      await going;
      assert.equal((await read(repository)).isNewest, true);
    });
  });

  describe('knows', () => {
    it('whether tokens of a generation open the session, as far as this process can tell (B260)', () => {
      const repository = repositoryOn(new ForeignStore());
      const live = liveOn(new ForeignStore());
      assert.equal(repository.isCurrent(undefined, 1), true, 'a session that is not stored');
      assert.equal(repository.isCurrent(live, 1), true);
      live.newest = known({}, { ...STATE, gen: 2 });
      assert.equal(repository.isCurrent(live, 1), false);
      assert.equal(repository.isCurrent(live, 2), true);
      live.ended = 'destroyed';
      assert.equal(repository.isCurrent(live, 2), false);
    });

    it('that the own MemoryStore lets late responses of a destroyed session go, not of a regenerated one (B223 B260)', () => {
      const memory = new MemoryStore();
      const repository = new Repository(new MemoryRecordStore(memory, undefined));
      const live = liveOn(memory);
      live.ended = 'destroyed';
      assert.equal(repository.isCurrent(live, 1), true);
      live.ended = 'regenerated';
      assert.equal(repository.isCurrent(live, 1), false);
    });

    it('what a second look at the record says (B260)', async () => {
      const store = new ComparingStore();
      const repository = repositoryOn(store);
      const look = (generation: number) =>
        told<[unknown, boolean]>((done) => repository.look(ID, generation, done));
      assert.deepEqual((await look(1))[1], false, 'nothing there');
      plant(store, {}, { gen: 2 });
      assert.deepEqual((await look(1))[1], false);
      assert.deepEqual((await look(2))[1], true);
      plant(store, {}, null);
      assert.deepEqual((await look(1))[1], true, 'a record of express-session');
      store.failures.get = boom;
      assert.deepEqual(await look(1), [boom, false]);
    });
  });

  describe('creates', () => {
    const first = { gen: 1, tag: 'a.1.', created: 7 };
    const create = (repository: Repository, state?: RecordState) =>
      told<[unknown, LiveSession]>((done) => repository.create(ID, change({ hits: 1 }), state, done));

    it('a record of the first generation, by set, which is known from then on (B242)', async () => {
      const store = new ComparingStore();
      const [error, live] = await create(repositoryOn(store), first);
      assert.equal(error ?? null, null);
      assert.deepEqual(
        store.calls.map(({ method }) => method),
        ['set'],
      );
      assert.deepEqual(stored(store)?.__session, first);
      assert.deepEqual([live.newest?.state, live.newest?.data], [first, '{"hits":1}']);
    });

    it('a record as express-session would have made it (B232)', async () => {
      const store = new ComparingStore();
      const [error, live] = await create(repositoryOn(store));
      assert.equal(error ?? null, null);
      assert.deepEqual([storedData(store), stored(store)?.__session], [{ hits: 1 }, undefined]);
      assert.deepEqual([live.newest?.state, live.newest?.data], [undefined, '{"hits":1}']);
    });

    it('nothing that is known where the store errs', async () => {
      const store = new ForeignStore();
      store.failures.set = boom;
      const [error, live] = await create(repositoryOn(store));
      assert.equal(error, boom);
      assert.deepEqual([live.newest, live.isBusy], [undefined, false]);
    });

    it('another session under the id of one that has ended (B094)', async () => {
      const store = new ForeignStore();
      const old = liveOn(store);
      old.ended = 'destroyed';
      const [, live] = await create(repositoryOn(store));
      assert.notEqual(live, old);
      assert.equal(store.records.size, 1);
    });

    it('a record made by hand as it is (B175)', async () => {
      const store = new ForeignStore();
      const cookie = new Cookie();
      await told((done) => repositoryOn(store).createPlain(ID, { cookie, hits: 7 } as never, done));
      assert.deepEqual([storedData(store), stored(store)?.__session], [{ hits: 7 }, undefined]);
    });

    it('throws what the store throws at once, and the session is free again (B248)', () => {
      const store = new ForeignStore();
      store.set = () => {
        throw boom;
      };
      assert.throws(() => repositoryOn(store).create(ID, change({}), undefined, () => assert.fail()), boom);
      assert.equal(liveOn(store).isBusy, false);
    });
  });

  describe('writes', () => {
    it('one after the other: the later one has the last word (B245)', async () => {
      const { store, repository, live } = loaded();
      const held = store.hold('set');
      const first = write(repository, live, change({ hits: 2 }));
      await held.reached;
      const second = write(repository, live, change({ hits: 3 }));
      await turn();
      assert.equal(store.count('set'), 1);
      held.release();
      assert.deepEqual(await Promise.all([first, second]), ['stored', 'stored']);
      assert.deepEqual(storedData(store), { hits: 3 });
    });

    it('and drops what has waited for a write that ended its generation (B247)', async () => {
      const { store, repository, live } = loaded();
      const held = store.hold('set');
      const login = write(repository, live, change({ user: 'ann' }, { rotates: true }));
      await held.reached;
      const form = write(repository, live, change({ hits: 2 }));
      const renewal = touch(repository, live, change({ hits: 1 }));
      held.release();
      assert.deepEqual(await Promise.all([login, form, renewal]), ['stored', 'superseded', undefined]);
      assert.deepEqual(storedData(store), { user: 'ann' });
      assert.equal(store.count('touch'), 0);
    });

    it('by set from the day on that the store turned out to hide tags, with one warning that names it (B244)', async () => {
      const { store, repository, live } = loaded(new HidingStore());
      const warnings: string[] = [];
      const note = ({ message }: Error) => warnings.push(message);
      process.on('warning', note);
      try {
        for (const hits of [2, 3]) assert.equal(await write(repository, live, change({ hits })), 'stored');
        await turn();
      } finally {
        process.off('warning', note);
      }
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? '', /HidingStore.*compareAndSet/);
      assert.deepEqual([repository.canCompare, repository.guarantee], [false, 'in this process']);
      assert.deepEqual(storedData(store), { hits: 3 });
    });

    it('throws what the store throws at once; who has waited is told (B248)', async () => {
      const { store, repository, live } = loaded();
      const held = store.hold('touch');
      const touching = touch(repository, live, change({ hits: 1 }));
      await held.reached;
      store.set = () => {
        throw boom;
      };
      const waiting = write(repository, live, change({ hits: 2 }));
      held.release();
      await touching;
      assert.equal(await waiting, boom);
      assert.throws(() => repository.write(ID, live, change({ hits: 3 }), () => assert.fail()), boom);
      assert.equal(live.isBusy, false);
    });
  });

  describe('touches', () => {
    /** A session that was loaded with one hit and has been written since by somebody else here. */
    const rewritten = (more: object = {}) => {
      const store = new ForeignStore();
      plant(store, { hits: 2 });
      const live = liveOn(store);
      const newest = known({ hits: 2 });
      live.newest = { ...newest, cookie: { ...newest.cookie, ...more } };
      return { store, live, repository: repositoryOn(store) };
    };
    const lastTouch = (store: ForeignStore) =>
      JSON.parse(store.calls.at(-1)?.data ?? '') as {
        hits: number;
        cookie: { path: string; expires: unknown };
      };

    it('with the newest data and state, and the expiry of the request (B226)', async () => {
      const { store, live, repository } = rewritten();
      await touch(repository, live, change({ hits: 1 }));
      assert.equal(store.calls.at(-1)?.method, 'touch');
      const { cookie, ...rest } = lastTouch(store);
      assert.deepEqual(rest, { hits: 2, __session: STATE });
      assert.equal(cookie.path, '/');
    });

    it('with the newest settings of the cookie where those differ, its lifetime begun anew (B226)', async () => {
      const { store, live, repository } = rewritten({ path: '/app', originalMaxAge: 60_000 });
      await touch(repository, live, change({ hits: 1 }));
      const { cookie } = lastTouch(store);
      assert.equal(cookie.path, '/app');
      assert.ok(Math.abs(Date.parse(String(cookie.expires)) - Date.now() - 60_000) < 2000);
    });

    it('no generation that is over and nothing that is gone, without an error (B226 B228)', async () => {
      const { store, live, repository } = rewritten();
      live.newest = known({ hits: 2 }, { ...STATE, gen: 2 });
      assert.equal(await touch(repository, live, change({ hits: 1 })), undefined);
      live.ended = 'destroyed';
      assert.equal(await touch(repository, live, change({ hits: 1 }, { generation: 2 })), undefined);
      assert.equal(store.calls.length, 0);
    });

    it('and tells an error; throws what the store throws (B128 B248)', async () => {
      const { store, live, repository } = rewritten();
      store.failures.touch = boom;
      assert.equal(await touch(repository, live, change({ hits: 1 })), boom);
      store.touch = () => {
        throw boom;
      };
      assert.throws(() => repository.touch(ID, live, change({}), () => assert.fail()), boom);
      assert.equal(live.isBusy, false);
    });
  });

  describe('destroys', () => {
    it('a session that nobody here has, by one call (B133)', async () => {
      const store = new ForeignStore();
      plant(store, { hits: 1 });
      assert.equal(await destroy(repositoryOn(store)), undefined);
      assert.equal(store.records.size, 0);
      assert.equal(sharedBy(store).sessions.get(ID), undefined);
    });

    for (const how of ['destroyed', 'regenerated'] as const) {
      it(`what others here have, who know at once that it is ${how} (B225 B227)`, async () => {
        const { store, repository } = planted();
        const live = liveOn(store);
        const held = store.hold('destroy');
        const destroying = destroy(repository, how);
        assert.deepEqual([live.ended, live.isOver], [how, false]);
        await held.reached;
        const late = write(repository, live, change({ hits: 2 }));
        held.release();
        await destroying;
        assert.equal(await late, 'gone');
        assert.deepEqual([live.ended, live.isOver], [how, true]);
        assert.equal(store.records.size, 0);
      });
    }

    it('after the write that is under way (B225 B252)', async () => {
      const { store, repository, live } = loaded();
      const held = store.hold('set');
      const writing = write(repository, live, change({ hits: 2 }));
      await held.reached;
      const destroying = destroy(repository);
      await turn();
      assert.equal(store.count('destroy'), 0);
      held.release();
      assert.equal(await writing, 'stored');
      await destroying;
      assert.equal(store.records.size, 0);
    });

    it('and tells an error, thrown or not; the first reason stays (B128 B248)', async () => {
      const { store, repository } = planted();
      const live = liveOn(store);
      store.failures.destroy = boom;
      assert.equal(await destroy(repository, 'regenerated'), boom);
      store.destroy = () => {
        throw boom;
      };
      assert.throws(() => repository.destroy(ID, 'destroyed', () => assert.fail()), boom);
      assert.deepEqual([live.ended, live.isBusy], ['regenerated', false]);
    });

    it('in vain where the store errs or throws: later requests find what is there (B248)', async () => {
      for (const isThrown of [false, true]) {
        const { store, repository } = planted();
        const live = liveOn(store);
        if (isThrown) {
          store.destroy = () => {
            throw boom;
          };
          assert.throws(() => repository.destroy(ID, 'destroyed', () => assert.fail()), boom);
        } else {
          store.failures.destroy = boom;
          await destroy(repository);
        }
        assert.equal((await read(repository)).found?.record.hits, 1);
        assert.equal(await write(repository, live, change({ hits: 2 })), 'gone', 'not by who had it before');
      }
    });
  });
});
