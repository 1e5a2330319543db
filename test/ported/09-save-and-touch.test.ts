/** Saving and touching a session by its own methods. */
import assert from 'node:assert/strict';
import session from '../../src';
import { withFrozenClock } from '../support/clock';
import { cookieFields } from '../support/contents';
import { cookieOf } from '../support/cookies';
import type { Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { answer, data } from '../support/site';
import { countSets, lengthOf, ported, type Suite } from './harness';

describe('req.session', () => {
  describe('save', () => {
    const saveAndEnd: Handler = async (req, res) => {
      const [error] = await answer((done) => req.session.save(done));
      assert.equal(error ?? null, null);
      res.end('saved');
    };

    /** How often each of two requests calls `set`. */
    const setsOfTwo = async (suite: Suite, options: object, handler: Handler) => {
      const store = new session.MemoryStore();
      const sets = countSets(store);
      const { visit } = await suite.serve({ store, ...options }, handler);
      const first = await visit();
      assert.equal(first.text, 'saved');
      const counts = [sets()];
      assert.equal((await visit('/', { cookie: cookieOf(first) })).text, 'saved');
      return [...counts, sets()];
    };

    it(
      'A saved session is in the store when save calls back (B140, U110, F97)',
      ported(async (suite) => {
        const store = new session.MemoryStore();
        const { visit } = await suite.serve({ store }, async (req, res) => {
          data(req).hit = true;
          await answer((done) => req.session.save(done));
          const [, record] = await answer((done) => store.get(req.session.id, done));
          res.end(record ? 'stored' : 'empty');
        });
        assert.equal((await visit()).text, 'stored');
      }),
    );

    it(
      'A saved session is not saved again at the end (B140, U111, F98)',
      ported(async (suite) => {
        const counts = await setsOfTwo(suite, {}, (req, res) => {
          data(req).hit = true;
          return saveAndEnd(req, res);
        });
        assert.deepEqual(counts, [1, 1]);
      }),
    );

    it(
      'A session that was reloaded and then saved is not saved again at the end (B140, U112, F99)',
      ported(async (suite) => {
        const counts = await setsOfTwo(suite, {}, async (req, res) => {
          data(req).hit = true;
          await answer((done) => req.session.reload(done));
          await saveAndEnd(req, res);
        });
        assert.deepEqual(counts, [1, 1]);
      }),
    );

    it(
      'With saveUninitialized false a saved session is not saved again either (B140, U113)',
      ported(async (suite) => {
        for (const resave of [true, false]) {
          for (const isReloaded of [false, true]) {
            const counts = await setsOfTwo(suite, { saveUninitialized: false, resave }, async (req, res) => {
              if (isReloaded && 'hits' in req.session) await req.session.reload();
              data(req).hits = Number(data(req).hits ?? 0) + 1;
              await saveAndEnd(req, res);
            });
            assert.deepEqual(counts, [1, 1]);
          }
        }
      }),
    );
  });

  describe('touch', () => {
    it(
      'A touched session expires later (B142, U114, F100)',
      ported((suite) =>
        withFrozenClock(async (clock) => {
          const store = new session.MemoryStore();
          const { visit } = await suite.serve({ resave: false, store }, (req, res) => {
            data(req).hit = true;
            req.session.touch();
            res.end();
          });
          const expiry = async (id: string) => {
            const [, record] = await answer((done) => store.get(id, done));
            return new Date(String(cookieFields(record as object).expires)).valueOf();
          };
          const first = await visit();
          const before = await expiry(idOf(first));
          clock.tick(5000);
          await visit('/', { cookie: cookieOf(first) });
          assert.equal(await lengthOf(store), 1);
          assert.ok((await expiry(idOf(first))) > before);
        }),
      ),
    );
  });
});
