import { EventEmitter } from 'node:events';
import type { Response } from 'express';
import expressSession from 'express-session';
import request from 'supertest';
import type session from '../../src';
import { cookieOf } from './cookies';
import { createServer, type Handler, type SessionServer } from './server';
import { asStore } from './site';
import { ForeignStore, type StoreCall } from './stores';
import { roundTrip } from './wire';

/** A server of these options, and its store. */
export function serve(
  options: session.SessionOptions,
  handler: Handler,
): { server: SessionServer; store: ForeignStore } {
  const store = new ForeignStore();
  return { server: createServer({ store: asStore(store), ...options }, handler), store };
}

/** The store methods called, in order; those of the first `from` calls are left out. */
export function methods(store: ForeignStore, from = 0): StoreCall['method'][] {
  return store.calls.slice(from).map((call) => call.method);
}

/** The cookie of a session that a first request has stored, so that the next one starts with a loaded session. */
export async function storedCookie(server: SessionServer, path = '/start'): Promise<string> {
  return cookieOf(await request(server).get(path));
}

/** The answer to `pending`. A held store call goes on only after what leaves too early had the time to arrive. */
export async function answerAfter<T>(
  held: ReturnType<ForeignStore['hold']>,
  pending: Promise<T>,
): Promise<T> {
  await Promise.race([held.reached, pending]);
  await roundTrip();
  held.release();
  return pending;
}

/** Resolves once the response is closed, i.e. after everything that Node reports of it. */
export function closed(res: Response): Promise<void> {
  return new Promise((resolve) => res.once('close', resolve));
}

/** The same store with the methods that express-session expects a store to inherit. */
export function forExpressSession(store: ForeignStore): expressSession.Store {
  const { createSession, load, regenerate } = expressSession.Store.prototype as unknown as Record<
    string,
    unknown
  >;
  return Object.assign(store as EventEmitter, {
    createSession,
    load,
    regenerate,
  }) as unknown as expressSession.Store;
}
