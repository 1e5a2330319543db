/** The pages that show a session, in a browser without JavaScript. */
import assert from 'node:assert/strict';
import { decode, digest } from '../../support/cookies';
import { startPlayground, temporaryDirectory } from '../../support/playground';
import { idOf, sesOf } from '../../support/session-tokens';
import { visitPlayground } from './open-playground';

const pages = ['/', '/token', '/store', '/cookie', '/refresh', '/demos', '/docs'];

describe('The playground in a browser without JavaScript', function () {
  this.timeout(60_000);

  const visitor = visitPlayground({ javaScriptEnabled: false });

  /** What a holder of this cookie value is to the site. */
  async function whoIs(
    cookie: string,
  ): Promise<{ signedIn: boolean; name?: string; role?: string; views?: number }> {
    const response = await fetch(`${visitor.playground.url}/whoami`, {
      headers: { cookie: `connect.sid=${encodeURIComponent(cookie)}` },
    });
    return (await response.json()) as { signedIn: boolean };
  }

  const text = (selector: string) => visitor.page.locator(selector).innerText();

  it('counts a visitor’s views and offers two people to sign in as', async () => {
    await visitor.page.goto('/');
    assert.equal(await visitor.page.getByRole('button', { name: /^Sign in as/ }).count(), 2);
    assert.equal(await visitor.page.getByTestId('views').innerText(), '1');
    await visitor.page.reload();
    assert.equal(await visitor.page.getByTestId('views').innerText(), '2');
  });

  it('gives a visitor who only looks around no cookie', async () => {
    for (const address of pages.slice(1)) await visitor.page.goto(address);
    assert.equal(await visitor.sessionCookie(), undefined);
  });

  it('signs in with a token of the next generation, kills the old one and goes on counting', async () => {
    await visitor.page.goto('/');
    const anonymous = await visitor.token();
    await visitor.page.getByRole('button', { name: 'Sign in as Ada' }).click();

    assert.match(await text('h1'), /Hello, Ada/);
    assert.equal(await visitor.page.getByTestId('views').innerText(), '2');
    assert.equal(decode(await visitor.token()).payload.name, 'Ada Lovelace');
    assert.deepEqual(sesOf(await visitor.token()), { ...sesOf(anonymous), gen: 2 });
    assert.deepEqual(await whoIs(anonymous), { signedIn: false });
    assert.equal((await whoIs(await visitor.token())).name, 'Ada Lovelace');
  });

  it('signs out and leaves neither cookie nor session behind', async () => {
    await visitor.signIn('Ada');
    const before = await visitor.token();
    await visitor.page.getByRole('button', { name: 'Sign out' }).click();

    assert.equal(await visitor.page.getByTestId('views').innerText(), '1');
    assert.notEqual(await visitor.token(), before);
    assert.deepEqual(await whoIs(before), { signedIn: false });
  });

  it('returns to the page from which somebody signed in', async () => {
    await visitor.page.goto('/store');
    await visitor.page.getByRole('link', { name: 'Token' }).click();
    await visitor.page.getByRole('button', { name: 'Sign in as Grace' }).click();
    assert.equal(new URL(visitor.page.url()).pathname, '/token');
  });

  it('takes the token apart and never shows the whole of it', async () => {
    await visitor.signIn('Grace');
    const held = await visitor.token();
    for (const address of pages) {
      await visitor.page.goto(address);
      assert.ok(
        !(await visitor.page.content()).includes(held.split('.')[2] ?? held),
        `${address} shows the signature`,
      );
    }

    await visitor.page.goto('/token');
    const { header, payload } = decode(held);
    assert.deepEqual(JSON.parse(await text('pre.part-header')), header);
    assert.deepEqual(JSON.parse(await text('pre.part-claims')), payload);
    assert.equal(header.alg, 'ES256');
    assert.match(await text('main'), new RegExp(idOf(held)));
    assert.equal(await visitor.page.getByTestId('generation').innerText(), String(sesOf(held).gen));
    assert.match(await text('main'), /BEGIN PUBLIC KEY/);
  });

  it('lists the store by ids, with what the library keeps in a record, and finds no token in it', async () => {
    await visitor.signIn('Ada');
    await visitor.page.goto('/store');
    const own = visitor.page.locator('.entries .own');
    assert.equal(await own.locator('h3').innerText(), idOf(await visitor.token()));
    assert.match(await own.innerText(), /Ada Lovelace/);
    const record = JSON.parse(await own.locator('pre').innerText()) as { __session: { gen: number } };
    assert.equal(record.__session.gen, sesOf(await visitor.token()).gen);
    assert.match(await own.innerText(), /generation 2/);
    for (const id of await visitor.page.locator('.entries h3').allInnerTexts())
      assert.match(id, /^[\w-]{32}$/);
    assert.match(await text('.verdict'), /Searched for your token, its signature and its handle: 0 found/);
  });

  it('shows the flags the browser was given with the cookie', async () => {
    await visitor.signIn('Ada');
    const visit = await visitor.page.goto('/');
    const cookie = await visitor.sessionCookie();
    assert.ok(cookie);
    await visitor.page.goto('/cookie');
    const row = (name: string) =>
      visitor.page.getByRole('row').filter({ hasText: name }).locator('code').first().innerText();

    assert.deepEqual(
      [cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path],
      [true, false, 'Lax', '/'],
    );
    assert.equal(await row('HttpOnly'), 'yes');
    assert.equal(await row('Secure'), 'no');
    assert.match(await row('SameSite'), /lax/i);
    assert.equal(await row('Path'), '/');
    assert.match(
      await row('Size'),
      new RegExp(`^${String(cookie.name.length + cookie.value.length)} of 4096`),
    );
    // As it was sent: Chromium keeps the expiry moved by what it takes the server's clock to be off, up to some seconds.
    const [, expires] = /; Expires=([^;]+)/.exec((await visit?.headerValue('set-cookie')) ?? '') ?? [];
    assert.ok(expires && cookie.expires >= Date.parse(expires) / 1000);
    assert.equal(await row('Expires'), 'in 7 days');
    assert.ok((await text('main pre')).includes(`; Expires=${expires};`));
  });

  it('sends a new token before the old one expires, and both open the session', async () => {
    const quick = await startPlayground({
      PLAYGROUND_DIR: temporaryDirectory(),
      PLAYGROUND_EXPIRES_IN: '4',
    });
    try {
      await visitor.page.goto(`${quick.url}/refresh`);
      await visitor.page.getByRole('button', { name: 'Sign in as Ada' }).click();
      const first = await visitor.token();
      const seen = () => visitor.page.getByTestId('seen').getByRole('listitem').allInnerTexts();
      assert.deepEqual(await seen(), [digest(first).slice(0, 8)]);
      while ((await visitor.token()) === first) await visitor.page.reload();
      assert.ok(Date.now() / 1000 < Number(decode(first).payload.exp), 'the next one came before it expired');
      await visitor.page.reload();
      assert.deepEqual(
        await seen(),
        [first, await visitor.token()].map((one) => digest(one).slice(0, 8)),
      );
      assert.deepEqual(sesOf(await visitor.token()), sesOf(first));
      assert.equal(await visitor.page.getByRole('button', { name: 'Sign out' }).count(), 1);
      const response = await fetch(`${quick.url}/whoami`, { headers: { cookie: `connect.sid=${first}` } });
      assert.equal(((await response.json()) as { name?: string }).name, 'Ada Lovelace');
    } finally {
      await quick.stop();
    }
  });

  it('has a service that only verifies, which believes a token until it expires', async () => {
    await visitor.page.goto('/verifier');
    assert.equal(await visitor.page.getByTestId('refused').count(), 1);
    await visitor.signIn('Grace');
    await visitor.page.goto('/refresh');
    await visitor.page.getByRole('link', { name: 'See what such a service' }).click();
    const shown = JSON.parse(await visitor.page.getByTestId('claims').innerText()) as Record<string, unknown>;
    assert.deepEqual(shown, decode(await visitor.token()).payload);
    assert.equal(shown.name, 'Grace Hopper');
  });

  it('shows what a visitor typed as text, never as markup', async () => {
    const markup = '"><img src=x onerror=alert(1)><b>bold';
    await visitor.page.goto('/');
    await visitor.page.getByLabel('A note to keep').fill(markup);
    await visitor.page.getByRole('button', { name: 'Keep it' }).click();
    assert.equal(await visitor.page.getByLabel('A note to keep').inputValue(), markup);
    for (const address of ['/', '/store']) {
      await visitor.page.goto(address);
      assert.match(await text('main'), /onerror=alert/);
      assert.equal(await visitor.page.locator('img, main b').count(), 0);
    }
    const answer = await visitor.page.goto('/%3Cb%3Ebold');
    assert.equal(answer?.status(), 404);
    assert.equal(await visitor.page.locator('main b').count(), 0);
  });
});
