/** Handlers that are generated: what one does with its session and its response, and what came of it. */
import assert from 'node:assert/strict';
import type { Request, Response } from 'express';
import session from '../../src';
import { turn } from './gate';

export type Method = 'save' | 'reload' | 'destroy' | 'regenerate' | 'renewToken';
export type StoreMethod = 'get' | 'set' | 'set back' | 'touch' | 'destroy' | 'load' | 'regenerate';

export type Step =
  | { do: 'modify' | 'edit cookie' | 'remove' | 'touch' | 'read token' | 'turn' }
  | { do: 'sign in'; user: string | null; role: string }
  | { do: 'method'; name: Method; byPromise: boolean; isAwaited: boolean }
  | { do: 'store'; name: StoreMethod; isAwaited: boolean }
  | { do: 'write' | 'flushHeaders' | 'writeHead' | 'leave' };

export type Final = 'end' | 'write and end' | 'stream';

export interface Script {
  readonly steps: readonly Step[];
  readonly final: Final;
}

/** What the application saw. */
export interface Account {
  /** How often each callback was called, and each promise has settled: once is right. */
  readonly answers: { readonly of: string; count: number }[];
  /** What was thrown by a call that must not throw. */
  readonly thrown: string[];
  /** What the client is to read. */
  body: string;
  isDone: boolean;
}

export function newAccount(): Account {
  return { answers: [], thrown: [], body: '', isDone: false };
}

type Callback = (error?: unknown, result?: unknown) => void;
type Loose = Record<string, unknown>;
type SessionMethods = Record<Method, (callback?: Callback) => unknown> & Record<string, unknown>;
type LooseStore = Record<string, ((...args: unknown[]) => unknown) | undefined>;

/**
 * @param leave makes the client go away
 * @throws what `end` throws: that the session cannot be stored
 */
export async function perform(
  req: Request,
  res: Response,
  script: Script,
  account: Account,
  leave: () => void,
): Promise<void> {
  const write = (text: string): void => {
    account.body += text;
    res.write(text);
  };
  let isHeadWritten = false;
  for (const [at, step] of script.steps.entries()) {
    const current = req.session as unknown as SessionMethods | undefined;
    switch (step.do) {
      case 'modify':
        if (current) current[`m${String(at)}`] = Math.random();
        break;
      case 'edit cookie':
        if (current) (current.cookie as Loose).maxAge = 3_600_000 + at;
        break;
      case 'remove':
        Object.assign(req, { session: null });
        break;
      case 'touch':
        // It throws where the record has a lifetime that is none.
        if (current) (current.touch as () => void)();
        break;
      case 'read token':
        attempt(account, 'tokenOf', () => [session.tokenOf(req), current?.jwt]);
        break;
      case 'turn':
        await turn();
        break;
      case 'sign in':
        if (current) Object.assign(current, { user: step.user, role: step.role });
        break;
      case 'method':
        if (current) await callMethod(account, current, step);
        break;
      case 'store':
        await callStoreMethod(account, req, step);
        break;
      case 'write':
        write(`part ${String(at)};`);
        break;
      case 'flushHeaders':
        res.flushHeaders();
        break;
      case 'writeHead':
        if (!isHeadWritten && !res.headersSent) res.writeHead(200, { 'X-A': 'b' });
        isHeadWritten = true;
        break;
      default:
        leave();
        await turn();
    }
  }
  if (script.final === 'stream') {
    write('a stream;');
    await turn();
    write('goes on;');
    await turn();
  } else if (script.final === 'write and end') write('nearly;');
  account.body += 'the end';
  res.end('the end');
}

function attempt(account: Account, name: string, act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    account.thrown.push(`${name}: ${String(error)}`);
    return undefined;
  }
}

/** A callback that counts how often it is called, and a promise of the first time. */
function counted(account: Account, of: string): { callback: Callback; called: Promise<unknown[]> } {
  const answer = { of, count: 0 };
  account.answers.push(answer);
  let tell: (args: unknown[]) => void;
  const called = new Promise<unknown[]>((resolve) => (tell = resolve));
  const callback = (...args: unknown[]): void => {
    answer.count += 1;
    tell(args);
  };
  return { callback, called };
}

async function callMethod(
  account: Account,
  current: SessionMethods,
  { name, byPromise, isAwaited }: Extract<Step, { do: 'method' }>,
): Promise<void> {
  const { callback, called } = counted(account, name);
  if (byPromise) {
    const promise = attempt(account, name, () => current[name]()) as Promise<unknown>;
    // Not its own `then`: that would count as somebody who listens.
    if (isAwaited) promise.then(() => callback(), callback);
    else void Promise.prototype.then.call(promise, () => callback(), callback);
  } else attempt(account, name, () => current[name](callback));
  if (isAwaited) await called;
}

async function callStoreMethod(
  account: Account,
  req: Request,
  { name, isAwaited }: Extract<Step, { do: 'store' }>,
): Promise<void> {
  const store = req.sessionStore as unknown as LooseStore;
  const id = req.sessionID;
  const { callback, called } = counted(account, `sessionStore.${name}`);
  const call = (method: string, ...args: unknown[]): void => {
    if (store[method]) attempt(account, `sessionStore.${method}`, () => store[method]?.(...args, callback));
    else callback();
  };
  const cookie = { originalMaxAge: null, expires: null, httpOnly: true, path: '/' };
  if (name === 'set' || name === 'touch') call(name, id, { cookie, put: 'by hand' });
  else if (name === 'regenerate') call(name, req);
  else if (name === 'set back') {
    attempt(account, 'sessionStore.get', () =>
      store.get?.(id, (error: unknown, record: object | undefined) => {
        if (error || !record) callback(error);
        else {
          if (Object.isExtensible(record)) Object.assign(record, { put: 'back' });
          call('set', id, record);
        }
      }),
    );
  } else call(name, id);
  if (isAwaited) await called;
}

/** What went wrong as the application sees it. */
export function faultsIn({ answers, thrown, isDone }: Account): string[] {
  assert.ok(isDone, 'the handler is still waiting');
  return [
    ...thrown,
    ...answers
      .filter(({ count }) => count !== 1)
      .map(({ of, count }) => `${of} answered ${String(count)} times`),
  ];
}
