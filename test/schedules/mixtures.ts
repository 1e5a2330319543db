/** Requests in two processes that run different things on one store, as in a rolling deploy. */
import type { Instance } from './process';
import type { PropertyName } from './properties';
import { everywhereNotPromised } from './promises';
import type { Scenario, Start } from './scenario';
import { type Kind, pairOf, plainStores, type StoreKind, tripleOf, withCompareAndSet } from './scenarios';

type Instances = readonly [Instance, Instance];
type MixedPair = readonly [Kind, Kind];

/** The first one is what the others are compared with. */
const MIXTURES: readonly Instances[] = [
  ['express-session', 'express-session'],
  ['express-session', 'step one'],
  ['step one', 'step one'],
  ['step one', 'step two'],
];

/** Of sessions that were upgraded, on the way back. */
const WITH_REISSUE: readonly Instances[] = [
  ['step one', 'step two'],
  ['step one', 'way back'],
  ['way back', 'step two'],
  ['way back', 'way back'],
];

const KINDS: readonly Kind[] = ['read', 'modify', 'login', 'regenerate', 'logout', 'renew', 'refresh'];

/** Walked where time is short. The first request is in the first process, so both orders are there. */
const KEY_PAIRS: readonly MixedPair[] = [
  ['read', 'login'],
  ['modify', 'login'],
  ['login', 'login'],
  ['login', 'read'],
  ['modify', 'logout'],
  ['logout', 'modify'],
  ['logout', 'login'],
  ['regenerate', 'modify'],
  ['login', 'renew'],
];

const ALL_PAIRS: readonly MixedPair[] = KINDS.flatMap((first) =>
  KINDS.map((second): MixedPair => [first, second]),
);

const COOKIES: Partial<Record<Start, string>> = {
  token: 'a token',
  upgraded: 'a token of an upgraded session',
  'express-session': 'an s: cookie',
};

function mixed(scenario: Scenario, name: string, instances: Instances, start: Start): Scenario {
  const where = `${instances.join(' and ')}, ${COOKIES[start] ?? start}, ${scenario.store.name}`;
  return { ...scenario, name: `${name} (${where})`, start, instances };
}

/** Only tokens have an age. */
function pairsOf(
  pairs: readonly MixedPair[],
  instances: Instances,
  store: StoreKind,
  starts: readonly Start[],
): Scenario[] {
  return starts.flatMap((start) =>
    pairs
      .filter((pair) => start !== 'express-session' || !pair.includes('refresh'))
      .map((pair) => mixed(pairOf(pair, store, [0, 1]), pair.join(' + '), instances, start)),
  );
}

/** Only this package knows tokens. @param isShort whether only the pairs that matter most */
export function mixedPairs(isShort: boolean): Scenario[] {
  const pairs = isShort ? KEY_PAIRS : ALL_PAIRS;
  const onBoth = [withCompareAndSet, ...plainStores.slice(0, 1)].flatMap((store) =>
    MIXTURES.filter(([one, other]) => !isShort || one !== other).flatMap((instances) =>
      pairsOf(
        pairs,
        instances,
        store,
        instances.includes('express-session') ? ['express-session'] : ['express-session', 'token'],
      ),
    ),
  );
  const back = WITH_REISSUE.slice(0, isShort ? 2 : undefined);
  return [
    ...onBoth,
    ...back.flatMap((instances) => pairsOf(pairs, instances, withCompareAndSet, ['upgraded'])),
  ];
}

/**
 * Three requests that keep all properties, though the session has an `s:` cookie.
 *
 * @param isShort whether only the small ones
 */
