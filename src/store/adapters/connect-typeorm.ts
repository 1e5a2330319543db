import type { SessionRecord } from '../../types';
import { type Adapter, hasFunctions, isOfOneClass } from './adapter';

interface TypeormStore {
  set(id: string, record: SessionRecord, callback: (error?: unknown) => void): void;
}

/**
 * connect-typeorm 2: its rows are marked when they are destroyed, and its `set` leaves a marked row alone. It does not tell
 * whether it has. Its methods belong to the instance.
 */
export const connectTypeorm: Adapter = (candidate) => {
  if (!isOfOneClass(candidate, ['connect', 'createQueryBuilder', 'getTTL', 'handleError'])) return undefined;
  if (!hasFunctions(candidate, ['get', 'set', 'touch', 'destroy'])) return undefined;
  const store = candidate as TypeormStore;
  return (id, record) =>
    new Promise((resolve, reject) => {
      store.set(id, record, (error) => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the store's error as it is
        if (error) reject(error);
        else resolve(true);
      });
    });
};
