/** The playground in a browser, for a file of tests: both are started once, each test gets a visitor of its own. */
import assert from 'node:assert/strict';
import type { Browser, BrowserContext, BrowserContextOptions, Cookie, Page } from 'playwright-core';
import { startPlayground, temporaryDirectory, type Playground } from '../../support/playground';
import { startBrowser } from './start-browser';

export interface Visitor {
  readonly playground: Playground;
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the browser holds under the session cookie's name. */
  sessionCookie(): Promise<Cookie | undefined>;
  token(): Promise<string>;
  signIn(name: string): Promise<void>;
}

/** Call it in a `describe`. The members are there within tests. */
export function visitPlayground(options: BrowserContextOptions = {}): Visitor {
  let browser: Browser | undefined;
  let playground: Playground | undefined;
  let context: BrowserContext | undefined;
  let page: Page | undefined;

  before(async function () {
    browser = await startBrowser(this);
    playground = await startPlayground({ PLAYGROUND_DIR: temporaryDirectory() });
  });

  after(async () => {
    await browser?.close();
    await playground?.stop();
  });

  beforeEach(async () => {
    context = await browser?.newContext({ baseURL: playground?.url ?? '', ...options });
    page = await context?.newPage();
  });

  afterEach(() => context?.close());

  const there = <T>(value: T | undefined): T => {
    assert.ok(value, 'only within a test');
    return value;
  };

  const visitor: Visitor = {
    get playground() {
      return there(playground);
    },
    get context() {
      return there(context);
    },
    get page() {
      return there(page);
    },
    sessionCookie: async () => {
      const cookies = await visitor.context.cookies();
      return cookies.find(({ name }) => name === 'connect.sid');
    },
    token: async () => {
      const cookie = await visitor.sessionCookie();
      assert.ok(cookie, 'the browser has no session cookie');
      return decodeURIComponent(cookie.value);
    },
    signIn: async (name) => {
      await visitor.page.goto('/');
      await visitor.page.getByRole('button', { name: `Sign in as ${name}` }).click();
      await visitor.page.getByRole('heading', { name: `Hello, ${name}` }).waitFor();
    },
  };
  return visitor;
}
