import { Worker } from './ipc.mjs';
import { attempt, mapParallel } from './rounds.mjs';

/** @typedef {import('./types.ts').SubjectName} SubjectName */

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
  const stored = await ask(subjects, 'stored', storedSessions);
  const left = await ask(subjects, 'left', createdAndDestroyed);
  return [
    {
      id: 'M',
      title: `bytes per session, at ${storedSessions.toLocaleString('en')}`,
      target: { value: 430 },
      ...stored,
    },
    {
      id: 'Ml',
      title: `bytes left after ${createdAndDestroyed.toLocaleString('en')} came and went`,
      target: { value: MEGABYTE },
      ...left,
    },
  ];
}

/**
 * @param {readonly SubjectName[]} subjects
 * @param {'stored' | 'left'} question
 * @param {number} sessions
 * @returns {Promise<Pick<import('./types.ts').Report, 'kind' | 'unit' | 'results' | 'limits'>>}
 */
async function ask(subjects, question, sessions) {
  /** @type {import('./types.ts').Result[]} */
  const results = subjects
    .filter((subject) => subject !== 'none')
    .map((subject) => (WITHOUT_STORE.includes(subject) ? { subject, lacks: 'no store' } : { subject }));
  await mapParallel(
    results.filter(({ lacks }) => lacks === undefined),
    async (result) => {
      const worker = new Worker('./memory.mjs', [result.subject], ['--expose-gc']);
      await attempt(result, async () => {
        // What is left over can be less than there was before.
        result.value = Math.max(0, await worker.call(question, { sessions }));
      });
      worker.stop();
    },
  );
  const reference = results.find(({ subject }) => subject === 'express-session')?.value;
  for (const result of results) {
    if (result.value === undefined || !reference || question === 'left') continue;
    const ratio = result.value / reference;
    result.ratio = { low: ratio, median: ratio, high: ratio };
  }
  return { kind: 'memory', unit: 'bytes', results, limits: [] };
}
