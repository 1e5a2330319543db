/** http-proxy-middleware behind the session: what comes from the other server goes out by pipe, or changed on its way. */
import type { Request, RequestHandler } from 'express';
import { createApp, dataOf } from '../peers/site';
import { load } from './packages';
import { describePackage, type Run } from './side-by-side';
import type { Visitor } from './visitor';

interface Proxy {
  readonly createProxyMiddleware: (options: object) => RequestHandler;
  readonly responseInterceptor: (
    change: (body: Buffer, proxied: object, req: Request) => Promise<string>,
  ) => unknown;
}

const BOOK = 'It was a bright cold day in April. '.repeat(2000);

async function open(run: Run): Promise<Visitor> {
  const other = createApp();
  other.get('/hello', (req, res) => {
    res.cookie('other', 'value').send(`hello, ${String(req.headers['x-user'] ?? 'nobody')}`);
  });
  other.get('/book', (_req, res) => {
    res.send(BOOK);
  });
  other.get('/fails', (_req, res) => {
    res.destroy();
  });
  other.post('/echo', (req, res) => {
    req.pipe(res);
  });
  const { url: target } = await run.listen(other);
  const { createProxyMiddleware, responseInterceptor } = load<Proxy>('http-proxy-middleware');
  const app = createApp();
  app.set('env', 'test');
  app.use(run.session());
  app.get('/login', (req, res) => {
    dataOf(req).user = 'ann';
    res.send('welcome, ann');
  });
  app.use('/api', (req, _res, next) => {
    dataOf(req).count = (dataOf(req).count ?? 0) + 1;
    const { user } = dataOf(req);
    if (user !== undefined) req.headers['x-user'] = user;
    next();
  });
  app.use('/api', createProxyMiddleware({ target, changeOrigin: true }));
  app.use(
    '/changed',
    createProxyMiddleware({
      target,
      selfHandleResponse: true,
      on: {
        proxyRes: responseInterceptor((body, _proxied, req) => {
          dataOf(req).changed = true;
          return Promise.resolve(body.toString().toUpperCase());
        }),
      },
    }),
  );
  app.get('/', (req, res) => {
    const { user = 'nobody', count = 0, changed = false } = dataOf(req);
    res.json({ user, count, changed });
  });
  return await run.visitor(app);
}

describePackage('http-proxy-middleware', ['http-proxy-middleware'], (sideBySide) => {
  sideBySide(
    'passes answers on, with the cookies of both',
    {
      'asks the other server': '200 hello, nobody +other +connect.sid',
      'signs in': '200 welcome, ann +connect.sid',
      'asks again': '200 hello, ann +other +connect.sid',
      'reads a book': true,
      'sends something': '200 to and fro +connect.sid',
      'asks for what fails': 504,
      'sees what is stored': '200 {"user":"ann","count":5,"changed":false}',
    },
    async (run) => {
      const ann = await open(run);
      await ann.visit('asks the other server', '/api/hello');
      await ann.visit('signs in', '/login');
      await ann.visit('asks again', '/api/hello');
      ann.note('reads a book', (await ann.open('/api/book')).text === BOOK);
      const body = 'to and fro';
      await ann.visit('sends something', '/api/echo', { method: 'POST', body });
      ann.note('asks for what fails', (await ann.open('/api/fails')).status);
      await ann.visit('sees what is stored', '/');
    },
  );

  sideBySide(
    'changes answers on their way, and the session with them',
    {
      'asks the other server': '200 HELLO, NOBODY +other +connect.sid',
      'sees what is stored': '200 {"user":"nobody","count":0,"changed":true}',
    },
    async (run) => {
      const ann = await open(run);
      await ann.visit('asks the other server', '/changed/hello');
      await ann.visit('sees what is stored', '/');
    },
  );
});
