/** The example of an issuer and its verifiers does what its page says. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { breakSignature } from '../support/by-hand';
import { PYTHON, requirePython } from '../support/python';

const example = (file: string) => path.join(__dirname, '../../examples/issuer-and-verifier', file);

/** Needs what `npm run build` makes, as the example does. */
describe('the example of an issuer and verifiers', function () {
  this.timeout(30_000);
  const running: ChildProcess[] = [];
  let issuer: string;
  let cookie: string;

  /** Starts a service on a free port; returns its address, which is what it prints first. */
  async function start(
    command: string,
    file: string,
    environment: Record<string, string> = {},
  ): Promise<string> {
    const child = spawn(command, [example(file)], {
      env: { ...process.env, PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(child);
    let complaints = '';
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    const line = once(createInterface(child.stdout), 'line').then(([text]) => String(text));
    const exit = once(child, 'exit').then(() => Promise.reject(new Error(`${file} ended: ${complaints}`)));
    exit.catch(() => undefined);
    return (await Promise.race([line, exit])).replace(/^\w+: /, '');
  }

  const get = async (url: string, header?: string) => {
    const res = await fetch(url, { headers: header === undefined ? {} : { cookie: header } });
    return { status: res.status, body: (await res.json()) as Record<string, unknown> };
  };

  const verifierEnvironment = () => ({ JWKS_URL: `${issuer}.well-known/jwks.json` });

  before(async () => {
    issuer = await start(process.execPath, 'issuer.mjs');
    const res = await fetch(`${issuer}login`, { method: 'POST' });
    assert.equal(res.status, 200);
    cookie = res.headers.getSetCookie()[0]?.split(';')[0] ?? assert.fail('no cookie');
  });

  after(async () => {
    await Promise.all(
      running.map((child) => {
        const ended = once(child, 'exit');
        child.kill();
        return ended;
      }),
    );
  });

  it('signs in', async () => {
    assert.deepEqual((await get(issuer, cookie)).body, { signedIn: true });
    assert.deepEqual((await get(issuer)).body, { signedIn: false });
  });

  async function exerciseVerifier(url: string): Promise<void> {
    const { status, body } = await get(url, cookie);
    assert.equal(status, 200);
    assert.equal(body.user_id, 101);
    assert.equal(typeof body.exp, 'number');
    for (const bad of [undefined, 'connect.sid=bogus', breakSignature(cookie)]) {
      assert.deepEqual(await get(url, bad), { status: 401, body: { error: 'sign in first' } });
    }
  }

  it('has a verifier that knows who is signed in', async () => {
    await exerciseVerifier(await start(process.execPath, 'verifier.mjs', verifierEnvironment()));
  });

  it('has a verifier in Python that knows it, too', async function () {
    requirePython(this);
    await exerciseVerifier(await start(PYTHON, 'verifier.py', verifierEnvironment()));
  });

  it('signs out at the issuer', async () => {
    await fetch(`${issuer}logout`, { method: 'POST', headers: { cookie } });
    assert.deepEqual((await get(issuer, cookie)).body, { signedIn: false });
  });
});
