/** The id that stores know a session by, and the token that opens it: two things. */
import crypto = require('node:crypto');
import assert from 'node:assert/strict';
import session from '../../src';
import { byHand } from '../support/by-hand';
import { withFrozenClock } from '../support/clock';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, tokenOf } from '../support/cookies';
import { keys } from '../support/keys';
import { legacySecret, startLegacySession } from '../support/legacy';
import { idOf, recordWith, sesOf } from '../support/session-tokens';
import { signInPages } from '../support/sign-in-pages';
import { asStore, claimsOfSession, countHits, data, serve } from '../support/site';
import { ForeignStore } from '../support/stores';

/** How many signatures were made while `use` ran. */
async function countSignatures(use: () => Promise<unknown>): Promise<number> {
  const { createSign, sign } = crypto;
  let count = 0;
  const counting = {
    createSign: (...args: Parameters<typeof createSign>) => {
      count += 1;
      return createSign(...args);
    },
    sign: (...args: Parameters<typeof sign>) => {
      count += 1;
      return sign(...args);
    },
  };
  Object.assign(crypto, counting);
  try {
    await use();
  } finally {
    Object.assign(crypto, { createSign, sign });
  }
  return count;
}

describe('The id of a session', () => {
  it('is read without a signature being made (B143)', async () => {
    const site = await serve(
      {},
      {
        '/': (req, res) => res.end(`${req.sessionID} ${req.session.id}`),
        '/token': (req, res) => res.end(session.tokenOf(req)),
      },
    );
    let text = '';
    assert.equal(await countSignatures(async () => (text = (await site.visit('/')).text)), 0);
    assert.match(text, /^([\w-]{32}) \1$/);
    assert.equal(await countSignatures(() => site.visit('/token')), 1, 'signatures are counted');
  });

  for (const kind of ['new', 'legacy'] as const) {
    it(`stays the same through saving, rotation, refresh and reload: a ${kind} session (B143 B241)`, async () => {
      const store = new ComparingStore();
      const ids: unknown[] = [];
      const note = (req: Parameters<typeof countHits>[0]): void => {
        ids.push(req.sessionID, req.session.id);
      };
      const site = await serve(
        { store, secret: legacySecret, jwtFromReq: claimsOfSession, jwt: { expiresIn: 60 } },
        {
          '/': (req, res) => {
            note(req);
            countHits(req, res);
          },
          '/login': async (req, res) => {
            data(req).user = 'ann';
            note(req);
            await req.session.save();
            note(req);
            await req.session.renewToken();
            await req.session.reload();
            note(req);
            res.end();
          },
        },
      );
      const start = kind === 'legacy' ? (await startLegacySession(store, { hits: 4 })).cookie : undefined;
      const first = await site.visit('/', start);
      const login = await site.visit('/login', cookieOf(first));
      await site.visit('/', cookieOf(login));
      assert.deepEqual(new Set(ids), new Set([idOf(first)]));
      assert.equal(idOf(login), idOf(first));
      assert.equal(sesOf(login).gen, 3);
      assert.deepEqual([...store.records.keys()], [idOf(first)]);
    });
  }
});

describe('session.tokenOf', () => {
  it('is the token that the response carries, and that the next request brings (B143)', async () => {
    const site = await serve(
      { store: new ForeignStore() },
      {
        '/': (req, res) => {
          data(req).user = 'ann';
          res.end(session.tokenOf(req));
        },
        '/look': (req, res) => res.end(session.tokenOf(req)),
      },
    );
    const first = await site.visit('/');
    assert.equal(first.text, tokenOf(first));
    assert.equal((await site.visit('/look', cookieOf(first))).text, tokenOf(first));
  });

  it('is undefined where there is no session, and where no token can be made (B143)', async () => {
    const seen: unknown[] = [];
    const look = async (options: session.SessionOptions, cookie?: string) => {
      const site = await serve(options, {
        '/': (req, res) => {
          seen.push(session.tokenOf(req));
          Object.assign(req, { session: undefined });
          seen.push(session.tokenOf(req));
          res.end();
        },
      });
      await site.visit('/', cookie);
    };
    await look({ keys: { public: keys.public } });
    assert.deepEqual(seen, [undefined, undefined]);
    seen.length = 0;
    await look({ store: asStore(new ForeignStore()) });
    assert.deepEqual([typeof seen[0], seen[1]], ['string', undefined]);
    assert.equal(session.tokenOf({} as never), undefined);
  });
});

