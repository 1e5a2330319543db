/** Each demonstration of the playground, in a browser without JavaScript: what it shows of both packages. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { demos } from '../../../examples/playground/demos/all';
import { visitPlayground } from './open-playground';

const root = path.join(__dirname, '../../..');

/** The verdict of one side, and what came of its steps, in order. */
interface Observed {
  good: boolean;
  verdict: string;
  got: string[];
}

const yes = 'Signed in as Ada';
const no = 'Not signed in';

describe('The demonstrations of the playground', function () {
  this.timeout(60_000);

  const visitor = visitPlayground({ javaScriptEnabled: false });

  async function run(name: string): Promise<Record<'before' | 'after', Observed>> {
    const { page } = visitor;
    await page.goto(`/demos/${name}`);
    assert.equal(await page.locator('[data-side]').count(), 0, 'nothing is shown before the run');
    await page.getByRole('button', { name: 'Run' }).click();
    const observed = async (side: string): Promise<Observed> => {
      const column = page.locator(`[data-side="${side}"]`);
      const verdict = column.getByTestId('verdict');
      return {
        good: /\bgood\b/.test((await verdict.getAttribute('class')) ?? ''),
        verdict: await verdict.locator('strong').innerText(),
        got: await column.locator('.got').allInnerTexts(),
      };
    };
    return { before: await observed('express-session'), after: await observed('express-session-jwt') };
  }

  it('are listed, each with a sentence, and lead on to the next one', async () => {
    const { page } = visitor;
    await page.goto('/demos');
    assert.equal(await page.locator('.demos li p').count(), demos.length);
    await page.getByRole('link', { name: demos[0]?.title ?? '' }).click();
    for (const { title, life } of demos) {
      assert.equal(await page.locator('h1').innerText(), title);
      assert.equal(await page.locator('.lead').innerText(), life);
      assert.equal(await page.getByRole('button', { name: 'Run' }).count(), 1);
      const next = page.getByRole('link', { name: 'Next: ' });
      if ((await next.count()) > 0) await next.click();
    }
    assert.equal(await page.locator('h1').innerText(), demos.at(-1)?.title);
  });

  it('show the lines that run, about eight of them, and link to documents that there are', async () => {
    const { page } = visitor;
    for (const { name, file, links } of demos) {
      await page.goto(`/demos/${name}`);
      const lines = (await page.getByTestId('code').innerText()).split('\n').map((line) => line.trim());
      assert.ok(lines.length >= 4 && lines.length <= 10, `${name} shows ${String(lines.length)} lines`);
      const source = readFileSync(file, 'utf8')
        .split('\n')
        .map((line) => line.trim());
      for (const line of lines) assert.ok(source.includes(line), line);
      for (const [address] of links) {
        const response = await fetch(visitor.playground.url + address);
        assert.equal(response.status, 200, address);
        const [, fragment] = address.split('#');
        if (fragment) assert.ok((await response.text()).includes(`id="${fragment}"`), address);
      }
    }
  });

  it('name the versions that run', async () => {
    const { page } = visitor;
    await run('role');
    for (const name of ['express-session', 'express-session-jwt']) {
      const manifest = name === 'express-session' ? `node_modules/${name}/package.json` : 'package.json';
      const { version } = JSON.parse(readFileSync(path.join(root, manifest), 'utf8')) as { version: string };
      assert.equal(await page.locator(`[data-side="${name}"] h2`).innerText(), `${name} ${version}`);
    }
  });

  it('see that a planted cookie is signed in with express-session, and opens nothing here', async () => {
    const { before, after } = await run('planted-cookie');
    const visit = 'Visit number 2 of that session';
    assert.deepEqual(before.got, [visit, yes, yes, no]);
    assert.deepEqual(after.got, [visit, yes, no, no]);
    assert.match(before.verdict, /^Mallory is signed in as Ada, unless the handler calls regenerate\(\)/);
    assert.deepEqual([before.good, after.good], [false, true]);
  });

  it('see that a slow request undoes a sign-out with express-session, and does not here', async () => {
    const { before, after } = await run('slow-request');
    assert.deepEqual(before.got, ['No session', '1 session of Ada', yes]);
    assert.deepEqual(after.got, ['No session', 'No session', no]);
    assert.deepEqual([before.good, after.good], [false, true]);
  });

  it('see that the cookie of a stream is good at its end with express-session, and at its beginning here', async () => {
    const { before, after } = await run('stream');
    assert.deepEqual(before.got, ['“Welcome, Ada.”', no, yes, no]);
    assert.deepEqual(after.got, ['“Welcome, Ada.”', yes, yes, yes]);
    assert.deepEqual([before.good, after.good], [false, true]);
  });

  it('see that two clicks sign in on both sides, and that only here the cookie from before does not', async () => {
    const { before, after } = await run('double-click');
    assert.deepEqual(before.got, [yes, yes, yes, yes]);
    assert.deepEqual(after.got, [yes, no, yes, no]);
    assert.deepEqual([before.good, after.good], [false, true]);
  });

  it('see that the move in two steps signs nobody out, and why it is not one step', async () => {
    const { before, after } = await run('moving');
    assert.match(before.got[0] ?? '', /^A cookie of the old form: s:/);
    assert.deepEqual(before.got.slice(1), ['Signed in as Grace', no, no]);
    assert.match(after.got[1] ?? '', /^A cookie of the old form: s:/);
    const [inStepOne, , ...later] = after.got;
    assert.deepEqual([inStepOne, ...later], [yes, `${yes}. The cookie is a token now`, 'Yes', yes, no, no]);
    assert.equal(after.verdict, 'Nobody is signed out by the move, and a sign-out ends both cookies.');
    assert.equal(after.good, true);
  });

  it('see that a new role reaches the other tab on both sides, and the cookie here', async () => {
    const { before, after } = await run('role');
    assert.deepEqual(before.got, ['No new cookie', `${yes}, editor`, 'Nothing', 'Nothing']);
    assert.deepEqual(after.got, ['A new cookie', `${yes}, editor`, 'editor', 'reader']);
    assert.deepEqual([before.good, after.good], [true, true]);
  });

  it('see that neither takes a forged cookie, and that both change keys without a sign-out', async () => {
    const { before, after } = await run('keys');
    const change = [yes, 'Signed in as Grace', no];
    assert.deepEqual(before.got, [yes, no, no, ...change]);
    assert.deepEqual(after.got, [yes, no, no, no, ...change]);
    assert.deepEqual([before.good, after.good], [true, true]);
  });

  it('see that a second service without the store knows the user here alone, until the token expires', async () => {
    const { before, after } = await run('two-services');
    assert.deepEqual(before.got, [no, no, no]);
    assert.deepEqual(after.got, [yes, no, yes]);
    assert.deepEqual([before.good, after.good], [false, true]);
    const column = visitor.page.locator('[data-side="express-session-jwt"]');
    assert.match(await column.innerText(), /The token expires in 5 minutes\./);
  });

  it('see that a copy of the store and the secret open a session of express-session, and none here', async () => {
    const { before, after } = await run('store');
    assert.deepEqual(before.got, ['Yes', no, yes]);
    assert.deepEqual(after.got, ['No', no, no, no]);
    assert.deepEqual([before.good, after.good], [false, true]);
    const records = async (side: string) =>
      (await visitor.page.locator(`[data-side="${side}"] figure pre`).allInnerTexts()).map(
        (text) => JSON.parse(text) as { user?: string; __session?: { gen: number } },
      );
    const seen = (await records('express-session')).map(({ user, __session }) => [user, __session?.gen]);
    assert.deepEqual(seen, [
      [undefined, undefined],
      ['Ada', undefined],
    ]);
    const own = (await records('express-session-jwt')).map(({ user, __session }) => [user, __session?.gen]);
    assert.deepEqual(own, [
      [undefined, 1],
      ['Ada', 2],
    ]);
  });

  it('leave the visitor’s own session alone, and are forgotten when nobody knows them', async () => {
    const { page } = visitor;
    await visitor.signIn('Grace');
    const before = await visitor.token();
    await run('slow-request');
    assert.equal(await visitor.token(), before);
    assert.equal(await page.getByRole('button', { name: 'Sign out' }).count(), 1);
    await page.goto('/demos/slow-request?run=00000000-0000-0000-0000-000000000000');
    assert.equal(await page.locator('[data-side]').count(), 0);
    assert.equal((await page.goto('/demos/nothing'))?.status(), 404);
  });

  it('write no token into the log, nor what somebody typed', async () => {
    const { page } = visitor;
    await visitor.signIn('Ada');
    await page.getByLabel('A note to keep').fill('for-nobody-else');
    await page.getByRole('button', { name: 'Keep it' }).click();
    const { url } = visitor.playground;
    const post = { method: 'POST', headers: { origin: url } };
    for (const { name } of demos) assert.equal((await fetch(`${url}/demos/${name}`, post)).status, 200);

    const log = visitor.playground.log();
    assert.match(log, /express-session /, 'debug lines were asked for');
    assert.ok(!log.includes('for-nobody-else'));
    assert.doesNotMatch(log, /[\w-]+\.[\w-]+\.[\w-]{86}/);
    assert.doesNotMatch(log, /WARN_SESSION_|Error/);
  });
});
