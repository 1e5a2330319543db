/** The cookie of a session: its attributes, its lifetime, and what a handler changes of it. */
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import request from 'supertest';
import session from '../../src';
import { withFrozenClock } from '../support/clock';
import { cookieFields } from '../support/contents';
import { cookieOf, setCookies } from '../support/cookies';
import { lateErrors } from '../support/late-errors';
import { listener, type Handler } from '../support/server';
import { asStore, data } from '../support/site';
import { SmartStore } from '../support/stores';
import { tls } from '../support/tls';
import { assertCookie, assertNoCookie, ported, sent, type Suite } from './harness';

/** Edits the session's cookie, whatever its types allow. */
function edit(req: Parameters<Handler>[0], changes: object): void {
  Object.assign(req.session.cookie, changes);
}

describe('The cookie of a session', () => {
  describe('in its attributes', () => {
    it(
      'What a handler sets on the cookie is sent (B069, U115, F101)',
      ported(async (suite) => {
        const { visit } = await suite.serve({ proxy: true }, (req, res) => {
          edit(req, { httpOnly: false, secure: true });
          res.end();
        });
        const attributes = sent(await visit('/', { headers: { 'X-Forwarded-Proto': 'https' } }));
        assert.equal(attributes.httponly, undefined);
        assert.equal(attributes.secure, true);
      }),
    );

    it(
      'Without maxAge the cookie lasts as long as the browser runs (B064, U116, F102)',
      ported(async (suite) => {
        const { visit } = await suite.serve({ cookie: { path: '/admin' } });
        assert.equal(sent(await visit('/admin')).expires, undefined);
      }),
    );

    it(
      'A cookie without an expiry is sent once (B064, U117, F103)',
      ported(async (suite) => {
        const { visit } = await suite.serve({ cookie: { path: '/admin' } });
        const first = await visit('/admin/foo');
        assertNoCookie(await visit('/admin', { cookie: cookieOf(first) }));
      }),
    );

    it(
      'The cookie option overrides the defaults, and a handler the option (B070, U118, F104)',
      ported(async (suite) => {
        const cookie = { httpOnly: false, maxAge: 5000, path: '/admin', priority: 'high', secure: true };
        const { visit } = await suite.serve({ cookie }, (req, res) => {
          edit(req, { secure: false });
          res.end();
        });
        const { expires, ...others } = sent(await visit('/admin'));
        assert.equal(typeof expires, 'string');
        assert.deepEqual(others, { path: '/admin', priority: 'High' });
      }),
    );

    it(
      'A cookie that cannot be written is an error after the response (B073, U119)',
      ported(async (suite) => {
        const { visit, site } = await suite.serve({ cookie: { expires: new Date(Number.NaN) } });
        assertNoCookie(await visit('/admin'));
        assert.deepEqual(await lateErrors(site), ['option expires is invalid']);
      }),
    );

    const previous = 'previous=cookieValue; Path=/; HttpOnly';

    it(
      'A cookie that the handler has set goes out first (B074, U120, F105)',
      ported(async (suite) => {
        const { visit } = await suite.serve({}, (_, res) => {
          res.setHeader('Set-Cookie', previous);
          res.end();
        });
        const response = await visit();
        assert.equal(setCookies(response)[0], previous);
        assertCookie(response);
      }),
    );

    it(
      'A cookie that the handler gives to writeHead goes out first (B074, U121, F106)',
      ported(async (suite) => {
        const { visit } = await suite.serve({}, (_, res) => {
          res.writeHead(200, { 'Set-Cookie': previous });
          res.end();
        });
        const response = await visit();
        assert.equal(setCookies(response)[0], previous);
        assertCookie(response);
      }),
    );
  });

  describe('in its originalMaxAge', () => {
    /** What the first request reads, and what a second one reads 100 ms later. */
    const read = (suite: Suite, store: session.Store = new session.MemoryStore()) =>
      withFrozenClock(async (clock) => {
        const { visit } = await suite.serve({ cookie: { maxAge: 2000 }, store }, (req, res) => {
          clock.tick(1);
          res.end(JSON.stringify(req.session.cookie.originalMaxAge));
        });
        const first = await visit();
        clock.tick(100);
        return [first.text, (await visit('/', { cookie: cookieOf(first) })).text];
      });

    it(
      'originalMaxAge is the maxAge of the option (B164, U122, F107)',
      ported(async (suite) => {
        assert.equal((await read(suite))[0], '2000');
      }),
    );

    it(
      'originalMaxAge is the same in later requests (B164, U123, F108)',
      ported(async (suite) => {
        assert.deepEqual(await read(suite), ['2000', '2000']);
      }),
    );

    it(
      'originalMaxAge is the same where the store returns the expiry as a Date (B164, U124, F109)',
      ported(async (suite) => {
        const store = new SmartStore();
        const get = store.get.bind(store);
        let dates = 0;
        store.get = (id, callback) => {
          get(id, (error, record) => {
            if (record)
              Object.assign(record.cookie, { expires: new Date(String(cookieFields(record).expires)) });
            dates++;
            callback(error, record);
          });
        };
        assert.deepEqual(await read(suite, asStore(store)), ['2000', '2000']);
        assert.equal(dates, 1);
      }),
    );
  });

  describe('that is secure', () => {
    const serve = (suite: Suite) =>
      listener(suite.middleware({ cookie: { secure: true } }), (_, res) => res.end());

    it(
      'A secure cookie is sent over TLS (B083, U125, F110)',
      ported(async (suite) => {
        const server = https.createServer(tls, serve(suite));
        assertCookie(await request(server).get('/').ca(tls.cert).expect(200));
      }),
    );

    it(
      'A secure cookie is not sent without TLS (B083, U126, F111)',
      ported(async (suite) => {
        assertNoCookie(
          await request(http.createServer(serve(suite)))
            .get('/')
            .expect(200),
        );
      }),
    );
  });

  describe('in its maxAge', () => {
    /** The lifetime of the cookie of a loaded session whose handler assigns this maxAge, in ms; to the second. */
    const lifetime = (suite: Suite, maxAge?: number) =>
      withFrozenClock(async (clock) => {
        const { visit } = await suite.serve({ cookie: { maxAge: 2000 } }, (req, res) => {
          data(req).count = Number(data(req).count ?? 0) + 1;
          if (req.url === '/later' && maxAge !== undefined) req.session.cookie.maxAge = maxAge;
          res.end(String(data(req).count));
        });
        const first = await visit();
        clock.tick(1000);
        const second = await visit('/later', { cookie: cookieOf(first) });
        assert.equal(second.text, '2');
        return Date.parse(String(sent(second).expires)) - Math.floor(clock.now() / 1000) * 1000;
      });

    it(
      'The cookie of a modified session expires maxAge from now (B068, U127, F112)',
      ported(async (suite) => {
        assert.equal(await lifetime(suite), 2000);
      }),
    );

    it(
      'A handler may give the cookie another maxAge (B068, U128, F113)',
      ported(async (suite) => {
        assert.equal(await lifetime(suite, 5000), 5000);
      }),
    );

    it(
      'A maxAge may be longer than timers can count (B068, U129, F114)',
      ported(async (suite) => {
        assert.equal(await lifetime(suite, 3_000_000_000), 3_000_000_000);
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
