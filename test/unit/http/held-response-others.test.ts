/** Held responses over HTTP/2, and responses that are not Node's own. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { holdResponse } from '../../../src/http/held-response';
import { Http2Exchange, ping, withHttp2Client } from '../../support/wire';
import { Desk, code, listener, turn, type Handler } from './desk';

interface Http2Held {
  client: http2.ClientHttp2Session;
  answer: Http2Exchange;
  desk: Desk;
  res: http.ServerResponse;
}

/** One exchange over HTTP/2; `use` gets it once the handler has run. */
async function overHttp2(
  handler: Handler,
  use: (held: Http2Held) => unknown,
  headers: http2.OutgoingHttpHeaders = {},
): Promise<void> {
  const desk = new Desk();
  const run = listener(desk, handler);
  const server = http2.createServer();
  const started = new Promise<http.ServerResponse>((resolve) => {
    server.on('request', (req, res) => {
      run(req, res);
      setImmediate(resolve, res as unknown as http.ServerResponse);
    });
  });
  await withHttp2Client(server, async (client) => {
    const answer = new Http2Exchange(client, headers);
    await use({ client, answer, desk, res: await started });
  });
}

const TOO_LATE = 'ERR_HTTP2_HEADERS_SENT: Response has already been initiated.';

describe('A held response over HTTP/2', () => {
  it('keeps even its head, whose headers are closed [B037 B048]', () =>
    overHttp2(
      (res) => {
        // A text, as some write it.
        res.writeHead('202' as never, { 'x-app': '1' });
        res.end('hi');
      },
      async ({ client, answer, desk, res }) => {
        await ping(client);
        assert.equal(answer.headerFrames, 0);
        assert.equal(res.headersSent, true);
        for (const act of [
          () => res.setHeader('a', 'b'),
          () => res.appendHeader('a', 'b'),
          () => res.removeHeader('a'),
          () => res.writeHead(500),
        ]) {
          assert.equal(code(act), TOO_LATE);
        }
        res.statusCode = 500;
        desk.next().send(() => res.setHeader('set-cookie', 'a=b'));
        await answer.done;
        assert.equal(answer.headers[':status'], 202);
        assert.equal(answer.headers['x-app'], '1');
        assert.equal(answer.setCookie, 'a=b');
        assert.equal(answer.body, 'hi');
        assert.equal(
          code(() => res.setHeader('a', 'b')),
          TOO_LATE,
        );
      },
    ));

  it('holds a writeHead alone at the end of its tick [B037 B259]', () =>
    overHttp2(
      (res) => void res.writeHead(204),
      async ({ client, answer, desk, res }) => {
        await ping(client);
        assert.equal(answer.headerFrames, 0);
        desk.next().send();
        desk.end = 'pass';
        res.end();
        await answer.done;
        assert.equal(answer.headers[':status'], 204);
        assert.deepEqual(desk.calls, ['headersDue', 'ended in parts']);
      },
    ));

  it('streams what it was given, texts, bytes and nothing, in order [B054]', () =>
    overHttp2(
      (res) => {
        res.write('one ');
        res.write(Buffer.from('two '));
        res.write('7468726565', 'hex');
        res.write('');
        res.end('');
      },
      async ({ answer, desk }) => {
        desk.next().send();
        await answer.done;
        assert.equal(answer.body, 'one two three');
      },
    ));

  it('leaves at once if its hold is answered in its turn', () =>
    overHttp2(
      (res, desk) => {
        desk.end = 'send';
        desk.settle = () => res.setHeader('set-cookie', 'a=b');
        assert.equal(res.end('hi'), res);
      },
      async ({ answer }) => {
        await answer.done;
        assert.equal(answer.setCookie, 'a=b');
        assert.equal(answer.body, 'hi');
      },
    ));

  it('refuses a chunk before anything has left [B056]', () =>
    overHttp2(
      (res) => {
        assert.match(
          code(() => res.end(0)),
          /^ERR_INVALID_ARG_TYPE/,
        );
        assert.match(
          code(() => res.write(42)),
          /^ERR_INVALID_ARG_TYPE/,
        );
        assert.equal(res.headersSent, false);
        res.end('good');
      },
      async ({ answer, desk }) => {
        desk.next().send();
        await answer.done;
        assert.equal(answer.body, 'good');
      },
    ));

  it('makes room for an error page [B045 B128]', () =>
    overHttp2(
      (res) => res.end('dropped'),
      async ({ answer, desk, res }) => {
        assert.equal(desk.next().discard(), true);
        assert.equal(res.headersSent, false);
        res.statusCode = 500;
        res.end('page');
        await answer.done;
        assert.equal(answer.headers[':status'], 500);
        assert.equal(answer.body, 'page');
      },
    ));

  it('ends the stream, not the connection [B259]', () =>
    overHttp2(
      (res) => void res.write('a'),
      async ({ client, answer, desk }) => {
        desk.next().destroy();
        await answer.done;
        assert.equal(answer.headerFrames, 0);
        assert.equal(client.closed, false);
      },
    ));

  it('resets the stream at a write after end, as Node does', () =>
    overHttp2(
      (res) => {
        res.end('hi');
        assert.equal(res.write('late'), false);
      },
      async ({ answer, desk }) => {
        await assert.rejects(answer.done);
        desk.next().send();
        assert.equal(answer.headerFrames, 0);
      },
    ));

  it('does nothing for a client that has left, before or after Node knows [B055]', async () => {
    let isCalled = false;
    await overHttp2(
      (res) => {
        res.write('a');
        res.end('hi', () => (isCalled = true));
      },
      async ({ client, desk, res }) => {
        const { stream } = res as unknown as http2.Http2ServerResponse;
        stream.destroy();
        assert.equal(res.writeHead(500), res);
        desk.next().send();
        await ping(client);
        assert.equal(isCalled, false);
      },
    );
  });

  it('calls the callback of an end after a head that was all there is', async () => {
    let isCalled = false;
    await overHttp2(
      (res, desk) => {
        desk.headers = 'pass';
        res.writeHead(200);
      },
      async ({ answer, desk, res }) => {
        await answer.done;
        res.end(() => (isCalled = true));
        desk.next().send();
        await turn();
        assert.equal(isCalled, true);
      },
      { ':method': 'HEAD' },
    );
  });
});

