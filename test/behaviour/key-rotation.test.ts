/** Keys are rotated while requests come in, and nobody is logged out. */
import assert from 'node:assert/strict';
import type { RequestHandler } from 'express';
import session from '../../src';
import { decode } from '../support/cookies';
import { listen, serverOf } from '../support/server';
import { data } from '../support/site';

const CLIENTS = 200;
const ROTATIONS = 5;

/** So many responses pass between two steps: each client is met by each step, on the average. */
const RESPONSES_PER_STEP = CLIENTS;

const claimsOfUser = (req: object) => {
  const { session: current } = req as { session?: { user?: string } };
  return current?.user === undefined ? null : { user: current.user };
};

const publicOf = ({ public: publicKey }: session.KeyPair): session.KeyPair => ({ public: publicKey });

/**
 * Clients that count their visits, each in its own session and as fast as they can, while the steps are done. At times
 * one signs in anew, and so gets another token. Rejects where a client finds that its session was lost.
 *
 * @returns the kids of the tokens that the clients have got, in order of appearance
 */
async function rotateUnderLoad(middleware: RequestHandler, steps: (() => void)[]): Promise<string[]> {
  const kids = new Set<string>();
  const server = serverOf(middleware, (req, res) => {
    const { user } = Object.fromEntries(new URL(req.url, 'http://localhost').searchParams);
    if (user) data(req).user = user;
    data(req).hits = Number(data(req).hits ?? 0) + 1;
    res.end(String(data(req).hits));
  });
  const url = `http://127.0.0.1:${String(await listen(server))}/`;
  let responses = 0;
  let isOver = false;

  async function client(number: number): Promise<void> {
    let cookie = '';
    for (let hits = 1; !isOver; hits++) {
      const signsIn = (hits + number) % 5 === 0;
      const res = await fetch(signsIn ? `${url}?user=${String(hits)}` : url, {
        headers: cookie ? { cookie } : {},
      });
      assert.equal(await res.text(), String(hits), `client ${String(number)} has lost its session`);
      const [sent] = res.headers.getSetCookie();
      if (sent) cookie = sent.split(';')[0] ?? '';
      if (sent) kids.add(String(decode(cookie.split('=')[1] ?? '').header.kid));
      responses += 1;
      if (responses % RESPONSES_PER_STEP > 0) continue;
      const step = steps.shift();
      if (step) step();
      else isOver = true;
    }
  }

  try {
    await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  } finally {
    isOver = true;
    server.closeAllConnections();
    server.close();
  }
  assert.deepEqual(steps, []);
  assert.deepEqual(server.lateErrors, []);
  return [...kids];
}

describe('rotating keys under load', function () {
  this.timeout(120_000);

  const pairs = Array.from({ length: ROTATIONS + 1 }, () => session.generateKeys());
  const kids = session.jwks(pairs).keys.map(({ kid }) => kid);

  it('by keysProvider, no client of 200 loses its session in 5 rotations', async () => {
    let current: session.KeyPair[] = pairs.slice(0, 1);
    const middleware = session({ keysProvider: () => Promise.resolve(current), jwtFromReq: claimsOfUser });
    const steps = pairs.slice(1).map((next) => () => {
      current = [next, ...current.map(publicOf)];
    });
    assert.deepEqual(await rotateUnderLoad(middleware, steps), kids);
  });

  it('by hand, one instance after the other, no client of 200 loses its session in 5 rotations', async () => {
    const store = new session.MemoryStore();
    const instances: RequestHandler[] = [];
    let turns = 0;
    const restart = (instance: number, keys: session.KeyPair[]) => {
      instances[instance] = session({ keys, store, jwtFromReq: claimsOfUser });
    };
    restart(0, pairs.slice(0, 1));
    restart(1, pairs.slice(0, 1));
    const steps = pairs.slice(1).flatMap((next, index) => {
      const older = pairs.slice(0, index + 1).reverse();
      const announced = [...older, publicOf(next)];
      const rotated = [next, ...older.map(publicOf)];
      return [announced, rotated].flatMap((keys) => [() => restart(0, keys), () => restart(1, keys)]);
    });
    const balanced: RequestHandler = (req, res, next) => {
      turns += 1;
      instances[turns % 2]?.(req, res, next);
    };
    assert.deepEqual(await rotateUnderLoad(balanced, steps), kids);
  });
});
