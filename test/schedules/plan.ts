/** Which scenarios are walked: a choice where time is short, all of them with faults where there is more. */
import type { Group } from './groups';
import { mixedNotPromised, mixedPairs, mixedTriples } from './mixtures';
import { acrossNotPromised, everywhereNotPromised, plainMayFail, plainNotPromised } from './promises';
import * as all from './scenarios';

/** Those that are walked with faults, and on each plain store, even where time is short. */
const KEY_PAIRS: readonly all.Pair[] = [
  ['login', 'read'],
  ['login', 'login'],
  ['login', 'modify'],
  ['login', 'renew'],
  ['refresh', 'logout'],
  ['soft', 'logout'],
  ['modify', 'logout'],
  ['express-session', 'logout'],
  ['0.2.2', 'login'],
  ['redirect', 'raw'],
];

const pairsOn = (pairs: readonly all.Pair[], store: all.StoreKind, second: 0 | 1): Group['scenarios'] =>
  pairs.map((pair) => all.pairOf(pair, store, [0, second]));

/** Small ones first: each scenario has its share of the time that is left. */
export function planOf(isShort: boolean): Group[] {
  const chosen = isShort ? KEY_PAIRS : all.pairs;
  const faults = !isShort;
  const cas = all.withCompareAndSet;
  const [plain] = all.plainStores as [all.StoreKind];
  return [
    {
      title:
        'two requests in two processes keep all properties with compareAndSet (B208, B209, B211, B243, B244, B247, B252)',
      scenarios: pairsOn(all.pairs, cas, 1),
      faults: false,
      notPromised: everywhereNotPromised,
    },
    {
      title: 'two processes on a plain store keep what the table says, and nothing more',
      scenarios: pairsOn(KEY_PAIRS, plain, 1),
      faults: false,
      notPromised: acrossNotPromised,
    },
    {
      title: 'a write that timed out and lands later brings back an older generation on a plain store',
      scenarios: [all.latePair],
      faults: true,
      notPromised: () => ['keptByOwner', 'signedInByLogin'],
    },
    {
      title:
        'processes of a rolling deploy, express-session, its cookieFormat and tokens in pairs, keep what express-session keeps',
      scenarios: mixedPairs(isShort),
      faults: false,
      notPromised: mixedNotPromised,
    },
    {
      title:
        'three requests in processes of a rolling deploy keep all properties where the login is a new cookie',
      scenarios: mixedTriples(isShort),
      faults: false,
    },
    {
      title: 'a response that carries a cookie each time does not overwrite that of a login (B260)',
      scenarios: all.rollingPairs,
      faults,
    },
    {
      title: 'changes of two requests are both kept with merge: true (B245, B246)',
      scenarios: all.mergingPairs,
      faults,
    },
    ...[...all.plainStores, all.hidingTags].map((store) => ({
      title: `two requests in one process keep what is promised: ${store.name} (B224–B227, B237, B244)`,
      scenarios: pairsOn(chosen, store, 0),
      faults,
      notPromised: plainNotPromised,
      mayFail: plainMayFail,
    })),
    {
      title: 'two requests in one process keep all properties with compareAndSet (B244, B247)',
      scenarios: pairsOn(chosen, cas, 0),
      faults,
      notPromised: everywhereNotPromised,
    },
    {
      title:
        'two requests in two processes keep all properties when one call or one process fails (B211, B248)',
      scenarios: pairsOn(chosen, cas, 1),
      faults: true,
      notPromised: everywhereNotPromised,
    },
    {
      title:
        'three requests in two processes keep all properties with compareAndSet (B243, B247, B250, B252)',
      scenarios: all.triples(cas, true),
      faults,
    },
    ...[plain, all.hidingTags].map((store) => ({
      title: `three requests in one process keep all properties: ${store.name} (B243, B247)`,
      scenarios: isShort ? all.triples(store, false).slice(2, 3) : all.triples(store, false),
      faults,
    })),
  ];
}
