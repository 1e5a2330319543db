import { Worker } from './ipc.mjs';
import { attempt, mapParallel } from './rounds.mjs';

/** @typedef {import('./types.ts').SubjectName} SubjectName */
/** @typedef {import('./types.ts').Result} Result */

/** @type {readonly SubjectName[]} */
const WITHOUT_STORE = ['cookie-session', 'iron-session'];
const MEGABYTE = 1_000_000;

/**
 * Scenario M: what sessions in a MemoryStore take of the heap.
 *
 * @param {readonly SubjectName[]} subjects
 * @param {import('./types.ts').Pace} pace
 * @returns {Promise<import('./types.ts').Report[]>}
 */
export async function measureMemory(subjects, { storedSessions, createdAndDestroyed }) {
  const measured = await mapParallel(subjects, async (subject) => {
    if (WITHOUT_STORE.includes(subject)) return { left: lacking(subject), stored: lacking(subject) };
    const worker = new Worker('./memory.mjs', [subject], ['--expose-gc']);
    const left = await ask(worker, subject, 'left', createdAndDestroyed);
    const stored = await ask(worker, subject, 'stored', storedSessions);
    worker.stop();
    return { left, stored };
  });
  const stored = measured.map((results) => results.stored);
  const reference = stored.find(({ subject }) => subject === 'express-session')?.value ?? NaN;
  for (const result of stored) {
    const ratio = (result.value ?? NaN) / reference;
    if (result.value !== undefined) result.ratio = { low: ratio, median: ratio, high: ratio };
  }
  const common = { kind: /** @type {const} */ ('memory'), unit: 'bytes', limits: [] };
  return [
    {
      ...common,
      id: 'M',
      title: `bytes per session, at ${storedSessions.toLocaleString('en')}`,
      target: { value: 450 },
      results: stored,
    },
    {
      ...common,
      id: 'Ml',
      title: `bytes left after ${createdAndDestroyed.toLocaleString('en')} came and went`,
      target: { value: MEGABYTE },
      results: measured.map(({ left }) => left),
    },
  ];
}

/**
 * @param {SubjectName} subject
 * @returns {Result}
 */
function lacking(subject) {
  return { subject, lacks: 'no store' };
}

/**
 * @param {Worker} worker
 * @param {SubjectName} subject
 * @param {'stored' | 'left'} question
 * @param {number} sessions
 */
async function ask(worker, subject, question, sessions) {
  /** @type {Result} */
  const result = { subject };
  await attempt(result, async () => {
    // There can be less left than there was before.
    result.value = Math.max(0, await worker.call(question, { sessions }));
  });
  return result;
}
