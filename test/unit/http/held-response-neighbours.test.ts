/** A held response among other middleware, and on its connection. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import onHeaders = require('on-headers');
import { parseRaw, requestText, roundTrip, Wire, withServer } from '../../support/wire';
import { Desk, code, exchange, listener } from './desk';

describe('A held response among middleware', () => {
  it('runs later listeners for headers when they are due, earlier ones when it is played', async () => {
    const order: string[] = [];
    await exchange(
      (res) => {
        onHeaders(res, () => {
          order.push('later');
          res.setHeader('X-Later', '1');
        });
        res.end('hi');
        order.push('ended');
      },
      async ({ wire, desk, res }) => {
        desk.next().send(() => {
          order.push('settle');
          assert.equal(res.getHeader('x-later'), '1');
        });
        const { headers } = parseRaw(await wire.closed);
        assert.ok(headers.includes('x-later: 1'));
        assert.ok(headers.includes('x-earlier: 1'));
        assert.deepEqual(order, ['later', 'ended', 'settle', 'earlier']);
      },
      {
        before: (res) => {
          onHeaders(res, () => {
            order.push('earlier');
            res.setHeader('X-Earlier', '1');
          });
        },
      },
    );
  });

  it('calls a writeHead that is patched later once', () =>
    exchange(
      (res) => {
        const writeHead = res.writeHead.bind(res);
        res.writeHead = (status: number) => {
          res.appendHeader('X-Patch', 'once');
          return writeHead(status);
        };
        res.end('hi');
      },
      async ({ wire, desk }) => {
        desk.next().send();
        assert.equal((await wire.closed).match(/X-Patch/g)?.length, 1);
      },
    ));

  it('throws out of end what a later listener throws', () =>
    exchange(
      (res) => {
        let isBroken = true;
        onHeaders(res, () => {
          if (isBroken) throw new Error('listener');
        });
        assert.match(
          code(() => res.end('dropped')),
          /listener/,
        );
        isBroken = false;
        res.end('page');
      },
      async ({ wire, desk }) => {
        desk.next().send();
        assert.equal(parseRaw(await wire.closed).body, 'page');
      },
    ));

  it('does not touch headers that somebody has sent past it [B258]', () =>
    exchange(
      (res) => {
        http.ServerResponse.prototype.writeHead.call(res, 203);
        res.write('a');
        res.end('b');
      },
      async ({ wire, desk }) => {
        assert.deepEqual(desk.calls, ['ended in parts']);
        desk.next().send(() => assert.fail('settled'));
        assert.match(await wire.closed, /^HTTP\/1.1 203 [^]*1\r\na\r\n1\r\nb\r\n0\r\n\r\n$/);
      },
    ));

  it('reads as sent where a layer redefines headersSent [B258]', () =>
    exchange(
      (res) => {
        Object.defineProperty(res, 'headersSent', { configurable: true, get: () => false });
        res.end('hi');
        assert.equal(res.headersSent, true);
      },
      async ({ wire, desk, res }) => {
        desk.next().send();
        assert.equal(res.headersSent, false);
        assert.equal(parseRaw(await wire.closed).body, 'hi');
      },
    ));

  it('does not believe a layer that says headers are sent before they are [B258]', () =>
    exchange(
      (res) => {
        Object.defineProperty(res, 'headersSent', { configurable: true, get: () => true });
        res.writeHead(203);
        res.end('hi');
      },
      async ({ wire, desk, res }) => {
        assert.deepEqual(desk.calls, ['ended whole']);
        desk.next().send(() => res.setHeader('X-Late', '1'));
        assert.match(await wire.closed, /^HTTP\/1.1 203 [^]*\r\nX-Late: 1\r\n[^]*hi/);
      },
    ));

  it('leaves no listeners behind', () =>
    exchange(
      (res) => {
        const names = res.eventNames().length;
        res.end('hi');
        assert.equal(res.eventNames().length, names);
      },
      async ({ wire, desk }) => {
        desk.next().send();
        await wire.closed;
      },
    ));
});

describe('A held response on its connection', () => {
  it('waits for its turn when it is pipelined [B037]', async () => {
    const desks: Desk[] = [];
    const server = http.createServer();
    const arrived = new Promise<void>((resolve) => {
      server.on('request', (req, res) => {
        const desk = new Desk();
        listener(desk, () => res.end(desks.length === 0 ? 'first' : 'second'))(req, res);
        if (desks.push(desk) === 2) resolve();
      });
    });
    await withServer(server, async (port) => {
      const keep = requestText('GET', '/', { Connection: 'keep-alive' });
      const wire = new Wire(port, keep + requestText());
      await arrived;
      desks[1]?.next().send();
      await roundTrip();
      assert.equal(wire.received, '');
      desks[0]?.next().send();
      assert.match(await wire.closed, /first[^]*second$/);
    });
  });

  it('does nothing for a client that has left [B055]', async () => {
    let isCalled = false;
    await exchange(
      (res) => res.end('hi', () => (isCalled = true)),
      async ({ wire, desk, res }) => {
        wire.destroy();
        await once(res, 'close');
        desk.next().send();
        await roundTrip();
        assert.equal(isCalled, false);
        assert.equal(res.write('late'), false);
      },
    );
  });

  it('drops what is written to a client that has left', () =>
    exchange(
      (res) => void res.write('a'),
      async ({ wire, desk, res }) => {
        wire.destroy();
        await once(res, 'close');
        assert.equal(res.write('b'), false);
        res.end();
        desk.next().send();
        desk.next().send();
        assert.deepEqual(desk.calls, ['headersDue', 'ended in parts']);
      },
    ));

  it('ends with a timeout that nobody listens to [B259]', () =>
    exchange(
      (res) => {
        res.setTimeout(20);
        res.end('hi');
      },
      async ({ wire, desk }) => {
        assert.equal(await wire.closed, '');
        desk.next().send();
      },
    ));
});
