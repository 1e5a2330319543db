/** compareAndSet for connect-mongo 5 and 6, by one updateOne that inserts nothing. */
import type { SessionRecord } from '../../types';
import { type Adapter, conditionOf, hasFunctions, isOfOneClass, unsupported, viewOf } from './adapter';

interface Collection {
  updateOne(
    filter: object,
    update: object,
    options: object,
  ): Promise<{ acknowledged?: boolean; matchedCount: number }>;
}

interface Update {
  readonly $set: Readonly<Record<string, unknown>>;
}

interface MongoStore {
  readonly collectionP: Promise<Collection>;
  readonly options: { crypto?: { secret?: unknown }; cryptoAdapter?: unknown };
  set(id: string, record: SessionRecord, callback: (error: unknown) => void): void;
  emit(...args: unknown[]): boolean;
}

/**
 * The store's own `set`, whose `updateOne` has more conditions. Ids, lifetime and serialization stay the store's. An
 * encrypted record shows no tag.
 */
export const connectMongo: Adapter = (candidate) => {
  const store = candidate as MongoStore;
  const methods = ['get', 'set', 'touch', 'destroy', 'computeStorageId', 'setAutoRemove'];
  if (!isOfOneClass(store, methods) || !hasFunctions(store.collectionP, ['then'])) return undefined;
  if (store.options.cryptoAdapter || store.options.crypto?.secret) return undefined;
  return (id, record, tag, { keepsExpiry } = {}) =>
    new Promise((resolve, reject) => {
      let isStored = false;
      const collectionP = store.collectionP.then((collection) => ({
        updateOne: async (filter: object, update: Update, options: object) => {
          const condition = { ...filter, $and: [isAlive(), contains(tag)] };
          const changes = keepsExpiry ? withoutExpiry(update) : update;
          const answer = await collection.updateOne(condition, changes, { ...options, upsert: false });
          if (answer.acknowledged === false) throw unsupported('the write concern 0 has no answers');
          isStored = answer.matchedCount > 0;
          return answer;
        },
      }));
      // The store tells of a session that it has stored.
      const emit = (...args: unknown[]) => isStored && store.emit(...args);
      store.set.call(viewOf(store, { collectionP, emit }), id, record, (error) => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the store's error as it is
        if (error) reject(error);
        else resolve(isStored);
      });
    });
};

/** `lastModified` stays as well: by it the store's own `touchAfter` decides when to renew the expiry next. */
function withoutExpiry(update: Update): Update {
  const changes = { ...update.$set };
  for (const name of ['expires', 'lastModified']) Reflect.deleteProperty(changes, name);
  return { ...update, $set: changes };
}

function isAlive(): object {
  return { $or: [{ expires: { $exists: false } }, { expires: { $gt: new Date() } }] };
}

/** A session is a text there, or, with `stringify: false`, a document. */
function contains(tag: string | null): object {
  const { text, isWanted } = conditionOf(tag);
  const pattern = new RegExp(text.replaceAll('.', '\\.'));
  return isWanted
    ? { $or: [{ session: pattern }, { 'session.__session.tag': text }] }
    : { session: { $not: pattern }, 'session.__session': { $exists: false } };
}