export function mixedTriples(isShort: boolean): Scenario[] {
  const make = (instances: Instances, actors: readonly string[], user: Scenario['user']): Scenario =>
    mixed(tripleOf('', withCompareAndSet, actors, { user }), actors.join(', '), instances, 'express-session');
  const [, withExpressSession, , withStepTwo] = MIXTURES as [Instances, Instances, Instances, Instances];
  const triples = [
    make(withExpressSession, ['regenerate@0 read@1', '!read@1 read@0'], 'nobody'),
    make(withExpressSession, ['regenerate@1 read@0', '!read@0 read@1'], 'nobody'),
    make(withExpressSession, ['logout@0', 'read@0', 'modify@1'], 'named'),
    make(withStepTwo, ['regenerate@0 read@1', '!read@1 read@0'], 'nobody'),
    make(withStepTwo, ['login@1 read@0', '!read@0 read@1'], 'nobody'),
    make(withStepTwo, ['login@1 read@0', '!modify@0'], 'nobody'),
    make(withStepTwo, ['logout@0', 'read@1', 'modify@1'], 'named'),
    make(withStepTwo, ['logout@1', 'modify@0', 'read@1'], 'named'),
  ];
  return isShort
    ? triples.filter(({ actors }) => actors.length === 2 && actors[1]?.steps.length === 1)
    : triples;
}

/** Whether this instance goes on with express-session's cookie, which can say no generation. */
function keepsCookie(instance: Instance, start: Start): boolean {
  return start === 'upgraded'
    ? instance === 'way back'
    : start === 'express-session' && instance !== 'step two';
}

/** A request of a pair, and where it runs; and the other one. */
interface Meeting {
  readonly own: string;
  readonly where: Instance;
  readonly other: string;
  readonly there: Instance;
}

function lostBy(meeting: Meeting, { start, store }: Scenario): PropertyName[] {
  const { own, where, other, there } = meeting;
  const isPlain = store.conditional === undefined;
  const isKept = keepsCookie(where, start);
  const lost: PropertyName[] = [];
  if (own === 'login' && isKept) {
    // Whoever has the cookie of before is signed in with it, as under express-session.
    lost.push('loginIsPrivate');
    // The last write wins, as there. A login that makes a token: who drops that answer has to sign in again.
    if (['modify', 'renew'].includes(other) || (other === 'login' && !keepsCookie(there, start))) {
      lost.push('signedInByLogin');
    }
  }
  // A late write stores the session again.
  const writes = ['modify', 'login', 'renew'].includes(own);
  if (writes && other === 'logout' && (isPlain || where === 'express-session')) lost.push('deadAfterLogout');
  // It rejects, as documented; express-session has no such method.
  const rejects = own === 'renew' && isKept && where !== 'express-session';
  if (rejects && ['read', 'modify', 'refresh'].includes(other)) lost.push('noErrorWithoutFault');
  if (isPlain) lost.push(...lostOnPlain(meeting, start));
  return lost;
}

/** Two processes on such a store are promised nothing; this is what it comes to. */
function lostOnPlain({ own, where, other, there }: Meeting, start: Start): PropertyName[] {
  const isLegacy = start === 'express-session';
  const rotates = ['login', 'renew'].includes(own) && !keepsCookie(where, start);
  const lost: PropertyName[] = [];
  if (rotates && other === 'modify') lost.push('keptByOwner');
  if (rotates && own === 'login' && ['modify', 'renew'].includes(other)) lost.push('signedInByLogin');
  if (!isLegacy && own === 'login' && ['login', 'renew'].includes(other)) lost.push('loginIsPrivate');
  if (other === 'refresh' && (rotates || own === 'regenerate')) lost.push('keptByOwner');
  // The upgrade sends a token of what is gone.
  if (isLegacy && own === 'regenerate' && other === 'read' && there === 'step two') lost.push('keptByOwner');
  return lost;
}

/** Asserted as found: with an `s:` cookie what express-session's own guarantees do not give, and nothing else. */
export function mixedNotPromised(scenario: Scenario): readonly PropertyName[] {
  const { instances = [], actors } = scenario;
  if (actors.some(({ steps }) => steps.length > 1) || actors.length > 2) return [];
  const [first = '', second = ''] = scenario.name.replace(/ \(.*/, '').split(' + ');
  const [here = 'step two', there = 'step two'] = instances;
  return [
    ...new Set([
      ...everywhereNotPromised(scenario),
      ...lostBy({ own: first, where: here, other: second, there }, scenario),
      ...lostBy({ own: second, where: there, other: first, there: here }, scenario),
    ]),
  ];
}
