/** What a scenario is: something that users or applications do, on a store, with one of the two packages. */
import assert from 'node:assert/strict';
import type expressSession from 'express-session';
import type { Expected, Findings } from './expected';
import { middlewareOf, type Side } from './sides';
import { openSite, type Site } from './site';
import type { OpenedStore, StorePeer } from './store-peer';

/** One side, with the store open in two processes' stead. */
export interface Setting {
  readonly side: Side;
  readonly here: OpenedStore;
  /** The same sessions through connections of their own; undefined where no other process reaches them. */
  readonly elsewhere: OpenedStore | undefined;
}

export interface Scenario {
  readonly title: string;
  /** Only on stores where that makes sense. */
  readonly isFor?: (peer: StorePeer) => boolean;
  readonly expected: (peer: StorePeer) => Expected;
  readonly run: (setting: Setting) => Promise<Findings>;
}

/** Opens sites for a scenario and closes them after it. Errors that reach the application fail it. */
export async function withSite(
  { side, here }: Setting,
  use: (site: Site) => Promise<Findings>,
  options: Partial<expressSession.SessionOptions> = {},
): Promise<Findings> {
  // The scenarios look into the store when the response is there. express-session knows no such option: it always waits.
  const waiting = { awaitTouch: true } as object;
  const site = await openSite(middlewareOf(side, { store: here.store, ...waiting, ...options }));
  try {
    const findings = await use(site);
    assert.deepEqual(site.errors, []);
    return findings;
  } finally {
    await site.close();
  }
}

/** As a promise. */
export function ask<Result>(
  method: (callback: (error?: unknown, result?: Result) => void) => unknown,
): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    method((error, result) => {
      if (error) reject(error instanceof Error ? error : new Error(JSON.stringify(error)));
      else resolve(result);
    });
  });
}

/** To the nearest ten seconds, in words: `60 s`. */
export function about(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${String(Math.round(ms / 10_000) * 10)} s`;
}
