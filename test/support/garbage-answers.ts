/** What a store may answer that makes no sense. */

const cookie = { originalMaxAge: null, expires: null, httpOnly: true, path: '/' };

/** What `get` may answer that is no record of ours. */
export const garbageRecords: readonly (() => unknown)[] = [
  () => 'text',
  () => '',
  () => [],
  () => ({}),
  () => ({ cookie }),
  () => ({ cookie: 5, __session: { gen: 1, tag: 'a.b.', created: 1 } }),
  () => ({ cookie: null }),
  () => 42,
  () => true,
  () => ({ cookie, __session: 'text' }),
  () => ({ cookie, __session: { gen: '1', tag: 7 } }),
  () => ({ cookie: { ...cookie, originalMaxAge: 'long' }, user: 'nobody' }),
  () => ({ cookie: { ...cookie, expires: 'never' }, save: 'text' }),
  () => Object.freeze({ cookie: Object.freeze({ ...cookie }) }),
  () => [{ cookie }],
  () => () => undefined,
];

/** What `compareAndSet` may answer that is neither true nor false. */
export const garbageAnswers: readonly unknown[] = [undefined, 1, 'no', null, 0, {}];

/** Whether it could be taken for a record. */
export function isRecord(answer: unknown): boolean {
  return typeof (answer as { cookie?: unknown } | undefined)?.cookie === 'object';
}
