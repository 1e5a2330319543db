/** Processes of one application, and a front that spreads connections over them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import type { Order, Report, Settings } from './settings';

const root = path.join(__dirname, '../../..');

/** One process of the application. */
export class Member {
  #child: ChildProcess | undefined;
  readonly #held = new Map<string, () => void>();
  #complaints = '';
  port = 0;

  constructor(readonly settings: Settings) {}

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What the process has written to stderr; nothing is expected there. */
  get complaints(): string {
    return this.#complaints;
  }

  async start(): Promise<void> {
    const env = { ...process.env, NODE_ENV: 'production', CLUSTER_SETTINGS: JSON.stringify(this.settings) };
    // Coverage of src/ is not measured in processes that are killed.
    Reflect.deleteProperty(env, 'NODE_V8_COVERAGE');
    const child = fork(path.join(__dirname, 'application.ts'), {
      cwd: root,
      env,
      execArgv: ['--expose-gc', '--require', path.join(root, 'test/support/register.cjs')],
      silent: true,
    });
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => (this.#complaints += chunk.toString()));
    child.on('message', (report: Report) => {
      if ('held' in report) this.#held.get(report.held)?.();
    });
    const ready = once(child, 'message').then(([report]) => report as { ready: number });
    const ended = once(child, 'exit').then(() => {
      throw new Error(`the application has ended: ${this.#complaints}`);
    });
    this.port = (await Promise.race([ready, ended])).ready;
    ended.catch((error: unknown) => {
      if (this.#child === child) this.#complaints += String(error);
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Resolves once a request waits in this process under this id. */
  held(id: string): Promise<void> {
    return new Promise((resolve) => this.#held.set(id, resolve));
  }

  release(id: string): void {
    this.#held.delete(id);
    this.#child?.send({ release: id } satisfies Order);
  }
}

/** Processes of one application behind one port, where connections go to one after the other. */
export class Cluster {
  readonly members: readonly Member[];
  readonly #front: Server;
  readonly #sockets = new Set<Socket>();
  #turns = 0;

  constructor(settings: Settings, processes = 3) {
    this.members = Array.from({ length: processes }, () => new Member(settings));
    this.#front = createServer((client) => this.#pass(client));
  }

  /** Of the front. */
  get port(): number {
    return (this.#front.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    await Promise.all(this.members.map((member) => member.start()));
    await new Promise<void>((resolve) => this.#front.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#front.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.members.map((member) => member.stop()));
  }

  /** A member, counted from 0 and round. */
  member(index: number): Member {
    const member = this.members[index % this.members.length];
    if (!member) throw new Error('a cluster without processes');
    return member;
  }

  #pass(client: Socket): void {
    const server = connect(this.member(this.#turns++).port, '127.0.0.1');
    // A process that is gone shows as a connection that breaks.
    const close = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', close).on('close', () => {
        this.#sockets.delete(socket);
        close();
      });
    }
    client.pipe(server).pipe(client);
  }
}
