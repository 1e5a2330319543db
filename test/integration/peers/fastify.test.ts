/** A session middleware in Fastify, by @fastify/express. */
import { Readable } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import type expressSession from 'express-session';
import { Browser } from './browser';
import { compare, type Findings } from './expected';
import { load, middlewareOf, releaseOf, type Side } from './sides';

interface Reply {
  code(status: number): Reply;
  redirect(path: string): Reply;
  header(name: string, value: string): Reply;
  send(payload?: unknown): Reply;
}

type Data = expressSession.Session & { count?: number; user?: string; sessionID?: string };

interface Request {
  readonly raw: IncomingMessage & { session: Data; sessionID: string };
  readonly params: Record<string, string>;
}

interface Fastify {
  register(plugin: unknown): Promise<unknown>;
  use(middleware: RequestHandler): void;
  get(path: string, handler: (request: Request, reply: Reply) => unknown): void;
  listen(options: object): Promise<string>;
  close(): Promise<unknown>;
}

async function withSite(
  side: Side,
  use: (browser: Browser, store: expressSession.MemoryStore) => Promise<Findings>,
): Promise<Findings> {
  const fastify = load<() => Fastify>('fastify')();
  const store = new side.library.MemoryStore();
  await fastify.register(load('@fastify/express'));
  fastify.use(middlewareOf(side, { store }));
  fastify.get('/look', ({ raw: { session, sessionID } }, reply) =>
    reply.send({ count: session.count ?? null, user: session.user ?? null, id: sessionID }),
  );
  fastify.get('/count', ({ raw: { session } }) => {
    session.count = (session.count ?? 0) + 1;
    return Promise.resolve({ count: session.count });
  });
  fastify.get('/login/:user', ({ raw, params }, reply) => {
    raw.session.user = params.user ?? '';
    return reply.redirect('/look');
  });
  fastify.get('/regenerate/:user', async ({ raw, params }) => {
    await new Promise((resolve) => raw.session.regenerate(resolve));
    raw.session.user = params.user ?? '';
    return { user: params.user };
  });
  fastify.get('/logout', async ({ raw }, reply) => {
    await new Promise((resolve) => raw.session.destroy(resolve));
    return reply.code(204).send();
  });
  fastify.get('/stream', ({ raw: { session } }, reply) => {
    session.count = 10;
    return reply.header('content-type', 'text/plain').send(Readable.from(['one ', 'two ', 'three']));
  });
  fastify.get('/fail', ({ raw: { session } }) => {
    session.count = 20;
    throw new Error('boom!');
  });
  const url = await fastify.listen({ port: 0, host: '127.0.0.1' });
  try {
    return await use(new Browser(url), store);
  } finally {
    await fastify.close();
  }
}

describe(`@fastify/express ${releaseOf('@fastify/express')} in Fastify ${releaseOf('fastify')}, side by side with express-session`, () => {
  it('counts visits', () =>
    compare({ both: { counts: [1, 2], anonymous: false } }, (side) =>
      withSite(side, async (browser) => {
        const { setCookie } = await browser.visit('/look');
        const counts = [(await browser.look('/count')).count, (await browser.look('/count')).count];
        return { counts, anonymous: setCookie !== undefined };
      }),
    ));

  it('signs in by a change of the session, and redirects (B208, B209)', () =>
    // The cookie of express-session stays the same: whoever has planted it is signed in.
    compare(
      {
        both: { status: 302, user: 'ann', count: 1 },
        theirs: { planted: 'ann' },
        ours: { planted: null },
      },
      (side) =>
        withSite(side, async (ann) => {
          await ann.visit('/count');
          const planted = ann.copy();
          const { status } = await ann.visit('/login/ann');
          const { user, count } = await ann.look();
          return { status, user, count, planted: (await planted.look()).user };
        }),
    ));

  it('signs in by regenerate, and out (B134, B133)', () =>
    compare({ both: { user: 'ann', planted: null, after: null, status: 204, records: 0 } }, (side) =>
      withSite(side, async (ann, store) => {
        await ann.visit('/count');
        const planted = ann.copy();
        await ann.visit('/regenerate/ann');
        const { user } = await ann.look();
        const copy = ann.copy();
        const { status } = await ann.visit('/logout');
        const records = await new Promise((resolve) => {
          store.length((_, length) => {
            resolve(length);
          });
        });
        return {
          user,
          planted: (await planted.look()).user,
          after: (await copy.look()).user,
          status,
          records,
        };
      }),
    ));

  it('stores the session of a stream, and of an error page', () =>
    compare({ both: { body: 'one two three', streamed: 10, status: 500, failed: 20 } }, (side) =>
      withSite(side, async (browser) => {
        const { body } = await browser.visit('/stream');
        const { count: streamed } = await browser.look();
        const { status } = await browser.visit('/fail');
        const { count: failed } = await browser.look();
        return { body, streamed, status, failed };
      }),
    ));
});
