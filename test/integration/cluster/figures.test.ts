/** The promises of the guarantee 'everywhere', counted on two processes and a real database. */
import assert from 'node:assert/strict';
import { clickTwice, logoutsAtRefresh, overwriteCookies, plantTokens } from './figures';
import { setUp } from './set-up';
import { upgradeUsers } from './upgrade';

const options = { rolling: true, cookie: { maxAge: 60_000 } };

describe('Two processes', function () {
  this.timeout(60_000);

  for (const store of ['connect-redis', 'connect-pg-simple'] as const) {
    describe(`on ${store}, with claims`, () => {
      const world = setUp(store, { hasClaims: true, options }, 2);

      it('let nobody read a login who had planted its cookie and polls meanwhile, 100 times (B208, B209, B243)', async () => {
        const { stolen, failed, polls } = await plantTokens(world(), 100);
        assert.deepEqual({ stolen, failed }, { stolen: 0, failed: 0 });
        console.log(`        ${String(polls)} polls`);
        assert.ok(polls >= 900);
      });

      it('sign everybody in who clicks twice, where the browser drops the first answer, 100 times (B247)', async () => {
        assert.equal(await clickTwice(world(), 100), 100);
      });

      it('keep the cookie of a login when a slow request of before ends after it, 20 times (B260)', async () => {
        assert.equal(await overwriteCookies(world(), 20), 0);
      });
    });

    describe(`on ${store}, with tokens that are due for others`, () => {
      const world = setUp(store, { options: { jwt: { expiresIn: 1 } } }, 2);

      it('leave no session alive when a logout meets a refresh, 240 times (B250, B252)', async () => {
        const { alive, refreshed } = await logoutsAtRefresh(world(), 240);
        assert.equal(alive, 0);
        assert.ok(refreshed > 0, 'no request has met a logout');
        console.log(`        ${String(refreshed)} were refreshed before they ended`);
      });
    });

    describe(`on ${store}, moved from express-session`, () => {
      const world = setUp(store, {}, 2);

      it('log nobody out, make no second sessions and leave nothing after logouts, 20 parallel requests of each of 50 users (B229, B236, B237)', async () => {
        const faults = await upgradeUsers(world(), 50);
        assert.deepEqual(faults, { loggedOut: 0, lost: 0, siblings: 0, alive: 0 });
      });
    });
  }
});
