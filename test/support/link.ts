/** A network between two programs: a port that leads to another one, late, and can be cut. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Link {
  readonly port: number;
  /** From now on nothing arrives, in neither direction, and nobody is told. */
  cut(): void;
  /** What arrives waits until `resume`. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** @param delay in ms, of each direction. What is under way when an end closes is lost */
export async function linkTo(target: number, delay: number): Promise<Link> {
  const sockets = new Set<Socket>();
  const state = { isCut: false, isPaused: false };
  const pass = (from: Socket, to: Socket): void => {
    const arrive = (chunk: Buffer): void => {
      if (!state.isCut && to.writable) to.write(chunk);
    };
    sockets.add(from);
    from.setNoDelay();
    from.on('data', (chunk: Buffer) => {
      if (delay > 0) setTimeout(arrive, delay, chunk);
      else arrive(chunk);
    });
    from.on('error', () => undefined);
    if (state.isPaused) from.pause();
    from.on('close', () => {
      sockets.delete(from);
      if (!state.isCut) to.destroy();
    });
  };
  const server = createServer((client) => {
    const other = connect(target, '127.0.0.1');
    pass(client, other);
    pass(other, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      state.isCut = true;
    },
    pause: () => {
      state.isPaused = true;
      for (const socket of sockets) socket.pause();
    },
    resume: () => {
      state.isPaused = false;
      for (const socket of sockets) socket.resume();
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
