/** The examples of the documents do what the text around them says. */
import assert from 'node:assert/strict';
import { verify } from 'node:crypto';
import { decode } from '../support/cookies';
import { findBlock, readDocument } from '../support/documents/markdown';
import { pair, Project, secondPair } from '../support/documents/project';
import type { Visitor } from '../support/documents/visitor';
import type { KeyPair } from '../support/keys';
import { sesOf } from '../support/session-tokens';

const FILE_STORE = "from 'session-file-store'";

describe('The examples', function () {
  this.timeout(30_000);
  let project: Project;

  before(() => {
    project = new Project({
      SESSION_SECRET: 'keyboard cat',
      SESSION_PRIVATE_KEY: pair.private.replaceAll('\n', String.raw`\n`),
    });
  });

  after(() => project.remove());

  it('of the README keep a sign-in over a restart, until the user signs out', async () => {
    const { text } = findBlock('README.md', FILE_STORE);
    let cookie = '';
    await project.run(text, async ({ visitor }) => {
      assert.match(await visitor.get('/'), /Hello stranger .*Sign in/);
      assert.equal(await visitor.post('/login'), 302);
      assert.match(await visitor.get('/'), /Hello Ada .*Sign out/);
      ({ cookie } = visitor);
    });
    await project.run(text, async ({ visitor }) => {
      visitor.cookie = cookie;
      assert.match(await visitor.get('/'), /Hello Ada/);
      assert.equal(await visitor.post('/logout'), 302);
      visitor.cookie = cookie;
      assert.match(await visitor.get('/'), /Hello stranger/);
    });
  });

  it('of the README run as TypeScript with the lines that it adds', async () => {
    const [imports = '', ...rest] = findBlock('README.md', FILE_STORE).text.split('\n\n');
    const declared = findBlock('README.md', 'interface SessionData').text;
    const text = [imports, declared, ...rest].join('\n\n');
    await project.run(text, async ({ visitor }) => {
      assert.equal(await visitor.post('/login'), 302);
      assert.match(await visitor.get('/'), /Hello Ada/);
    });
  });

  it('of the README move an application: the diff applies, and makes a token of what was a signed id', async () => {
    const before = `const express = require('express');
const session = require('express-session');

const app = express();
app.use(session({
  secret: process.env.SESSION_SECRET,
  resave: false,
  saveUninitialized: false,
}));
app.get('/', (req, res) => {
  req.session.count = (req.session.count ?? 0) + 1;
  res.send(String(req.session.count));
});
app.listen(3000);`;
    let cookie = '';
    const count = async ({ visitor }: { visitor: Visitor }) => {
      assert.equal(await visitor.get('/'), '1');
      assert.equal(await visitor.get('/'), '2');
      ({ cookie } = visitor);
    };
    await project.run(before, count);
    assert.match(cookie, /^s%3A/);
    await project.run(
      patch(before, findBlock('README.md', "-const session = require('express-session');").text),
      count,
    );
    assert.equal(decode(cookie).header.alg, 'ES256');
  });

  it('of claims sign in and out, with a new token each way', async () => {
    await project.run(findBlock('docs/tokens.md', "app.post('/logout'").text, async ({ visitor }) => {
      assert.equal(await visitor.post('/login'), 302);
      const token = visitor.cookie;
      assert.equal(await visitor.get('/'), 'User 101');
      assert.equal(decode(token).payload.sub, '101');
      assert.equal(await visitor.post('/logout'), 302);
      visitor.cookie = token;
      assert.equal(await visitor.get('/'), 'Nobody');
    });
  });

  it('of a sign-in that ends keep the token, and another service verifies it', async () => {
    const { text } = findBlock('docs/tokens.md', 'exp: until');
    const frame = `import express from 'express';
      import session from 'express-session-jwt';
      import { readFileSync } from 'node:fs';
      const keys = { private: readFileSync('private-key.pem') };
      const app = express();
      ${text}
      app.get('/', (req, res) => res.json(req.session.jwt));
      app.listen(3000);`;
    let cookie = '';
    await project.run(frame, async ({ visitor }) => {
      await visitor.post('/login');
      ({ cookie } = visitor);
      assert.equal(typeof (JSON.parse(await visitor.get('/')) as { exp?: unknown }).exp, 'number');
      assert.equal(visitor.cookie, cookie);
    });
    await project.run(findBlock('docs/verifying.md', 'jwt.verify').text, async ({ visitor }) => {
      visitor.cookie = cookie;
      assert.equal((JSON.parse(await visitor.get('/')) as { sub?: unknown }).sub, '101');
      visitor.cookie = `${cookie.slice(0, -4)}AAAA`;
      assert.equal((await visitor.visit('GET', '/')).status, 401);
    });
  });

  it('make cookies as long as the documents say', async () => {
    const says = (file: string, length: number) => readDocument(file).text.includes(` ${String(length)}`);
    await project.run(findBlock('docs/keys.md', 'private-key-2.pem').text, async ({ visitor }) => {
      await visitor.get('/');
      assert.ok(says('docs/tokens.md', visitor.cookie.length), String(visitor.cookie.length));
      assert.ok(says('README.md', 'connect.sid='.length + visitor.cookie.length));
    });
    await project.run(findBlock('docs/tokens.md', "app.post('/logout'").text, async ({ visitor }) => {
      await visitor.post('/login');
      assert.ok(says('docs/tokens.md', visitor.cookie.length), String(visitor.cookie.length));
    });
  });

  it('of changed keys sign with the second pair', async () => {
    await project.run(findBlock('docs/keys.md', 'private-key-2.pem').text, async ({ visitor }) => {
      await visitor.get('/');
      assert.ok(isSignedBy(visitor.cookie, secondPair));
      assert.ok(!isSignedBy(visitor.cookie, pair));
    });
  });

  describe('of an API', () => {
    const { text } = findBlock('docs/transports.md', "jwt: { transport: 'bearer'");

    it('answer 401 with a challenge until the client has signed in, and after it has signed out', async () => {
      await project.run(text, async ({ visitor }) => {
        const challenge = async () => (await visitor.visit('GET', '/me')).headers.get('www-authenticate');
        assert.equal(await challenge(), 'Bearer realm="api"');
        const { headers } = await visitor.visit('POST', '/login');
        assert.deepEqual(headers.getSetCookie(), []);
        const me = JSON.parse(await visitor.get('/me')) as { userId: number; claims: { sub?: unknown } };
        assert.deepEqual([me.userId, me.claims.sub], [101, '101']);
        assert.equal(await visitor.post('/logout'), 204);
        assert.equal(await challenge(), 'Bearer realm="api", error="invalid_token"');
      });
    });

    it('work with the client that keeps the newest token', async () => {
      const client = findBlock('docs/transports.md', 'async function call').text;
      await project.run(text, async ({ url }) => {
        const exercise = `
          process.env.API_URL = '${url}';
          const { deepEqual } = await import('node:assert');
          const statuses = [];
          for (const [method, path] of [['GET', '/me'], ['POST', '/login'], ['GET', '/me'], ['POST', '/logout'], ['GET', '/me']])
            statuses.push((await call(method, path)).status);
          deepEqual(statuses, [401, 204, 200, 204, 401]);`;
        await project.runToTheEnd(`import 'node:process';\n${client}\n${exercise}`);
      });
    });

    it('send a new token before the old one expires, and after, while the session goes on', async () => {
      await project.run(text, async ({ visitor, later }) => {
        await visitor.post('/login');
        const first = visitor.credentials;
        await visitor.get('/me');
        assert.deepEqual(visitor.credentials, first);
        await later(8 * 60 * 1000);
        await visitor.get('/me');
        const fresh = visitor.credentials;
        assert.notDeepEqual(fresh, first);
        // A request that had set out with the old one.
        visitor.credentials = first;
        assert.equal((await visitor.visit('GET', '/me')).status, 200);
        assert.deepEqual(sesOf(bearerOf(first)), sesOf(bearerOf(fresh)));
        // Asleep for a week.
        visitor.credentials = fresh;
        await later(7 * 24 * 60 * 60 * 1000);
        assert.equal((await visitor.visit('GET', '/me')).status, 200);
        assert.notDeepEqual(visitor.credentials, fresh);
      });
    });

    it('with a header of another name create, change, read and end a session', async () => {
      const mobile = findBlock('docs/transports.md', "jwt: { transport: { header: 'x-access-token' } }").text;
      await project.run(mobile, async ({ visitor }) => {
        assert.equal((await visitor.visit('GET', '/session')).status, 401);
        assert.equal(await visitor.post('/session'), 201);
        const { sub, aud } = decode(visitor.credentials['x-access-token'] ?? '').payload;
        assert.deepEqual([sub, aud], ['101', 'example.com']);
        assert.deepEqual(JSON.parse((await visitor.visit('PATCH', '/session')).body), { language: 'fr' });
        assert.equal((JSON.parse(await visitor.get('/session')) as { language: string }).language, 'fr');
        const { status, headers } = await visitor.visit('DELETE', '/session');
        assert.deepEqual([status, headers.getSetCookie()], [204, []]);
        assert.equal((await visitor.visit('GET', '/session')).status, 401);
        assert.equal(visitor.cookie, '');
      });
    });
  });
});

function bearerOf({ authorization = '' }: Record<string, string>): string {
  return authorization.slice('Bearer '.length);
}

function isSignedBy(token: string, keys: KeyPair): boolean {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const key = { key: keys.public, dsaEncoding: 'ieee-p1363' as const };
  return verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
}

/** Applies a diff without line numbers: what it shows as old has to be there, in that order. */
function patch(text: string, diff: string): string {
  const rest = text.split('\n');
  const result: string[] = [];
  for (const line of diff.split('\n')) {
    const content = line.slice(1);
    if (!line.startsWith('+')) {
      const at = rest.indexOf(content);
      assert.notEqual(at, -1, `the app has no line "${content}" (any more)`);
      result.push(...rest.splice(0, at));
      rest.shift();
    }
    if (!line.startsWith('-')) result.push(content);
  }
  return [...result, ...rest].join('\n');
}