/** A response as frameworks make them up, with these members only. */
function foreign(members: Record<string, unknown>): http.ServerResponse {
  return members as unknown as http.ServerResponse;
}

describe('A response that is not Node’s [B262]', () => {
  it('is left alone if it has no end', () => {
    for (const res of [foreign({}), foreign({ write: () => true })]) {
      const before = Object.entries(res);
      holdResponse(res, new Desk());
      assert.deepEqual(Object.entries(res), before);
    }
  });

  it('may lack everything but end', () => {
    const given: unknown[][] = [];
    const res = foreign({ end: (...args: unknown[]) => given.push(args) });
    const desk = new Desk();
    holdResponse(res, desk);
    assert.equal(res.end({ any: 'thing' }), res);
    assert.deepEqual(given, []);
    desk.next().send();
    assert.deepEqual(given, [[{ any: 'thing' }]]);
    assert.deepEqual(Object.keys(res), ['end']);
  });

  it('is ended where it cannot be destroyed', () => {
    let ends = 0;
    const res = foreign({ end: () => ends++ });
    const desk = new Desk();
    holdResponse(res, desk);
    res.end();
    desk.next().destroy();
    assert.equal(ends, 1);
  });

  it('is held and played with what it has, and no length is made up', async () => {
    const played: string[] = [];
    const headers: Record<string, unknown> = {};
    const res = foreign({
      statusCode: 200,
      headersSent: false,
      setHeader: (name: string, value: unknown) => (headers[name] = value),
      getHeader: (name: string) => headers[name],
      writeHead: (status: number) => played.push(`head ${String(status)}`),
      write: (text: string) => played.push(text),
      end: (text: string) => played.push(`end ${text}`),
    });
    const desk = new Desk();
    holdResponse(res, desk);
    res.writeHead(404, { 'x-a': '1' });
    assert.equal(code(() => res.setHeader('x', 'y')).split(':')[0], 'ERR_HTTP_HEADERS_SENT');
    assert.equal(res.headersSent, true);
    await turn();
    res.write('a');
    desk.next().send(() => res.setHeader('set-cookie', 'b'));
    assert.equal(res.headersSent, false);
    await turn();
    res.end('z');
    assert.equal(res.write('late'), false);
    await turn();
    desk.next().send();
    assert.deepEqual(played, ['head 404', 'a', 'end z']);
    assert.deepEqual(headers, { 'x-a': '1', 'set-cookie': 'b' });
  });

  it('gets its write after end as an event, if it can', async () => {
    const errors: string[] = [];
    const res = Object.assign(new EventEmitter(), { write: () => true, end: () => undefined });
    res.on('error', (error: NodeJS.ErrnoException) => errors.push(String(error.code)));
    const desk = new Desk();
    holdResponse(foreign(res as never), desk);
    res.end();
    res.write();
    await once(res, 'error').catch(() => undefined);
    assert.deepEqual(errors, ['ERR_STREAM_WRITE_AFTER_END']);
  });
});
