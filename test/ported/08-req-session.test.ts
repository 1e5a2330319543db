/** The session of a request: its data, and the methods destroy, regenerate and reload. */
import assert from 'node:assert/strict';
import session from '../../src';
import { cookieOf, tokenOf } from '../support/cookies';
import type { Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { answer, countHits, data } from '../support/site';
import { assertCookie, assertNoCookie, ported, type Suite } from './harness';

const tellType: Handler = (req, res) => res.end(typeof req.session);

describe('req.session', () => {
  it(
    'A session lasts from request to request and can be loaded by its id (B171, U100, F87)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      const { visit } = await suite.serve({ store }, countHits);
      const first = await visit();
      assert.equal(first.text, '1');
      const [error, loaded] = await answer((done) => store.load(idOf(first), done));
      assert.equal(error ?? null, null);
      assert.ok(loaded instanceof session.Session);
      assert.ok(loaded.cookie instanceof session.Cookie);
      assert.equal((loaded as unknown as { hits: number }).hits, 1);
      assert.equal((await visit('/', { cookie: cookieOf(first) })).text, '2');
    }),
  );

  it(
    'A cookie that expires is sent again when its session is modified, not otherwise (B063, U101, F88)',
    ported(async (suite) => {
      const { visit } = await suite.serve({}, (req, res) => {
        if (req.url === '/') void countHits(req, res);
        else res.end(String(data(req).hits));
      });
      const first = await visit();
      const second = await visit('/', { cookie: cookieOf(first) });
      assertCookie(second);
      const cookie = cookieOf(second);
      const third = await visit('/look', { cookie });
      assertNoCookie(third);
      const fourth = await visit('/', { cookie });
      assertCookie(fourth);
      assert.deepEqual(
        [first, second, third, fourth].map(({ text }) => text),
        ['1', '2', '2', '3'],
      );
    }),
  );

  it(
    'A loop over a session meets its data and its cookie, no methods (B146, U102, F89)',
    ported(async (suite) => {
      const { visit } = await suite.serve({}, (req, res) => {
        Object.assign(req.session, { foo: 'foo', bar: 'bar' });
        const names: string[] = [];
        for (const name in req.session) names.push(name);
        res.end(names.sort().join());
      });
      assert.equal((await visit()).text, 'bar,cookie,foo');
    }),
  );

  it(
    'While the store is disconnected requests have no session (B125, U103, F90)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      const { visit } = await suite.serve({ store }, tellType);
      store.emit('disconnect');
      const response = await visit();
      assertNoCookie(response);
      assert.equal(response.text, 'undefined');
    }),
  );

  it(
    'When the store is connected again requests have sessions again (B125, U104, F91)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      const { visit } = await suite.serve({ store }, tellType);
      store.emit('disconnect');
      assert.equal((await visit()).text, 'undefined');
      store.emit('connect');
      assert.equal((await visit()).text, 'object');
    }),
  );

  describe('destroy', () => {
    it(
      'A destroyed session is off the request, and no cookie is sent (B133, U105, F92)',
      ported(async (suite) => {
        const { visit } = await suite.serve({}, async (req, res) => {
          const [error] = await answer((done) => req.session.destroy(done));
          assert.equal(error ?? null, null);
          res.end(typeof req.session);
        });
        const response = await visit();
        assertNoCookie(response);
        assert.equal(response.text, 'undefined');
      }),
    );
  });

  describe('regenerate', () => {
    it(
      'A regenerated session has another id and another cookie (B134, U106, F93)',
      ported(async (suite) => {
        const { visit } = await suite.serve({}, async (req, res) => {
          const { id } = req.session;
          const [error] = await answer((done) => req.session.regenerate(done));
          assert.equal(error ?? null, null);
          res.end(String(req.session.id === id));
        });
        const first = await visit();
        assertCookie(first);
        const second = await visit('/', { cookie: cookieOf(first) });
        assert.equal(second.text, 'false');
        assert.notEqual(tokenOf(second), tokenOf(first));
        assert.notEqual(idOf(second), idOf(first));
      }),
    );
  });

  describe('reload', () => {
    it(
      'A reloaded session has what another request has stored meanwhile (B137, U107, F94)',
      ported(async (suite) => {
        let cookie = '';
        const { visit } = await suite.serve({}, async (req, res) => {
          data(req).url = req.url;
          if (req.url === '/foo') {
            assert.equal((await visit('/bar', { cookie })).text, 'saw /bar');
            await answer((done) => req.session.reload(done));
          }
          res.end(`saw ${String(data(req).url)}`);
        });
        cookie = cookieOf(await visit());
        assert.equal((await visit('/foo', { cookie })).text, 'saw /bar');
      }),
    );

    /** The answer of a request that clears the store and then does `after`. */
    const afterClear = async (suite: Suite, after: Handler) => {
      const store = new session.MemoryStore();
      const { visit, ask } = await suite.serve({ store, resave: false }, async (req, res) => {
        if (req.url === '/') {
          data(req).active = true;
          res.end('session created');
          return;
        }
        await answer((done) => store.clear(done));
        after(req, res);
      });
      return ask('/foo', { cookie: cookieOf(await visit()) });
    };

    it(
      'A session that the store no longer has cannot be reloaded (B138, U108, F95)',
      ported(async (suite) => {
        const response = await afterClear(suite, (req, res) =>
          req.session.reload((error: unknown) => {
            res.statusCode = error ? 500 : 200;
            res.end(error ? (error as Error).message : '');
          }),
        );
        assert.deepEqual([response.status, response.text], [500, 'failed to load session']);
      }),
    );

    it(
      'Reloads that fail can be repeated in callbacks of each other (B139, U109, F96)',
      ported(async (suite) => {
        let failed = 0;
        const response = await afterClear(suite, (req, res) => {
          const again = (error?: unknown): void => {
            if (error) failed++;
            if (failed === 20) res.end('ok');
            else void req.session.reload(again);
          };
          again();
        });
        assert.deepEqual([response.status, response.text], [200, 'ok']);
      }),
    );
  });
});
