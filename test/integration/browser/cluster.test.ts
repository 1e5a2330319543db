/** The example of a cluster works in a browser. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from './start-browser';
import { skipWithout } from '../../support/database-server';
import { redisProgram } from '../../support/redis';

const root = path.join(__dirname, '../../..');

/** Needs what `npm run build` makes, as the example does. */
describe('The example of a cluster in a browser without JavaScript', function () {
  this.timeout(60_000);

  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-example-'));
  let example: ChildProcess | undefined;
  let browser: Browser | undefined;
  let page: Page;
  let complaints = '';

  before(async function () {
    if (!redisProgram) skipWithout(this, 'no redis: apt-get install redis-server');
    browser = await startBrowser(this);
    const env = { ...process.env, PORT: '0', TMPDIR: temporary };
    Reflect.deleteProperty(env, 'REDIS_URL');
    Reflect.deleteProperty(env, 'NODE_V8_COVERAGE');
    const child = spawn(process.execPath, ['examples/cluster/start.mjs'], { cwd: root, env, stdio: 'pipe' });
    example = child;
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    const line = once(createInterface(child.stdout), 'line').then(([text]) => String(text));
    const exit = once(child, 'exit').then(() => Promise.reject(new Error(`it ended: ${complaints}`)));
    exit.catch(() => undefined);
    const url = /http:\S+/.exec(await Promise.race([line, exit]))?.[0];
    const context = await browser.newContext({ baseURL: url, javaScriptEnabled: false });
    page = await context.newPage();
  });

  after(async () => {
    await browser?.close();
    if (example) {
      const ended = once(example, 'exit');
      example.kill('SIGTERM');
      await ended;
    }
    // Redis and its folder are gone with the example.
    assert.deepEqual(fs.readdirSync(temporary), []);
    fs.rmSync(temporary, { recursive: true });
    assert.equal(complaints, '');
  });

  const text = (id: string) => page.getByTestId(id).innerText();
  const press = (name: string) => page.getByRole('button', { name }).click();

  /** As a person would: whoever met the process that was just killed, or waits for its answer in vain, tries again. */
  const reload = async () => {
    for (let attempt = 0; ; attempt++) {
      try {
        await page.goto('/', { timeout: 5000 });
        return;
      } catch (error) {
        if (attempt === 5 || !/net::ERR_|chrome-error|Timeout/.test(String(error))) throw error;
      }
    }
  };

  it('counts the views of one session, whichever process answers', async () => {
    await page.goto('/');
    const seen = new Set<string>();
    for (let views = 1; views <= 6; views++) {
      assert.equal(await text('views'), String(views));
      seen.add(await text('process'));
      await press('View again');
    }
    assert.deepEqual([...seen].sort(), ['1', '2', '3']);
    assert.equal(await text('guarantee'), 'everywhere');
    assert.equal((await text('trail')).split('\n').length, 7);
  });

  it('signs in and shows the name as text', async () => {
    await page.getByLabel('Name').fill('<b>Ada</b> & co');
    await press('Sign in');
    for (let times = 0; times < 3; times++) {
      assert.equal(await text('name'), '<b>Ada</b> & co');
      await press('View again');
    }
    const picture = process.env.CLUSTER_SCREENSHOT;
    if (picture) await page.screenshot({ path: picture, fullPage: true });
  });

  it('replaces a process that is killed, and keeps everybody signed in', async () => {
    await press('Kill the process that gets this');
    for (let times = 0; times < 6; times++) {
      await reload();
      assert.equal(await text('name'), '<b>Ada</b> & co');
    }
  });

  it('fits a small screen', async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto('/');
    const box = await page.getByRole('main').boundingBox();
    assert.ok(box && box.x >= 0 && box.x + box.width <= 320);
    for (const button of await page.getByRole('button').all()) {
      const { x = 0, width = 0, height = 0 } = (await button.boundingBox()) ?? {};
      assert.ok(x + width <= 320 && height >= 44);
    }
  });

  it('signs out in all processes', async () => {
    const cookies = await page.context().cookies();
    await press('Sign out');
    assert.equal(await text('name'), 'not signed in');
    await page.context().addCookies(cookies);
    for (let times = 0; times < 3; times++) {
      await page.goto('/');
      assert.equal(await text('name'), 'not signed in');
      assert.equal(await text('views'), String(times + 1));
    }
  });
});
