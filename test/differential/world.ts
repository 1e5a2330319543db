// One side with its server, its store and its clients.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import onHeaders from 'on-headers';
import type { Clock } from './clock';
import { handle, type AnyRequest, type EndEvent, type StepEvent } from './handler';
import type { MeantDifference } from './meant';
import { Exchange } from './exchange';
import type { Options, Sequence, SessionRequest } from './sequences';
import type { Side } from './sides';
import { ObservedStore, splitRecord, type StoredRecord, type StoreCall } from './stores';
import type { Wire } from './wire';

export type Event = ({ store: string } & Omit<StoreCall, 'method'>) | StepEvent | EndEvent;

/** What can be observed of one request. Ids appear under names given in the order of their first appearance. */
export interface Observation {
  events: Event[];
  response: {
    status: number;
    reason: string;
    /** All but Date and the framing, in the order of the wire. */
    headers: [name: string, value: string][];
    /** Content-Length or Transfer-Encoding; where it stands among the other headers is left open. */
    framing: string;
    body: string;
    bytes: number;
  } | null;
  /** How often the callback given to `end` was called, and whether all times after `finish`. */
  endCallback: { calls: number; afterFinish: boolean };
  errors: string[];
  records: Record<string, StoredRecord>;
}

export const cookieName = 'connect.sid';

const isFraming = (name: string): boolean => /^(content-length|transfer-encoding)$/i.test(name);

/** One side's server with its store and one client with its cookies. */
export class World {
  readonly #store: ObservedStore;
  readonly #middleware: RequestHandler;
  readonly #names = new Map<string, string>();
  /** Values of the session cookie as received, oldest first. */
  readonly #jar: string[] = [];
  #exchange: Exchange | undefined;
  #observation: Observation | undefined;

