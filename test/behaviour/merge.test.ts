/** Two requests that change one session at the same time: by default the later one's data, with `merge` both changes. */
import assert from 'node:assert/strict';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { contents, record } from '../support/contents';
import { cookieOf } from '../support/cookies';
import { keys } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { loose } from '../support/loose';
import { type Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { claimsOfSession, data, gate, type Gate, routes, serve } from '../support/site';
import { ForeignStore } from '../support/stores';
import { touchingStores } from '../support/touching-stores';

/** What a request changes: members to set, and to delete. */
interface Edit {
  set?: object;
  delete?: string[];
}

const apply = (req: Parameters<Handler>[0], edit: Edit): void => {
  Object.assign(req.session, edit.set);
  for (const name of edit.delete ?? []) Reflect.deleteProperty(req.session, name);
};

function pages(start: object, mine: Edit, theirs: Edit, slow: Gate): Handler {
  return routes({
    '/start': (req, res) => {
      apply(req, { set: start });
      res.end();
    },
    '/mine': async (req, res) => {
      apply(req, mine);
      await slow.pass();
      res.end();
    },
    '/mine-by-save': async (req, res) => {
      apply(req, mine);
      await slow.pass();
      res.end(String(await req.session.save()));
    },
    '/theirs': (req, res) => {
      apply(req, theirs);
      res.end();
    },
  });
}

const dataOf = (store: object, id: string): object => {
  const found = record(store, id) ?? assert.fail('no record');
  return Object.fromEntries(
    Object.entries(found).filter(([name]) => !['cookie', '__session'].includes(name)),
  );
};

/** `mine` is loaded first, and stored last. */
async function race(
  merge: boolean,
  [start, mine, theirs]: [start: object, mine: Edit, theirs: Edit],
  [store, other]: readonly [object, object],
  path = '/mine',
): Promise<object> {
  const slow = gate();
  const options = { merge, jwtFromReq: claimsOfSession };
  const handler = pages(start, mine, theirs, slow);
  const here = await serve({ ...options, store }, handler);
  const there = await serve({ ...options, store: other }, handler);
  const first = await here.visit('/start');
  const ending = here.visit(path, cookieOf(first));
  await slow.reached;
  await there.visit('/theirs', cookieOf(first));
  slow.open();
  await ending;
  for (const site of [here, there]) assert.deepEqual(await lateErrors(site), []);
  assert.equal(contents(store).size, 1);
  return dataOf(store, idOf(first));
}

const one = (store: object) => [store, store] as const;
const two = (store: ComparingStore) => [store, store.twin()] as const;

const places: readonly (readonly [where: string, create: () => readonly [object, object]])[] = [
  ...touchingStores.map(([kind, create]) => [`a store whose touch ${kind}`, () => one(create())] as const),
  ['the own MemoryStore', () => one(new session.MemoryStore())],
  ['a store with compareAndSet', () => one(new ComparingStore())],
  ['a store with compareAndSet, in two processes', () => two(new ComparingStore())],
];

for (const [where, create] of places) {
  describe(`Two writes of one session at the same time, on ${where}`, () => {
    for (const path of ['/mine', '/mine-by-save']) {
      it(`leave the data of the later one, by default: ${path} (B245)`, async () => {
        const edits = [{ a: 1, b: 1 }, { set: { a: 2 } }, { set: { b: 2 } }] as [object, Edit, Edit];
        assert.deepEqual(await race(false, edits, create(), path), { a: 2, b: 1 });
      });

      it(`leave the changes of both where merge is on: ${path} (B245)`, async () => {
        const edits = [{ a: 1, b: 1 }, { set: { a: 2, c: 2 } }, { set: { b: 2, d: 2 } }] as [
          object,
          Edit,
          Edit,
        ];
        assert.deepEqual(await race(true, edits, create(), path), { a: 2, b: 2, c: 2, d: 2 });
      });
    }

    it('leave the later value of a member that both change (B245)', async () => {
      const edits = [{ a: { x: 1, y: 1 } }, { set: { a: { x: 2, y: 1 } } }, { set: { a: { x: 1, y: 2 } } }];
      assert.deepEqual(await race(true, edits as [object, Edit, Edit], create()), { a: { x: 2, y: 1 } });
    });

    it('leave a member deleted that one of them has deleted (B245)', async () => {
      for (const [mine, theirs] of [
        [{ delete: ['a'] }, { set: { b: 2 } }],
        [{ set: { b: 2 } }, { delete: ['a'] }],
      ] as [Edit, Edit][]) {
        assert.deepEqual(await race(true, [{ a: 1, b: 1 }, mine, theirs], create()), { b: 2 });
      }
    });
  });
}

describe('Merging', () => {
  it('leaves alone what a store has added by itself (B245)', async () => {
    const store = new ForeignStore();
    const set = store.set.bind(store);
    // As session-file-store does.
    store.set = (id, given, callback) => {
      Object.assign(given as object, { __lastAccess: store.calls.length });
      set(id, given, callback);
    };
    const edits = [{ a: 1 }, { set: { a: 2 } }, { set: { b: 2 } }] as [object, Edit, Edit];
    const { __lastAccess, ...rest } = (await race(true, edits, one(store))) as { __lastAccess?: number };
    assert.deepEqual(rest, { a: 2, b: 2 });
    assert.equal(typeof __lastAccess, 'number');
  });

  for (const [kind, create] of [
    ['one process', () => one(new ForeignStore())],
    ['two processes', () => two(new ComparingStore())],
  ] as const) {
    it(`compares several saves of a request with what it has stored last, in ${kind} (B245)`, async () => {
      const [store, other] = create();
      const [first, second] = [gate(), gate()];
      const handler = routes({
        '/start': (req, res) => {
          data(req).steps = 0;
          res.end();
        },
        '/steps': async (req, res) => {
          data(req).steps = 1;
          assert.equal(await req.session.save(), true);
          await first.pass();
          data(req).more = true;
          assert.equal(await req.session.save(), true);
          await second.pass();
          data(req).end = true;
          res.end();
        },
        '/reset': (req, res) => {
          data(req).steps = 'reset';
          res.end();
        },
        '/remove': (req, res) => {
          delete data(req).more;
          res.end();
        },
      });
      const here = await serve({ merge: true, store }, handler);
      const there = await serve({ merge: true, store: other }, handler);
      const start = await here.visit('/start');
      const ending = here.visit('/steps', cookieOf(start));
      await first.reached;
      await there.visit('/reset', cookieOf(start));
      first.open();
      await second.reached;
      assert.deepEqual(dataOf(store, idOf(start)), { steps: 'reset', more: true });
      await there.visit('/remove', cookieOf(start));
      second.open();
      await ending;
      assert.deepEqual(dataOf(store, idOf(start)), { steps: 'reset', end: true });
    });

    it(`takes nothing into a sign-in, and puts nothing into it that began before, in ${kind} (B246)`, async () => {
      const signIn = { set: { user: 'ann', cart: [] } };
      const [start, fill] = [{ cart: [], seen: 1 }, { set: { cart: ['book'], coupon: 'X' } }];
      assert.deepEqual(await race(true, [start, signIn, fill], create()), { cart: [], seen: 1, user: 'ann' });
      assert.deepEqual(await race(true, [start, fill, signIn], create()), { cart: [], seen: 1, user: 'ann' });
    });
  }

  it('keeps the changes of many requests at once, across processes (B244 B245)', async () => {
    const store = new ComparingStore();
    const handler: Handler = (req, res) => {
      data(req)[req.url.slice(1)] = true;
      res.end();
    };
    const sites = await Promise.all(
      [store, store.twin(), store.twin()].map((one) => serve({ merge: true, store: one }, handler)),
    );
    const first = await sites[0]?.visit('/start');
    const cookie = cookieOf(first ?? assert.fail());
    const names = Array.from({ length: 12 }, (_, at) => `m${String(at)}`);
    await Promise.all(names.map(async (name, at) => sites[at % 3]?.visit(`/${name}`, cookie)));
    assert.deepEqual(
      Object.keys(dataOf(store, idOf(first ?? assert.fail()))).sort(),
      [...names, 'start'].sort(),
    );
    for (const site of sites) assert.deepEqual(await lateErrors(site), []);
  });
});

describe('The merge option', () => {
  for (const merge of ['yes', 1, null]) {
    it(`is refused by the factory as ${JSON.stringify(merge)} (B245)`, () => {
      const make = () => session(loose({ keys, merge }));
      assert.throws(make, { name: 'TypeError', message: 'merge option must be true or false' });
    });
  }
});
