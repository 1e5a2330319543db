/** Tells subscribers of `node:diagnostics_channel` of calls of the store and of their errors. */
import diagnostics = require('node:diagnostics_channel');
import { isHeard, nameOf, publish } from '../events';
import type { AnyStore, StoreCallEvent, StoreMethod } from '../types';
import { type Answer, isMissing } from './store-call';

const traces = {
  get: traceOf('get'),
  set: traceOf('set'),
  touch: traceOf('touch'),
  destroy: traceOf('destroy'),
  compareAndSet: traceOf('compareAndSet'),
};

function traceOf(method: StoreMethod): diagnostics.TracingChannel {
  return diagnostics.tracingChannel(`express-session-jwt:store.${method}`);
}

/** Whether somebody subscribes to calls of this method, or to errors of the store. */
export function isWatched(method: StoreMethod): boolean {
  // A TracingChannel says this by itself only since Node 20.13.
  const { start, end, asyncStart, asyncEnd, error } = traces[method];
  return (
    isHeard('store-error') ||
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
  method: StoreMethod,
  store: AnyStore,
  id: string,
  run: (answer: Answer<Result>) => void,
  callback: Answer<Result>,
): void {
  const trace = traces[method];
  const call = new StoreCall(method, store, id);
  let isAnswered = false;
  const fail = (error: unknown): void => {
    call.fail(error);
    trace.error.publish(call);
    publish('store-error', call);
  };
  const answer: Answer<Result> = (error, result) => {
    isAnswered = true;
    if (error && !(method === 'get' && isMissing(error))) fail(error);
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
