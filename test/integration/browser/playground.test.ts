/** The playground as a program: its forms, its keys, its stores, what it refuses. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { startPlayground, temporaryDirectory, type Playground } from '../../support/playground';

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
      [['private.pem', 0o600]],
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

  it('answers a request it cannot understand with an error page and goes on', async () => {
    const playground = await start({});
    assert.equal((await fetch(`${playground.url}/demos/%`)).status, 400);
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
