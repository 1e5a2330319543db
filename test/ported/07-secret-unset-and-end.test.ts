/** The options secret, keys and unset, and methods of the response that others have replaced. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import session from '../../src';
import { cookieOf } from '../support/cookies';
import { keys, otherKeys } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { loose } from '../support/loose';
import type { Handler } from '../support/server';
import { data } from '../support/site';
import { assertCookie, assertNoCookie, lengthOf, ported, serveWith, type Suite } from './harness';

const setThenGet: Handler = (req, res) => {
  const { user } = data(req);
  data(req).user = 'bob';
  res.end(user === undefined ? 'set' : `get:${JSON.stringify(user)}`);
};

const setBob: Handler = (req, res) => {
  data(req).user = 'bob';
  res.end('bob');
};

const tellUser: Handler = (req, res) => res.end(String(data(req).user));

/** What a server with the options `reading` makes of the cookie of one with the options `writing`. */
async function readBy(suite: Suite, writing: object, reading: object): Promise<string> {
  const store = new session.MemoryStore();
  const writer = await suite.serve({ store, ...writing }, setBob);
  const reader = await suite.serve({ store, ...reading }, tellUser);
  const response = await writer.visit();
  assertCookie(response);
  return (await reader.visit('/', { cookie: cookieOf(response) })).text;
}

describe('The option secret', () => {
  it('A list of secrets without any is refused (B112, U86, F75)', () => {
    assert.throws(() => session(loose({ keys, secret: [] })), {
      name: 'TypeError',
      message: 'secret option array must contain one or more strings',
    });
  });

  it(
    'A secret may be a text (B113, U87)',
    ported(async (suite) => {
      const { visit } = await suite.serve({ secret: 'awesome cat' }, setThenGet);
      const first = await visit();
      assert.equal(first.text, 'set');
      assert.equal((await visit('/', { cookie: cookieOf(first) })).text, 'get:"bob"');
    }),
  );

  it(
    'A secret may be a Buffer (B113, U88)',
    ported(async (suite) => {
      const { visit } = await suite.serve({ secret: randomBytes(32) }, setThenGet);
      const first = await visit();
      assert.equal(first.text, 'set');
      assert.equal((await visit('/', { cookie: cookieOf(first) })).text, 'get:"bob"');
    }),
  );

  it(
    'Secrets may be a list (B113, U89, F76)',
    ported(async (suite) => {
      const { visit } = await suite.serve({ secret: ['keyboard cat', 'nyan cat'] }, setBob);
      const response = await visit();
      assertCookie(response);
      assert.equal(response.text, 'bob');
    }),
  );

  it(
    'A server that lacks the first secret reads the cookie all the same (B114, U90)',
    ported(async (suite) => {
      const text = await readBy(suite, { secret: ['keyboard cat', 'nyan cat'] }, { secret: 'nyan cat' });
      assert.equal(text, 'bob');
    }),
  );

  it(
    'A server with further secrets reads the cookie (B114, U91)',
    ported(async (suite) => {
      const text = await readBy(suite, { secret: 'nyan cat' }, { secret: ['keyboard cat', 'nyan cat'] });
      assert.equal(text, 'bob');
    }),
  );

  it(
    'A server that lacks the first key does not read what it has signed (B238, F77)',
    ported(async (suite) => {
      const text = await readBy(suite, { keys: [keys, otherKeys] }, { keys: otherKeys });
      assert.equal(text, 'undefined');
    }),
  );

  it(
    'A server reads what any of its keys has signed (B238, F78)',
    ported(async (suite) => {
      const text = await readBy(suite, { keys: [otherKeys] }, { keys: [keys, otherKeys] });
      assert.equal(text, 'bob');
    }),
  );
});

describe('The option unset', () => {
  /** How many sessions there are after a request, and after a second one that takes its session off. */
  const counts = async (suite: Suite, unset?: string) => {
    const store = new session.MemoryStore();
    const { visit } = await suite.serve({ store, unset }, (req, res) => {
      if (data(req).count === 1) req.session = null as never;
      else data(req).count = 1;
      res.end();
    });
    const cookie = cookieOf(await visit());
    const before = await lengthOf(store);
    await visit('/', { cookie });
    return [before, await lengthOf(store)];
  };

  it('An unset that is unknown is refused (B119, U92, F79)', () => {
    assert.throws(() => session(loose({ keys, unset: 'bogus!' })), /unset.*must/);
  });

  it(
    'Without unset a session taken off the request stays in the store (B120, U93, F80)',
    ported(async (suite) => {
      assert.deepEqual(await counts(suite), [1, 1]);
    }),
  );

  it(
    'With unset destroy a session taken off the request is destroyed (B121, U94, F81)',
    ported(async (suite) => {
      assert.deepEqual(await counts(suite, 'destroy'), [1, 0]);
    }),
  );

  it(
    'With unset destroy a new session taken off the request leaves nothing (B122, U95, F82)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      const { visit } = await suite.serve({ store, unset: 'destroy' }, (req, res) => {
        req.session = null as never;
        res.end();
      });
      assertNoCookie(await visit());
      assert.equal(await lengthOf(store), 0);
    }),
  );

  it(
    'An error of the store on destroying comes after the response (B128, U96, F83)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      store.destroy = (_, callback) => callback?.(new Error('boom!'));
      const { visit, site } = await suite.serve({ store, unset: 'destroy' }, (req, res) => {
        req.session = null as never;
        res.end('session destroyed');
      });
      assert.equal((await visit()).text, 'session destroyed');
      assert.deepEqual(await lateErrors(site), ['boom!']);
    }),
  );
});

describe('res.end and res.write that other code has replaced', () => {
  /** A response that throws on a write after its end. */
  const guardWrites: Handler = (_, res) => {
    const end = res.end.bind(res) as (...args: unknown[]) => typeof res;
    const write = res.write.bind(res) as (...args: unknown[]) => boolean;
    let isOver = false;
    res.end = (...args: unknown[]) => {
      isOver = true;
      return end(...args);
    };
    res.write = (...args: unknown[]) => {
      if (isOver) throw new Error('write after end');
      return write(...args);
    };
  };

  const hello: Handler = (req, res) => {
    data(req).hit = true;
    res.write('hello, ');
    res.end('world');
  };

  it(
    'Methods of the response replaced before the middleware see no write after the end (B059, U97, F84)',
    ported(async (suite) => {
      const { visit } = await suite.serve({}, hello, guardWrites);
      assert.equal((await visit()).text, 'hello, world');
    }),
  );

  it(
    'Methods of the response replaced after the middleware see no write after the end (B060, U98, F85)',
    ported(async (suite) => {
      const { visit } = await suite.serve({}, (req, res) => {
        void guardWrites(req, res);
        void hello(req, res);
      });
      assert.equal((await visit()).text, 'hello, world');
    }),
  );

  it(
    'Headers and a body after the end fail as they do without the middleware (B048, U99, F86)',
    ported(async (suite) => {
      const errors: unknown[] = [];
      const endTwice: Handler = (_, res) => {
        res.end();
        try {
          res.setHeader('Content-Length', '3');
          res.end('foo');
        } catch (error) {
          errors.push((error as Error).message);
        }
      };
      const plain = await serveWith((_req, _res, next) => next(), endTwice);
      const ours = await suite.serve({}, endTwice);
      const [expected, response] = [await plain.visit(), await ours.visit()];
      assert.equal(response.text, expected.text);
      assert.equal(errors.length, 2);
      assert.equal(errors[1], errors[0]);
    }),
  );
});
