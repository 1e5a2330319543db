/** Runs an application twice, with express-session and with this package, and compares what its visitors see. */
import assert from 'node:assert/strict';
import type { RequestListener, Server } from 'node:http';
import type { RequestHandler } from 'express';
import type expressSession from 'express-session';
import type { Findings } from '../peers/expected';
import { middlewareOf, type Side, sides } from '../peers/sides';
import { close, listen } from '../peers/site';
import { type Difference, differences } from './differences';
import { releaseOf } from './packages';
import { type Seen, Visitor } from './visitor';

/** An application on one of the two sides. */
export class Run {
  readonly side: Side;
  readonly seen: Seen = { findings: {}, attributes: new Map() };
  readonly #stops: (() => unknown)[] = [];

  constructor(side: Side) {
    this.side = side;
  }

  session(options: Partial<expressSession.SessionOptions> & Record<string, unknown> = {}): RequestHandler {
    return middlewareOf(this.side, { store: new this.side.library.MemoryStore(), ...options });
  }

  async listen(listener: RequestListener): Promise<{ url: string; server: Server }> {
    const { server, url } = await listen(listener);
    this.stopWith(() => close(server));
    return { url, server };
  }

  /** Serves an application and opens a browser on it. */
  async visitor(listener: RequestListener): Promise<Visitor> {
    return this.visitorOf((await this.listen(listener)).url);
  }

  visitorOf(url: string): Visitor {
    return new Visitor(url, this.seen);
  }

  /** To be called when the script has ended, the last one first. */
  stopWith(stop: () => unknown): void {
    this.#stops.push(stop);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}

type Script = (run: Run) => Promise<unknown>;

/** @param expected what express-session shows; the table of differences says where this package shows something else */
export type SideBySide = (title: string, expected: Findings, script: Script) => void;

/** @param name the package, as the table of differences has it */
export function describePackage(
  name: string,
  modules: readonly string[],
  body: (sideBySide: SideBySide) => void,
): void {
  const differing = differences[name] ?? {};
  const titles = new Set<string>();
  const releases = modules.map((module) => `${module} ${releaseOf(module)}`).join(', ');
  describe(`${releases}, side by side with express-session`, () => {
    body((title, expected, script) => {
      titles.add(title);
      it(title, () => compare(expected, oursOf(expected, differing[title]), script));
    });
    for (const title of Object.keys(differing)) {
      if (!titles.has(title))
        throw new Error(`the differences of ${name} name a test that is none: ${title}`);
    }
  });
}

function oursOf(expected: Findings, differing: Readonly<Record<string, Difference>> = {}): Findings {
  const ours = { ...expected };
  for (const [finding, { shows }] of Object.entries(differing)) {
    assert.ok(finding in expected, `the table has a difference that the test does not find: ${finding}`);
    assert.notDeepEqual(shows, expected[finding], `the table has a difference that is none: ${finding}`);
    ours[finding] = shows;
  }
  return ours;
}

async function compare(theirs: Findings, ours: Findings, script: Script): Promise<void> {
  const runs = sides.map((side) => new Run(side));
  const settled = await Promise.allSettled(
    runs.map(async (run) => {
      try {
        await script(run);
      } finally {
        await run.stop();
      }
    }),
  );
  for (const [at, result] of settled.entries()) {
    if (result.status === 'rejected') throw withSide(result.reason, sides[at]);
  }
  const [first, second] = runs.map(({ seen }) => seen);
  assert.ok(first && second);
  assert.deepEqual(first.findings, theirs, 'express-session');
  assert.deepEqual(second.findings, ours, 'express-session-jwt');
  // The cookies that both set say the same, but for their values.
  for (const [cookie, attributes] of first.attributes) {
    if (second.attributes.has(cookie)) assert.equal(second.attributes.get(cookie), attributes, cookie);
  }
}

function withSide(reason: unknown, side?: Side): Error {
  return new Error(`${String(side?.name)}: ${String(reason)}`, { cause: reason });
}
