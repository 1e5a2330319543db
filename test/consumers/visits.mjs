// What is done with a running application of a consumer project.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createInterface } from 'node:readline';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const keys = {
  SESSION_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }),
  SESSION_PRIVATE_KEY: privateKey.export({ type: 'sec1', format: 'pem' }),
};

/** Starts an app that prints its port, hands `exercise` a browser of sorts, and ends the app. */
export async function withApp(file, directory, exercise, env = {}) {
  const child = spawn(process.execPath, [file], {
    cwd: directory,
    env: { ...process.env, ...keys, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', (data) => (complaints += data));
  const exited = new Promise((resolve) => child.on('exit', resolve));
  const port = await new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('port ')) resolve(line.slice('port '.length));
    });
    void exited.then(() => resolve(undefined));
  });
  try {
    if (port === undefined) throw new Error('the app ended by itself');
    const jar = { cookie: undefined };
    await exercise(async (method, url) => {
      const answer = await fetch(`http://127.0.0.1:${port}${url}`, {
        method,
        headers: jar.cookie === undefined ? {} : { cookie: `connect.sid=${jar.cookie}` },
      });
      const sent = answer.headers.getSetCookie().find((line) => line.startsWith('connect.sid='));
      if (sent) jar.cookie = sent.slice('connect.sid='.length).split(';')[0];
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      return JSON.parse(text);
    }, jar);
    assert.equal(complaints, '');
  } catch (error) {
    error.output = `${error.stack}\n${complaints}`;
    throw error;
  } finally {
    child.kill();
    await exited;
  }
}

export async function countVisits(visit, jar) {
  assert.equal(await visit('GET', '/'), 1);
  assert.match(jar.cookie, /^[\w-]+\.[\w-]+\.[\w-]{86}$/);
  assert.equal(await visit('GET', '/'), 2);
  jar.cookie = undefined;
  assert.equal(await visit('GET', '/'), 1);
}

/** What the project for express-session does, by whichever middleware. */
export async function shop(visit, jar) {
  assert.equal(await visit('GET', '/'), 1);
  assert.equal(await visit('GET', '/'), 2);
  assert.deepEqual(await visit('POST', '/basket'), [{ article: 'book', pieces: 2 }]);
  const before = jar.cookie;
  // Passport regenerates the session: the basket is gone.
  assert.deepEqual(await visit('POST', '/login'), { user: 7, basket: null });
  assert.notEqual(jar.cookie, before);
  const signedIn = jar.cookie;
  assert.equal(await visit('GET', '/user'), 7);
  assert.equal(await visit('POST', '/logout'), 'bye');
  assert.equal(await visit('GET', '/user'), null);
  jar.cookie = signedIn;
  assert.equal(await visit('GET', '/user'), null);
  jar.cookie = before;
  assert.equal(await visit('GET', '/'), 1);
}
