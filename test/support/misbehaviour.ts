/** Plays generated requests against a misbehaving store, and says what must not have happened. */
import http from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import session from '../../src';
import { decode } from './cookies';
import { turn } from './gate';
import { perform, type Script } from './handler-scripts';
import { keys } from './keys';
import { legacyCookie, legacySecret } from './legacy';
import { MisbehavingStore } from './misbehaving-store';
import {
  type Answer,
  destroysUnawaited,
  type Exchange,
  judge,
  newExchange,
  type Visit,
} from './misbehaviour-exchange';
import { listen } from './server';
import { idOfHandle, type Ses } from './session-tokens';
import { endsWithin } from './turn-timers';

export interface Case {
  readonly canCompare: boolean;
  readonly canTouch: boolean;
  readonly hasTimeout: boolean;
  readonly claims: 'none' | 'user' | 'sub';
  readonly begin: 'nothing' | 'session' | 'signed in' | 'express-session';
  readonly options: Partial<session.SessionOptions>;
  readonly visits: readonly Visit[];
}

export const TIMEOUT = 1000;
export const TIMEOUT_TURNS = 12;

/** Real time that a visit may take, in ms; all waiting is done in turns. */
const PATIENCE = 1500;

const claimsOf = {
  none: undefined,
  user: ({ session }: Request) => {
    const { user, role } = (session as unknown as Record<string, unknown> | undefined) ?? {};
    return user ? { user, role } : null;
  },
  sub: ({ session }: Request) => {
    const { user, role } = (session as unknown as Record<string, unknown> | undefined) ?? {};
    return user ? { sub: user, role } : null;
  },
};

/** One server for all cases. */
export class Playground {
  readonly #server: http.Server;
  readonly #exchanges = new Map<
    string,
    { middleware: RequestHandler; exchange: Exchange; store: MisbehavingStore }
  >();
  readonly #realNow = Date.now;
  #port = 0;
  #count = 0;

  constructor() {
    this.#server = http.createServer((req, res) => this.#serve(req as Request, res as Response));
  }

  async open(): Promise<void> {
    this.#port = await listen(this.#server);
  }

  close(): void {
    Date.now = this.#realNow;
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** @returns what went wrong, one text a fault */
  async play(one: Case): Promise<string[]> {
    const timeoutTurns = one.hasTimeout ? TIMEOUT_TURNS : undefined;
    const store = new MisbehavingStore(one, timeoutTurns);
    const middleware = session({
      keys,
      secret: legacySecret,
      store: store as never,
      resave: false,
      saveUninitialized: false,
      ...(one.hasTimeout && { storeTimeout: TIMEOUT }),
      jwtFromReq: claimsOf[one.claims],
      ...one.options,
    });
    let offset = 0;
    Date.now = () => this.#realNow() + offset;
    const faults: string[] = [];
    const first = await this.#begin(one, store, middleware);
    let jar = first;
    const groups = groupsOf(one.visits);
    for (const group of groups) {
      offset += group[0]?.later ?? 0;
      store.expect(group.flatMap(({ conducts }) => conducts));
      const heldBefore = new Set(store.held);
      const run = Promise.all(
        group.map(async (visit) => {
          const exchange = newExchange(visit);
          const answer = await this.#visit(middleware, store, exchange, visit.isOld ? first : jar);
          return { exchange, answer };
        }),
      );
      if (!(await endsWithin(PATIENCE, run)))
        return [...faults, `a request is never answered: ${store.calls.join(', ')}`];
      const played = await run;
      if (
        !(await endsWithin(
          PATIENCE,
          rest(
            store,
            played.map(({ exchange }) => exchange),
          ),
        ))
      )
        return [...faults, 'something never ends'];
      for (const { exchange, answer } of played) {
        jar = answer?.cookies[0]?.split(';')[0] ?? jar;
        faults.push(...judge(exchange, answer));
        const { sent } = exchange;
        if (!sent || store.hasLied) continue;
        const isAlone = group.length === 1 && !store.hasLateEffects && !destroysUnawaited(exchange.visit);
        // It goes out even if a second rotation fails, of which nobody knows whether it has had its effect.
        const isOfFirstRotation = sent.generation > 1 && !heldBefore.has(sent.name) && store.errors > 0;
        if (isAlone && !isOfFirstRotation ? !sent.isHeld : !store.held.has(sent.name))
          faults.push(
            `the store does not hold the token that is sent: ${sent.name}, but ${[...store.held].join()} (${store.calls.join(', ')})`,
          );
      }
    }
    return faults;
  }

  async #begin(one: Case, store: MisbehavingStore, middleware: RequestHandler): Promise<string | undefined> {
    const { begin } = one;
    if (begin === 'nothing') return undefined;
    if (begin === 'express-session') {
      const cookie = { originalMaxAge: null, expires: null, httpOnly: true, path: '/' };
      store.records.set('legacy', JSON.stringify({ cookie, count: 1 }));
      store.held.add('legacy 1');
      return legacyCookie('legacy');
    }
    const steps: Script['steps'] =
      begin === 'session' ? [{ do: 'modify' }] : [{ do: 'sign in', user: 'ann', role: 'user' }];
    const visit = { steps, final: 'end', conducts: [], later: 0, isOld: false, isParallel: false } as const;
    const answer = await this.#visit(middleware, store, newExchange(visit), undefined);
    return answer?.cookies[0]?.split(';')[0];
  }

