/** Streams of events: what is stored when, and what a browser can do that has read the first event. */
import type { Response } from 'express';
import { gate, type Gate } from '../../support/gate';
import { createApp, dataOf } from '../peers/site';
import { describePackage, type Run } from './side-by-side';
import type { Visitor } from './visitor';

interface Site {
  readonly ann: Visitor;
  /** Where the stream waits after its first event. */
  readonly pause: Gate;
}

async function open(run: Run): Promise<Site> {
  const app = createApp();
  app.set('env', 'test');
  const pause = gate();
  const begin = (res: Response) => {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    res.write('data: hello\n\n');
  };
  app.use(run.session());
  app.get('/visit', (req, res) => {
    dataOf(req).count = (dataOf(req).count ?? 0) + 1;
    res.send('welcome');
  });
  app.get('/events', async (req, res) => {
    const { change } = req.query;
    if (change === 'before') dataOf(req).changed = change;
    if (change === 'login') dataOf(req).user = 'ann';
    begin(res);
    await pause.pass();
    if (change === 'after') dataOf(req).changed = change;
    if (change === 'login later') dataOf(req).user = 'ann';
    res.end('data: bye\n\n');
  });
  app.get('/', (req, res) => {
    const { count = 0, user = 'nobody', changed = 'unchanged' } = dataOf(req);
    res.send(`${user}, ${String(count)}, ${String(changed)}`);
  });
  return { ann: await run.visitor(app), pause };
}

/** Opens a stream and reads its first event; `rest` reads the others. */
async function listen(ann: Visitor, change: string): Promise<{ rest: () => Promise<string>; set: string }> {
  const response = await fetch(new URL(`/events?change=${change}`, ann.url), {
    headers: { cookie: ann.cookie, connection: 'close' },
  });
  const lines = response.headers.getSetCookie();
  ann.keep(lines);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  const rest = async (): Promise<string> => {
    const { value, done } = await reader.read();
    return done ? '' : new TextDecoder().decode(value) + (await rest());
  };
  return { rest, set: lines.map((line) => line.split('=')[0]).join() };
}

/** What changes, in which session, and what is seen: of the cookies, after the first event, after the last one. */
const cases: readonly (readonly [
  change: string,
  session: 'no' | 'a',
  set: string,
  then: string,
  last: string,
])[] = [
  ['nothing', 'no', '', 'nobody, 0, unchanged', 'nobody, 0, unchanged'],
  ['nothing', 'a', '', 'nobody, 1, unchanged', 'nobody, 1, unchanged'],
  ['before', 'no', 'connect.sid', 'nobody, 0, unchanged', 'nobody, 0, before'],
  ['before', 'a', 'connect.sid', 'nobody, 1, unchanged', 'nobody, 1, before'],
  ['after', 'no', '', 'nobody, 0, unchanged', 'nobody, 0, unchanged'],
  ['after', 'a', '', 'nobody, 1, unchanged', 'nobody, 1, after'],
  ['login', 'no', 'connect.sid', 'nobody, 0, unchanged', 'ann, 0, unchanged'],
  ['login', 'a', 'connect.sid', 'nobody, 1, unchanged', 'ann, 1, unchanged'],
  ['login later', 'no', '', 'nobody, 0, unchanged', 'nobody, 0, unchanged'],
  ['login later', 'a', '', 'nobody, 1, unchanged', 'ann, 1, unchanged'],
];

describePackage('express', ['express'], (sideBySide) => {
  for (const [change, session, set, then, last] of cases) {
    sideBySide(
      `a stream of events with ${session} session before it: ${change}`,
      {
        'the stream sets': set,
        'looks after the first event': `200 ${then}`,
        'the stream ends': 'data: bye\n\n',
        'looks afterwards': `200 ${last}`,
        ...(session === 'a' && { 'whoever has the cookie from before': `200 ${last}` }),
      },
      async (run) => {
        const { ann, pause } = await open(run);
        if (session === 'a') await ann.open('/visit');
        const planted = ann.copy();
        const stream = await listen(ann, change);
        ann.note('the stream sets', stream.set);
        await ann.visit('looks after the first event', '/');
        pause.open();
        ann.note('the stream ends', await stream.rest());
        await ann.visit('looks afterwards', '/');
        if (session === 'a') await planted.visit('whoever has the cookie from before', '/');
      },
    );
  }
});
