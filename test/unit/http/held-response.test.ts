/** What a held response promises where it ends whole, and what it refuses, over real sockets. */
import assert from 'node:assert/strict';
import http from 'node:http';
import vm from 'node:vm';
import { parseRaw, roundTrip } from '../../support/wire';
import { code, exchange, tooLate, turn } from './desk';

describe('A response that ends whole', () => {
  for (const how of ['pass', 'send'] as const) {
    it(`leaves at once if its hold is answered in its turn (${how}) [B052 B053 B057]`, () =>
      exchange(
        (res, desk) => {
          desk.end = how;
          desk.settle = () => res.setHeader('X-Settled', 'yes');
          assert.equal(res.end('hi'), res);
          assert.equal(res.headersSent, true);
        },
        async ({ wire, desk }) => {
          const { headers, body } = parseRaw(await wire.closed);
          assert.ok(headers.includes('content-length: 2'));
          assert.equal(headers.includes('x-settled: yes'), how === 'send');
          assert.equal(body, 'hi');
          assert.deepEqual(desk.calls, ['ended whole']);
        },
      ));
  }

  it('passes its arguments to the end that was there before, as given [B059]', () => {
    const given: unknown[][] = [];
    return exchange(
      (res, desk) => {
        desk.end = 'pass';
        res.end('6869', 'hex', () => undefined);
      },
      async ({ wire }) => {
        assert.equal(parseRaw(await wire.closed).body, 'hi');
        assert.deepEqual(
          given.map((args) => args.map((arg) => typeof arg)),
          [['string', 'string', 'function']],
        );
      },
      {
        before: (res) => {
          const end = res.end.bind(res) as (...args: unknown[]) => http.ServerResponse;
          res.end = ((...args: unknown[]) => {
            given.push(args);
            return end(...args);
          }) as typeof res.end;
        },
      },
    );
  });

  it('waits whole until it is sent, and its length is computed as Node does [B036 B037 B052 B053 B057]', () =>
    exchange(
      (res) => {
        res.setHeader('X-App', '1');
        assert.equal(res.end('hi'), res);
      },
      async ({ wire, desk, res }) => {
        await roundTrip();
        assert.equal(wire.received, '');
        desk.next().send(() => res.setHeader('Set-Cookie', 'a=b'));
        const { headers, body } = parseRaw(await wire.closed);
        assert.deepEqual(
          headers.filter((line) => !line.startsWith('date')),
          ['x-app: 1', 'set-cookie: a=b', 'connection: close', 'content-length: 2'],
        );
        assert.equal(body, 'hi');
      },
    ));

  it('has closed headers while it waits, and a status assigned then does not count [B037 B048]', () =>
    exchange(
      (res) => {
        res.statusCode = 201;
        res.statusMessage = 'Made';
        res.end('hi');
        assert.equal(res.headersSent, true);
        assert.equal(
          code(() => res.setHeader('a', 'b')),
          tooLate('set'),
        );
        assert.equal(
          code(() => res.appendHeader('a', 'b')),
          tooLate('append'),
        );
        assert.equal(
          code(() => res.removeHeader('a')),
          tooLate('remove'),
        );
        assert.equal(
          code(() => res.writeHead(500)),
          tooLate('write'),
        );
        assert.equal(
          code(() => res.setHeaders(new Map([['a', 'b']]))),
          tooLate('set'),
        );
        assert.equal(
          code(() => res.flushHeaders()),
          'nothing thrown',
        );
        res.statusCode = 500;
        res.statusMessage = 'Broken';
      },
      async ({ wire, desk }) => {
        desk.next().send();
        assert.match(await wire.closed, /^HTTP\/1.1 201 Made\r\n/);
      },
    ));

  it('ignores a second end, without a hook [B046]', () =>
    exchange(
      (res) => {
        res.end('first');
        assert.equal(res.end('second'), false);
      },
      async ({ wire, desk, res }) => {
        desk.next().send();
        assert.equal(res.end('third'), false);
        assert.equal(parseRaw(await wire.closed).body, 'first');
        assert.deepEqual(desk.calls, ['ended whole']);
      },
    ));

  it('takes a hold’s first answer only', () =>
    exchange(
      (res) => res.end('hi'),
      async ({ wire, desk }) => {
        const held = desk.next();
        held.send();
        held.send();
        assert.equal(held.discard(), false);
        held.destroy();
        assert.equal(parseRaw(await wire.closed).body, 'hi');
      },
    ));

  for (const [title, first] of [
    ['write', (res: http.ServerResponse) => assert.equal(res.write('a'), false)],
    [
      'writeHead',
      (res: http.ServerResponse) => assert.equal(res.writeHead(202, 'Taken', { 'X-A': 'b' }), res),
    ],
    ['flushHeaders', (res: http.ServerResponse) => assert.equal(res.flushHeaders(), undefined)],
  ] as const) {
    it(`is whole where ${title} comes first and end in the same tick [B259]`, () =>
      exchange(
        (res) => {
          first(res);
          assert.equal(res.headersSent, true);
          assert.equal(
            code(() => res.setHeader('a', 'b')),
            tooLate('set'),
          );
          assert.equal(res.end('z'), res);
        },
        async ({ wire, desk, res }) => {
          await roundTrip();
          assert.equal(wire.received, '');
          desk.next().send(() => res.setHeader('Set-Cookie', 'a=b'));
          const received = await wire.closed;
          assert.match(received, /set-cookie: a=b/i);
          assert.match(
            received,
            title === 'writeHead' ? /^HTTP\/1.1 202 Taken\r\nX-A: b/ : /^HTTP\/1.1 200 OK/,
          );
          assert.deepEqual(desk.calls, ['ended whole']);
        },
      ));
  }

  for (const method of ['HEAD', 'GET']) {
    it(`has no body if it may have none (${method}) [B058]`, () =>
      exchange(
        (res) => {
          if (method === 'GET') res.statusCode = 304;
          res.end('body');
        },
        async ({ wire, desk }) => {
          desk.next().send();
          assert.equal(parseRaw(await wire.closed).body, '');
        },
        { method },
      ));
  }

  it('calls each form of callback once, when it has finished [B055]', async () => {
    for (const args of [[], ['chunk'], ['chunk', 'utf8']]) {
      const events: string[] = [];
      await exchange(
        (res) => {
          res.on('finish', () => events.push('finish'));
          (res.end as (...args: unknown[]) => unknown)(...args, () => events.push('callback'));
        },
        async ({ wire, desk }) => {
          assert.deepEqual(events, []);
          desk.next().send();
          await wire.closed;
          await turn();
          // Node 24 calls it just before the event, Node 20 after.
          assert.deepEqual(events.sort(), ['callback', 'finish']);
        },
      );
    }
  });

  it('takes bytes of another realm [B262]', () =>
    exchange(
      (res) => {
        res.write(vm.runInNewContext('Uint8Array.of(104)') as Uint8Array);
        res.end(vm.runInNewContext('Uint8Array.of(105)'));
      },
      async ({ wire, desk }) => {
        desk.next().send();
        assert.match(parseRaw(await wire.closed).body, /1\r\nh\r\n1\r\ni\r\n/);
      },
    ));
});

