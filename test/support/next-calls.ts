// Records what a middleware passes to next.
import type { NextFunction, RequestHandler } from 'express';

export type RecordingMiddleware = RequestHandler & {
  /** The arguments of every call of `next`, in order. */
  calls: unknown[][];
  /** Resolves once `next` has been called this many times. */
  reached: (count: number) => Promise<void>;
};

/** The same middleware, with a record of what it passes to `next`. */
export function recordNext(middleware: RequestHandler): RecordingMiddleware {
  const calls: unknown[][] = [];
  let waiting: { count: number; resolve: () => void }[] = [];
  const recording: RequestHandler = (req, res, next) =>
    middleware(req, res, ((...args: unknown[]) => {
      calls.push(args);
      (next as (...args: unknown[]) => void)(...args);
      const due = waiting.filter(({ count }) => calls.length >= count);
      waiting = waiting.filter(({ count }) => calls.length < count);
      for (const { resolve } of due) resolve();
    }) as NextFunction);
  return Object.assign(recording, {
    calls,
    reached: (count: number) =>
      new Promise<void>((resolve) => {
        if (calls.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
  });
}
