// Under Fastify, whose layer for Express redefines `res.headersSent` and writes through the raw response.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import type { Request, RequestHandler, Response } from 'express';
import expressSession from 'express-session';
import session from '../../src';
import { record } from '../support/contents';
import { keys } from '../support/keys';
import { idOf } from '../support/session-tokens';
import { asStore, countHits, data } from '../support/site';
import { ForeignStore, forExpressSession, methods } from '../support/stores';
import { parseRaw, requestText, roundTrip, Wire } from '../support/wire';

/** What is used of Fastify. */
interface Reply {
  code(status: number): Reply;
  header(name: string, value: string): Reply;
  redirect(url: string): Reply;
  send(payload?: unknown): Reply;
  hijack(): Reply;
  raw: Response;
}
interface Application {
  register(plugin: unknown): Promise<unknown>;
  use(path: unknown, handler?: unknown): unknown;
  get(path: string, handler: (request: { raw: Request }, reply: Reply) => unknown): unknown;
  setErrorHandler(handler: (error: Error, request: unknown, reply: Reply) => unknown): unknown;
  listen(options: { port: number; host: string }): Promise<string>;
  close(): Promise<void>;
}

/** A body of one chunk may be framed either way. */
function unframed(body: string): string {
  return body.replace(/^[\da-f]+\r\n([^]*)\r\n0\r\n\r\n$/, '$1');
}

const load = createRequire(__filename);

const applications: Application[] = [];

/** A running application with this middleware; the answers of its error handler are listed in `errors`. */
async function start(middleware: RequestHandler): Promise<{ port: number; errors: string[] }> {
  const app = (load('fastify') as () => Application)();
  const errors: string[] = [];
  applications.push(app);
  await app.register(load('@fastify/express'));
  app.use(middleware);
  app.setErrorHandler((error, _request, reply) => {
    errors.push(error.message);
    return reply.code(500).send(error.message);
  });
  app.get('/hits', ({ raw }, reply) => {
    const hits = Number(data(raw).hits ?? 0) + 1;
    data(raw).hits = hits;
    return reply.send(String(hits));
  });
  app.get('/json', ({ raw }, reply) => {
    data(raw).user = 'bob';
    return reply.header('X-Own', '1').code(201).send({ ok: true });
  });
  app.get('/redirect', ({ raw }, reply) => {
    data(raw).user = 'bob';
    return reply.redirect('/home');
  });
  app.get('/empty', ({ raw }, reply) => {
    data(raw).user = 'bob';
    return reply.code(204).send();
  });
  app.get('/stream', ({ raw }, reply) => {
    data(raw).user = 'bob';
    return reply.send(Readable.from(['first', ', last']));
  });
  app.get('/hijacked', ({ raw }, reply) => {
    data(raw).user = 'bob';
    reply.hijack();
    reply.raw.writeHead(200, { 'X-Own': '1' });
    reply.raw.end('hijacked');
  });
  app.get('/throws', ({ raw }) => {
    data(raw).user = 'bob';
    throw new Error('out of order');
  });
  app.use('/express', (req: Request, res: Response) => {
    data(req).user = 'bob';
    res.setHeader('X-Own', '1');
    (res as { send: (body: string) => unknown }).send('by express');
  });
  app.use('/plain', countHits);
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  return { port: Number(port), errors };
}

/** The whole answer as text, and the token in it. */
async function get(port: number, path: string, cookie?: string): Promise<{ text: string; token: string }> {
  const text = await new Wire(port, requestText('GET', path, cookie === undefined ? {} : { cookie })).closed;
  const [, token = ''] = /set-cookie: connect\.sid=([^;\r]*)/i.exec(text) ?? [];
  return { text, token };
}

describe('under Fastify', () => {
  afterEach(async () => {
    await Promise.all(applications.splice(0).map((app) => app.close()));
  });

  const replies: [path: string, status: number, body: RegExp, own: boolean][] = [
    ['/json', 201, /^\{"ok":true\}$/, true],
    ['/redirect', 302, /^$/, false],
    ['/empty', 204, /^$/, false],
    ['/stream', 200, /first[^]*, last/, false],
    ['/hijacked', 200, /^hijacked$/, true],
    ['/throws', 500, /^out of order$/, false],
    ['/express', 200, /^by express$/, true],
  ];
  for (const [path, status, body, own] of replies) {
    it(`writes the headers of ${path} once, with the cookie, when the session is stored (B258)`, async () => {
      const store = new ForeignStore();
      const { port, errors } = await start(session({ keys, store: asStore(store) }));
      const held = store.hold('set');
      const wire = new Wire(port, requestText('GET', path));
      await held.reached;
      await roundTrip();
      assert.equal(wire.received, '');
      held.release();
      const text = await wire.closed;
      assert.match(text, new RegExp(`^HTTP/1\\.1 ${String(status)} `));
      assert.equal(text.split('HTTP/1.1').length, 2);
      const { headers, body: sent } = parseRaw(text);
      assert.equal(headers.filter((line) => line.startsWith('set-cookie: connect.sid=ey')).length, 1);
      assert.equal(headers.filter((line) => line === 'x-own: 1').length, own ? 1 : 0);
      assert.match(unframed(sent), body);
      const [, token = ''] = /set-cookie: connect\.sid=([^;\r]*)/i.exec(text) ?? [];
      assert.equal(record(store, idOf(token))?.user, 'bob');
      assert.deepEqual(methods(store), ['set']);
      assert.deepEqual(errors, path === '/throws' ? ['out of order'] : []);
    });
  }

  for (const path of ['/hits', '/plain']) {
    it(`counts the visits of ${path} (B258)`, async () => {
      const { port } = await start(session({ keys, store: asStore(new ForeignStore()) }));
      const first = await get(port, path);
      assert.match(first.text, /\r\n\r\n1$/);
      assert.match((await get(port, path, `connect.sid=${first.token}`)).text, /\r\n\r\n2$/);
    });
  }

  it('lets errors of the store be seen: before the handler in its answer, later ones after the response (B258)', async () => {
    const store = new ForeignStore();
    const { port, errors } = await start(session({ keys, store: asStore(store) }));
    const { token } = await get(port, '/hits');
    store.failures.get = new Error('cannot read');
    const failed = await get(port, '/hits', `connect.sid=${token}`);
    assert.match(failed.text, /^HTTP\/1\.1 500 [^]*\r\n\r\ncannot read$/);
    assert.deepEqual(errors, ['cannot read']);
    store.failures.set = new Error('cannot write');
    const late = await get(port, '/json');
    assert.match(late.text, /^HTTP\/1\.1 201 [^]*\r\n\r\n\{"ok":true\}$/);
    assert.equal(late.token, '');
  });

  it('does so on the same pages as express-session (B258)', async () => {
    for (const [path, status] of replies) {
      const store = new ForeignStore();
      const original = expressSession({
        secret: 'keyboard cat',
        resave: false,
        saveUninitialized: false,
        store: forExpressSession(store),
      });
      const { port } = await start(original);
      const { text } = await get(port, path);
      assert.match(text, new RegExp(`^HTTP/1\\.1 ${String(status)} `));
      assert.match(text, /\r\nset-cookie: connect\.sid=s%3A/i);
      assert.equal(store.count('set'), 1);
    }
  });
});
