/** What two processes keep of each other on a store with compareAndSet; and what one process knows on any other. */
import assert from 'node:assert/strict';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { record } from '../support/contents';
import { cookieOf, setCookie } from '../support/cookies';
import { HidingStore } from '../support/hiding-store';
import { keys } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { legacySecret, startLegacySession } from '../support/legacy';
import { meanwhilePages, slowly } from '../support/pages';
import { type Handler } from '../support/server';
import { idOf, stateOf } from '../support/session-tokens';
import {
  asStore,
  claimsOfSession,
  countHits,
  data,
  gate,
  type Gate,
  serve,
  type Site,
} from '../support/site';
import { ForeignStore } from '../support/stores';

const methodsFrom = (store: ForeignStore, from: number): string[] =>
  store.calls.slice(from).map(({ method }) => method);

function pages(slow: Gate): Record<string, Handler> {
  return {
    ...meanwhilePages(slow),
    '/slow': slowly(slow, countHits),
    '/slow-save': async (req, res) => {
      data(req).hits = 10;
      await slow.pass();
      const promised = await req.session.save();
      const called = await new Promise((resolve) => req.session.save((...args) => resolve(args)));
      res.end(JSON.stringify([promised, called]));
    },
  };
}

function openOn(store: object, slow: Gate, options: session.SessionOptions = {}): Promise<Site> {
  return serve({ store, jwtFromReq: claimsOfSession, ...options }, pages(slow));
}

/** Two processes with the same records, and a session that both know. */
async function twoProcesses(options: session.SessionOptions = {}) {
  const slow = gate();
  const store = new ComparingStore();
  const twin = store.twin();
  const here = await openOn(store, slow, options);
  const there = await openOn(twin, slow, options);
  const first = await here.visit('/');
  return { store, twin, here, there, slow, cookie: cookieOf(first), id: idOf(first) };
}

describe('On a store with compareAndSet', () => {
  it('a new session is set, and every write of a loaded one compares (B244)', async () => {
    const { store, here, cookie, id } = await twoProcesses({ resave: true });
    await here.visit('/', cookie);
    await here.visit('/look', cookie);
    const login = await here.visit('/login', cookie);
    await here.visit('/', cookieOf(login));
    assert.deepEqual(
      store.calls.map(({ method }) => method),
      ['set', ...Array.from({ length: 4 }, () => ['get', 'compareAndSet']).flat()],
    );
    assert.equal(record(store, id)?.hits, 4);
  });

  it('so is an explicit save, a record of express-session with null for a tag (B232 B244)', async () => {
    const store = new ComparingStore();
    const slow = gate();
    slow.open();
    const legacy = await startLegacySession(store, { hits: 4 });
    const site = await openOn(store, slow, { secret: legacySecret });
    assert.equal((await site.visit('/slow-save', legacy.cookie)).text, '[true,[null,true]]');
    assert.deepEqual(store.expected, [null, stateOf(store, legacy.id).tag]);
    assert.equal(stateOf(store, legacy.id).adopted, true);
  });

  it('of two writes at once the later one has its data stored (B244 B245)', async () => {
    const { store, here, there, slow, cookie, id } = await twoProcesses();
    const ending = here.visit('/slow', cookie);
    await slow.reached;
    assert.equal((await there.visit('/', cookie)).text, '2');
    slow.open();
    assert.equal((await ending).text, '2');
    assert.equal(record(store, id)?.hits, 2);
    assert.deepEqual(await lateErrors(here), []);
  });

  for (const [path, body] of [
    ['/slow', '2'],
    ['/slow-look', '1'],
    ['/slow-save', '[false,[null,false]]'],
  ] as const) {
    it(`a logout in another process is final: ${path} stores nothing, without an error or a cookie (B244 B251 B252)`, async () => {
      const { store, here, there, slow, cookie } = await twoProcesses({ cookie: { maxAge: 60_000 } });
      const ending = here.visit(path, cookie);
      await slow.reached;
      assert.equal((await there.visit('/logout', cookie)).text, 'bye');
      slow.open();
      const late = await ending;
      assert.deepEqual([late.text, setCookie(late)], [body, undefined]);
      assert.equal(store.records.size, 0);
      assert.deepEqual(await lateErrors(here), []);
      for (const site of [here, there]) assert.equal((await site.visit('/look', cookie)).text, 'undefined');
    });

    it(`a sign-in in another process is final: ${path} stores nothing, without an error or a cookie (B244 B247 B251)`, async () => {
      const { store, here, there, slow, cookie, id } = await twoProcesses({ cookie: { maxAge: 60_000 } });
      const ending = here.visit(path, cookie);
      await slow.reached;
      const login = await there.visit('/login', cookie);
      slow.open();
      const late = await ending;
      assert.deepEqual([late.text, setCookie(late)], [body, undefined]);
      assert.deepEqual([record(store, id)?.hits, stateOf(store, id).gen], [2, 2]);
      assert.deepEqual(await lateErrors(here), []);
      assert.equal((await here.visit('/look', cookieOf(login))).text, '2');
    });
  }

  it('a conflict that does not end is a late error with a code, and the data of the other stay (B244)', async () => {
    const { store, here, cookie, id } = await twoProcesses();
    const get = store.get.bind(store);
    let writes = 0;
    store.get = (...[wanted, callback]) =>
      get(wanted, (error, found) => {
        callback(error, found);
        // Another process writes with `merge`, again and again.
        writes += 1;
        const { __session: state, ...rest } = record(store, id) as { __session: object };
        const tag = `other ${String(writes)}`;
        store.records.set(id, JSON.stringify({ ...rest, theirs: writes, __session: { ...state, tag } }));
      });
    assert.equal((await here.visit('/', cookie)).text, '2');
    assert.match(String(await lateErrors(here)), /not stored: other requests have changed it/);
    assert.equal((here.lateErrors[0] as { code?: unknown } | undefined)?.code, 'ERR_SESSION_WRITE_CONFLICT');
    assert.equal(record(store, id)?.hits, 1);
  });

  it('that hides tags writes are made by set, and the guarantee is that of one process (B244)', async () => {
    const store = new HidingStore();
    const middleware = session({ keys: session.generateKeys(), store: asStore(store) });
    assert.equal(middleware.guarantee, 'everywhere');
    const site = await openOn(store, gate());
    const cookie = cookieOf(await site.visit('/'));
    for (const text of ['2', '3', '4']) assert.equal((await site.visit('/', cookie)).text, text);
    assert.equal(store.count('compareAndSet'), 2, 'the first write, and the probe');
    assert.equal(store.records.size, 1);
    assert.deepEqual(await lateErrors(site), []);
  });
});

