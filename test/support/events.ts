/** Hears what the package tells on the channels of `node:diagnostics_channel`. */
import diagnostics from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import type session from '../../src';
import { turn } from './gate';

export const names = [
  'created',
  'loaded',
  'rotated',
  'refreshed',
  'upgraded',
  'destroyed',
  'refused',
  'dropped',
  'store-error',
] as const satisfies readonly (keyof session.SessionEvents)[];

type Name = (typeof names)[number];

/** The own members of a message, with the name of its channel. */
export type Heard = Record<string, unknown> & { readonly event: Name };

/** The messages themselves, in order, beside their own members. */
export interface Hearing {
  readonly heard: Heard[];
  readonly messages: { readonly req?: { readonly url?: string } }[];
}

/** What is told while `use` runs, which sees what came so far, and in a few turns after that. */
export async function hear(
  use: (sofar: readonly Heard[]) => unknown,
  channels: readonly Name[] = names,
): Promise<Hearing> {
  const hearing: Hearing = { heard: [], messages: [] };
  const listeners = channels.map((event) => {
    const listener = (message: unknown) => {
      hearing.heard.push({ event, ...(message as object) });
      hearing.messages.push(message as Hearing['messages'][number]);
    };
    const channel = `express-session-jwt:${event}`;
    diagnostics.subscribe(channel, listener);
    return () => diagnostics.unsubscribe(channel, listener);
  });
  try {
    await use(hearing.heard);
    for (let turns = 0; turns < 4; turns++) await turn();
  } finally {
    for (const end of listeners) end();
  }
  return hearing;
}

/** The own members of what is told while `use` runs. */
export async function heardOf(use: () => unknown, channels?: readonly Name[]): Promise<Heard[]> {
  return (await hear(use, channels)).heard;
}

/** Those of one channel. */
export function only(heard: readonly Heard[], event: Name): Heard[] {
  return heard.filter((one) => one.event === event);
}

/** What logs of whole messages would show. */
export function logged({ messages, heard }: Hearing): string {
  return `${JSON.stringify(messages)}\n${inspect(messages, { depth: 10 })}\n${JSON.stringify(heard)}`;
}

export const parts = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;

/** The parts of the calls of the store that are traced while `use` runs, and their messages. */
export async function traceOf(
  use: () => unknown,
  wanted: readonly (typeof parts)[number][] = parts,
): Promise<{ readonly steps: string[]; readonly calls: session.StoreCallEvent[] }> {
  const steps: string[] = [];
  const calls: session.StoreCallEvent[] = [];
  const methods = ['get', 'set', 'touch', 'destroy', 'compareAndSet'];
  const listeners = methods.flatMap((method) =>
    wanted.map((part) => {
      const channel = `tracing:express-session-jwt:store.${method}:${part}`;
      const listener = (message: unknown) => {
        steps.push(`${method} ${part}`);
        calls.push(message as session.StoreCallEvent);
      };
      diagnostics.subscribe(channel, listener);
      return () => diagnostics.unsubscribe(channel, listener);
    }),
  );
  try {
    await use();
    for (let turns = 0; turns < 4; turns++) await turn();
  } finally {
    for (const end of listeners) end();
  }
  return { steps, calls };
}
