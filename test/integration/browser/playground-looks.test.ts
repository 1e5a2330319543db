/** How the playground looks and feels: its header, no reloads, nothing that axe finds, and the pictures of the documents. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { demos } from '../../../examples/playground/demos/all';
import { visitPlayground } from './open-playground';

const pictures = path.join(__dirname, '../../../docs/images');
const sections = ['/', '/token', '/store', '/cookie', '/refresh', '/demos', '/docs'];

/** What was asked for, and both sides of the places where the header changes. */
const allWidths = [360, 390, 768, 1055, 1056, 1199, 1200, 1280, 1920];

interface Violation {
  id: string;
  nodes: { html: string }[];
}

describe('The playground in a browser with JavaScript', function () {
  this.timeout(60_000);

  const visitor = visitPlayground();

  async function runDemo(name: string): Promise<void> {
    await visitor.page.goto(`/demos/${name}`);
    await visitor.page.getByRole('button', { name: 'Run' }).click();
    await visitor.page.locator('#observed').waitFor();
  }

  it('has its header on one line, and room for everything, from 360 to 1920 pixels', async () => {
    const { page } = visitor;
    for (const person of ['nobody', 'Grace']) {
      if (person === 'Grace') await visitor.signIn(person);
      for (const address of [...sections, '/demos/planted-cookie', '/docs/options']) {
        await page.goto(address);
        assert.equal(await page.locator('h1').count(), 1, address);
        assert.match(await page.title(), / · express-session-jwt playground$/);
        // The header is the same everywhere: its every turning point is looked at once for each visitor.
        for (const width of address === '/demos' ? allWidths : [360, 1280]) {
          await page.setViewportSize({ width, height: 800 });
          const { widest, height, lines } = await page.evaluate<{
            widest: number;
            height: number;
            lines: number;
          }>(`(() => {
            const visible = [...document.querySelectorAll('header.site :is(a, button, .name)')]
              .map((element) => element.getBoundingClientRect()).filter(({ width }) => width > 0);
            return {
              widest: Math.max(document.documentElement.scrollWidth, ...visible.map(({ right }) => right)),
              height: document.querySelector('header.site').getBoundingClientRect().height,
              lines: new Set(visible.map(({ top, bottom }) => Math.round((top + bottom) / 16))).size,
            };
          })()`);
          const where = `${address} of ${person} at ${String(width)}`;
          assert.ok(widest <= width, `${where} is ${String(widest)} wide`);
          assert.ok(height < 72, `${where} has a header of ${String(height)}`);
          assert.equal(lines, 1, `${where} has a header of more than one line`);
        }
      }
    }
  });

  it('has a menu on narrow screens, with all pages and the way out', async () => {
    const { page } = visitor;
    await visitor.signIn('Ada');
    await page.setViewportSize({ width: 360, height: 740 });
    const menu = page.getByRole('button', { name: 'Menu' });
    assert.equal(await page.getByRole('link', { name: 'Store', exact: true }).isVisible(), false);
    await menu.click();
    assert.equal(await page.getByRole('navigation').getByRole('link').count(), sections.length);
    assert.equal(await page.getByRole('button', { name: 'Sign out' }).isVisible(), true);
    await page.keyboard.press('Escape');
    assert.equal(await page.getByRole('button', { name: 'Sign out' }).isVisible(), false);
    await menu.click();
    await page.getByRole('link', { name: 'Store', exact: true }).click();
    await page.getByRole('heading', { name: 'What the store holds' }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'Store', exact: true }).isVisible(), false);
  });

  it('loads no page anew: links, forms, demonstrations, the way back', async () => {
    const { page } = visitor;
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', ({ message }) => complaints.push(message));
    await page.goto('/');
    await page.evaluate('window.stayed = true');

    await page.getByRole('button', { name: 'Sign in as Ada' }).click();
    await page.getByRole('heading', { name: 'Hello, Ada' }).waitFor();
    assert.equal(await page.getByTestId('views').innerText(), '2');
    await page.getByLabel('A note to keep').fill('a note');
    await page.getByRole('button', { name: 'Keep it' }).click();
    await page.locator('main pre', { hasText: '"note": "a note"' }).waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Demos' }).click();
    await page.getByRole('link', { name: 'A planted cookie' }).click();
    await page.getByRole('button', { name: 'Run' }).click();
    await page.locator('#observed').waitFor();
    assert.match(page.url(), /\/demos\/planted-cookie\?run=[\w-]+$/);
    assert.equal(await page.evaluate('document.activeElement.id'), 'observed');
    assert.match(await page.title(), /^A planted cookie/);

    await page.goBack();
    await page.getByRole('button', { name: 'Run', exact: true }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Side by side' }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/demos');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'A session you can look inside' }).waitFor();
    assert.equal(await page.evaluate('window.stayed'), true);
    assert.deepEqual(complaints, []);
  });

  it('looks at the refresh page again by itself', async () => {
    const { page } = visitor;
    await visitor.signIn('Ada');
    await page.clock.install();
    await page.goto('/refresh');
    await page.getByTestId('left').waitFor();
    await page.evaluate("document.querySelector('main').classList.add('before')");
    await page.clock.fastForward(5000);
    await page.locator('main:not(.before)').waitFor();
    assert.equal(await page.getByTestId('seen').getByRole('listitem').count(), 1);
  });

  it('lets no script in but its own', async () => {
    const answer = await visitor.page.goto('/');
    const policy = (await answer?.headerValue('content-security-policy')) ?? '';
    assert.match(policy, /default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(await visitor.page.locator('script:not([src]), [style], [onclick]').count(), 0);
  });

  it('shows the documentation, with its pictures, and links that lead somewhere', async () => {
    const { page } = visitor;
    await page.goto('/docs');
    await page.getByRole('link', { name: 'Playground', exact: true }).click();
    await page.getByRole('heading', { name: 'Side by side' }).waitFor();
    for (const picture of await page.locator('.document img').all()) {
      await picture.scrollIntoViewIfNeeded();
      assert.ok(await picture.getAttribute('alt'));
      const address = (await picture.getAttribute('src')) ?? '';
      assert.match(address, /^\/docs\/images\//);
      assert.equal((await fetch(visitor.playground.url + address)).headers.get('content-type'), 'image/png');
    }
    await page.getByRole('link', { name: 'two steps' }).click();
    await page.locator('#several-instances-two-steps').waitFor();
    assert.equal(new URL(page.url()).hash, '#several-instances-two-steps');
    assert.equal((await page.goto('/docs/..%2Fpackage'))?.status(), 404);
  });

  it('has nothing that axe finds, on any page, in light and in dark', async () => {
    const { page } = visitor;
    const axe = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');
    const check = async (where: string) => {
      await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
      await page.evaluate(`globalThis.axe ?? (() => { ${axe} })()`);
      for (const [colorScheme, width, rules] of [
        ['light', 390, "resultTypes: ['violations']"],
        // The rest does not depend on colours.
        ['dark', 1280, "runOnly: ['color-contrast', 'scrollable-region-focusable']"],
      ] as const) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        const { violations } = await page.evaluate<{ violations: Violation[] }>(`axe.run({ ${rules} })`);
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`);
        assert.deepEqual(found, [], `${where} in ${colorScheme}`);
      }
    };

    await page.goto('/');
    await check('/ of a stranger');
    await visitor.signIn('Grace');
    for (const address of [
      ...sections,
      '/verifier',
      '/nothing',
      '/docs/migration',
      '/docs/playground',
      '/demos/role',
    ]) {
      await page.goto(address);
      await check(address);
    }
    for (const { name } of demos) {
      await runDemo(name);
      await check(`/demos/${name}`);
    }
  });

  it('is shown in docs/images by few and small pictures (made by UPDATE_SCREENSHOTS=1)', async () => {
    const { page } = visitor;
    if (process.env.UPDATE_SCREENSHOTS === '1') {
      mkdirSync(pictures, { recursive: true });
      /** From the top of the page to the end of this part. */
      const shoot = async (name: string, last: string) => {
        await page.evaluate('scrollTo(0, 0); document.activeElement.blur()');
        const box = await page.locator(last).boundingBox();
        assert.ok(box);
        const { width = 0 } = page.viewportSize() ?? {};
        const clip = { x: 0, y: 0, width, height: box.y + box.height + 20 };
        await page.screenshot({ path: path.join(pictures, `playground-${name}.png`), fullPage: true, clip });
      };
      await page.setViewportSize({ width: 920, height: 800 });
      await visitor.signIn('Ada');
      await runDemo('planted-cookie');
      await shoot('planted-cookie', '#observed');
      await page.emulateMedia({ colorScheme: 'dark' });
      await runDemo('slow-request');
      await shoot('slow-request-dark', '#observed');
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 390, height: 800 });
      await page.goto('/token');
      await shoot('token', '.edge-header');
    }
    const files = readdirSync(pictures).filter((name) => name.startsWith('playground-'));
    assert.deepEqual(files.sort(), [
      'playground-planted-cookie.png',
      'playground-slow-request-dark.png',
      'playground-token.png',
    ]);
    for (const file of files) assert.ok(statSync(path.join(pictures, file)).size <= 150 * 1024, file);
  });
});
