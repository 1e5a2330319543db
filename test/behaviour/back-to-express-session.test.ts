// The way back to express-session: the cookieFormat that gives the holders of tokens their old cookies again.
import assert from 'node:assert/strict';
import { ComparingStore } from '../support/comparing-store';
import { openOriginal, openStepOne, openStepTwo } from '../support/cookie-format';
import { record } from '../support/contents';
import { cookieOf, setCookie } from '../support/cookies';
import { lateErrors } from '../support/late-errors';
import { type LegacySession, startLegacySession } from '../support/legacy';
import { sesOf } from '../support/session-tokens';
import { gate } from '../support/site';
import { startSession02 } from '../support/token02';

const back = { cookieFormat: 'back-to-express-session' } as const;

describe('on the way back to express-session (B266)', () => {
  let store: ComparingStore;
  let legacy: LegacySession;
  beforeEach(async () => {
    store = new ComparingStore();
    legacy = await startLegacySession(store, { hits: 1 });
  });

  for (const path of ['/show', '/']) {
    it(`a token of an upgraded session is answered with its old cookie, once, at ${path} (B232)`, async () => {
      const token = cookieOf(await (await openStepTwo(store)).visit(path, legacy.cookie));
      const site = await openStepOne(store.twin(), back);
      const answer = await site.visit(path, token);
      assert.equal(cookieOf(answer), legacy.cookie);
      assert.equal(setCookie(await site.visit('/show', cookieOf(answer))), undefined);
      const hits = path === '/' ? '3' : '1';
      assert.equal((await (await openOriginal(store)).visit('/show', cookieOf(answer))).text, hits);
      assert.equal(record(store, legacy.id)?.__session !== undefined, path === '/', 'what is there stays');
    });
  }

  it('a session that has rotated, or began under a token, keeps its token', async () => {
    const two = await openStepTwo(store);
    const rotated = await two.visit('/login', legacy.cookie);
    const began = await two.visit('/');
    const site = await openStepOne(store.twin(), back);
    for (const cookie of [cookieOf(rotated), cookieOf(began)]) {
      const answer = await site.visit('/', cookie);
      assert.notEqual(answer.text, '1');
      assert.equal(setCookie(answer), undefined);
    }
    assert.deepEqual(sesOf(await site.visit('/login', cookieOf(began))).gen, 2);
  });

  it('a token of 0.2.2 gets a cookie of express-session as well (B237)', async () => {
    const old = await startSession02(store, { hits: 1 });
    const site = await openStepOne(store, back);
    const answer = await site.visit('/', old.cookie);
    assert.equal((await (await openOriginal(store)).visit('/show', cookieOf(answer))).text, '2');
  });

  it('a response that shared caches keep brings no cookie, the next one does (B261)', async () => {
    const token = cookieOf(await (await openStepTwo(store)).visit('/show', legacy.cookie));
    const site = await openStepOne(store.twin(), back, {
      '/public': (_, res) => {
        res.setHeader('Cache-Control', 'public');
        res.end();
      },
    });
    assert.equal(setCookie(await site.visit('/public', token)), undefined);
    const answer = await site.visit('/show', token);
    assert.equal(cookieOf(answer), legacy.cookie);
    assert.equal((answer.headers as Record<string, string>)['cache-control'], 'no-cache="Set-Cookie"');
  });

  it('a session that rotates meanwhile keeps its newest token: the old cookie is not sent (B260)', async () => {
    const two = await openStepTwo(store.twin());
    const token = cookieOf(await two.visit('/show', legacy.cookie));
    const waiting = gate();
    const site = await openStepOne(store, back, {
      '/slow': async (_, res) => {
        await waiting.pass();
        res.end();
      },
    });
    const slow = site.visit('/slow', token);
    await waiting.reached;
    await two.visit('/login', token);
    waiting.open();
    assert.equal(setCookie(await slow), undefined);
    assert.deepEqual(await lateErrors(site), []);
  });
});