describe('What Node refuses', () => {
  for (const [title, bad, expected] of [
    ['a number', 42, 'ERR_INVALID_ARG_TYPE'],
    ['an object', {}, 'ERR_INVALID_ARG_TYPE'],
    ['true', true, 'ERR_INVALID_ARG_TYPE'],
  ] as const) {
    it(`${title} as a chunk is refused out of the call, and the response can still end [B056]`, () =>
      exchange(
        (res) => {
          for (const act of [() => res.write(bad), () => res.end(bad)]) {
            assert.ok(code(act).startsWith(expected), code(act));
          }
          assert.equal(res.headersSent, false);
          res.end('good');
          assert.equal(
            code(() => res.end(bad)),
            'nothing thrown',
          );
        },
        async ({ wire, desk }) => {
          desk.next().send();
          assert.equal(parseRaw(await wire.closed).body, 'good');
          assert.deepEqual(desk.calls, ['ended whole']);
        },
      ));
  }

  it('null and an unknown encoding are refused out of the call, also while something is held [B056]', () =>
    exchange(
      (res) => {
        res.write('a');
        assert.match(
          code(() => res.write(null)),
          /^ERR_STREAM_NULL_VALUES/,
        );
        assert.match(
          code(() => res.write('a', 'bogus' as BufferEncoding)),
          /^ERR_UNKNOWN_ENCODING.*bogus/,
        );
        assert.match(
          code(() => res.end('a', 'bogus' as BufferEncoding)),
          /^ERR_UNKNOWN_ENCODING/,
        );
        assert.match(
          code(() => res.end(7)),
          /^ERR_INVALID_ARG_TYPE/,
        );
        res.end(null);
      },
      async ({ wire, desk }) => {
        desk.next().send();
        assert.equal(parseRaw(await wire.closed).body, '1\r\na\r\n0\r\n\r\n');
      },
    ));

  it('a status that Node refuses is refused out of end, before a hook is called [B056]', () =>
    exchange(
      (res) => {
        res.statusCode = 42;
        assert.match(
          code(() => res.end('a')),
          /^ERR_HTTP_INVALID_STATUS_CODE/,
        );
        assert.match(
          code(() => res.write('a')),
          /^ERR_HTTP_INVALID_STATUS_CODE/,
        );
        assert.match(
          code(() => res.flushHeaders()),
          /^ERR_HTTP_INVALID_STATUS_CODE/,
        );
        assert.match(
          code(() => res.writeHead(42)),
          /^ERR_HTTP_INVALID_STATUS_CODE/,
        );
        assert.match(
          code(() => res.writeHead(200, 'a\nb')),
          /^ERR_INVALID_CHAR/,
        );
        res.statusMessage = 'Fine';
        res.statusCode = 200;
        res.end('good');
      },
      async ({ wire, desk }) => {
        assert.deepEqual(desk.calls, ['ended whole']);
        desk.next().send();
        assert.equal(parseRaw(await wire.closed).body, 'good');
      },
    ));

  it('a write after end is an error event and a callback with the error, and writes nothing [B059 B060]', async () => {
    const errors: string[] = [];
    const note = (error?: Error | null): void => {
      errors.push(String((error as NodeJS.ErrnoException).code));
    };
    await exchange(
      (res) => {
        res.on('error', note);
        res.end('hi');
        assert.equal(res.write('late', note), false);
      },
      async ({ wire, desk }) => {
        assert.deepEqual(errors, ['ERR_STREAM_WRITE_AFTER_END', 'ERR_STREAM_WRITE_AFTER_END']);
        desk.next().send();
        assert.equal(parseRaw(await wire.closed).body, 'hi');
      },
    );
  });

  it('a write after end is no error event any more where the client has left, only a callback with the error [B059]', async () => {
    const errors: string[] = [];
    const told: string[] = [];
    const codeOf = (error: unknown) => String((error as NodeJS.ErrnoException).code);
    await exchange(
      (res) => {
        res.on('error', (error) => errors.push(codeOf(error)));
        res.end('all');
      },
      async ({ wire, desk, res }) => {
        const closed = new Promise((resolve) => res.once('close', resolve));
        wire.destroy();
        await closed;
        assert.equal(
          res.write('more', (error) => told.push(codeOf(error))),
          false,
        );
        await turn();
        assert.deepEqual([told, errors], [['ERR_STREAM_WRITE_AFTER_END'], []]);
        desk.next().send();
      },
    );
  });

  it('what it refuses when it makes the head comes out of send, and the response is its own again', () =>
    exchange(
      (res) => {
        res.setHeader('Trailer', 'X-T');
        res.setHeader('Content-Length', 2);
        res.end('hi');
      },
      async ({ wire, desk, res }) => {
        assert.match(
          code(() => desk.next().send()),
          /^ERR_HTTP_TRAILER_INVALID/,
        );
        assert.equal(res.headersSent, false);
        res.removeHeader('Trailer');
        res.removeHeader('Content-Length');
        res.statusCode = 500;
        res.end('page');
        assert.match(await wire.closed, /^HTTP\/1.1 500 /);
      },
    ));
});
