/** compression, mounted before and after the session: pages, and streams that are flushed piece by piece. */
import type { RequestHandler, Response } from 'express';
import { createApp, dataOf } from '../peers/site';
import { load } from './packages';
import { describePackage, type Run } from './side-by-side';
import type { Page, Visitor } from './visitor';

type Compression = (options: object) => RequestHandler;
type WithFlush = Response & { flush(): void };

const LINES = 'All that is gold does not glitter. '.repeat(100);

async function open(run: Run, isFirst: boolean): Promise<Visitor> {
  const app = createApp();
  const compression = load<Compression>('compression')({ threshold: 0 });
  app.use(isFirst ? [compression, run.session()] : [run.session(), compression]);
  app.get('/visit', (req, res) => {
    dataOf(req).count = (dataOf(req).count ?? 0) + 1;
    res.send(`${String(dataOf(req).count)}: ${LINES}`);
  });
  app.get('/login', (req, res) => {
    dataOf(req).user = 'ann';
    res.send(`ann: ${LINES}`);
  });
  app.get('/stream', async (req, res) => {
    dataOf(req).count = (dataOf(req).count ?? 0) + 1;
    res.type('text').write(`${String(dataOf(req).count)}: ${LINES}`);
    (res as WithFlush).flush();
    await new Promise(setImmediate);
    dataOf(req).streamed = true;
    res.end(LINES);
  });
  app.get('/empty', (req, res) => {
    dataOf(req).empty = true;
    res.status(204).end();
  });
  app.get('/', (req, res) => {
    const { user = 'nobody', count, streamed = false, empty = false } = dataOf(req);
    res.json({ user, count, streamed, empty });
  });
  return await run.visitor(app);
}

/** What arrives: how it is packed, and whether all of it is there. */
function packed({ headers, text }: Page): string {
  const isWhole = text.endsWith(LINES) ? 'whole' : 'in part';
  return [headers.get('content-encoding') ?? 'plain', headers.get('vary'), isWhole].join(', ');
}

describePackage('compression', ['compression'], (sideBySide) => {
  for (const isFirst of [true, false]) {
    const place = isFirst ? 'before' : 'after';
    sideBySide(
      `packs pages and streams, mounted ${place} the session`,
      {
        visits: '200 … (a page) +connect.sid',
        'a page arrives': 'gzip, Accept-Encoding, whole',
        'reads a stream': '200 … +connect.sid',
        'a stream arrives': 'gzip, Accept-Encoding, whole',
        'signs in': '200 … (a page) +connect.sid',
        'gets nothing': '204 +connect.sid',
        'visits again': '200 … (a page) +connect.sid',
        'a plain page arrives': 'plain, Accept-Encoding, whole',
        'sees what is stored': '200 {"user":"ann","count":3,"streamed":true,"empty":true}',
      },
      async (run) => {
        const ann = await open(run, isFirst);
        const headers = { 'accept-encoding': 'gzip' };
        ann.note('a page arrives', packed(await ann.visit('visits', '/visit', { headers })));
        ann.note('a stream arrives', packed(await ann.visit('reads a stream', '/stream', { headers })));
        await ann.visit('signs in', '/login', { headers });
        await ann.visit('gets nothing', '/empty', { headers });
        const plain = { headers: { 'accept-encoding': 'identity' } };
        ann.note('a plain page arrives', packed(await ann.visit('visits again', '/visit', plain)));
        await ann.visit('sees what is stored', '/', { headers });
      },
    );

    sideBySide(
      `packs a stream that begins a session, mounted ${place} it`,
      {
        'reads a stream': '200 … +connect.sid',
        'a stream arrives': 'gzip, Accept-Encoding, whole',
        'sees what is stored': '200 {"user":"nobody","count":1,"streamed":true,"empty":false}',
      },
      async (run) => {
        const ann = await open(run, isFirst);
        const headers = { 'accept-encoding': 'gzip' };
        ann.note('a stream arrives', packed(await ann.visit('reads a stream', '/stream', { headers })));
        await ann.visit('sees what is stored', '/', { headers });
      },
    );
  }
});
