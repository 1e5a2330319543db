import type { SessionRecord } from '../../types';
import { type Adapter, hasFunctions, isOfOneClass, viewOf } from './adapter';

interface Collection {
  updateOne(filter: object, update: object, options: object): Promise<{ matchedCount: number }>;
}

interface MongoStore {
  readonly collectionP: Promise<Collection>;
  set(id: string, record: SessionRecord, callback: (error: unknown) => void): void;
  emit(...args: unknown[]): boolean;
}

/**
 * connect-mongo 5 and 6: the store's own `set`, whose `updateOne` no longer inserts. Ids, lifetime, encryption and
 * serialization stay the store's.
 */
export const connectMongo: Adapter = (candidate) => {
  const store = candidate as MongoStore;
  const methods = ['get', 'set', 'touch', 'destroy', 'computeStorageId', 'setAutoRemove'];
  if (!isOfOneClass(store, methods) || !hasFunctions(store.collectionP, ['then'])) return undefined;
  return (id, record) =>
    new Promise((resolve, reject) => {
      let isSaved = false;
      const collectionP = store.collectionP.then((collection) => ({
        updateOne: async (filter: object, update: object, options: object) => {
          const answer = await collection.updateOne(filter, update, { ...options, upsert: false });
          isSaved = answer.matchedCount > 0;
          return answer;
        },
      }));
      // The store tells of a session that it has stored.
      const emit = (...args: unknown[]) => isSaved && store.emit(...args);
      store.set.call(viewOf(store, { collectionP, emit }), id, record, (error) => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the store's error as it is
        if (error) reject(error);
        else resolve(isSaved);
      });
    });
};
