/** The cookie of a session: its attributes, and where it is sent. */
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
import { asStore } from '../support/site';
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
});
