/** The id that stores know a session by, and the token that opens it: two things. */
import assert from 'node:assert/strict';
import crypto = require('node:crypto');
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, tokenOf } from '../support/cookies';
import { keys } from '../support/keys';
import { legacySecret, startLegacySession } from '../support/legacy';
import { idOf, sesOf } from '../support/session-tokens';
import { asStore, claimsOfSession, closeSites, countHits, data, openSite } from '../support/site';
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
  afterEach(closeSites);

  it('is read without a signature being made (B143)', async () => {
    const site = await openSite(
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
      const site = await openSite(
        { store: asStore(store), secret: legacySecret, jwtFromReq: claimsOfSession, jwt: { expiresIn: 60 } },
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
  afterEach(closeSites);

  it('is the token that the response carries, and that the next request brings (B143)', async () => {
    const site = await openSite(
      { store: asStore(new ForeignStore()) },
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
      const site = await openSite(options, {
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
