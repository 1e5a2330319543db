/** One request of a generated case: what was to happen, what has, and what of it must not have. */
import { faultsIn, newAccount, type Account, type Script, type Step } from './handler-scripts';
import type { Conduct } from './misbehaving-store';

export interface Visit extends Script {
  readonly conducts: readonly Conduct[];
  /** By how many ms later it comes than the one before. */
  readonly later: number;
  /** Whether it comes with the first cookie, that may be superseded by now. */
  readonly isOld: boolean;
  /** Whether the next one comes at the same time. */
  readonly isParallel: boolean;
}

export interface Exchange {
  readonly visit: Visit;
  readonly account: Account;
  /** What `next` was called with, and whether the response was over, or none had begun. */
  readonly nexts: { error: unknown; state: 'over' | 'not begun' | 'under way' }[];
  hasFailed: boolean;
  /** What came out of the handler. */
  thrown: unknown;
  leave: () => void;
  /** The token that was sent, and whether the store had what it says when the headers left. */
  sent: { readonly name: string; readonly generation: number; readonly isHeld: boolean } | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly isWhole: boolean;
  readonly cookies: readonly string[];
}

export function newExchange(visit: Visit): Exchange {
  const leave = (): void => undefined;
  return {
    visit,
    account: newAccount(),
    nexts: [],
    hasFailed: false,
    thrown: undefined,
    leave,
    sent: undefined,
  };
}

function isStream({ final, steps }: Visit): boolean {
  return final === 'stream' || steps.some((one) => ['write', 'flushHeaders', 'writeHead'].includes(one.do));
}

/** A destroy that the response does not wait for may take effect after the session was stored. */
export function destroysUnawaited(visit: Visit): boolean {
  const destroying = visit.steps.filter(
    (one) => one.do === 'store' && ['destroy', 'regenerate'].includes(one.name),
  ) as Extract<Step, { do: 'store' }>[];
  return destroying.some(({ isAwaited }) => !isAwaited || isStream(visit));
}

/** What must not have happened, one text a fault. */
export function judge(exchange: Exchange, answer: Answer | undefined): string[] {
  const { visit, account, nexts, hasFailed, thrown } = exchange;
  const faults = faultsIn(account);
  const add = (isFault: boolean, text: string): void => {
    if (isFault) faults.push(text);
  };
  const [first, ...others] = nexts;
  add(!first, 'next is never called');
  add(Boolean(first?.error) && others.length > 0, 'next is called again after an error');
  add(
    others.some(({ error }) => !error),
    'next is called twice without an error',
  );
  add(others.filter(({ state }) => state === 'not begun').length > 1, 'two errors want to answer');
  add(
    others.some(({ state }) => state === 'under way'),
    'an error comes in the middle of the response',
  );
  if (!answer) return faults;
  add(answer.cookies.length > 1, 'two cookies');
  if (hasFailed) {
    add(
      answer.status !== 500 || answer.body !== 'failed' || !answer.isWhole,
      `error page: ${JSON.stringify(answer)}`,
    );
    add(answer.cookies.length > 0, 'the error page has a cookie');
    return faults;
  }
  if (answer.isWhole) {
    add(answer.status !== 200 || answer.body !== account.body, `answer: ${JSON.stringify(answer)}`);
    return faults;
  }
  add(!isStream(visit), 'an answer that is no stream is cut off');
  add(others.length === 0 && !thrown, 'an answer is cut off, and nobody knows why');
  return faults;
}
