// What is tried on each runtime.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { Browser } from './site.mjs';

/** By title, what is done at the address of a site. */
export const checks = {
  'a first visit gets a token, and the next ones count on': async (url) => {
    const visitor = new Browser(url);
    assert.equal((await visitor.look('/count')).count, 1);
    const [header] = visitor.token.split('.');
    assert.equal(JSON.parse(Buffer.from(header, 'base64url')).alg, 'ES256');
    assert.equal((await visitor.look('/count')).count, 2);
    assert.equal((await visitor.visit('/look')).isSet, false);
  },
  'a token that was changed opens nothing': async (url) => {
    const visitor = new Browser(url);
    await visitor.visit('/count');
    const forged = new Browser(url, `${visitor.cookie.slice(0, -3)}AAA`);
    assert.equal((await forged.look()).count, 0);
  },
  'a sign-in makes a new token, and the one before is dead': async (url) => {
    const ann = new Browser(url);
    const { id } = await ann.look('/count');
    const planted = ann.copy();
    await ann.visit('/login');
    assert.notEqual(ann.cookie, planted.cookie);
    const { user, count, id: idAfter } = await ann.look();
    assert.deepEqual({ user, count, id: idAfter }, { user: 'ann', count: 1, id });
    assert.equal((await planted.look()).user, 'nobody');
  },
  'renewToken and regenerate end what was before': async (url) => {
    const ann = new Browser(url);
    await ann.visit('/login');
    for (const path of ['/renew', '/regenerate']) {
      const before = ann.copy();
      assert.equal((await ann.visit(path)).isSet, true, path);
      assert.equal((await ann.look()).user, 'ann', path);
      assert.equal((await before.look()).user, 'nobody', path);
    }
  },
  'a logout ends the session for everybody who has its token': async (url) => {
    const ann = new Browser(url);
    await ann.visit('/login');
    const copy = ann.copy();
    await ann.visit('/logout');
    assert.equal((await copy.look()).user, 'nobody');
  },
  'a session of express-session goes on with a token, and its cookie is dead after a sign-in': async (
    url,
  ) => {
    const ann = new Browser(url);
    const { id } = await ann.look('/old/count');
    const legacy = ann.copy();
    assert.match(legacy.token, /^s%3A/);
    const { count, id: idAfter } = await ann.look('/count');
    assert.deepEqual({ count, id: idAfter }, { count: 2, id });
    assert.match(ann.token, /^ey/);
    await ann.visit('/login');
    assert.equal((await ann.look()).user, 'ann');
    assert.equal((await legacy.look()).user, 'nobody');
  },
  'save, then redirect: the next page finds what was saved': async (url) => {
    const visitor = new Browser(url);
    const { status, headers } = await visitor.visit('/save');
    assert.deepEqual([status, headers.get('location')], [302, '/look']);
    assert.equal((await visitor.look()).count, 100);
  },
  'a stream carries the token when the session is stored, and what changes afterwards is stored': async (
    url,
  ) => {
    const ann = new Browser(url);
    await ann.visit('/count');
    const stream = await ann.begin('/stream');
    assert.equal(stream.isSet, true);
    assert.equal(await ann.copy().look('/stored'), true);
    assert.equal(await stream.rest(), 'one, two, three');
    const { user, count } = await ann.look();
    assert.deepEqual({ user, count }, { user: 'ann', count: 3 });
  },
  'twenty requests at the same time find the session, and each its own context': async (url) => {
    const visitor = new Browser(url);
    await visitor.visit('/count');
    const paths = Array.from({ length: 20 }, (_, at) => `/look?${String(at)}`);
    const answers = await Promise.all(paths.map((path) => visitor.copy().look(path)));
    assert.deepEqual(
      answers.map(({ count, visit }) => ({ count, visit })),
      paths.map((visit) => ({ count: 1, visit })),
    );
  },
};
