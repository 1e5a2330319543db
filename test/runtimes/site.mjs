// The site of app.mjs as it runs on one runtime, and a browser for it.
import { spawn } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';

const { fetch } = globalThis;
const NAME = 'connect.sid=';

export class Browser {
  constructor(url, cookie) {
    this.url = url;
    this.cookie = cookie;
  }

  /** Somebody else with the cookie that this one has now. */
  copy() {
    return new Browser(this.url, this.cookie);
  }

  get token() {
    return this.cookie?.slice(NAME.length);
  }

  /** Resolves when the first bytes are there. */
  async begin(path) {
    const headers = { connection: 'close', ...(this.cookie && { cookie: this.cookie }) };
    const response = await fetch(this.url + path, { headers, redirect: 'manual' });
    const line = response.headers.getSetCookie().find((each) => each.startsWith(NAME));
    if (line) this.cookie = line.split(';')[0];
    const { status } = response;
    return { status, isSet: line !== undefined, headers: response.headers, rest: () => response.text() };
  }

  async visit(path) {
    const { rest, ...answer } = await this.begin(path);
    return { ...answer, text: await rest() };
  }

  async look(path = '/look') {
    const { status, text } = await this.visit(path);
    if (status !== 200) throw new Error(`${path} answered ${String(status)}: ${text}`);
    return JSON.parse(text);
  }
}

/** Starts the site, hands its address to `use`, and ends it. What it complains of goes onto the error of `use`. */
export async function withSite([program, ...args], directory, use) {
  const child = spawn(program, [...args, 'app.mjs'], { cwd: directory, env: environment() });
  let complaints = '';
  child.stderr.on('data', (data) => (complaints += data));
  const exited = new Promise((resolve) => {
    child.once('error', (error) => {
      complaints += error.message;
      resolve();
    });
    child.once('exit', resolve);
  });
  try {
    const port = await Promise.race([portOf(child), exited]);
    if (typeof port !== 'string') throw new Error('the site ended by itself');
    await use(`http://127.0.0.1:${port}`);
    if (complaints !== '') throw new Error('the site has complained');
  } catch (error) {
    error.output = `${error.stack}\n${complaints}`;
    throw error;
  } finally {
    child.kill();
    await exited;
  }
}

/** Nothing that is meant for the runtime of these tests. */
function environment() {
  const others = { ...process.env };
  delete others.NODE_OPTIONS;
  return { ...others, NODE_ENV: 'test', DENO_NO_UPDATE_CHECK: '1', DO_NOT_TRACK: '1' };
}

function portOf(child) {
  return new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('port ')) resolve(line.slice('port '.length));
    });
  });
}
