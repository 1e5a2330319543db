/** What save says: whether it has stored the session. */
import assert from 'node:assert/strict';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf } from '../support/cookies';
import { lateErrors } from '../support/late-errors';
import { answer, countHits, data, serve } from '../support/site';
import { ForeignStore } from '../support/stores';

describe('save', () => {
  for (const Store of [ForeignStore, ComparingStore, session.MemoryStore]) {
    it(`says true if it has stored the session, and false if that was destroyed, on ${Store.name} (B251)`, async () => {
      const store = new Store();
      const said: unknown[] = [];
      const site = await serve(
        { store },
        {
          '/': countHits,
          '/save': async (req, res) => {
            const save = async () => {
              said.push(await req.session.save(), await answer((done) => req.session.save(done)));
            };
            data(req).hits = 5;
            await save();
            await answer((done) => (req.sessionStore as session.Store).destroy(req.sessionID, done));
            await save();
            res.end();
          },
        },
      );
      const first = await site.visit('/');
      await site.visit('/save', cookieOf(first));
      assert.deepEqual(said, [true, [undefined, true], false, [undefined, false]]);
      assert.equal((await site.visit('/', cookieOf(first))).text, '1');
      assert.deepEqual(await lateErrors(site), []);
    });
  }
});