  #serve(req: Request, res: Response): void {
    const found = this.#exchanges.get(req.url);
    if (!found) throw new Error(`nothing to do for ${req.url}`);
    const { middleware, exchange, store } = found;
    this.#exchanges.delete(req.url);
    watchHead(res, (token) => {
      const { ses } = decode(token).payload as { ses: Ses };
      const id = ses.lid ?? idOfHandle(ses.id ?? '');
      const name = `${id} ${String(ses.gen)}`;
      exchange.sent = { name, generation: ses.gen, isHeld: store.holds(id, ses.gen) };
    });
    // As Express does it, where nobody handles errors.
    const fail = (): void => {
      if (res.headersSent) {
        req.socket.destroy();
        return;
      }
      exchange.hasFailed = true;
      res.statusCode = 500;
      res.end('failed');
    };
    middleware(req, res, (error?: unknown) => {
      const isOver = res.writableFinished || res.destroyed || res.closed;
      const isFirst = exchange.nexts.length === 0;
      exchange.nexts.push({ error, state: isOver ? 'over' : res.headersSent ? 'under way' : 'not begun' });
      if (error) {
        if (isFirst) exchange.account.isDone = true;
        fail();
        return;
      }
      void perform(req, res, exchange.visit, exchange.account, () => exchange.leave())
        .catch((error: unknown) => {
          exchange.thrown = error;
          fail();
        })
        .then(() => (exchange.account.isDone = true));
    });
  }

  /** Undefined where the client left. */
  #visit(
    middleware: RequestHandler,
    store: MisbehavingStore,
    exchange: Exchange,
    cookie: string | undefined,
  ): Promise<Answer | undefined> {
    const path = `/${String(++this.#count)}`;
    this.#exchanges.set(path, { middleware, exchange, store });
    return new Promise((resolve) => {
      const req = http.request({ port: this.#port, host: '127.0.0.1', path, agent: false });
      if (cookie !== undefined) req.setHeader('Cookie', cookie);
      let hasLeft = false;
      exchange.leave = () => {
        hasLeft = true;
        req.destroy();
        resolve(undefined);
      };
      req.on('error', () => {
        if (!hasLeft) resolve({ status: 0, body: '', isWhole: false, cookies: [] });
      });
      req.on('response', (res) => {
        let body = '';
        res.setEncoding('utf8').on('data', (text: string) => (body += text));
        res.on('error', () => undefined);
        res.on('close', () => {
          if (hasLeft) return;
          const cookies = res.headers['set-cookie'] ?? [];
          resolve({ status: res.statusCode ?? 0, body, isWhole: res.complete, cookies });
        });
      });
      req.end();
    });
  }
}

function groupsOf(visits: readonly Visit[]): Visit[][] {
  const groups: Visit[][] = [];
  let isOpen = false;
  for (const visit of visits) {
    if (isOpen) groups.at(-1)?.push(visit);
    else groups.push([visit]);
    isOpen = visit.isParallel;
  }
  return groups;
}

/** Until nothing is under way any more: a call that was given up may be followed by one that waited for it. */
async function rest(store: MisbehavingStore, exchanges: Exchange[]): Promise<void> {
  let calls = 0;
  for (let quiet = 0; quiet < TIMEOUT_TURNS + 8; quiet++) {
    const isBusy = store.pending > 0 || exchanges.some(({ account }) => !account.isDone);
    if (isBusy || store.calls.length > calls) quiet = 0;
    calls = store.calls.length;
    await turn();
  }
}

/** Tells the session's token, if there is one, when the headers leave. */
function watchHead(res: Response, tell: (token: string) => void): void {
  const writeHead = res.writeHead.bind(res);
  res.writeHead = ((...args: Parameters<typeof writeHead>) => {
    const lines = ([] as unknown[]).concat(res.getHeader('Set-Cookie') ?? []).map(String);
    const line = lines.find((one) => one.startsWith('connect.sid='));
    const token = line?.split(';')[0]?.slice('connect.sid='.length);
    if (token) tell(token);
    return writeHead(...args);
  }) as typeof writeHead;
}