describe('A cookie of a loaded session whose data have not changed', () => {
  const rolling = { rolling: true, cookie: { maxAge: 60_000 } };

  it('goes out after one touch and one look, both at once, where the store compares (B260)', async () => {
    const { store, here, cookie } = await twoProcesses(rolling);
    const from = store.calls.length;
    const [touching, looking] = [store.hold('touch'), store.hold('get')];
    looking.release();
    const pending = here.visit('/look', cookie);
    await touching.reached;
    assert.deepEqual(methodsFrom(store, from), ['get', 'touch', 'get']);
    touching.release();
    assert.equal(cookieOf(await pending), cookie);
  });

  for (const [what, path] of [
    ['signed in', '/login'],
    ['out', '/logout'],
    ['given another id', '/regenerate'],
  ] as const) {
    it(`does not go out where the session was ${what} elsewhere meanwhile (B260)`, async () => {
      const { here, there, slow, cookie } = await twoProcesses(rolling);
      const ending = here.visit('/slow-look', cookie);
      await slow.reached;
      await there.visit(path, cookie);
      slow.open();
      const late = await ending;
      assert.deepEqual([late.text, setCookie(late)], ['1', undefined]);
      assert.deepEqual(await lateErrors(here), []);
    });
  }

  it('does not go out where the second look fails, which is told late (B260 B265)', async () => {
    const { store, here, slow, cookie } = await twoProcesses(rolling);
    const ending = here.visit('/slow-look', cookie);
    await slow.reached;
    store.failures.get = new Error('boom!');
    slow.open();
    const late = await ending;
    assert.deepEqual([late.text, setCookie(late)], ['1', undefined]);
    assert.deepEqual(await lateErrors(here), ['boom!']);
  });

  it('goes out where the touch fails: the session is there (B128 B260)', async () => {
    const { store, here, cookie } = await twoProcesses(rolling);
    store.failures.touch = new Error('boom!');
    assert.equal(cookieOf(await here.visit('/look', cookie)), cookie);
    assert.deepEqual(await lateErrors(here), ['boom!']);
  });

  it('is looked for where a session of express-session gets its first token, too (B260)', async () => {
    const store = new ComparingStore();
    const slow = gate();
    const site = await openOn(store, slow, { secret: legacySecret });
    const legacy = await startLegacySession(store, { hits: 4 });
    const from = store.calls.length;
    const first = await site.visit('/look', legacy.cookie);
    assert.deepEqual(methodsFrom(store, from).sort(), ['get', 'get', 'touch']);
    assert.equal(idOf(first), legacy.id);
    const ending = site.visit('/slow-look', legacy.cookie);
    await slow.reached;
    await (await openOn(store.twin(), slow, { secret: legacySecret })).visit('/logout', cookieOf(first));
    slow.open();
    assert.equal(setCookie(await ending), undefined);
  });

  it('needs no look where no cookie goes out, and none with a write, which is refused instead (B260)', async () => {
    const { store, here, cookie } = await twoProcesses({ cookie: { maxAge: 60_000 } });
    const from = store.calls.length;
    await here.visit('/look', cookie);
    assert.deepEqual(methodsFrom(store, from), ['get', 'touch']);
    assert.ok(setCookie(await here.visit('/', cookie)));
    assert.deepEqual(methodsFrom(store, from), ['get', 'touch', 'get', 'compareAndSet']);
  });

  for (const [kind, create] of [
    ['own MemoryStore', () => new session.MemoryStore()],
    ['foreign store', () => new ForeignStore()],
  ] as const) {
    for (const [path, isSentOnMemory] of [
      ['/login', false],
      ['/regenerate', false],
      ['/logout', true],
    ] as const) {
      it(`follows what this process knows after ${path}, without a further call, on the ${kind} (B223 B260)`, async () => {
        const store = create();
        const slow = gate();
        const site = await openOn(store, slow, rolling);
        const cookie = cookieOf(await site.visit('/'));
        const ending = site.visit('/slow-look', cookie);
        await slow.reached;
        await site.visit(path, cookie);
        slow.open();
        const late = await ending;
        const isSent = kind === 'own MemoryStore' && isSentOnMemory;
        assert.equal(setCookie(late) !== undefined, isSent);
        if (store instanceof ForeignStore) assert.equal(store.count('get'), 2, 'one for each request');
      });
    }
  }
});

describe('the guarantee', () => {
  it("is 'everywhere' with compareAndSet, also without touch (B265)", () => {
    const store = new ComparingStore();
    Object.defineProperty(store, 'touch', { value: undefined });
    const middleware = session({ keys, store: asStore(store) });
    assert.equal(middleware.guarantee, 'everywhere');
  });
});