  constructor(
    private readonly wire: Wire,
    private readonly clock: Clock,
    private readonly side: Side,
    private readonly options: Options,
    sequence: Sequence,
    /** Those that this side has to be given; none for a side that is to be taken as it is. */
    private readonly differences: readonly MeantDifference[] = [],
  ) {
    this.#store = new ObservedStore(side, sequence.store, {
      verdict: (call, data) => {
        const exchange = this.#exchange;
        if (!exchange) return 'as it is';
        for (const difference of differences) {
          const verdict = difference.storeCall?.(call, exchange);
          if (verdict) difference.times += 1;
          if (verdict) return verdict;
        }
        if (call.method === 'set' && exchange.phase === 'handler') exchange.noteSave(data);
        return 'as it is';
      },
      called: ({ method, id, ...rest }) => {
        if (this.#exchange?.phase === 'end') this.#exchange.callsAtEnd += 1;
        this.#observation?.events.push({ store: method, id: this.#name(id), ...rest });
      },
    });
    this.#middleware = side.middleware(options, this.#store.object);
  }

  async play(requests: readonly SessionRequest[]): Promise<Observation[]> {
    const observations: Observation[] = [];
    for (const request of requests) {
      this.clock.advance(request.wait);
      if (request.storeEmptied) this.#store.clear();
      observations.push(await this.#serve(request));
    }
    return observations;
  }

  async #serve(request: SessionRequest): Promise<Observation> {
    const observation: Observation = {
      events: [],
      response: null,
      endCallback: { calls: 0, afterFinish: true },
      errors: [],
      records: {},
    };
    this.#observation = observation;
    const cookie = this.#cookieHeader(request);
    let handled: Promise<void> = Promise.resolve();
    try {
      const raw = await this.wire.exchange(
        request.method,
        cookie === undefined ? {} : { cookie },
        (req, res) => {
          handled = this.#listen(req, res, request, observation);
        },
      );
      await handled;
      observation.response = {
        status: raw.status,
        reason: raw.reason,
        framing: raw.headers
          .filter(([name]) => isFraming(name))
          .map((header) => header.join(': '))
          .join(),
        headers: raw.headers
          .filter(([name]) => name !== 'Date' && !isFraming(name))
          .map(([name, value]) => [name, name === 'Set-Cookie' ? this.#received(value) : value]),
        body: raw.body.toString(),
        bytes: raw.body.length,
      };
    } catch (error) {
      observation.errors.push(`no response: ${(error as Error).message}`);
    }
    await this.#store.idle();
    // Late errors come in a turn of their own.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    for (const [id, text] of Object.entries(this.#store.records)) {
      observation.records[this.#name(id)] = splitRecord(text);
    }
    const exchange = this.#exchange;
    if (exchange) this.#adjust((difference) => difference.observed?.(observation, request, exchange));
    return observation;
  }

  /** Resolves when the handler is through and the response has been finished. */
  async #listen(
    req: IncomingMessage & AnyRequest,
    res: ServerResponse,
    request: SessionRequest,
    observation: Observation,
  ): Promise<void> {
    const exchange = new Exchange(
      req,
      res,
      this.#store,
      this.options,
      request.reply.steps.length > 0,
      this.#presented(request),
    );
    this.#exchange = exchange;
    let finished = false;
    const closed = new Promise<void>((resolve) => {
      res.on('finish', () => (finished = true));
      res.on('finish', resolve);
      res.on('close', resolve);
    });
    // Registered before the middleware's listener, hence run after it.
    if (this.#isAdjusted) onHeaders(res, () => this.#adjust((difference) => difference.headers?.(exchange)));
    const error = await new Promise<unknown>((resolve) => {
      let nexts = 0;
      this.#middleware(req as never, res as never, (given?: unknown) => {
        nexts += 1;
        if (nexts === 1) resolve(given);
        else observation.errors.push(`late: ${String(given)}`);
      });
    });
    if (error) {
      res.statusCode = 500;
      res.end((error as Error).message);
    } else {
      if (this.#isAdjusted) {
        exchange.begin();
        // Registered after the middleware's listener, hence run before it, which is to be called within.
        const listener = res.writeHead.bind(res);
        res.writeHead = (...args: unknown[]) => {
          exchange.withoutSecondTouch(() => (listener as (...args: unknown[]) => void)(...args));
          return res;
        };
      }
      exchange.phase = 'handler';
      const context = {
        req,
        res,
        store: this.#store,
        report: (event: Event & (StepEvent | EndEvent)) => observation.events.push(event),
        nameOf: (id: unknown) => (typeof id === 'string' ? this.#name(id) : String(id)),
        advance: (ms: number) => {
          this.clock.advance(ms);
        },
        meanwhile: (value: number) => {
          this.#meanwhile(exchange.presentedId, value);
        },
        saving: () => {
          this.#adjust((difference) => difference.saving?.(exchange));
        },
        ending: (end: () => void) => {
          exchange.isBusy = this.#store.pending > 0;
          this.#adjust((difference) => difference.ending?.(exchange));
          exchange.phase = 'end';
          exchange.withoutSecondTouch(end);
          this.#adjust((difference) => difference.ended?.(exchange));
          exchange.phase = 'ended';
        },
        endCallback: () => {
          observation.endCallback.calls += 1;
          observation.endCallback.afterFinish &&= finished;
        },
      };
      await handle(context, request).catch((thrown: unknown) => {
        observation.errors.push(`thrown: ${String(thrown)}`);
        if (!res.headersSent) res.statusCode = 500;
        res.end();
      });
    }
    await closed;
  }

  get #isAdjusted(): boolean {
    return this.differences.length > 0;
  }

  #adjust(apply: (difference: MeantDifference) => boolean | undefined): void {
    for (const difference of this.differences) if (apply(difference)) difference.times += 1;
  }

  #name(id: string): string {
    const name = this.#names.get(id) ?? `session ${String(this.#names.size + 1)}`;
    this.#names.set(id, name);
    return name;
  }

  /** Puts a session cookie into the jar; returns the line with a name in place of the value. */
  #received(line: string): string {
    const match = /^connect\.sid=([^;]*)(.*)$/.exec(line);
    if (!match) return line;
    const [, value = '', attributes = ''] = match;
    this.#jar.push(value);
    return `${cookieName}=<${this.#name(this.side.idInCookie(value))}>${attributes}`;
  }

  #presentedValue({ cookie }: SessionRequest): string | undefined {
    return cookie === 'the first ever received' ? this.#jar[0] : this.#jar.at(-1);
  }

  /** The id of the session whose cookie is presented, whole or broken. */
  #presented(request: SessionRequest): string | undefined {
    const value = this.#presentedValue(request);
    return value === undefined ? undefined : this.side.idInCookie(value);
  }

  #cookieHeader(request: SessionRequest): string | undefined {
    const value = this.#presentedValue(request);
    switch (request.cookie) {
      case 'none':
        return undefined;
      case 'empty':
        return `${cookieName}=`;
      case 'garbage':
        return `${cookieName}=${request.garbage}`;
    }
    if (value === undefined) return undefined;
    const pair = `${cookieName}=${value}`;
    switch (request.cookie) {
      case 'own':
      case 'the first ever received':
        return pair;
      case 'own, quoted':
        return `${cookieName}="${value}"`;
      case 'own, among others':
        return `a=1; ${pair}; connect.sid2=x`;
      case 'own, then a broken one':
        return `${pair}; ${cookieName}=broken`;
      case 'own, one character more':
        return `${pair}x`;
      case 'own, three characters less':
        return pair.slice(0, -3);
      case 'own, another signature':
        return pair.slice(0, -20) + (pair.at(-20) === 'A' ? 'B' : 'A') + pair.slice(-19);
    }
  }

  #meanwhile(id: string | undefined, value: number): void {
    const text = id === undefined ? undefined : this.#store.records[id];
    if (id === undefined || text === undefined) return;
    this.#store.records[id] = JSON.stringify({ ...(JSON.parse(text) as object), meanwhile: value });
  }
}
