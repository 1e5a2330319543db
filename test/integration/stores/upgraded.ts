/** Sessions that express-session itself has stored, taken over by the middleware on the same store. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import expressSession from 'express-session';
import session from '../../../src';
import type { Bench } from '../../../src/store-test/bench';
import type { AnyStore, Request, Response } from '../../../src/types';
import { keys } from '../../support/keys';

const secret = 'keyboard cat';

type Data = Record<string, unknown> & { count?: number };

interface Answer {
  readonly text: string;
  /** Ready for a Cookie header. */
  readonly cookie: string | undefined;
}

/**
 * A user signs in at express-session, the application moves to this package in two processes, and the user goes on: with
 * the old cookie and with tokens, until the logout.
 */
export async function upgrade(bench: Bench): Promise<void> {
  const before = expressSession({
    store: bench.store as never,
    secret,
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 30 * 60_000 },
  });
  const [here, there] = [bench.store, bench.elsewhere].map((store) => middlewareOn(store));
  assert.ok(here && there);
  const first = await visit(before, '/count');
  assert.equal(first.text, '1');
  const old = first.cookie ?? assert.fail('express-session has sent no cookie');
  const { text: id } = await visit(before, '/id', old);
  // express-session stores 30 minutes, or a millisecond less if the clock ticks while it makes the cookie.
  const lifetime = lifetimeIn(await bench.get(id));
  assert.ok(Math.abs(lifetime - 30 * 60_000) < 1000);
  assert.equal((await visit(here, '/id', old)).text, id);

  const answers = await Promise.all([here, there, here, there].map((one) => visit(one, '/look', old)));
  for (const { text, cookie } of answers) {
    assert.equal(text, '1');
    assert.match(cookie ?? '', /^connect\.sid=ey/);
    assert.equal((await visit(there, '/look', cookie)).text, '1');
  }
  const token = answers[0]?.cookie;
  assert.equal((await visit(here, '/count', old)).text, '2');
  assert.equal((await visit(here, '/count', token)).text, '3');
  assert.equal((await visit(here, '/id', token)).text, id);
  const stored = await bench.get(id);
  assert.equal(stored?.count, 3);
  assert.equal(lifetimeIn(stored), lifetime);

  await visit(there, '/logout', answers[3]?.cookie);
  assert.equal(await bench.get(id), undefined);
  for (const cookie of [old, ...answers.map((answer) => answer.cookie)]) {
    assert.equal((await visit(there, '/look', cookie)).text, '0', 'a cookie has outlived the logout');
  }
}

/** In ms. */
function lifetimeIn(record: { cookie: object } | undefined): number {
  return Number((record?.cookie as { originalMaxAge?: unknown }).originalMaxAge);
}

type Middleware = ReturnType<typeof expressSession>;

function middlewareOn(store: AnyStore): Middleware {
  return session({ store: store as never, keys, secret, cookie: { maxAge: 60_000 } });
}

const pages: Record<string, (data: Data, req: Request) => unknown> = {
  '/count': (data) => (data.count = (data.count ?? 0) + 1),
  '/look': (data) => data.count ?? 0,
  '/id': (_, req) => req.sessionID,
  '/logout': (_, req) => req.session.destroy(),
};

async function visit(middleware: Middleware, path: string, cookie?: string): Promise<Answer> {
  const listener: RequestListener = (request, response) => {
    const [req, res] = [request as Request, response as Response];
    middleware(req, res, (error?: unknown) => {
      assert.ifError(error);
      void Promise.resolve(pages[path]?.(req.session as unknown as Data, req)).then((text) => {
        res.end(String(text));
      });
    });
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}${path}`;
    const response = await fetch(url, { headers: { connection: 'close', ...(cookie && { cookie }) } });
    const [line] = response.headers.getSetCookie();
    return { text: await response.text(), cookie: line?.split(';')[0] };
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
