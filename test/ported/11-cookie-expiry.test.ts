/** The cookie of a session: when it expires, and whether it is partitioned. */
import assert from 'node:assert/strict';

import type { Response } from 'supertest';

import { withFrozenClock } from '../support/clock';
import { cookieOf } from '../support/cookies';
import { type Handler } from '../support/server';
import { countHits, data } from '../support/site';
import { assertNoCookie, ported, sent, type Suite } from './harness';

/** Edits the session's cookie, whatever its types allow. */
function edit(req: Parameters<Handler>[0], changes: object): void {
  Object.assign(req.session.cookie, changes);
}

describe('The cookie of a session', () => {
  describe('in its maxAge', () => {
    /** The lifetimes, to the second, of the cookies of three requests; the second handler may assign a maxAge. */
    const lifetimes = (suite: Suite, maxAge?: number) =>
      withFrozenClock(async (clock) => {
        const { visit } = await suite.serve({ cookie: { maxAge: 2000 } }, (req, res) => {
          if (req.url === '/second' && maxAge !== undefined) req.session.cookie.maxAge = maxAge;
          void countHits(req, res);
        });
        const lifetime = (response: Response) => {
          const { expires, ...others } = sent(response);
          assert.ok(!('max-age' in others));
          return Date.parse(String(expires)) - Math.floor(clock.now() / 1000) * 1000;
        };
        const first = await visit();
        const found = [lifetime(first)];
        for (const path of ['/second', '/third']) {
          clock.tick(1000);
          found.push(lifetime(await visit(path, { cookie: cookieOf(first) })));
        }
        return found;
      });

    it(
      'The cookie of a modified session expires maxAge from now (B068, U127, F112)',
      ported(async (suite) => {
        assert.deepEqual(await lifetimes(suite), [2000, 2000, 2000]);
      }),
    );

    it(
      'A handler may give the cookie another maxAge (B068, U128, F113)',
      ported(async (suite) => {
        assert.deepEqual(await lifetimes(suite, 5000), [2000, 5000, 5000]);
      }),
    );

    it(
      'A maxAge may be longer than timers can count (B068, U129, F114)',
      ported(async (suite) => {
        assert.deepEqual(await lifetimes(suite, 3_000_000_000), [2000, 3_000_000_000, 3_000_000_000]);
      }),
    );
  });

  describe('in its expires', () => {
    it(
      'A handler may give the cookie a time of expiry (B067, U130, F115)',
      ported(async (suite) => {
        const { visit } = await suite.serve({}, (req, res) => {
          edit(req, { expires: new Date(0) });
          res.end();
        });
        assert.equal(sent(await visit()).expires, 'Thu, 01 Jan 1970 00:00:00 GMT');
      }),
    );

    const withoutExpiry: Handler = (req, res) => {
      edit(req, { expires: null });
      if (req.url === '/hit') data(req).hit = Number(data(req).hit ?? 0) + 1;
      res.end();
    };

    it(
      'A handler may take the expiry from the cookie (B065, U131, F116)',
      ported(async (suite) => {
        const { visit } = await suite.serve({}, withoutExpiry);
        assert.equal(sent(await visit()).expires, undefined);
      }),
    );

    it(
      'A cookie whose expiry was taken is not sent again (B065, U132, F117)',
      ported(async (suite) => {
        const { visit } = await suite.serve({}, withoutExpiry);
        assertNoCookie(await visit('/', { cookie: cookieOf(await visit()) }));
      }),
    );

    it(
      'A cookie whose expiry was taken is not sent again for a modified session either (B065, U133, F118)',
      ported(async (suite) => {
        const { visit } = await suite.serve({}, withoutExpiry);
        const first = await visit('/hit');
        assert.equal(sent(first).expires, undefined);
        assertNoCookie(await visit('/hit', { cookie: cookieOf(first) }));
      }),
    );
  });

  describe('in being partitioned', () => {
    it(
      'The cookie is not partitioned unless it is asked for (B071, U134)',
      ported(async (suite) => {
        const { visit } = await suite.serve();
        assert.equal(sent(await visit()).partitioned, undefined);
      }),
    );

    it(
      'The cookie is not partitioned where the option is false (B071, U135)',
      ported(async (suite) => {
        const { visit } = await suite.serve({ cookie: { partitioned: false } });
        assert.equal(sent(await visit()).partitioned, undefined);
      }),
    );

    it(
      'The cookie is partitioned where the option is true (B071, U136)',
      ported(async (suite) => {
        const { visit } = await suite.serve({ cookie: { partitioned: true } });
        assert.equal(sent(await visit()).partitioned, true);
      }),
    );
  });
});
