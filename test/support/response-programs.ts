/** Runs generated sequences of calls on a real response, and collects what its client reads. */
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { once } from 'node:events';
import onHeaders = require('on-headers');
import { holdResponse, type Hold } from '../../src/http/held-response';

/** One call of a handler (its arguments as JSON, chunks marked), or what happens between calls. */
export type Step =
  | { do: 'tick' }
  | { do: 'abort' }
  | { do: 'status'; code: number; message?: string }
  | { do: 'call'; name: string; args: unknown[]; callback?: boolean };

export type Mode = 'bare' | 'no holds' | 'holds of one turn' | 'holds of some turns';

/** Puts what is to be tested onto a response, and calls `next` as a middleware does. */
export type Mount<M> = (
  req: http.IncomingMessage,
  res: http.ServerResponse,
  mode: M,
  next: () => void,
) => void;

export interface Program {
  method: 'GET' | 'HEAD';
  version: '1.0' | '1.1';
  steps: Step[];
}

/** What a program did: what its calls threw, and which callbacks came. */
export interface Trace {
  outcomes: string[];
  callbacks: string[];
}

export interface Result {
  received: string;
  traces: Trace[];
}

interface Run<M> {
  programs: Program[];
  mode: M;
  traces: Trace[];
  done: Promise<unknown>[];
  abort: () => void;
}

type Loose = http.ServerResponse & Record<string, (...args: unknown[]) => unknown>;

/** Some programs leave their client waiting; then both ways have to. */
const HANGS = 500;

/** In steps: what happened while the machine was busy elsewhere is looked at between two of them. */
const STEPS = 10;

function whenStuck(ms: number, tell: () => void): () => void {
  let left = STEPS;
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) return;
    clearInterval(timer);
    tell();
  }, ms / STEPS);
  return () => clearInterval(timer);
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function hold(mode: Mode, turns: number): Hold | undefined {
  if (mode === 'no holds') return undefined;
  if (mode === 'holds of one turn') return (held) => held.send();
  return (held) => {
    const count = (left: number): void => {
      if (left === 0) held.send();
      else setImmediate(count, left - 1);
    };
    count(turns);
  };
}

/** On both sides `writeHead` has its headers merged by on-headers, as all session middleware has had it. */
export function mountBare(res: http.ServerResponse): void {
  onHeaders(res, () => undefined);
}

export const mountHeld: Mount<Mode> = (_, res, mode, next) => {
  if (mode === 'bare') mountBare(res);
  else
    holdResponse(res, { headersDue: () => hold(mode, 2), ended: (isWhole) => hold(mode, isWhole ? 3 : 1) });
  next();
};

function describe(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  return `${String(code)} ${message}`;
}

async function perform(res: Loose, program: Program, run: Run<unknown>, trace: Trace): Promise<void> {
  const state: { isEnded: boolean } = { isEnded: false };
  const hasEnded = (): boolean => state.isEnded;
  const attempt = (name: string, act: () => void): void => {
    try {
      act();
      trace.outcomes.push(`${name} ok`);
      if (name === 'end') state.isEnded = true;
    } catch (error) {
      trace.outcomes.push(`${name} ${describe(error)}`);
    }
  };
  res.on('error', (error: Error) => trace.outcomes.push(`error event ${describe(error)}`));
  for (const [index, step] of program.steps.entries()) {
    if (step.do === 'tick') await turn();
    else if (step.do === 'abort') {
      run.abort();
      await turn();
    } else if (step.do === 'status') {
      attempt('status', () => {
        res.statusCode = step.code;
        if (step.message !== undefined) res.statusMessage = step.message;
      });
    } else if (step.name === 'end' && state.isEnded) trace.outcomes.push('end left out');
    else {
      const args = step.args.map(revive);
      if (step.callback) args.push(() => trace.callbacks.push(`${step.name} ${String(index)}`));
      attempt(step.name, () => res[step.name]?.(...args));
    }
  }
  if (hasEnded()) return;
  attempt('end', () => res.end());
  if (hasEnded()) return;
  // A status that Node refuses was left behind.
  attempt('status', () => {
    res.statusCode = 500;
    res.statusMessage = 'Failed';
  });
  attempt('end', () => res.end('failed'));
  if (!hasEnded()) res.destroy();
}

/** Bytes are generated as `{ bytes }` or `{ byte, times }`. */
function revive(arg: unknown): unknown {
  const { bytes, byte, times } = (arg ?? {}) as { bytes?: number[]; byte?: number; times?: number };
  if (times) return new Uint8Array(times).fill(byte ?? 0);
  if (bytes) return Uint8Array.from(bytes);
  // `appendHeader` writes into the array that it finds.
  return structuredClone(arg);
}

