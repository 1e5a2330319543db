/** Apollo Server on Express 5: resolvers that sign in and out, and queries after one another in one batch. */
import type { Request, RequestHandler } from 'express';
import { createApp, dataOf } from '../peers/site';
import { load } from './packages';
import { describePackage, type Run } from './side-by-side';
import type { Visitor } from './visitor';

interface Apollo {
  ApolloServer: new (options: object) => { start(): Promise<void>; stop(): Promise<void> };
}

interface ApolloExpress {
  expressMiddleware(server: object, options: object): RequestHandler;
}

interface Context {
  readonly req: Request;
}

type Resolver = (root: unknown, args: unknown, context: Context) => unknown;

const typeDefs = `
  type Query { me: String, visits: Int, fails: Int }
  type Mutation { visit: Int, login: String, regenerate: String, logout: Boolean }
`;

const asPromise = (call: (done: (error?: Error) => void) => unknown) =>
  new Promise<void>((resolve, reject) => {
    call((error) => {
      if (error) reject(error);
      else resolve();
    });
  });

const resolvers: Readonly<Record<string, Readonly<Record<string, Resolver>>>> = {
  Query: {
    me: (_root, _args, { req }) => dataOf(req).user,
    visits: (_root, _args, { req }) => dataOf(req).count,
    fails: (_root, _args, { req }) => {
      dataOf(req).count = 100;
      throw new Error('boom!');
    },
  },
  Mutation: {
    visit: (_root, _args, { req }) => (dataOf(req).count = (dataOf(req).count ?? 0) + 1),
    login: (_root, _args, { req }) => (dataOf(req).user = 'ann'),
    regenerate: async (_root, _args, { req }) => {
      await asPromise((done) => req.session.regenerate(done));
      return (dataOf(req).user = 'ann');
    },
    logout: async (_root, _args, { req }) => {
      await asPromise((done) => req.session.destroy(done));
      return true;
    },
  },
};

async function open(run: Run): Promise<Visitor> {
  const { ApolloServer } = load<Apollo>('@apollo/server');
  const server = new ApolloServer({
    typeDefs,
    resolvers,
    allowBatchedHttpRequests: true,
    includeStacktraceInErrorResponses: false,
  });
  await server.start();
  run.stopWith(() => server.stop());
  const app = createApp();
  app.use(load<{ json(): RequestHandler }>('express').json(), run.session());
  app.use(
    load<ApolloExpress>('@as-integrations/express5').expressMiddleware(server, {
      context: ({ req }: Context) => Promise.resolve({ req }),
    }),
  );
  return await run.visitor(app);
}

const post = (body: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const query = (text: string) => post({ query: text });

describePackage('@apollo/server', ['@apollo/server', '@as-integrations/express5'], (sideBySide) => {
  sideBySide(
    'signs in by a mutation, and out',
    {
      'asks who it is': '200 {"data":{"me":null,"visits":null}}\n',
      visits: '200 {"data":{"visit":1}}\n +connect.sid',
      'signs in': '200 {"data":{"login":"ann","visit":2}}\n +connect.sid',
      'asks again': '200 {"data":{"me":"ann","visits":2}}\n',
      'whoever has the cookie from before': '200 {"data":{"me":"ann","visits":2}}\n',
      'signs in by regenerate': '200 {"data":{"regenerate":"ann"}}\n +connect.sid',
      'asks once more': '200 {"data":{"me":"ann","visits":null}}\n',
      'signs out': '200 {"data":{"logout":true}}\n',
      'whoever has the cookie of the session': '200 {"data":{"me":null}}\n',
    },
    async (run) => {
      const ann = await open(run);
      await ann.visit('asks who it is', '/', query('{ me visits }'));
      await ann.visit('visits', '/', query('mutation { visit }'));
      const planted = ann.copy();
      await ann.visit('signs in', '/', query('mutation { login visit }'));
      await ann.visit('asks again', '/', query('{ me visits }'));
      await planted.visit('whoever has the cookie from before', '/', query('{ me visits }'));
      await ann.visit('signs in by regenerate', '/', query('mutation { regenerate }'));
      await ann.visit('asks once more', '/', query('{ me visits }'));
      const copy = ann.copy();
      await ann.visit('signs out', '/', query('mutation { logout }'));
      await copy.visit('whoever has the cookie of the session', '/', query('{ me }'));
    },
  );

  sideBySide(
    'answers a batch, and a query that fails',
    {
      'sends a batch': '200 [{"data":{"login":"ann"}}\n,{"data":{"me":"ann"}}\n] +connect.sid',
      'is signed in': '200 {"data":{"me":"ann"}}\n',
      'asks for what fails': '200 … +connect.sid',
      'has what was stored all the same': '200 {"data":{"visits":100}}\n',
    },
    async (run) => {
      const ann = await open(run);
      const batch = [{ query: 'mutation { login }' }, { query: '{ me }' }];
      await ann.visit('sends a batch', '/', post(batch));
      await ann.visit('is signed in', '/', query('{ me }'));
      await ann.visit('asks for what fails', '/', query('{ fails }'));
      await ann.visit('has what was stored all the same', '/', query('{ visits }'));
    },
  );
});