describe('the id of a session', () => {
  for (const kind of ['new', 'upgraded'] as const) {
    it(`of a session that was ${kind} is the same from its first request to regenerate (B241)`, async () => {
      await withFrozenClock(async ({ tick }) => {
        const store = new ForeignStore();
        const legacy = await startLegacySession(store, { seen: true });
        const site = await serve(
          {
            ...{ store: asStore(store), jwtFromReq: claimsOfSession },
            ...{ jwt: { expiresIn: 600 }, secret: legacySecret },
          },
          signInPages,
        );
        const first = await site.visit('/', kind === 'upgraded' ? legacy.cookie : undefined);
        const id = idOf(first);
        assert.equal(kind === 'upgraded', id === legacy.id);
        assert.equal(sesOf(first).lid, kind === 'upgraded' ? id : undefined);
        assert.equal(sesOf(first).id === undefined, kind === 'upgraded');
        const generations = [sesOf(first).gen];
        let cookie = cookieOf(first);
        for (const path of ['/login', '/', '/renew', '/', '/sign-out']) {
          tick(path === '/' ? 400_000 : 0);
          const res = await site.visit(path, cookie);
          assert.equal(idOf(res), id, path);
          assert.equal((await site.visit('/id', cookieOf(res))).text, `${id} ${id}`);
          generations.push(sesOf(res).gen);
          cookie = cookieOf(res);
        }
        assert.deepEqual(generations, [1, 2, 2, 3, 3, 4]);
        const regenerated = await site.visit('/regenerate', cookie);
        assert.notEqual(idOf(regenerated), id);
        assert.match(idOf(regenerated), /^[\w-]{32}$/);
        assert.equal(sesOf(regenerated).gen, 1);
      });
    });
  }

  for (const ses of [
    { id: 'x' },
    { id: 'x', gen: 0 },
    { id: 'x', gen: 1.5 },
    { id: 'x', gen: '1' },
    { id: 'x', lid: 'y', gen: 1 },
    { gen: 1 },
    { id: 7, gen: 1 },
    { lid: 7, gen: 1 },
    ['x', 1],
    'x',
    null,
  ]) {
    it(`is in no token whose ses is ${JSON.stringify(ses)}: that opens nothing (B241)`, async () => {
      const store = new ForeignStore();
      const site = await serve({ store }, signInPages);
      const token = byHand({ ses });
      for (const id of ['x', '7']) {
        store.records.set(idOf(byHand({ ses: { id, gen: 1 } })), recordWith({ hits: 5 }));
        store.records.set(id, recordWith({ hits: 5 }, { adopted: true }));
      }
      assert.equal((await site.visit('/', `connect.sid=${token}`)).text, '1');
      assert.equal(store.count('get'), 0);
    });
  }
});

describe('session.tokenOf', () => {
  it('of a new session is the one that it will have, however often it is asked for (B143 B205)', async () => {
    const seen: (string | undefined)[] = [];
    const site = await serve(
      { jwtFromReq: claimsOfSession },
      {
        '/': (req, res) => {
          data(req).user = 'ada';
          seen.push(session.tokenOf(req), session.tokenOf(req));
          res.end();
        },
      },
    );
    const token = tokenOf(await site.visit('/'));
    assert.deepEqual(seen, [token, token]);
  });

  it('is undefined where none can be made, which is told when the headers are due (B143 B214)', async () => {
    const seen: unknown[] = [];
    const site = await serve(
      { jwtFromReq: (req) => ({ list: data(req).list }) },
      {
        '/': (req, res) => {
          data(req).list = 'x'.repeat(4096);
          seen.push(session.tokenOf(req), req.session.jwt);
          res.end();
        },
      },
    );
    const res = await site.get('/');
    assert.deepEqual(seen, [undefined, undefined]);
    assert.equal(res.status, 500);
    assert.match(res.text, /^jwtFromReq returned too many claims/);
  });

  it('between a sign-in and its write is the token of the generation that is stored (B265)', async () => {
    const site = await serve(
      { jwtFromReq: claimsOfSession },
      {
        ...signInPages,
        '/tokens': async (req, res) => {
          const tokens = [session.tokenOf(req)];
          data(req).user = 'ada';
          tokens.push(session.tokenOf(req));
          await req.session.save();
          tokens.push(session.tokenOf(req));
          res.end(JSON.stringify(tokens));
        },
      },
    );
    const first = await site.visit('/');
    const res = await site.visit('/tokens', cookieOf(first));
    assert.deepEqual(JSON.parse(res.text), [tokenOf(first), tokenOf(first), tokenOf(res)]);
    assert.equal(sesOf(res).gen, 2);
  });
});
