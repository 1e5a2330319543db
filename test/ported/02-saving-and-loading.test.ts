/** Saving at the end of a response, and cookies that name no session any more. */
import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import session from '../../src';
import { breakSignature } from '../support/by-hand';
import { withFrozenClock } from '../support/clock';
import { cookieFields } from '../support/contents';
import { cookieOf, tokenOf } from '../support/cookies';
import type { Handler } from '../support/server';
import { idOf, sesOf } from '../support/session-tokens';
import { answer, data, isPending } from '../support/site';
import { roundTrip } from '../support/wire';
import { assertCookie, countSets, holdSet, lengthOf, ported, sent, type Suite } from './harness';

/** Gives each session the next number, which it keeps. */
function numbered(): Handler {
  let last = 0;
  return (req, res) => {
    data(req).num ??= ++last;
    res.end(`session ${String(data(req).num)}`);
  };
}

const reply: Handler = (req, res) => {
  data(req).hit = true;
  res.end('session saved');
};

describe('The end of a response', () => {
  /** What arrives when the store has answered; nothing may have arrived before. */
  async function afterSaving(suite: Suite, handler: Handler): Promise<string> {
    const store = new session.MemoryStore();
    const held = holdSet(store);
    const sets = countSets(store);
    const { visit } = await suite.serve({ store }, handler);
    const response = visit();
    await Promise.race([held.reached, response]);
    await roundTrip();
    assert.ok(await isPending(response), 'the response waits for the store');
    held.open();
    const { text } = await response;
    assert.equal(sets(), 1);
    assert.equal(await lengthOf(store), 1);
    return text;
  }

  it(
    'A response is complete only after its session is saved (B036, U17, F18)',
    ported(async (suite) => {
      assert.equal(await afterSaving(suite, reply), 'session saved');
    }),
  );

  it(
    'A response without a body is complete only after its session is saved (B049, U18, F19)',
    ported(async (suite) => {
      const text = await afterSaving(suite, (req, res) => {
        data(req).hit = true;
        res.setHeader('Content-Length', '0');
        res.end();
      });
      assert.equal(text, '');
    }),
  );

  it(
    'A response in several writes is complete only after its session is saved (B050, U19, F20)',
    ported(async (suite) => {
      const text = await afterSaving(suite, (req, res) => {
        data(req).hit = true;
        res.setHeader('Content-Length', '12');
        res.write('hello, ');
        res.end('world');
      });
      assert.equal(text, 'hello, world');
    }),
  );

  it(
    'A response of a set length is complete only after its session is saved (B051, U20, F21)',
    ported(async (suite) => {
      const text = await afterSaving(suite, (req, res) => {
        res.setHeader('Content-Length', '13');
        void reply(req, res);
      });
      assert.equal(text, 'session saved');
    }),
  );

  it(
    'A saved session expires when its cookie does, and later with each request (B038, U21, F22)',
    ported((suite) =>
      withFrozenClock(async (clock) => {
        const store = new session.MemoryStore();
        const { visit } = await suite.serve({ store }, (req, res) => {
          data(req).user = req.url;
          res.end(req.session.id);
        });
        const expiryOf = async (response: Response) => {
          const [, record] = await answer((done) => store.get(response.text, done));
          const expires = new Date(String(cookieFields(record as object).expires));
          assert.equal(expires.valueOf(), clock.now() + 60_000);
          return expires.toUTCString();
        };
        const first = await visit();
        assert.equal(await expiryOf(first), sent(first).expires);
        for (const path of ['/', '/modify']) {
          clock.tick(1000);
          const next = await visit(path, { cookie: cookieOf(first) });
          assert.equal(next.text, first.text);
          const expires = await expiryOf(next);
          if (path === '/modify') assert.equal(sent(next).expires, expires);
        }
        assert.equal(await lengthOf(store), 1);
      }),
    ),
  );
});

