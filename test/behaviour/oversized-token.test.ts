/** A token that would not fit into a cookie is an error, and no cookie is sent. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import express from 'express';
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import request from 'supertest';
import session from '../../src';
import { cookieOf, setCookies, tokenOf } from '../support/cookies';
import { keys } from '../support/keys';

// Express 4 has no types of its own here; what the tests use of it is as in Express 5.
const express4 = createRequire(__filename)('express4') as typeof express;

const NAME = 'connect.sid';

describe('a token that would not fit into a cookie', () => {
  /** Browsers drop a cookie whose name and value are longer than this together. */
  const LIMIT = 4096;

  interface Visitor {
    hits?: number;
    roles?: string;
  }
  const visitor = (req: Request) => req.session as unknown as Visitor;
  const addRoles = (req: Request) => void (visitor(req).roles = 'x'.repeat(5_000));
  const rolesClaim = (req: Request) => {
    const { roles } = visitor(req);
    return roles === undefined ? null : { roles };
  };

  /** A login in each form that an answer may have, by path. */
  const logins: Record<string, RequestHandler> = {
    '/send': (req, res) => {
      addRoles(req);
      res.send('welcome');
    },
    '/json': (req, res) => {
      addRoles(req);
      res.json({ welcome: true });
    },
    '/redirect': (req, res) => {
      addRoles(req);
      res.redirect('/home');
    },
    '/end': (req, res) => {
      addRoles(req);
      res.end('welcome');
    },
    '/empty': (req, res) => {
      addRoles(req);
      res.status(204).end();
    },
    '/regenerate': (req, res, next) => {
      req.session.regenerate((error: unknown) => {
        if (error) {
          next(error);
          return;
        }
        addRoles(req);
        res.send('welcome');
      });
    },
  };

  /** An application with an error page of its own; it notes what that page is asked to show. */
  function createApplication(create: typeof express, options: session.SessionOptions) {
    const errors: unknown[] = [];
    const application = create();
    application.use(session({ keys, cookie: { maxAge: 60_000 }, ...options }));
    application.get('/', (req, res) => {
      const hits = (visitor(req).hits ?? 0) + 1;
      visitor(req).hits = hits;
      res.send(`hits: ${String(hits)}`);
    });
    for (const [path, login] of Object.entries(logins)) application.get(path, login);
    const showError: ErrorRequestHandler = (error: Error, _, res, next) => {
      errors.push(error);
      if (res.headersSent) next(error);
      else res.status(500).type('text').send(`sorry: ${error.message}`);
    };
    application.use(showError);
    return { application, errors };
  }

  /** The claims of a session that is there cannot change so: nothing is stored, and the answer goes out as it is. */
  async function assertKept(
    pending: request.Test,
    application: express.Express,
    errors: unknown[],
  ): Promise<void> {
    const first = await request(application).get('/').expect(200, 'hits: 1');
    const res = await pending.set('Cookie', cookieOf(first));
    assert.ok(res.status < 400, res.text);
    assert.deepEqual(setCookies(res), []);
    for (let turns = 0; turns < 4; turns++) await new Promise(setImmediate);
    assert.deepEqual(
      errors.map((error) => (error as { code?: unknown }).code),
      ['ERR_SESSION_TOKEN_UNDELIVERABLE'],
    );
    assert.match(String(errors[0]), /jwtFromReq returned too many claims/);
    await request(application).get('/').set('Cookie', cookieOf(first)).expect(200, 'hits: 2');
    assert.equal(errors.length, 1, 'nothing of the login was stored');
  }

  async function assertRefused(pending: request.Test, errors: unknown[]): Promise<void> {
    const res = await pending;
    assert.equal(res.status, 500, `the answer was ${res.text}`);
    assert.match(res.text, /^sorry: .*jwtFromReq/);
    assert.deepEqual(setCookies(res), []);
    assert.equal(errors.length, 1);
    assert.ok(errors[0] instanceof Error);
  }

  for (const [version, create] of [
    ['5', express],
    ['4', express4],
  ] as const) {
    describe(`in Express ${version}`, () => {
      it('is an error naming jwtFromReq that goes to next and sets no cookie', async () => {
        const jwtFromReq = () => ({ roles: 'x'.repeat(5_000) });
        const { application, errors } = createApplication(create, { jwtFromReq });
        await assertRefused(request(application).get('/'), errors);
      });

      for (const path of Object.keys(logins)) {
        const how = path.slice(1);
        it(`is that error for a first request that logs in, by way of ${how}`, async () => {
          const { application, errors } = createApplication(create, { jwtFromReq: rolesClaim });
          await assertRefused(request(application).get(path), errors);
        });

        if (how === 'regenerate') continue;
        it(`is that error, told late, for a visitor who logs in by way of ${how}, and nothing is stored (B214)`, async () => {
          const { application, errors } = createApplication(create, { jwtFromReq: rolesClaim });
          await assertKept(request(application).get(path), application, errors);
        });
      }

      it('is that error for a visitor who logs in, by way of regenerate', async () => {
        const { application, errors } = createApplication(create, { jwtFromReq: rolesClaim });
        const first = await request(application).get('/').expect(200, 'hits: 1');
        await assertRefused(request(application).get('/regenerate').set('Cookie', cookieOf(first)), errors);
      });
    });
  }

  it('begins right after 4,096 bytes of name and token', async () => {
    let roles = '';
    const { application } = createApplication(express, { jwtFromReq: () => ({ roles }) });
    const sizeWith = async (length: number): Promise<number | undefined> => {
      roles = 'x'.repeat(length);
      const res = await request(application).get('/');
      if (res.status !== 200) return undefined;
      const size = NAME.length + tokenOf(res).length;
      assert.ok(size <= LIMIT, `a cookie of ${String(size)} bytes was sent`);
      return size;
    };
    const empty = (await sizeWith(0)) ?? 0;
    const estimate = Math.floor(((LIMIT - empty) * 3) / 4);
    let largest = 0;
    for (let length = estimate - 5; length <= estimate + 5; length++) {
      const size = await sizeWith(length);
      if (size !== undefined) largest = size;
    }
    // Base64url grows by one or two characters per byte; whether the equals sign counts is nobody's concern.
    assert.ok(largest >= LIMIT - 2, `${String(largest)} bytes were the most that were sent`);
    assert.equal(await sizeWith(estimate + 6), undefined);
  });

  it('depends on the length of the cookie name as well', async () => {
    const jwtFromReq = () => ({ roles: 'x'.repeat(1_500) });
    const short = createApplication(express, { jwtFromReq });
    const room = LIMIT - tokenOf(await request(short.application).get('/').expect(200)).length;
    const long = createApplication(express, { jwtFromReq, name: 'n'.repeat(room + 1) });
    await assertRefused(request(long.application).get('/'), long.errors);
  });
});
