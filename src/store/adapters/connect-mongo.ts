/** Gives compareAndSet to connect-mongo 5 and 6, by one updateOne that inserts nothing. */
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
 * Runs the store's own `set` with more conditions for its `updateOne`. So ids, lifetime and serialization stay the store's own.
 * A store that encrypts gets no adapter, because an encrypted record shows no tag.
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
      // The store emits an event when it has stored a session. It must not if nothing was stored.
      const emit = (...args: unknown[]) => isStored && store.emit(...args);
      store.set.call(viewOf(store, { collectionP, emit }), id, record, (error) => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the store's error as it is
        if (error) reject(error);
        else resolve(isStored);
      });
    });
};

/** Leaves out `lastModified` as well, because the store's own `touchAfter` uses it to decide when to renew the expiry. */
function withoutExpiry(update: Update): Update {
  const changes = { ...update.$set };
  for (const name of ['expires', 'lastModified']) Reflect.deleteProperty(changes, name);
  return { ...update, $set: changes };
}

function isAlive(): object {
  return { $or: [{ expires: { $exists: false } }, { expires: { $gt: new Date() } }] };
}

/** The condition on the tag. A session is stored as a text, or, with `stringify: false`, as a document. */
function contains(tag: string | null): object {
  const { text, isWanted } = conditionOf(tag);
  const pattern = new RegExp(text.replaceAll('.', '\\.'));
  return isWanted
    ? { $or: [{ session: pattern }, { 'session.__session.tag': text }] }
    : { session: { $not: pattern }, 'session.__session': { $exists: false } };
}