/** Servers for both protocols that perform programs. */
export class Stage<M> {
  readonly #runs = new Map<string, Run<M>>();
  readonly #http1: http.Server;
  readonly #http2: http2.Http2Server;
  #client: http2.ClientHttp2Session | undefined;
  #count = 0;

  /** @param headers what all requests carry */
  constructor(
    mount: Mount<M>,
    readonly headers: Record<string, string> = {},
  ) {
    const listener = (req: unknown, res: unknown): void => {
      const [, id = '', index = '0'] = ((req as http.IncomingMessage).url ?? '').split('/');
      const run = this.#runs.get(id);
      const program = run?.programs[Number(index)];
      const trace = run?.traces[Number(index)];
      if (!run || !program || !trace) throw new Error(`nothing to perform for ${id}`);
      const done = new Promise<void>((resolve) => {
        mount(req as http.IncomingMessage, res as http.ServerResponse, run.mode, () => {
          resolve(perform(res as Loose, program, run, trace));
        });
      });
      run.done.push(done);
    };
    this.#http1 = http.createServer(listener);
    this.#http2 = http2.createServer(listener);
  }

  async open(): Promise<void> {
    for (const server of [this.#http1, this.#http2]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
  }

  close(): void {
    this.#client?.destroy();
    this.#http1.closeAllConnections();
    this.#http1.close();
    this.#http2.close();
  }

  /** All programs on one connection, pipelined. */
  async http1(programs: Program[], mode: M): Promise<Result> {
    const [id, run] = this.#start(programs, mode);
    const socket = net.connect(port(this.#http1), '127.0.0.1');
    run.abort = () => socket.destroy();
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    const extra = Object.entries(this.headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    const texts = programs.map(({ method, version }, index) => {
      const connection = index === programs.length - 1 ? 'close' : 'keep-alive';
      return `${method} /${id}/${String(index)} HTTP/${version}\r\nHost: a\r\nConnection: ${connection}\r\n${extra}\r\n`;
    });
    socket.write(texts.join(''));
    const isOver = whenStuck(HANGS, () => {
      received += '(hangs)';
      socket.destroy();
    });
    await closed;
    isOver();
    return this.#finish(id, run, received.replace(/^Date: .*$/gm, 'Date'));
  }

  async http2(program: Program, mode: M): Promise<Result> {
    const [id, run] = this.#start([program], mode);
    if (!this.#client || this.#client.closed || this.#client.destroyed) {
      this.#client = http2.connect(`http://127.0.0.1:${String(port(this.#http2))}`);
      this.#client.on('error', () => undefined);
    }
    const stream = this.#client.request(
      { ...this.headers, ':method': program.method, ':path': `/${id}/0` },
      { endStream: true },
    );
    run.abort = () => stream.close(http2.constants.NGHTTP2_CANCEL);
    const events: string[] = [];
    let body = '';
    const note = (kind: string) => (headers: Record<string, unknown>) => {
      const { date, ...rest } = headers;
      events.push(`${kind} ${JSON.stringify({ ...rest, date: typeof date })}`);
    };
    stream.on('headers', note('informational'));
    stream.on('response', note('response'));
    stream.on('trailers', note('trailers'));
    stream.on('error', (error) => events.push(describe(error)));
    stream.setEncoding('latin1').on('data', (text: string) => (body += text));
    const isOver = whenStuck(10 * HANGS, () => {
      events.push('(hangs)');
      stream.close();
    });
    await once(stream, 'close');
    isOver();
    return this.#finish(id, run, `${events.join('\n')}\n${body}\n${String(stream.rstCode)}`);
  }

  #start(programs: Program[], mode: M): [string, Run<M>] {
    const id = String(++this.#count);
    const traces = programs.map(() => ({ outcomes: [], callbacks: [] }));
    const run: Run<M> = { programs, mode, traces, done: [], abort: () => undefined };
    this.#runs.set(id, run);
    return [id, run];
  }

  async #finish(id: string, run: Run<M>, received: string): Promise<Result> {
    await Promise.all(run.done);
    // Callbacks of `end` and holds that outlive their client.
    for (let turns = 0; turns < 5; turns++) await turn();
    this.#runs.delete(id);
    for (const { callbacks } of run.traces) callbacks.sort();
    return { received, traces: run.traces };
  }
}

function port(server: http.Server | http2.Http2Server): number {
  return (server.address() as AddressInfo).port;
}
