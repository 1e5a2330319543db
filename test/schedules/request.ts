/** A request of a scenario, from before it arrives until the browser has its answer. */
import type { Visit } from './app';
import type { Credential, Exchange } from './browser';
import { visitOf } from './process';
import type { Actor, Scenario } from './scenario';

export interface Request extends Visit {
  readonly actor: Actor;
  readonly process: number;
  readonly before: Request | undefined;
  state: 'waiting' | 'running' | 'answered' | 'dead';
  credential: Credential | undefined;
  exchange: Exchange | undefined;
}

/** What the browser sends after this answer. */
export function cookieAfter({ index, credential, exchange }: Request): Credential | undefined {
  const value = exchange?.answer.cookie;
  return value === undefined ? credential : { value, lineage: [...(credential?.lineage ?? []), index] };
}

export function nameOf({ op, index, actor }: Request): string {
  return `${String(index)}:${op}${actor.who === 'attacker' ? ' (attacker)' : ''}`;
}

/** All requests of a scenario; who has to wait for an answer knows the request before. */
export function requestsOf({ actors }: Scenario, credential: Credential): Request[] {
  const requests: Request[] = [];
  for (const actor of actors) {
    let before: Request | undefined;
    for (const { op, process } of actor.steps) {
      const visit = visitOf(requests.length, op);
      before = { ...visit, actor, process, before, state: 'waiting', credential, exchange: undefined };
      requests.push(before);
    }
  }
  return requests;
}
