import assert from 'node:assert/strict';
import { cookieOf, digest, setCookie, tokenOf } from './support/cookies';
import { lateErrors } from './support/late-errors';
import { legacySecret, type LegacySession, startLegacySession } from './support/legacy';
import type { Handler } from './support/server';
import { asStore, closeSites, countHits, data, gate, openSite, showHits, type Site } from './support/site';
import { ForeignStore } from './support/stores';

/** What one process sees of a database that others use as well. */
class ProcessStore extends ForeignStore {
  override readonly records: Map<string, string>;

  constructor(database: Map<string, string>) {
    super();
    this.records = database;
  }
}

class UpdatingStore extends ProcessStore {
  update(id: string, record: unknown, callback: (error: unknown, saved: boolean) => void): void {
    const saved = this.records.has(id);
    if (saved) this.records.set(id, JSON.stringify(record));
    setImmediate(callback, null, saved);
  }
}

interface Process {
  readonly store: ProcessStore;
  readonly site: Site;
}

const pages: Record<string, Handler> = {
  '/': countHits,
  '/show': showHits,
  '/all': (req, res) =>
    res.end(JSON.stringify(req.session, (name, value: unknown) => (name === 'cookie' ? undefined : value))),
  '/destroy': async (req, res) => {
    await req.session.destroy();
    res.end();
  },
};

/** Three processes on one database, which has an express-session's session with 2 hits. */
async function start(Store: typeof ProcessStore, more: Record<string, Handler> = {}) {
  const database = new Map<string, string>();
  const open = async (): Promise<Process> => {
    const store = new Store(database);
    return {
      store,
      site: await openSite({ secret: legacySecret, store: asStore(store) }, { ...pages, ...more }),
    };
  };
  const legacy = await startLegacySession(new ProcessStore(database), { hits: 2 });
  return { database, legacy, one: await open(), two: await open(), three: await open() };
}

/** Two processes upgrade the session at once, the second one a little sooner. */
async function upgradeTwice(one: Process, two: Process, { cookie }: LegacySession) {
  const { reached, release } = one.store.hold('set');
  const later = one.site.visit('/', cookie);
  await reached;
  const sooner = await two.site.visit('/', cookie);
  release();
  return [await later, sooner] as const;
}

describe('a session of express-session that several processes upgrade', () => {
  afterEach(closeSites);

  for (const [name, Store, texts] of [
    ['a store without update', ProcessStore, ['3', '3']],
    // The first thing that is stored is the legacy record, to see whether it is still there.
    ['a store with update', UpdatingStore, ['3', '4']],
  ] as const) {
    for (const index of [0, 1] as const) {
      it(`is lost by nobody, and a logout with token ${String(index)} kills the legacy cookie: ${name} (B236, B237)`, async () => {
        const { database, legacy, one, two, three } = await start(Store);
        const answers = await upgradeTwice(one, two, legacy);
        assert.deepEqual(
          answers.map(({ text }) => text),
          texts,
        );
        for (const answer of answers) {
          assert.equal((await three.site.visit('/show', cookieOf(answer))).text, answer.text);
        }
        await three.site.visit('/destroy', cookieOf(answers[index]));
        for (const { site } of [one, two, three]) {
          assert.equal((await site.visit('/show', legacy.cookie)).text, 'undefined');
        }
        assert.deepEqual([...database.keys()], [digest(tokenOf(answers[1 - index] ?? assert.fail()))]);
      });
    }
  }

  it('kills the legacy cookie also after it was changed and read in other processes (B236)', async () => {
    const { database, legacy, one, two, three } = await start(UpdatingStore);
    const [answer] = await upgradeTwice(one, two, legacy);
    const cookie = cookieOf(answer);
    assert.equal((await two.site.visit('/', cookie)).text, '4');
    assert.deepEqual(JSON.parse((await one.site.visit('/all', cookie)).text), { hits: 4 });
    await one.site.visit('/show', cookie);
    const [touched] = one.store.calls.filter(({ method }) => method === 'touch');
    const record = JSON.parse(touched?.data ?? '') as Record<string, unknown>;
    assert.equal(record.__forwardedBy, digest(legacy.id));
    await three.site.visit('/destroy', cookie);
    assert.ok(!database.has(digest(legacy.id)));
  });

  it('is not stored again by a slower upgrade in another process after a logout (B236)', async () => {
    const { pass, reached, open: release } = gate();
    const slowly: Handler = async (req, res) => {
      await pass();
      return countHits(req, res);
    };
    const { database, legacy, one, two } = await start(UpdatingStore, { '/slow': slowly });
    const slow = one.site.visit('/slow', legacy.cookie);
    await reached;
    await two.site.visit('/destroy', cookieOf(await two.site.visit('/', legacy.cookie)));
    release();
    assert.equal(setCookie(await slow), undefined);
    assert.equal(database.size, 0);
    assert.deepEqual(await lateErrors(one.site), []);
  });

  it('has the changes of a slower upgrade in another process, whose token is good as well (B237)', async () => {
    const { pass, reached, open: release } = gate();
    const slowly: Handler = async (req, res) => {
      await pass();
      data(req).hits = 100;
      res.end();
    };
    const { legacy, one, two, three } = await start(UpdatingStore, { '/slow': slowly });
    const slow = one.site.visit('/slow', legacy.cookie);
    await reached;
    const quick = await two.site.visit('/', legacy.cookie);
    release();
    for (const cookie of [cookieOf(await slow), cookieOf(quick), legacy.cookie]) {
      assert.equal((await three.site.visit('/show', cookie)).text, '100');
    }
  });

  it('keeps its legacy cookie where the store fails a slower upgrade (B237)', async () => {
    const { pass, reached, open: release } = gate();
    const slowly: Handler = async (req, res) => {
      await pass();
      return countHits(req, res);
    };
    const { legacy, one, two } = await start(UpdatingStore, { '/slow': slowly });
    const slow = one.site.visit('/slow', legacy.cookie);
    await reached;
    await two.site.visit('/', legacy.cookie);
    one.store.failures.get = new Error('no connection');
    release();
    assert.equal(setCookie(await slow), undefined);
    assert.deepEqual(await lateErrors(one.site), ['no connection']);
    delete one.store.failures.get;
    assert.equal((await one.site.visit('/show', legacy.cookie)).text, '3');
  });

  it('is told by nothing that an application or a record says in its place', async () => {
    const claim: Handler = (req, res) => {
      data(req).__forwardedBy = 'of-another-user';
      countHits(req, res);
    };
    const { database, one } = await start(ProcessStore, { '/claim': claim });
    database.set('of-another-user', '{}');
    const cookie = cookieOf(await one.site.visit('/claim'));
    const [id = ''] = [...database.keys()].slice(-1);
    assert.deepEqual(Object.keys(JSON.parse(database.get(id) ?? '') as object).sort(), ['cookie', 'hits']);
    database.set(id, JSON.stringify({ ...(JSON.parse(database.get(id) ?? '') as object), __forwardedBy: 1 }));
    await one.site.visit('/destroy', cookie);
    assert.ok(database.has('of-another-user'));
    assert.ok(!database.has(id));
  });
});
