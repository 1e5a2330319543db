/** Names for random texts, so that two runs that differ only in what was drawn at random read the same. */

import { createHash } from 'node:crypto';

/** Tokens, cookies of express-session, the tag of a record, and what is long enough to be random. */
const RANDOM = /s%3A[\w-]+\.[\w%-]+|eyJ[\w-]+\.[\w-]+\.[\w-]+|"tag":"[^"]*"|[\w-]{20,}/g;

/**
 * Each text is named by where it was seen first: `1#3 …` is the third one in the doings of process 1, which had done `…` by
 * then. A random text is seen first with the process that has drawn it, so its name depends on what that process has done,
 * not on what others did in between; and the same name means the same in all runs of a scenario.
 */
export class Names {
  readonly #names: Map<string, string>;
  readonly #counts = new Map<string, number>();

  constructor(known?: Names) {
    this.#names = new Map(known ? known.#names : []);
  }

  canonical(text: string, where: string, past = ''): string {
    return text.replace(RANDOM, (found) => {
      let name = this.#names.get(found);
      if (name === undefined) {
        const count = (this.#counts.get(where) ?? 0) + 1;
        this.#counts.set(where, count);
        name = `${where}#${String(count)} ${past}`;
        this.#names.set(found, name);
      }
      return name;
    });
  }
}

/** What each process was told and did, in its order: all that its memory can depend on. */
export class Pasts {
  readonly #digests = new Map<number, string>();

  constructor(private readonly names: Names) {}

  note(process: number, text: string): void {
    const past = this.#digests.get(process) ?? '';
    this.#digests.set(process, digestOf(past + this.names.canonical(text, String(process), past)));
  }

  get key(): string {
    return [...this.#digests]
      .map(([process, past]) => `${String(process)} ${past}`)
      .sort()
      .join();
  }
}

export function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('base64');
}

/** A token's payload, for traces and for what its `ses` says; undefined for what is no token. */
export function payloadOf(token: string): Record<string, unknown> | undefined {
  const payload = /^eyJ[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token)?.[1];
  if (payload === undefined) return undefined;
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
}
