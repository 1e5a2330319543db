/** tRPC on Express with its own client: calls one by one, in a batch, and in a batch whose answer is a stream. */
import type { Request, RequestHandler, Response } from 'express';
import { turn } from '../../support/gate';
import { createApp, dataOf } from '../peers/site';
import { load } from './packages';
import { describePackage, type Run } from './side-by-side';
import type { Visitor } from './visitor';

interface Procedure {
  query(resolve: (call: { ctx: Context }) => unknown): object;
  mutation(resolve: (call: { ctx: Context }) => unknown): object;
}

interface Context {
  readonly req: Request;
  readonly res: Response;
}

interface Builder {
  readonly router: (procedures: Readonly<Record<string, object>>) => object;
  readonly procedure: Procedure;
}

interface Server {
  initTRPC: { create(): Builder };
}

interface Express {
  createExpressMiddleware(options: object): RequestHandler;
}

interface Mutation<Result> {
  mutate(): Promise<Result>;
}

interface Client {
  readonly me: { query(): Promise<string> };
  readonly visit: Mutation<number>;
  readonly visitLater: Mutation<number>;
  readonly login: Mutation<string>;
  readonly loginLater: Mutation<string>;
  readonly logout: Mutation<string>;
  readonly logoutLater: Mutation<string>;
}

type Link = 'httpLink' | 'httpBatchLink' | 'httpBatchStreamLink';

type ClientPackage = Record<Link, (options: object) => object> & {
  createTRPCClient(options: object): Client;
};

function visit({ req }: Context): number {
  dataOf(req).count = (dataOf(req).count ?? 0) + 1;
  return dataOf(req).count ?? 0;
}

function login({ req }: Context): string {
  dataOf(req).user = 'ann';
  return 'ann';
}

function logout({ req }: Context): Promise<string> {
  return new Promise((resolve, reject) => {
    req.session.destroy((error?: Error) => {
      if (error) reject(error);
      else resolve('goodbye');
    });
  });
}

/** Runs when the headers of a stream are gone. */
function later<Result>(act: (context: Context) => Result) {
  return async ({ ctx }: { ctx: Context }): Promise<Awaited<Result>> => {
    while (!ctx.res.headersSent) await turn();
    return await act(ctx);
  };
}

async function open(run: Run): Promise<Visitor> {
  const { procedure, router } = load<Server>('@trpc/server').initTRPC.create();
  const procedures = {
    me: procedure.query(({ ctx: { req } }) => dataOf(req).user ?? 'nobody'),
    visit: procedure.mutation(({ ctx }) => visit(ctx)),
    visitLater: procedure.mutation(later(visit)),
    login: procedure.mutation(({ ctx }) => login(ctx)),
    loginLater: procedure.mutation(later(login)),
    logout: procedure.mutation(({ ctx }) => logout(ctx)),
    logoutLater: procedure.mutation(later(logout)),
  };
  const app = createApp();
  app.set('env', 'test');
  app.use(run.session());
  app.use(
    '/trpc',
    load<Express>('@trpc/server/adapters/express').createExpressMiddleware({
      router: router(procedures),
      createContext: ({ req, res }: Context) => ({ req, res }),
    }),
  );
  return await run.visitor(app);
}

/** A client in the visitor's browser. */
function clientOf(visitor: Visitor, link: Link): Client {
  const client = load<ClientPackage>('@trpc/client');
  const url = new URL('/trpc', visitor.url).href;
  return client.createTRPCClient({
    links: [
      client[link]({
        url,
        fetch: async (target: string, init: RequestInit) => {
          const headers = { ...(init.headers as object), connection: 'close', cookie: visitor.cookie };
          const response = await fetch(target, { ...init, headers });
          visitor.keep(response.headers.getSetCookie());
          return response;
        },
      }),
    ],
  });
}

describePackage('@trpc/server', ['@trpc/server', '@trpc/client'], (sideBySide) => {
  for (const link of ['httpLink', 'httpBatchLink'] as const) {
    sideBySide(
      `signs in and out by ${link}`,
      {
        visits: 1,
        'signs in': 'ann',
        'asks who it is, and visits': ['ann', 2],
        'whoever has the cookie from before': 'ann',
        'signs out': 'goodbye',
        'whoever has the cookie of the session': 'nobody',
      },
      async (run) => {
        const visitor = await open(run);
        const ann = clientOf(visitor, link);
        visitor.note('visits', await ann.visit.mutate());
        const planted = clientOf(visitor.copy(), link);
        visitor.note('signs in', await ann.login.mutate());
        const together = Promise.all([ann.me.query(), ann.visit.mutate()]);
        visitor.note('asks who it is, and visits', await together);
        visitor.note('whoever has the cookie from before', await planted.me.query());
        const copy = clientOf(visitor.copy(), link);
        visitor.note('signs out', await ann.logout.mutate());
        visitor.note('whoever has the cookie of the session', await copy.me.query());
      },
    );
  }

  sideBySide(
    'changes and ends a session by httpBatchStreamLink, after the headers have left',
    {
      'visits with and without waiting': [2, 3],
      'signs in': 'ann',
      'is signed in': 'ann',
      'signs in by httpLink': 'ann',
      'is signed in since': 'ann',
      'signs out': 'goodbye',
      'whoever has the cookie of the session': 'nobody',
    },
    async (run) => {
      const visitor = await open(run);
      const single = clientOf(visitor, 'httpLink');
      await single.visit.mutate();
      const ann = clientOf(visitor, 'httpBatchStreamLink');
      const visits = Promise.all([ann.visit.mutate(), ann.visitLater.mutate()]);
      visitor.note('visits with and without waiting', await visits);
      visitor.note('signs in', await ann.loginLater.mutate());
      visitor.note('is signed in', await ann.me.query());
      visitor.note('signs in by httpLink', await single.login.mutate());
      visitor.note('is signed in since', await ann.me.query());
      const copy = clientOf(visitor.copy(), 'httpLink');
      visitor.note('signs out', await ann.logoutLater.mutate());
      visitor.note('whoever has the cookie of the session', await copy.me.query());
    },
  );
});
