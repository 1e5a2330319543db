import type { AnyStore } from '../../src/types';
import { load, type Subject } from './subject';

type Row = Record<string, unknown> & { _id: string; expires?: Date };

/**
 * What connect-mongo makes use of in a collection. Debian and npm have no MongoDB server, so that here it is its
 * documented answers that are tested, not the server.
 */
class Collection {
  readonly #rows = new Map<string, Row>();

  findOne({ _id }: { _id: string }): Promise<Row | null> {
    const row = this.#rows.get(_id);
    return Promise.resolve(!row || (row.expires && row.expires <= new Date()) ? null : structuredClone(row));
  }

  updateOne({ _id }: { _id: string }, { $set }: { $set: object }, { upsert = false }: { upsert?: boolean }) {
    const row = this.#rows.get(_id);
    if (row ?? upsert) this.#rows.set(_id, structuredClone({ ...row, ...$set, _id }));
    return Promise.resolve({ matchedCount: row ? 1 : 0, upsertedCount: !row && upsert ? 1 : 0 });
  }

  deleteOne({ _id }: { _id: string }) {
    return Promise.resolve({ deletedCount: this.#rows.delete(_id) ? 1 : 0 });
  }
}

interface MongoStore {
  create(options: object): AnyStore;
}

/** connect-mongo 5 is the class itself. */
type ConnectMongo = MongoStore & { default?: MongoStore };

function connectMongo(module: string): Subject {
  return {
    module,
    on: 'a stand-in for a MongoDB collection',
    create: () => {
      const collection = new Collection();
      const client = { db: () => ({ collection: () => collection }) };
      const exported = load<ConnectMongo>(module);
      const store = (exported.default ?? exported).create({ client, autoRemove: 'disabled' });
      return Promise.resolve({ store, close: () => Promise.resolve() });
    },
  };
}

export const mongoSubjects: readonly Subject[] = [
  connectMongo('connect-mongo'),
  connectMongo('connect-mongo-5'),
];
