/** Held responses whose holds a test answers by hand. */
import assert from 'node:assert/strict';
import http from 'node:http';
import {
  holdResponse,
  type HeldResponse,
  type Hold,
  type ResponseHooks,
} from '../../../src/http/held-response';
import { requestText, Wire, withServer } from '../../support/wire';

export type Handler = (res: http.ServerResponse, desk: Desk) => unknown;

/** Hooks that count how often they were called, and whose holds are answered by hand. */
export class Desk implements ResponseHooks {
  readonly calls: string[] = [];
  readonly held: HeldResponse[] = [];
  headers: 'pass' | 'hold' | 'send' = 'hold';
  end: 'pass' | 'hold' | 'send' | Error = 'hold';
  settle: (() => void) | undefined;

  headersDue(): Hold | undefined {
    this.calls.push('headersDue');
    return this.#hold(this.headers);
  }

  ended(isWhole: boolean): Hold | undefined {
    this.calls.push(`ended ${isWhole ? 'whole' : 'in parts'}`);
    if (this.end instanceof Error) throw this.end;
    return this.#hold(this.end);
  }

  #hold(how: 'pass' | 'hold' | 'send'): Hold | undefined {
    if (how === 'pass') return undefined;
    return (held) => {
      if (how === 'send') held.send(this.settle);
      else this.held.push(held);
    };
  }

  /** Answers the oldest hold that waits. */
  next(): HeldResponse {
    const held = this.held.shift();
    assert.ok(held, 'nothing is held');
    return held;
  }
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function listener(desk: Desk, handler: Handler, before?: Handler) {
  return (_: unknown, response: unknown): void => {
    const res = response as http.ServerResponse;
    before?.(res, desk);
    holdResponse(res, desk);
    void handler(res, desk);
  };
}

export interface Exchange {
  wire: Wire;
  desk: Desk;
  res: http.ServerResponse;
}

/** One raw HTTP/1 exchange; `use` gets it once the handler has run. */
export async function exchange(
  handler: Handler,
  use: (exchange: Exchange) => unknown,
  { before, method, headers }: { before?: Handler; method?: string; headers?: Record<string, string> } = {},
): Promise<void> {
  const desk = new Desk();
  const run = listener(desk, handler, before);
  const server = http.createServer();
  const started = new Promise<http.ServerResponse>((resolve) => {
    server.on('request', (req, res) => {
      run(req, res);
      setImmediate(resolve, res);
    });
  });
  await withServer(server, async (port) => {
    const wire = new Wire(port, requestText(method, '/', headers));
    await use({ wire, desk, res: await started });
  });
}

export function code(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return `${String((error as NodeJS.ErrnoException).code)}: ${(error as Error).message}`;
  }
  return 'nothing thrown';
}

/** What Node says of headers that come too late. */
export const tooLate = (verb: string): string =>
  `ERR_HTTP_HEADERS_SENT: Cannot ${verb} headers after they are sent to the client`;
