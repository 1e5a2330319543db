/** A login whose redirect is followed as early as it can be. */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { send } from './client';
import type { World } from './world';

/**
 * Signs in and follows the redirect in another process as soon as the first byte of the answer is there.
 *
 * @returns how often the session was found
 */
export async function countLogins({ cluster }: Pick<World, 'cluster'>, times: number): Promise<number> {
  let found = 0;
  for (let round = 0; round < times; round++) {
    const [login, next] = [cluster.member(round), cluster.member(round + 1)];
    const [first, second] = await Promise.all([open(login.port), open(next.port)]);
    first.write('POST /login?user=ada HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    const [head] = (await once(first, 'data')) as [Buffer];
    const cookie = /^set-cookie: ([^;]+)/im.exec(head.toString())?.[1] ?? '';
    second.write(`GET /me HTTP/1.1\r\nHost: a\r\nCookie: ${cookie}\r\n\r\n`);
    const [answer] = (await once(second, 'data')) as [Buffer];
    if (answer.toString().includes('"user":"ada"')) found++;
    first.destroy();
    second.destroy();
    await send(login, 'POST /logout', { cookie });
  }
  return found;
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}
