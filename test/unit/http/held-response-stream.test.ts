/** What a held response promises where it streams, and where the work it waits for fails. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { Readable } from 'node:stream';
import { holdResponse } from '../../../src/http/held-response';
import { parseRaw, requestText, roundTrip, Wire, withServer } from '../../support/wire';
import { code, exchange, tooLate, turn } from './desk';

describe('A response that streams', () => {
  it('leaves at the end of the tick without a hold, and end is observed later [B052 B259]', () =>
    exchange(
      (res, desk) => {
        desk.headers = 'pass';
        assert.equal(res.write('a'), false);
      },
      async ({ wire, desk, res }) => {
        await wire.until('1\r\na\r\n');
        assert.equal(res.write('b'), true);
        await wire.until('1\r\nb\r\n');
        assert.equal(res.end('c'), res);
        await roundTrip();
        assert.doesNotMatch(wire.received, /\r\nc\r\n|\r\n0\r\n/);
        assert.equal(
          code(() => res.setHeader('a', 'b')),
          tooLate('set'),
        );
        let hasSettled = false;
        desk.next().send(() => (hasSettled = true));
        assert.match(await wire.closed, /1\r\nc\r\n0\r\n\r\n$/);
        assert.equal(hasSettled, false);
        assert.deepEqual(desk.calls, ['headersDue', 'ended in parts']);
      },
    ));

  it('is held with all that is written meanwhile, then drains and passes [B259]', async () => {
    const called: string[] = [];
    await exchange(
      (res) => {
        res.on('drain', () => called.push('drain'));
        res.write('a', () => called.push('a'));
      },
      async ({ wire, desk, res }) => {
        assert.equal(
          res.write('b', 'latin1', () => called.push('b')),
          false,
        );
        await roundTrip();
        assert.equal(wire.received, '');
        desk.next().send(() => res.setHeader('Set-Cookie', 'c=d'));
        const received = await wire.until('1\r\nb\r\n');
        assert.match(received, /set-cookie: c=d/i);
        assert.match(received, /1\r\na\r\n1\r\nb\r\n$/);
        await turn();
        assert.deepEqual(called.sort(), ['a', 'b', 'drain']);
        desk.end = 'pass';
        res.end();
        assert.match(await wire.closed, /0\r\n\r\n$/);
      },
    );
  });

  it('lets Node drain where Node itself found no room', async () => {
    let drained = 0;
    await exchange(
      (res) => {
        res.on('drain', () => drained++);
        res.write('x'.repeat(4_000_000));
      },
      async ({ wire, desk, res }) => {
        desk.next().send();
        await once(res, 'drain');
        for (let turns = 0; turns < 3; turns++) await turn();
        assert.equal(drained, 1);
        desk.end = 'pass';
        res.end();
        await wire.closed;
      },
    );
  });

  it('hands flushHeaders to Node once its headers have left, for applications that call it before each event', () =>
    exchange(
      (res) => {
        res.flushHeaders();
      },
      async ({ wire, desk, res }) => {
        desk.next().send();
        await wire.until('\r\n\r\n');
        res.flushHeaders();
        res.write('data: 1\n\n');
        desk.end = 'pass';
        res.end();
        assert.match(await wire.closed, /data: 1/);
        assert.deepEqual(desk.calls, ['headersDue', 'ended in parts']);
      },
    ));

  it('observes end at once while it is held, and begins the second hold after the first [B254 B259]', () =>
    exchange(
      (res) => void res.write('a'),
      async ({ wire, desk, res }) => {
        assert.equal(res.end('z'), res);
        assert.deepEqual(desk.calls, ['headersDue', 'ended in parts']);
        assert.equal(desk.held.length, 1);
        desk.next().send();
        await wire.until('1\r\na\r\n');
        await roundTrip();
        assert.doesNotMatch(wire.received, /\r\nz\r\n/);
        desk.next().send();
        assert.match(await wire.closed, /1\r\nz\r\n0\r\n\r\n$/);
      },
    ));

  it('goes on by itself if the end that came meanwhile has no hold, or one that is answered at once [B259]', async () => {
    for (const how of ['pass', 'send'] as const) {
      await exchange(
        (res) => void res.write('a'),
        async ({ wire, desk, res }) => {
          desk.end = how;
          res.end('z');
          desk.next().send();
          assert.match(await wire.closed, /1\r\na\r\n1\r\nz\r\n0\r\n\r\n$/);
        },
      );
    }
  });

  it('is piped through without loss [B259]', () =>
    exchange(
      (res) => Readable.from(['one ', 'two ', 'three'].map((text) => Buffer.from(text))).pipe(res),
      async ({ wire, desk }) => {
        desk.next().send();
        while (desk.held.length === 0) await turn();
        desk.next().send();
        const body = parseRaw(await wire.closed).body;
        assert.equal(body.replace(/\w+\r\n(.*)\r\n|0\r\n\r\n/g, '$1').trim(), 'one two three');
      },
    ));

  it('sends informational responses while it may [B061]', () =>
    exchange(
      (res) => {
        res.writeEarlyHints({ link: '</a.css>; rel=preload' });
        res.writeProcessing();
        res.end('hi');
      },
      async ({ wire, desk }) => {
        await wire.until('102 Processing\r\n\r\n');
        assert.doesNotMatch(wire.received, / 200 /);
        desk.next().send();
        assert.match(await wire.closed, /^HTTP\/1.1 103 [^]*HTTP\/1.1 102 [^]*HTTP\/1.1 200 /);
      },
    ));

  it('keeps trailers, and what the handler corked [B054]', () =>
    exchange(
      (res) => {
        res.cork();
        res.setHeader('Trailer', 'X-T');
        res.write('a');
        res.write('b');
        res.addTrailers({ 'X-T': 'late' });
        res.end('c');
      },
      async ({ wire, desk }) => {
        desk.next().send();
        assert.match(await wire.closed, /1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\nX-T: late\r\n\r\n$/);
      },
    ));
});

describe('A held response whose work fails', () => {
  it('makes room for an error page [B045 B128]', () =>
    exchange(
      (res) => {
        res.setHeader('X-App', '1');
        res.writeHead(201, { 'X-More': '2' });
        res.write('dropped');
        res.end('dropped');
      },
      async ({ wire, desk, res }) => {
        assert.equal(desk.next().discard(), true);
        assert.equal(res.headersSent, false);
        assert.equal(res.statusCode, 201);
        assert.equal(res.getHeader('x-more'), '2');
        res.statusCode = 500;
        res.statusMessage = '';
        res.end('page');
        const received = await wire.closed;
        assert.match(received, /^HTTP\/1.1 500 [^]*X-App: 1\r\nX-More: 2\r\n/);
        assert.equal(parseRaw(received).body, 'page');
      },
    ));

  it('makes room in the turn of the hold as well', async () => {
    const server = http.createServer((_, res) => {
      holdResponse(res, { headersDue: () => undefined, ended: () => (held) => held.discard() });
      assert.equal(res.end('dropped'), res);
      res.end('page');
    });
    await withServer(server, async (port) => {
      assert.equal(parseRaw(await new Wire(port, requestText()).closed).body, 'page');
    });
  });

  it('is destroyed instead once something has left [B259]', () =>
    exchange(
      (res, desk) => {
        desk.headers = 'pass';
        res.write('a');
      },
      async ({ wire, desk, res }) => {
        await wire.until('1\r\na\r\n');
        res.end('z');
        assert.equal(desk.next().discard(), false);
        assert.doesNotMatch(await wire.closed, /0\r\n\r\n$/);
      },
    ));

  it('ends the connection, stays closed, and swallows what follows [B259]', () =>
    exchange(
      (res) => void res.write('a'),
      async ({ wire, desk, res }) => {
        desk.next().destroy(new Error('store'));
        assert.equal(await wire.closed, '');
        assert.equal(res.headersSent, true);
        assert.equal(res.write('b'), false);
        assert.equal(res.flushHeaders(), undefined);
        assert.equal(res.end('z'), res);
        assert.deepEqual(desk.calls, ['headersDue']);
      },
    ));

  it('throws out of end what its hook throws, drops what is held, and is Node’s own [B045]', async () => {
    for (const isHeld of [false, true]) {
      const error = new Error('cycle');
      await exchange(
        (res, desk) => {
          desk.end = error;
          if (isHeld) res.write('dropped');
        },
        async ({ wire, desk, res }) => {
          assert.throws(() => res.end('dropped'), error);
          assert.equal(res.headersSent, false);
          res.setHeader('X-Page', '1');
          res.end('page');
          if (isHeld) desk.next().send(() => assert.fail('settled'));
          const { headers, body } = parseRaw(await wire.closed);
          assert.ok(headers.includes('x-page: 1'));
          assert.equal(body, 'page');
        },
      );
    }
  });

  it('ends the connection where its headers hook throws', async () => {
    const server = http.createServer((_, res) => {
      holdResponse(res, {
        headersDue: () => {
          throw new Error('broken');
        },
        ended: () => undefined,
      });
      res.write('a');
    });
    await withServer(server, async (port) => {
      assert.equal(await new Wire(port, requestText()).closed, '');
    });
  });

  it('throws out of send what settle throws, and can answer otherwise', () =>
    exchange(
      (res) => res.end('dropped'),
      async ({ wire, desk, res }) => {
        const send = (): void => desk.next().send(() => res.setHeader('bad name', ''));
        assert.match(code(send), /^ERR_INVALID_HTTP_TOKEN/);
        res.end('page');
        assert.equal(parseRaw(await wire.closed).body, 'page');
      },
    ));
});
