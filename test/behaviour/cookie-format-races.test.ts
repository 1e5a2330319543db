// The first step of a rolling deploy: what becomes of a request whose session another process ends or rotates meanwhile.
import assert from 'node:assert/strict';
import type { Response } from 'supertest';
import type session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { openOriginal, openStepOne, openStepTwo } from '../support/cookie-format';
import { record } from '../support/contents';
import { cookieOf, setCookie } from '../support/cookies';
import { recordOf } from '../support/forge';
import { lateErrors } from '../support/late-errors';
import { legacyCookie, startLegacySession, type LegacySession } from '../support/legacy';
import { sesOf, stateOf } from '../support/session-tokens';
import { countHits, data, gate, type Gate, type Site } from '../support/site';
import type { Handler } from '../support/server';

/** Whether a response gives the client a cookie of express-session for another session than this one. */
function isForAnother(response: Response, { id }: LegacySession): boolean {
  const cookie = setCookie(response);
  return cookie?.startsWith('connect.sid=s%3A') === true && !cookie.includes(id);
}

describe('in the first step of a rolling deploy, a request with a cookie of express-session (B266)', () => {
  let waiting: Gate;
  let store: ComparingStore;
  let legacy: LegacySession;
  beforeEach(async () => {
    waiting = gate();
    store = new ComparingStore();
    legacy = await startLegacySession(store, { hits: 1 });
  });

  const slowly: Record<string, Handler> = {
    '/slow': async (req, res) => {
      await waiting.pass();
      countHits(req, res);
    },
    '/slow-read': async (_, res) => {
      await waiting.pass();
      res.end();
    },
    '/slow-save': async (req, res) => {
      await waiting.pass();
      data(req).hits = 7;
      res.end(String(await req.session.save()));
    },
    '/slow-login': async (req, res) => {
      await waiting.pass();
      data(req).user = 'bob';
      return countHits(req, res);
    },
    '/slow-login-stream': async (req, res) => {
      res.write('a');
      await waiting.pass();
      data(req).user = 'bob';
      res.end('b');
    },
    '/slow-login-save': async (req, res) => {
      await waiting.pass();
      data(req).user = 'bob';
      const isStored = await req.session.save();
      res.end(`${String(isStored)} ${req.sessionID}`);
    },
    '/login-save-slow': async (req, res) => {
      assert.equal(req.session.jwt?.user, undefined);
      data(req).user = 'bob';
      await req.session.save();
      await waiting.pass();
      return countHits(req, res);
    },
  };

  /** Lets a request wait in its handler while `meanwhile` happens in another process. */
  async function overtaken(
    path: string,
    meanwhile: (there: Site) => Promise<unknown>,
    options: session.SessionOptions = {},
    cookie = legacy.cookie,
  ): Promise<{ site: Site; answer: Response }> {
    const site = await openStepOne(store, options, slowly);
    const there = await openStepTwo(store.twin());
    const slow = site.visit(path, cookie);
    await waiting.reached;
    await meanwhile(there);
    waiting.open();
    return { site, answer: await slow };
  }

  const logOut = (there: Site) => there.visit('/logout', legacy.cookie);
  const logInThere = (there: Site) => there.visit('/login', legacy.cookie);

  for (const [what, meanwhile] of [
    ['logged out', logOut],
    ['rotated', logInThere],
  ] as const) {
    it(`whose session is ${what} stores nothing and sends no cookie (B247)`, async () => {
      const { site, answer } = await overtaken('/slow', meanwhile, { rolling: true });
      assert.equal(setCookie(answer), undefined);
      assert.equal(record(store, legacy.id)?.hits, what === 'rotated' ? 2 : undefined);
      assert.equal((await site.visit('/show', legacy.cookie)).text, 'undefined');
      assert.deepEqual(await lateErrors(site), []);
    });

    it(`whose session is ${what} hears false of save() (B247)`, async () => {
      assert.equal((await overtaken('/slow-save', meanwhile)).answer.text, 'false');
    });

    it(`whose session is ${what} is looked at once more before the cookie goes out again (B260)`, async () => {
      const { site, answer } = await overtaken('/slow-read', meanwhile, { rolling: true });
      assert.equal(setCookie(answer), undefined);
      assert.deepEqual(await lateErrors(site), []);
    });

    it(`that signs in gets a new raw id and its cookie, though its session is ${what} (B247)`, async () => {
      const { site, answer } = await overtaken('/slow-login', meanwhile);
      assert(isForAnother(answer, legacy));
      const id = [...store.records.keys()].at(-1) ?? '';
      assert.equal(cookieOf(answer), legacyCookie(id));
      assert.equal(store.records.get(id), recordOf({ hits: 2, user: 'bob' }));
      assert.equal((await site.visit('/who', cookieOf(answer))).text, 'bob');
      assert.equal((await site.visit('/who', legacy.cookie)).text, 'undefined');
      assert.deepEqual(await lateErrors(site), []);
    });

    it(`that signs in and saves has the new id from then on, though its session is ${what} (B247 B251)`, async () => {
      const { answer } = await overtaken('/slow-login-save', meanwhile);
      const [isStored, id = ''] = answer.text.split(' ');
      assert.equal(isStored, 'true');
      assert.equal(cookieOf(answer), legacyCookie(id));
      assert.equal(record(store, id)?.user, 'bob');
    });

    it(`that signs in when its headers have left is dropped, if its session is ${what} (B247)`, async () => {
      const { site, answer } = await overtaken('/slow-login-stream', meanwhile);
      assert.equal(setCookie(answer), undefined);
      assert.equal(store.records.size, what === 'rotated' ? 1 : 0);
      assert.deepEqual(await lateErrors(site), []);
    });

    it(`whose login was stored before its session is ${what} does not sign in again (B247)`, async () => {
      const { answer } = await overtaken('/login-save-slow', meanwhile);
      assert.equal(setCookie(answer), undefined);
      assert.equal(store.records.size, what === 'rotated' ? 1 : 0);
    });

    it(`nor if it came with a token that was to be taken back, and its session is ${what} (B247)`, async () => {
      const token = cookieOf(await (await openStepTwo(store.twin())).visit('/show', legacy.cookie));
      const { answer } = await overtaken(
        '/login-save-slow',
        meanwhile,
        { cookieFormat: 'back-to-express-session' },
        token,
      );
      assert.equal(setCookie(answer), undefined);
      assert.equal(store.records.size, what === 'rotated' ? 1 : 0);
    });

    it(`that changes who is signed in, without jwtFromReq, is as any other if its session is ${what} (B247)`, async () => {
      const { answer } = await overtaken('/slow-login', meanwhile, { jwtFromReq: undefined });
      assert.equal(setCookie(answer), undefined);
      assert.equal(store.records.size, what === 'rotated' ? 1 : 0);
    });
  }

  it('that has begun and saved its session itself does not begin another one when that is logged out (B247)', async () => {
    const { answer } = await overtaken(
      '/login-save-slow',
      async (there) => {
        const [id = ''] = [...store.records.keys()].slice(1);
        await there.visit('/logout', legacyCookie(id));
      },
      {},
      '',
    );
    assert.equal(setCookie(answer), undefined);
    assert.deepEqual([...store.records.keys()], [legacy.id]);
  });

  it('keeps what step two has written into the record meanwhile (B242 B244)', async () => {
    const { answer } = await overtaken('/slow', (there) => there.visit('/', legacy.cookie));
    assert.equal(answer.text, '2');
    assert.deepEqual([stateOf(store, legacy.id).adopted, stateOf(store, legacy.id).gen], [true, 1]);
    assert.equal(store.expected.at(-1), stateOf(store, legacy.id).tag);
  });

  it('of a generation that ended just now is superseded: nothing is stored, unless somebody signs in (B243)', async () => {
    const site = await openStepOne(store);
    await logInThere(await openStepTwo(store.twin()));
    const before = store.records.get(legacy.id);
    for (const path of ['/', '/show'])
      assert.equal(setCookie(await site.visit(path, legacy.cookie)), undefined);
    assert.deepEqual([store.records.size, store.records.get(legacy.id)], [1, before]);
    const login = await site.visit('/login', legacy.cookie);
    assert(isForAnother(login, legacy));
    assert.equal((await site.visit('/who', cookieOf(login))).text, 'ada');
    await site.visit('/logout', legacy.cookie);
    assert.equal(
      store.records.has(legacy.id),
      false,
      'its destroy ends the session that the cookie belonged to',
    );
  });

  it('and a token whose login is overtaken gets a new raw id as well (B247)', async () => {
    const two = await openStepTwo(store.twin());
    const token = cookieOf(await two.visit('/show', legacy.cookie));
    const site = await openStepOne(store, {}, slowly);
    const slow = site.visit('/slow-login', token);
    await waiting.reached;
    assert.equal(sesOf(await two.visit('/login', token)).gen, 2);
    waiting.open();
    const answer = await slow;
    assert(isForAnother(answer, legacy));
    assert.equal((await site.visit('/who', cookieOf(answer))).text, 'bob');
    assert.equal([...store.records.values()].filter((text) => text.includes('__session')).length, 1);
  });

  it('and what express-session writes meanwhile are no obstacle: the later one has the last word (B245)', async () => {
    const original = await openOriginal(store);
    const { answer } = await overtaken('/slow', () => original.visit('/login', legacy.cookie));
    assert.equal(answer.text, '2');
    assert.equal(store.records.get(legacy.id), recordOf({ hits: 2 }));
  });
});
