import assert from 'node:assert/strict';
import fs from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startBrowser } from './start-browser';
import { decode, digest } from '../../support/cookies';
import { startPlayground, temporaryDirectory, type Playground } from '../../support/playground';
import { idOf, sesOf } from '../../support/session-tokens';

/** The value itself and those of its parts that would give away something: not the header, which all tokens share. */
function unguessableParts(secret: string): string[] {
  const parts = secret.split(/[.:]/).filter((part) => part.length > 20 && !part.startsWith('eyJhbGci'));
  return [secret, ...parts];
}

const pages = ['/', '/token', '/store', '/cookie', '/refresh', '/promises'];

describe('The playground in a browser without JavaScript', function () {
  this.timeout(60_000);

  let playground: Playground;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  before(async function () {
    browser = await startBrowser(this);
    playground = await startPlayground({ PLAYGROUND_DIR: temporaryDirectory() });
  });

  after(async () => {
    // Both are missing where the browser is.
    await (browser as Browser | undefined)?.close();
    await (playground as Playground | undefined)?.stop();
  });

  beforeEach(async () => {
    context = await browser.newContext({ baseURL: playground.url, javaScriptEnabled: false });
    page = await context.newPage();
  });

  afterEach(async () => {
    await context.close();
  });

  /** What the browser holds under the session cookie's name. */
  async function sessionCookie() {
    return (await context.cookies()).find((cookie) => cookie.name === 'connect.sid');
  }

  async function token(): Promise<string> {
    const cookie = await sessionCookie();
    assert.ok(cookie, 'the browser has no session cookie');
    return decodeURIComponent(cookie.value);
  }

  async function signIn(name: string): Promise<void> {
    await page.goto('/');
    await page.getByRole('button', { name: `Sign in as ${name}` }).click();
  }

  async function tryPromise(button: string): Promise<void> {
    await page.goto('/promises');
    await page.getByRole('button', { name: button }).click();
  }

  /** What a holder of this cookie value is to the site. */
  async function whoIs(
    cookie: string,
  ): Promise<{ signedIn: boolean; name?: string; role?: string; views?: number }> {
    const response = await fetch(`${playground.url}/whoami`, {
      headers: { cookie: `connect.sid=${encodeURIComponent(cookie)}` },
    });
    return (await response.json()) as { signedIn: boolean };
  }

  const text = (selector: string) => page.locator(selector).innerText();
  const verdict = () => page.getByTestId('verdict').innerText();

  it('counts a visitor’s views and offers two people to sign in as', async () => {
    await page.goto('/');
    assert.equal(await page.getByRole('button', { name: /^Sign in as/ }).count(), 2);
    assert.equal(await page.getByTestId('views').innerText(), '1');
    await page.reload();
    assert.equal(await page.getByTestId('views').innerText(), '2');
  });

  it('gives a visitor who only looks around no cookie', async () => {
    for (const address of pages.slice(1)) await page.goto(address);
    assert.equal(await sessionCookie(), undefined);
  });

  it('signs in with a token of the next generation, kills the old one and goes on counting', async () => {
    await page.goto('/');
    const anonymous = await token();
    await page.getByRole('button', { name: 'Sign in as Ada' }).click();

    assert.match(await text('h1'), /Hello, Ada/);
    assert.equal(await page.getByTestId('views').innerText(), '2');
    assert.equal(decode(await token()).payload.name, 'Ada Lovelace');
    assert.deepEqual(sesOf(await token()), { ...sesOf(anonymous), gen: 2 });
    assert.deepEqual(await whoIs(anonymous), { signedIn: false });
    assert.equal((await whoIs(await token())).name, 'Ada Lovelace');
  });

  it('signs out and leaves neither cookie nor session behind', async () => {
    await signIn('Ada');
    const before = await token();
    await page.getByRole('button', { name: 'Sign out' }).click();

    assert.equal(await page.getByTestId('views').innerText(), '1');
    assert.notEqual(await token(), before);
    assert.deepEqual(await whoIs(before), { signedIn: false });
  });

  it('returns to the page from which somebody signed in', async () => {
    await page.goto('/store');
    await page.getByRole('link', { name: 'Token' }).click();
    await page.getByRole('button', { name: 'Sign in as Grace' }).click();
    assert.equal(new URL(page.url()).pathname, '/token');
  });

  it('takes the token apart and never shows the whole of it', async () => {
    await signIn('Grace');
    const held = await token();
    for (const address of pages) {
      await page.goto(address);
      assert.ok(
        !(await page.content()).includes(held.split('.')[2] ?? held),
        `${address} shows the signature`,
      );
    }

    await page.goto('/token');
    const { header, payload } = decode(held);
    assert.deepEqual(JSON.parse(await text('pre.part-header')), header);
    assert.deepEqual(JSON.parse(await text('pre.part-claims')), payload);
    assert.equal(header.alg, 'ES256');
    assert.match(await text('main'), new RegExp(idOf(held)));
    assert.equal(await page.getByTestId('generation').innerText(), String(sesOf(held).gen));
    assert.match(await text('main'), /BEGIN PUBLIC KEY/);
  });

  it('lists the store by ids, with what the library keeps in a record, and finds no token in it', async () => {
    await signIn('Ada');
    await page.goto('/store');
    const own = page.locator('.entries .own');
    assert.equal(await own.locator('h3').innerText(), idOf(await token()));
    assert.match(await own.innerText(), /Ada Lovelace/);
    const record = JSON.parse(await own.locator('pre').innerText()) as { __session: { gen: number } };
    assert.equal(record.__session.gen, sesOf(await token()).gen);
    assert.match(await own.innerText(), /generation 2/);
    for (const id of await page.locator('.entries h3').allInnerTexts()) assert.match(id, /^[\w-]{32}$/);
    assert.match(await text('.verdict'), /Searched for your token, its signature and its handle: 0 found/);
  });

  it('shows the flags the browser was given with the cookie', async () => {
    await signIn('Ada');
    const visit = await page.goto('/');
    const cookie = await sessionCookie();
    assert.ok(cookie);
    await page.goto('/cookie');
    const row = (name: string) =>
      page.getByRole('row').filter({ hasText: name }).locator('code').first().innerText();

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
    assert.equal(await row('Expires'), expires);
  });

  it('changes the role with a new token, and a tab with the old one goes on', async () => {
    await signIn('Ada');
    const before = await token();
    await tryPromise('Become an editor');
    const after = await token();

    assert.match(await verdict(), /^Kept\./);
    assert.deepEqual([decode(before).payload.role, decode(after).payload.role], ['reader', 'editor']);
    assert.deepEqual(sesOf(after), sesOf(before));
    assert.equal((await whoIs(before)).role, 'editor');
    assert.equal((await whoIs(after)).role, 'editor');
    assert.equal(await page.locator('.tag.accepted').count(), 2);
    assert.match(await text('.account'), /editor/);
  });

  it('ends the old token when somebody else signs in, and the session keeps id and data', async () => {
    await signIn('Ada');
    const before = await token();
    await tryPromise('Sign in as somebody else');
    const after = await token();

    assert.match(await verdict(), /^Kept\./);
    assert.deepEqual(sesOf(after), { ...sesOf(before), gen: sesOf(before).gen + 1 });
    assert.deepEqual(await whoIs(before), { signedIn: false });
    assert.deepEqual(await whoIs(after), {
      signedIn: true,
      name: 'Grace Hopper',
      role: 'editor',
      views: (await whoIs(after)).views,
    });
    assert.equal(await page.locator('.tag.refused').count(), 1);
    assert.equal(await page.locator('.tag.accepted').count(), 1);
  });

  it('keeps a session dead that a slow request saves after the log-out', async () => {
    await signIn('Ada');
    const before = await token();
    await tryPromise('Log out in the middle of it');

    assert.match(await verdict(), /^Kept\./);
    assert.match(await text('.steps'), /"saved":false/);
    assert.deepEqual(await whoIs(before), { signedIn: false });
    await page.goto('/store');
    assert.ok(!(await page.content()).includes(idOf(before)));
  });

  it('gets a thief of the store nowhere', async () => {
    await signIn('Grace');
    await tryPromise('Steal the store');
    assert.match(await verdict(), /^Kept\./);
    assert.deepEqual(await whoIs(idOf(await token())), { signedIn: false });
  });

  it('gives a session of express-session a token and leaves its record in place; signing out ends both cookies', async () => {
    await tryPromise('Start with an old cookie');
    const legacy = await token();
    assert.match(legacy, /^s:/);
    assert.match(await text('h1'), /Before the move/);
    const legacyId = legacy.slice(2, legacy.lastIndexOf('.'));
    assert.equal(await text('.digest'), legacyId);

    await page.getByRole('link', { name: 'Walk into the new site' }).click();
    assert.match(await verdict(), /^Kept\./);
    assert.equal(decode(await token()).payload.name, 'Grace Hopper');
    assert.deepEqual([sesOf(await token()).lid, sesOf(await token()).gen], [legacyId, 1]);
    const upgraded = await token();
    assert.equal((await whoIs(legacy)).views, 41);

    await page.getByRole('link', { name: 'Session', exact: true }).click();
    assert.equal(await page.getByTestId('views').innerText(), '42');
    await page.goto('/store');
    const own = page.locator('.entries .own');
    assert.equal(await own.locator('h3').innerText(), legacyId);
    assert.match(await own.innerText(), /begun by express-session/);

    await page.getByRole('button', { name: 'Sign out' }).click();
    for (const old of [legacy, upgraded]) assert.deepEqual(await whoIs(old), { signedIn: false });
  });

  it('sends a new token before the old one expires, and both open the session', async () => {
    const quick = await startPlayground({
      PLAYGROUND_DIR: temporaryDirectory(),
      PLAYGROUND_EXPIRES_IN: '4s',
    });
    try {
      await page.goto(`${quick.url}/refresh`);
      await page.getByRole('button', { name: 'Sign in as Ada' }).click();
      const first = await token();
      const seen = () => page.getByTestId('seen').getByRole('listitem').allInnerTexts();
      assert.deepEqual(await seen(), [digest(first).slice(0, 8)]);
      while ((await token()) === first) await page.reload();
      assert.ok(Date.now() / 1000 < Number(decode(first).payload.exp), 'the next one came before it expired');
      await page.reload();
      assert.deepEqual(
        await seen(),
        [first, await token()].map((one) => digest(one).slice(0, 8)),
      );
      assert.deepEqual(sesOf(await token()), sesOf(first));
      assert.equal(await page.getByRole('button', { name: 'Sign out' }).count(), 1);
      const response = await fetch(`${quick.url}/whoami`, { headers: { cookie: `connect.sid=${first}` } });
      assert.equal(((await response.json()) as { name?: string }).name, 'Ada Lovelace');
    } finally {
      await quick.stop();
    }
  });

  it('has a service that only verifies, which believes a token until it expires', async () => {
    await page.goto('/verifier');
    assert.equal(await page.getByTestId('refused').count(), 1);
    await signIn('Grace');
    await page.goto('/refresh');
    await page.getByRole('link', { name: 'See what such a service' }).click();
    const shown = JSON.parse(await page.getByTestId('claims').innerText()) as Record<string, unknown>;
    assert.deepEqual(shown, decode(await token()).payload);
    assert.equal(shown.name, 'Grace Hopper');
  });

  it('shows what a visitor typed as text, never as markup', async () => {
    const markup = '"><img src=x onerror=alert(1)><b>bold';
    await page.goto('/');
    await page.getByLabel('A note to keep').fill(markup);
    await page.getByRole('button', { name: 'Keep it' }).click();
    assert.equal(await page.getByLabel('A note to keep').inputValue(), markup);
    for (const address of ['/', '/store']) {
      await page.goto(address);
      assert.match(await text('main'), /onerror=alert/);
      assert.equal(await page.locator('img, main b').count(), 0);
    }
    const answer = await page.goto('/%3Cb%3Ebold');
    assert.equal(answer?.status(), 404);
    assert.equal(await page.locator('main b').count(), 0);
  });

  it('has a heading, a title and room for everything on each page, down to a narrow screen', async () => {
    await signIn('Grace');
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 });
      for (const address of pages) {
        await page.goto(address);
        assert.equal(await page.locator('h1').count(), 1, address);
        assert.match(await page.title(), /^\w+ · express-session-jwt playground$/);
        assert.equal(await page.locator('nav a[aria-current=page]').getAttribute('href'), address);
        assert.equal(await page.locator('script').count(), 0);
        const body = await page.locator('body').boundingBox();
        const content = await page.evaluate('document.documentElement.scrollWidth');
        assert.ok(
          body && body.width <= width && Number(content) <= width,
          `${address} is wider than ${String(width)}`,
        );
      }
    }
  });

  it('never writes a token, a legacy cookie or a note to its log', async () => {
    await tryPromise('Start with an old cookie');
    const secrets = [await token()];
    await page.getByRole('link', { name: 'Walk into the new site' }).click();
    secrets.push(await token());
    await page.goto('/');
    await page.getByLabel('A note to keep').fill('for-nobody-else');
    await page.getByRole('button', { name: 'Keep it' }).click();
    await tryPromise('Become a reader');
    secrets.push(await token(), 'for-nobody-else');
    await tryPromise('Log out in the middle of it');

    const log = playground.log();
    assert.match(log, /express-session /, 'debug lines were asked for');
    for (const secret of secrets.flatMap(unguessableParts))
      assert.ok(!log.includes(secret), 'a secret was logged');
    assert.doesNotMatch(log, /[\w-]+\.[\w-]+\.[\w-]{86}/);
  });
});

