/* The options of the benchmark on real databases: --store, --rtt, --write, --plot, --only. */

import { storeScenarios } from './scenarios.mjs';

/** @typedef {import('./types.ts').StoreName} StoreName */

/** @type {readonly StoreName[]} */
const STORES = ['redis', 'postgres', 'redis-cluster', 'pgbouncer'];
/** Without a network, and with one as between two machines of a data centre. */
const RTTS = '0,1';
const RTT_OF_CHART = '1';

/** @typedef {{ store?: string, rtt?: string, write?: boolean, plot?: boolean, only?: string, http?: boolean }} Given */

/**
 * @param {Given} given
 * @returns {boolean} whether databases are asked for
 */
export function asksForStore({ store, rtt, write, plot }) {
  if (store !== undefined || plot) return true;
  if (rtt !== undefined)
    throw new Error('--rtt: it is the distance of a database, so --store has to name one');
  if (write) throw new Error('--write: it writes the tables of databases, so --store has to name one');
  return false;
}

/**
 * @param {Given} given
 * @param {{ pace: import('../types.ts').Pace, isMeasurement: boolean }} settings
 * @returns {import('./types.ts').StoreOptions}
 */
export function readStoreOptions({ store, rtt, write = false, plot = false, only, http }, settings) {
  if (http) throw new Error('--http: --store and --plot are over HTTP anyhow');
  const isOnlyChart = store === undefined;
  if (isOnlyChart && write)
    throw new Error('--write: it writes the tables of databases, so --store has to name one');
  if (!settings.isMeasurement && (write || plot))
    throw new Error('--smoke: its numbers mean nothing, so they are not written');
  const stores = isOnlyChart ? /** @type {StoreName[]} */ (['redis']) : readStores(store);
  const rtts = readRtts(rtt ?? (isOnlyChart ? RTT_OF_CHART : RTTS));
  if (stores.includes('redis-cluster') && rtts.some((ms) => ms > 0))
    throw new Error('--store redis-cluster: give it --rtt 0, since its nodes name their own addresses');
  return {
    kind: 'store',
    stores,
    rtts,
    scenarios: chooseScenarios(only).filter(({ bar }) => !isOnlyChart || bar !== undefined),
    writes: write,
    plot,
    ...settings,
  };
}

/**
 * @param {string} text names, separated by commas
 * @returns {StoreName[]}
 */
function readStores(text) {
  return partsOf(text).map((name) => {
    const found = STORES.find((store) => store === name);
    if (!found) throw new Error(`--store ${name}: there are ${STORES.join(', ')}`);
    return found;
  });
}

/** @param {string} text numbers of ms, separated by commas */
function readRtts(text) {
  return partsOf(text).map((part) => {
    const ms = Number(part);
    if (part === '' || !(ms >= 0 && ms <= 1000)) {
      throw new Error(`--rtt ${part}: it is a round trip in milliseconds, from 0 to 1000`);
    }
    return ms;
  });
}

/** @param {string | undefined} only ids, separated by commas */
function chooseScenarios(only) {
  if (only === undefined) return storeScenarios;
  return partsOf(only).map((id) => {
    const found = storeScenarios.find((scenario) => scenario.id === id);
    const known = storeScenarios.map((scenario) => scenario.id).join(', ');
    if (!found) throw new Error(`--only ${id}: with --store there are ${known}`);
    return found;
  });
}

/** @param {string} text */
function partsOf(text) {
  return text.split(',').map((part) => part.trim());
}
