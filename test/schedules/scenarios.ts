/** All scenarios: pairs of requests on one session, and the triples that matter, on each kind of store. */
import type { Op } from './app';
import type { Settings } from './process';
import type { Actor, Scenario, Start, Step } from './scenario';
import type { StoreKind } from './store';

export type { StoreKind } from './store';

/** What a request of a pair may be: an operation, or one that finds the session in a special state. */
const KINDS = [
  'read',
  'modify',
  'login',
  'regenerate',
  'soft',
  'renew',
  'refresh',
  'express-session',
  '0.2.2',
  'logout',
  'destroy',
  'raw',
  'redirect',
  'stream',
] as const;

export type Kind = (typeof KINDS)[number];
export type Pair = readonly [Kind, Kind];

export const withCompareAndSet: StoreKind = {
  name: 'compareAndSet',
  conditional: 'compareAndSet',
  touch: 'expiry',
};
export const hidingTags: StoreKind = { name: 'hidden tags', conditional: 'hidden', touch: 'expiry' };
export const plainStores: readonly StoreKind[] = [
  { name: 'plain, touch moves the expiry', touch: 'expiry' },
  { name: 'plain, touch reads and writes', touch: 'rewrite' },
  { name: 'plain, touch is set', touch: 'set' },
];

/** All pairs that one session can be in. */
export const pairs: readonly Pair[] = KINDS.flatMap((first, at) =>
  KINDS.slice(at)
    .map((second): Pair => [first, second])
    .filter((pair) => !(pair.includes('express-session') && pair.includes('0.2.2'))),
);

const SIGNS_IN: readonly Kind[] = ['login', 'regenerate', 'stream'];

function opOf(kind: Kind): Op {
  return kind === 'refresh' || kind === 'express-session' || kind === '0.2.2' ? 'read' : kind;
}

/** @param processes where each of the two runs */
export function pairOf(
  pair: Pair,
  store: StoreKind,
  processes: readonly [number, number],
  settings: Settings = {},
): Scenario {
  const steps = pair.map((kind, at): Step => ({ op: opOf(kind), process: processes[at] ?? 0 }));
  const isDue = pair.includes('refresh');
  const where = processes[0] === processes[1] ? 'one process' : 'two processes';
  return {
    ...settings,
    name: `${pair.join(' + ')} (${[store.name, where, ...Object.keys(settings)].join(', ')})`,
    store,
    start: startOf(pair),
    user: userOf(pair),
    actors: steps.map((step): Actor => ({ who: 'browser', steps: [step] })),
    isDue,
    isAging: isDue,
  };
}

function startOf(pair: Pair): Start {
  return pair.includes('express-session') ? 'express-session' : pair.includes('0.2.2') ? '0.2.2' : 'token';
}

function userOf(pair: Pair): Scenario['user'] {
  if (pair.includes('soft')) return 'subject';
  return pair.some((kind) => SIGNS_IN.includes(kind)) ? 'nobody' : 'named';
}

/** `login@0 read@1`: requests one after the other, each in a process; `!`: of an attacker. */
function actorOf(text: string): Actor {
  const steps = text
    .replace('!', '')
    .split(' ')
    .map((one): Step => {
      const [op = '', process = ''] = one.split('@');
      return { op: op as Op, process: Number(process) };
    });
  return { who: text.startsWith('!') ? 'attacker' : 'browser', steps };
}

export function tripleOf(
  name: string,
  store: StoreKind,
  actors: readonly string[],
  start: Pick<Scenario, 'user'> & Partial<Scenario>,
): Scenario {
  return {
    start: 'token',
    ...start,
    name: `${name} (${[store.name, ...actors].join(', ')})`,
    store,
    actors: actors.map(actorOf),
    isAging: start.isDue ?? false,
  };
}

/** @param across whether on processes of their own, as far as they go, or all in one */
export function triples(store: StoreKind, across: boolean): Scenario[] {
  const at = (text: string): string => (across ? text : text.replace(/@\d/g, '@0'));
  const make = (name: string, actors: readonly string[], start: Parameters<typeof tripleOf>[3]): Scenario =>
    tripleOf(name, store, actors.map(at), start);
  const nobody = { user: 'nobody' } as const;
  const named = { user: 'named' } as const;
  return [
    make('a planted token is polled', ['login@0 read@0', '!read@1 read@1'], nobody),
    make('a planted token is polled', ['stream@0 read@1', '!read@1'], nobody),
    make('a planted token writes', ['login@0 read@1', '!modify@1'], nobody),
    make('a planted token logs out', ['login@0', 'login@1', '!logout@1'], nobody),
    make('login twice, logout', ['login@0', 'login@1', 'logout@0'], nobody),
    make('logout, refresh, change', ['logout@0', 'read@1', 'modify@1'], { ...named, isDue: true }),
    make('upgrade twice, logout', ['read@0', 'read@1', 'logout@1'], { ...named, start: 'express-session' }),
    make('upgrade twice, logout', ['read@0', 'read@1', 'logout@1'], { ...named, start: '0.2.2' }),
    make('upgrade twice, login', ['read@0', 'read@1', 'login@1'], { ...nobody, start: 'express-session' }),
    make('changes that upgrade', ['modify@0', 'modify@1'], { ...named, start: 'express-session' }),
    make('changes that upgrade', ['redirect@0', 'logout@1'], { ...named, start: 'express-session' }),
    make('changes that upgrade', ['login@0', 'modify@1'], { ...nobody, start: 'express-session' }),
    make('changes that upgrade', ['login@0', 'login@1'], { ...nobody, start: '0.2.2' }),
  ];
}

/** Where each response carries a cookie, so that a slow one could overwrite the cookie of a login. */
export const rollingPairs: readonly Scenario[] = (
  ['login', 'regenerate', 'renew', 'logout', 'soft'] as const
).map((other) => pairOf(['read', other], withCompareAndSet, [0, 1], { rolling: true }));

const MERGING: readonly Pair[] = [
  ['modify', 'modify'],
  ['modify', 'redirect'],
  ['redirect', 'redirect'],
  ['modify', 'soft'],
  ['modify', 'login'],
  ['modify', 'renew'],
  ['redirect', 'logout'],
];

export const mergingPairs: readonly Scenario[] = MERGING.flatMap((pair) => [
  pairOf(pair, withCompareAndSet, [0, 1], { merge: true }),
  ...plainStores.slice(0, 1).map((store) => pairOf(pair, store, [0, 0], { merge: true })),
]);

/** A store without compareAndSet, where what was told as failed lands after the next write. */
export const latePair: Scenario = {
  ...pairOf(['modify', 'login'], { name: 'plain', touch: 'expiry' }, [0, 0]),
  name: 'modify + login (plain, one process, late writes)',
  hasLateWrites: true,
};

export const acrossProcesses = (store: StoreKind): Scenario[] =>
  pairs.map((pair) => pairOf(pair, store, [0, 1]));
export const inOneProcess = (store: StoreKind): Scenario[] =>
  pairs.map((pair) => pairOf(pair, store, [0, 0]));
