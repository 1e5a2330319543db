/** connect-mongo on a stand-in for a MongoDB collection. */
import type { AnyStore } from '../../../src/types';
import { load, type Subject } from './subject';

type Row = Record<string, unknown> & { _id: string };

/**
 * What connect-mongo makes use of in a collection. Debian and npm have no MongoDB server, so that here it is its
 * documented answers that are tested, not the server.
 */
class Collection {
  readonly #rows = new Map<string, Row>();

  findOne(filter: Filter): Promise<Row | null> {
    const row = this.#find(filter);
    return Promise.resolve(row ? structuredClone(row) : null);
  }

  updateOne(filter: Filter, { $set }: { $set: object }, { upsert = false }: { upsert?: boolean }) {
    const row = this.#find(filter);
    if (row ?? upsert) this.#rows.set(filter._id, structuredClone({ ...row, ...$set, _id: filter._id }));
    return Promise.resolve({
      acknowledged: true,
      matchedCount: row ? 1 : 0,
      upsertedCount: !row && upsert ? 1 : 0,
    });
  }

  deleteOne({ _id }: Filter) {
    return Promise.resolve({ deletedCount: this.#rows.delete(_id) ? 1 : 0 });
  }

  rowOf(_id: string): { data: string; expires: number } | undefined {
    const row = this.#rows.get(_id);
    return row && { data: JSON.stringify(row.session), expires: Number(row.expires) };
  }

  #find(filter: Filter): Row | undefined {
    const row = this.#rows.get(filter._id);
    return row && matches(row, filter) ? row : undefined;
  }
}

type Filter = Record<string, unknown> & { _id: string };

/** The operators of MongoDB's query language that are used. */
function matches(row: object, filter: object): boolean {
  return Object.entries(filter).every(([name, wanted]) => {
    if (name === '$or') return (wanted as object[]).some((one) => matches(row, one));
    if (name === '$and') return (wanted as object[]).every((one) => matches(row, one));
    return fits(valueAt(row, name), wanted);
  });
}

function fits(value: unknown, wanted: unknown): boolean {
  if (wanted instanceof RegExp) return typeof value === 'string' && wanted.test(value);
  if (typeof wanted !== 'object' || wanted === null) return value === wanted;
  return Object.entries(wanted).every(([operator, operand]) => {
    if (operator === '$not') return !fits(value, operand);
    if (operator === '$exists') return (value !== undefined) === operand;
    if (operator === '$gt') return value instanceof Date && value > (operand as Date);
    throw new Error(`the stand-in has no ${operator}`);
  });
}

function valueAt(row: object, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, name) =>
        typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined,
      row,
    );
}

interface MongoStore {
  create(options: object): AnyStore;
}

/** connect-mongo 5 is the class itself. */
type ConnectMongo = MongoStore & { default?: MongoStore };

function connectMongo(module: string, options: object = {}, more = '', grade?: Subject['grade']): Subject {
  return {
    module,
    on: `a stand-in for a MongoDB collection${more}`,
    grade: grade ?? 'everywhere',
    create: () => {
      const collection = new Collection();
      const client = { db: () => ({ collection: () => collection }) };
      const exported = load<ConnectMongo>(module);
      const store = (exported.default ?? exported).create({ client, autoRemove: 'disabled', ...options });
      const rowOf = (_id: string) => Promise.resolve(collection.rowOf(_id));
      return Promise.resolve({ store, rowOf, close: () => Promise.resolve() });
    },
  };
}

const documents = { stringify: false };
const encrypted = { crypto: { secret: 'a secret of the application' } };

export const mongoSubjects: readonly Subject[] = [
  connectMongo('connect-mongo'),
  connectMongo('connect-mongo', documents, ', `stringify: false`'),
  connectMongo('connect-mongo', encrypted, ', encrypted', 'in this process'),
  connectMongo('connect-mongo-5'),
  connectMongo('connect-mongo-5', documents, ', `stringify: false`'),
  connectMongo('connect-mongo-5', encrypted, ', encrypted', 'in this process'),
];