describe('A cookie whose session the store does not have', () => {
  async function visitAgain(suite: Suite) {
    const store = new session.MemoryStore();
    const { visit } = await suite.serve({ store }, numbered());
    const first = await visit();
    assert.equal(first.text, 'session 1');
    await answer((done) => store.clear(done));
    return { first, second: await visit('/', { cookie: cookieOf(first) }) };
  }

  it(
    'A session that the store no longer has begins anew (B028, U22, F23)',
    ported(async (suite) => {
      const { second } = await visitAgain(suite);
      assert.equal(second.text, 'session 2');
    }),
  );

  it(
    'A session that begins anew has another id (B028, U23, F24)',
    ported(async (suite) => {
      const { first, second } = await visitAgain(suite);
      assert.notEqual(tokenOf(second), tokenOf(first));
      assert.notEqual(idOf(second), idOf(first));
    }),
  );
});

describe('A cookie with a bad signature', () => {
  const createdOrRead: Handler = (req, res) => {
    const isNew = data(req).active === undefined;
    data(req).active = true;
    res.end(isNew ? 'created' : 'read');
  };

  it(
    'A token or an id that nobody has signed opens no session (B020, U24, F25)',
    ported(async (suite) => {
      const { visit } = await suite.serve({ key: 'sessid' }, createdOrRead);
      const first = await visit();
      assert.equal(first.text, 'created');
      const token = tokenOf(first, 'sessid');
      const forged = [`${token}x`, token.slice(0, token.lastIndexOf('.')), idOf(token), sesOf(token).id];
      for (const value of forged) {
        const second = await visit('/', { cookie: `sessid=${String(value)}` });
        assert.equal(second.text, 'created', value);
        assert.notEqual(idOf(tokenOf(second, 'sessid')), idOf(token));
      }
      assert.equal((await visit('/', { cookie: `sessid=${token}` })).text, 'read');
    }),
  );

  it(
    'The store is not asked for a token with a broken signature (B020, U25, F26)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      let gets = 0;
      const get = store.get.bind(store);
      store.get = (...args) => {
        gets++;
        get(...args);
      };
      const { visit } = await suite.serve({ store, key: 'sessid' }, createdOrRead);
      const token = tokenOf(await visit(), 'sessid');
      for (const broken of [token.replace(/...\./, '.'), breakSignature(token)]) {
        const second = await visit('/', { cookie: `sessid=${broken}` });
        assertCookie(second, 'sessid');
        assert.equal(second.text, 'created');
      }
      assert.equal(gets, 0);
    }),
  );
});

describe('A session that has expired', () => {
  /** Two requests, the second 20 ms later, with a lifetime of 5 ms. */
  const visitLater = (suite: Suite) =>
    withFrozenClock(async (clock) => {
      const store = new session.MemoryStore();
      const { visit } = await suite.serve({ store, cookie: { maxAge: 5 } }, numbered());
      const first = await visit();
      assert.equal(first.text, 'session 1');
      clock.tick(20);
      return { first, second: await visit('/', { cookie: cookieOf(first) }) };
    });

  it(
    'A session that has expired begins anew (B029, U26, F27)',
    ported(async (suite) => {
      const { second } = await visitLater(suite);
      assertCookie(second);
      assert.equal(second.text, 'session 2');
    }),
  );

  it(
    'A session that follows an expired one has another id (B029, U27, F28)',
    ported(async (suite) => {
      const { first, second } = await visitLater(suite);
      assert.notEqual(tokenOf(second), tokenOf(first));
      assert.notEqual(idOf(second), idOf(first));
    }),
  );

  it(
    'A session that has expired is not among those of the store (B177, U28, F29)',
    ported((suite) =>
      withFrozenClock(async (clock) => {
        const store = new session.MemoryStore();
        const { visit } = await suite.serve({ store, cookie: { maxAge: 5 } }, numbered());
        assertCookie(await visit());
        const count = async () => Object.keys((await answer((done) => store.all(done)))[1] as object).length;
        assert.equal(await count(), 1);
        clock.tick(10);
        assert.equal(await count(), 0);
      }),
    ),
  );
});

describe('A stored session without its cookie', () => {
  it(
    'A stored session that has lost its cookie is an error for next (B127, U29, F30)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      const { visit, ask } = await suite.serve({ store }, numbered());
      const first = await visit();
      assert.equal(first.text, 'session 1');
      const broken = { foo: 'bar' } as unknown as session.SessionData;
      await answer((done) => store.set(idOf(first), broken, done));
      const second = await ask('/', { cookie: cookieOf(first) });
      assert.equal(second.status, 500);
      assert.match(second.text, /Cannot read prop/);
    }),
  );
});
