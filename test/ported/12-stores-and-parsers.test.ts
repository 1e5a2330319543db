/** Stores that call back before they return, and cookies that cookie-parser has read. */
import assert from 'node:assert/strict';
import cookieParser from 'cookie-parser';
import { breakSignature } from '../support/by-hand';
import { cookieOf, tokenOf } from '../support/cookies';
import type { Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { countHits, data } from '../support/site';
import { ForeignStore, SyncStore } from '../support/stores';
import { assertCookie, ported } from './harness';

describe('A synchronous store', () => {
  it(
    'A store may call back before set returns (B130, U137, F119)',
    ported(async (suite) => {
      const store = new SyncStore();
      const { visit } = await suite.serve({ store }, countHits);
      const response = await visit();
      assert.equal(response.text, '1');
      assert.deepEqual(Object.keys(store.sessions), [idOf(response)]);
    }),
  );

  it(
    'A store may call back before destroy returns (B130, U138, F120)',
    ported(async (suite) => {
      const store = new SyncStore();
      const { visit } = await suite.serve({ store, unset: 'destroy' }, (req, res) => {
        const count = Number(data(req).count ?? 0) + 1;
        data(req).count = count;
        if (count > 1) {
          req.session = null as never;
          res.write('destroyed\n');
        }
        res.end(`hits: ${String(count)}`);
      });
      const first = await visit();
      assert.equal(first.text, 'hits: 1');
      assert.equal((await visit('/', { cookie: cookieOf(first) })).text, 'destroyed\nhits: 2');
      assert.deepEqual(Object.keys(store.sessions), []);
    }),
  );
});

describe('Cookies that cookie-parser has read', () => {
  /** Runs cookie-parser, and leaves this in the Cookie header. */
  const parsed = (header: string | undefined, secret?: string): Handler => {
    const parse = cookieParser(secret);
    return (req, res) => {
      parse(req, res, () => undefined);
      if (header === undefined) delete req.headers.cookie;
      else req.headers.cookie = header;
    };
  };

  it(
    'A token is found in req.cookies (B183, U139)',
    ported(async (suite) => {
      const { visit } = await suite.serve({}, countHits, parsed('foo=bar'));
      const first = await visit();
      assert.equal(first.text, '1');
      assert.equal((await visit('/', { cookie: cookieOf(first) })).text, '2');
    }),
  );

  it(
    'A value of req.cookies that nobody has signed opens no session (B183, U140)',
    ported(async (suite) => {
      const store = new ForeignStore();
      const { visit } = await suite.serve({ key: 'sessid', store }, countHits, parsed('foo=bar'));
      const token = tokenOf(await visit(), 'sessid');
      for (const unsigned of ['neither token nor id', idOf(token), token.slice(0, token.lastIndexOf('.'))]) {
        const response = await visit('/', { cookie: `sessid=${unsigned}` });
        assert.equal(response.text, '1');
        assertCookie(response, 'sessid');
      }
      assert.equal(store.count('get'), 0);
    }),
  );

  it(
    'A token of req.cookies with a broken signature opens no session (B183, U141)',
    ported(async (suite) => {
      const store = new ForeignStore();
      const { visit } = await suite.serve({ key: 'sessid', store }, countHits, parsed('foo=bar'));
      const token = tokenOf(await visit(), 'sessid');
      for (const broken of [token.replace(/...\./, '.'), breakSignature(token), `${token}A`]) {
        const response = await visit('/', { cookie: `sessid=${broken}` });
        assert.equal(response.text, '1');
        assert.notEqual(tokenOf(response, 'sessid'), token);
      }
      assert.equal(store.count('get'), 0);
    }),
  );

  it(
    'A token is found where cookie-parser has a secret and the header is gone (B184, U142)',
    ported(async (suite) => {
      const { visit } = await suite.serve({}, countHits, parsed(undefined, 'keyboard cat'));
      const first = await visit();
      assert.equal(first.text, '1');
      assert.equal((await visit('/', { cookie: cookieOf(first) })).text, '2');
    }),
  );
});
