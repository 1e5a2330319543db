/** The promises of a session's methods, which know whether anybody listens to them. */

export class SessionPromise<Result> extends Promise<Result> {
  isTaken = false;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** `await` calls this as well, one microtask later. */
  override then<Value = Result, Failure = never>(
    onFulfilled?: ((value: Result) => Value | PromiseLike<Value>) | null,
    onRejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Value | Failure> {
    this.isTaken = true;
    return super.then(onFulfilled, onRejected);
  }
}

/**
 * The promise of work that an application has started.
 *
 * @param start begins the work, which calls `done` once
 * @param report hears an error if nobody listens to the promise
 */
export function promiseOf<Result>(
  start: (done: (error?: unknown, result?: Result) => void) => void,
  report: (error: unknown) => void,
): Promise<Result> {
  const { promise, resolve, reject } = withResolvers<Result>();
  start((error, result) => {
    if (!error) {
      resolve(result as Result);
      return;
    }
    reject(error);
    setImmediate(() => {
      if (!promise.isTaken) report(error);
    });
  });
  // An unhandled rejection would end the process, but it is reported instead.
  void Promise.prototype.then.call(promise, undefined, () => undefined);
  return promise;
}

/** The promise of a callback's answer, for the library's own use. @param start must not throw */
export function answerOf<Result>(
  start: (done: (error?: unknown, result?: Result) => void) => void,
): Promise<Result> {
  const { promise, resolve, reject } = withResolvers<Result>();
  start((error, result) => {
    if (error) reject(error);
    else resolve(result as Result);
  });
  return promise;
}

function withResolvers<Result>(): {
  promise: SessionPromise<Result>;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
} {
  let resolve!: (result: Result) => void;
  let reject!: (error: unknown) => void;
  const promise = new SessionPromise<Result>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