describe('The playground', function () {
  this.timeout(30_000);

  const running: Playground[] = [];

  async function start(settings: Record<string, string>): Promise<Playground> {
    const playground = await startPlayground({ PLAYGROUND_DIR: temporaryDirectory(), ...settings });
    running.push(playground);
    return playground;
  }

  afterEach(async () => {
    await Promise.all(running.splice(0).map((playground) => playground.stop()));
  });

  function post(playground: Playground, address: string, body: string, headers: Record<string, string> = {}) {
    return fetch(playground.url + address, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body,
      redirect: 'manual',
    });
  }

  async function signIn(playground: Playground): Promise<string> {
    const response = await post(playground, '/sign-in', 'person=ada', { origin: playground.url });
    assert.equal(response.status, 303);
    return response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  }

  async function whoIs(playground: Playground, cookie: string): Promise<unknown> {
    return (await fetch(`${playground.url}/whoami`, { headers: { cookie } })).json();
  }

  /** Walks through the upgrade as a browser would: plant the old cookie, bring it along, read what came of it. */
  async function upgradeLegacyCookie(playground: Playground): Promise<void> {
    const get = (address: string | null, cookie: string) =>
      fetch(playground.url + (address ?? ''), { headers: { cookie }, redirect: 'manual' });
    const cookieIn = (response: Response) => response.headers.getSetCookie()[0]?.split(';')[0] ?? '';

    const planted = await post(playground, '/promises/legacy', '', { origin: playground.url });
    const upgraded = await get('/promises/legacy/after', cookieIn(planted));
    const outcome = await get(upgraded.headers.get('location'), cookieIn(upgraded));
    assert.match(await outcome.text(), /<strong>Kept\.<\/strong>/);
  }

  it('refuses a form that comes from another site or from nowhere', async () => {
    const playground = await start({});
    const foreign: Record<string, string>[] = [
      {},
      { origin: 'null' },
      { origin: 'http://localhost:1' },
      { origin: 'https://example.com' },
    ];
    for (const headers of foreign) {
      const response = await post(playground, '/sign-in', 'person=ada', headers);
      assert.equal(response.status, 403);
      assert.deepEqual(response.headers.getSetCookie(), []);
    }
  });

  it('redirects to pages of its own only', async () => {
    const playground = await start({});
    for (const back of ['https://example.com/', '//example.com', '/%5Cexample.com']) {
      const body = `person=ada&back=${encodeURIComponent(back)}`;
      const response = await post(playground, '/sign-in', body, { origin: playground.url });
      assert.equal(response.headers.get('location'), '/');
    }
  });

  it('keeps its keys in files that the owner alone can read, and keeps them over a restart', async () => {
    const PLAYGROUND_DIR = temporaryDirectory();
    const read = () =>
      fs.readdirSync(PLAYGROUND_DIR).map((name) => {
        const file = `${PLAYGROUND_DIR}/${name}`;
        return { name, mode: fs.statSync(file).mode & 0o777, content: fs.readFileSync(file, 'utf8') };
      });
    await (await start({ PLAYGROUND_DIR })).stop();
    const files = read();
    assert.deepEqual(
      files.map(({ name, mode }) => [name, mode]),
      [
        ['legacy-secret', 0o600],
        ['private.pem', 0o600],
      ],
    );
    await (await start({ PLAYGROUND_DIR })).stop();
    assert.deepEqual(read(), files);
  });

  it('forgets its sessions in a restart with the MemoryStore and keeps them with STORE=sqlite', async () => {
    for (const STORE of ['memory', 'sqlite']) {
      const PLAYGROUND_DIR = temporaryDirectory();
      const first = await start({ PLAYGROUND_DIR, STORE });
      const cookie = await signIn(first);
      assert.deepEqual(await whoIs(first, cookie), { signedIn: true, name: 'Ada Lovelace', role: 'reader' });
      await first.stop();

      const second = await start({ PLAYGROUND_DIR, STORE });
      const expected =
        STORE === 'sqlite' ? { signedIn: true, name: 'Ada Lovelace', role: 'reader' } : { signedIn: false };
      assert.deepEqual(await whoIs(second, cookie), expected);
    }
  });

  it('keeps its promises with STORE=sqlite as well', async () => {
    const playground = await start({ STORE: 'sqlite' });
    for (const address of ['/promises/role', '/promises/sign-in', '/promises/theft', '/promises/race']) {
      const signedIn = await signIn(playground);
      const response = await post(playground, address, '', { origin: playground.url, cookie: signedIn });
      const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? signedIn;
      const page = await fetch(playground.url + (response.headers.get('location') ?? ''), {
        headers: { cookie },
      });
      assert.match(await page.text(), /<strong>Kept\.<\/strong>/, address);
    }
    await upgradeLegacyCookie(playground);
  });

  it('answers a request it cannot understand with an error page and goes on', async () => {
    const playground = await start({});
    assert.equal((await fetch(`${playground.url}/promises/outcome/%`)).status, 400);
    const headers = { origin: playground.url };
    assert.equal((await post(playground, '/note', `note=${'x'.repeat(10_000)}`, headers)).status, 413);
    assert.equal(
      (await fetch(playground.url, { headers: { cookie: 'connect.sid=s%3Aa.b; %; connect.sid=%' } })).status,
      200,
    );
  });

  it('says what is wrong with an unknown STORE', async () => {
    await assert.rejects(start({ STORE: 'redis' }), /STORE must be "memory" or "sqlite", not "redis"/);
  });
});
