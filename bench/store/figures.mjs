/* What the rounds come to. */

import { median, quartiles } from '../statistics.mjs';

/** @typedef {import('./types.ts').Sample} Sample */
/** @typedef {import('./types.ts').StoreSubjectName} SubjectName */

/** @type {readonly import('./types.ts').FigureName[]} */
export const figureNames = ['median', 'p99', 'perSecond', 'commands'];

/**
 * @param {readonly ReadonlyMap<SubjectName, Sample>[]} rounds what each subject did in each round
 * @returns {Record<import('./types.ts').FigureName, import('./types.ts').Figure>}
 */
export function figuresOf(rounds) {
  const entries = figureNames.map((name) => [name, figureOf(rounds, name)]);
  return Object.fromEntries(entries);
}

/**
 * @param {readonly ReadonlyMap<SubjectName, Sample>[]} rounds
 * @param {import('./types.ts').FigureName} name
 * @returns {import('./types.ts').Figure}
 */
function figureOf(rounds, name) {
  const subjects = new Set(rounds.flatMap((round) => [...round.keys()]));
  const values = [...subjects].map((subject) => {
    const samples = rounds.flatMap((round) => round.get(subject)?.[name] ?? []);
    return [subject, median(samples)];
  });
  // Within the round, so that what the machine did meanwhile counts on both sides.
  const ratios = rounds.flatMap((round) => {
    const [ours, reference] = [round.get('express-session-jwt'), round.get('express-session')];
    return ours && reference ? quotient(ours[name], reference[name]) : [];
  });
  return { values: Object.fromEntries(values), ...(ratios.length > 0 ? { ratio: quartiles(ratios) } : {}) };
}

/**
 * @param {number} ours
 * @param {number} reference
 * @returns {number[]} none where neither of them does anything
 */
function quotient(ours, reference) {
  return ours === 0 && reference === 0 ? [] : [ours / reference];
}

/**
 * The target of a scenario at this distance, and whether it is reached.
 *
 * @param {import('./types.ts').StoreReport} report
 * @param {number} rtt
 * @returns {{ figure: 'median' | 'perSecond', limit: number, holds: boolean } | undefined}
 */
export function targetOf({ scenario: { latencyTarget, throughputTarget }, figures }, rtt) {
  if (rtt > 0 && latencyTarget !== undefined) {
    const ratio = figures.median.ratio?.median ?? NaN;
    return { figure: 'median', limit: latencyTarget, holds: ratio <= latencyTarget };
  }
  if (rtt === 0 && throughputTarget !== undefined) {
    const ratio = figures.perSecond.ratio?.median ?? NaN;
    return { figure: 'perSecond', limit: throughputTarget, holds: ratio >= throughputTarget };
  }
  return undefined;
}
