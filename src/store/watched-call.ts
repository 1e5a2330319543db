/** Tells subscribers of `node:diagnostics_channel` of calls of the store and of their errors. */
import diagnostics = require('node:diagnostics_channel');
import { channels, nameOf } from '../session/events';
import type { AnyStore, StoreCallEvent, StoreMethod } from '../types';
import { type Answer, isMissing } from './store-call';

const storeErrors = channels['store-error'];

/** A method of stores, and the channel of its calls. */
export interface WatchedMethod {
  readonly name: StoreMethod;
  readonly trace: diagnostics.TracingChannel;
}

/** The methods that are called. */
export const methods = {
  get: watched('get'),
  set: watched('set'),
  touch: watched('touch'),
  destroy: watched('destroy'),
  compareAndSet: watched('compareAndSet'),
};

function watched(name: StoreMethod): WatchedMethod {
  return { name, trace: diagnostics.tracingChannel(`express-session-jwt:store.${name}`) };
}

/** Whether somebody subscribes to calls of this method, or to errors of the store. */
export function isWatched({ trace }: WatchedMethod): boolean {
  // A TracingChannel says this by itself only since Node 20.13.
  const { start, end, asyncStart, asyncEnd, error } = trace;
  return (
    storeErrors.hasSubscribers ||
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers
  );
}

/**
 * Runs a call of the store, and publishes what Node's own `traceCallback` would. That one would also publish the answer, which
 * holds the session's data, and would take an error that the callback throws for one of the store.
 *
 * @param run answers once, or throws what the store throws before it has answered, or what the callback throws
 */
export function watchCall<Result>(
  { name, trace }: WatchedMethod,
  store: AnyStore,
  id: string,
  run: (answer: Answer<Result>) => void,
  callback: Answer<Result>,
): void {
  const call = new StoreCall(name, store, id);
  let isAnswered = false;
  const fail = (error: unknown): void => {
    call.fail(error);
    trace.error.publish(call);
    storeErrors.publish(call);
  };
  const answer: Answer<Result> = (error, result) => {
    isAnswered = true;
    if (error && !(name === 'get' && isMissing(error))) fail(error);
    trace.asyncStart.runStores(call, () => {
      try {
        callback(error, result);
      } finally {
        trace.asyncEnd.publish(call);
      }
    });
  };
  trace.start.runStores(call, () => {
    try {
      run(answer);
    } catch (error) {
      if (!isAnswered) fail(error);
      throw error;
    } finally {
      trace.end.publish(call);
    }
  });
}

/** A message. The error is no own member, because errors of some database clients hold ids and data. */
class StoreCall implements StoreCallEvent {
  readonly method: StoreMethod;
  readonly store: string;
  readonly session: string;
  code: string | undefined;
  #error: unknown;

  constructor(method: StoreMethod, store: AnyStore, id: string) {
    this.method = method;
    this.store = store.constructor.name;
    this.session = nameOf(id);
  }

  get error(): unknown {
    return this.#error;
  }

  fail(error: unknown): void {
    this.#error = error;
    const { code } = Object(error) as { code?: unknown };
    if (typeof code === 'string' || typeof code === 'number') this.code = String(code);
  }
}
