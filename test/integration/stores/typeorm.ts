/** connect-typeorm on SQLite. */
import libsql from 'libsql';
import type { AnyStore } from '../../../src/types';
import { load, type Subject } from './subject';

interface Stored {
  json: string;
  expiredAt: string | number;
}

interface Typeorm {
  DataSource: new (options: object) => {
    initialize(): Promise<unknown>;
    getRepository(entity: unknown): { findOneBy(where: object): Promise<Stored | null> };
    destroy(): Promise<void>;
  };
  EntitySchema: new (options: object) => unknown;
}

interface ConnectTypeorm {
  TypeormStore: new (options: object) => { connect(repository: unknown): AnyStore };
}

function connectTypeorm(on: string, options: object): Subject {
  return {
    module: 'connect-typeorm',
    on,
    grade: 'everywhere',
    create: async () => {
      const { DataSource, EntitySchema } = load<Typeorm>('typeorm');
      const entity = new EntitySchema({
        name: 'session',
        tableName: 'http_sessions',
        columns: {
          expiredAt: { type: 'bigint', name: 'expired_at' },
          id: { type: 'varchar', length: 255, primary: true },
          json: { type: 'text', name: 'payload' },
          destroyedAt: { type: 'datetime', name: 'destroyed_at', nullable: true, deleteDate: true },
        },
      });
      const source = new DataSource({ ...options, entities: [entity], synchronize: true });
      await source.initialize();
      const repository = source.getRepository(entity);
      const { TypeormStore } = load<ConnectTypeorm>('connect-typeorm');
      const store = new TypeormStore({}).connect(repository);
      const rowOf = async (id: string) => {
        const row = await repository.findOneBy({ id });
        return row ? { data: row.json, expires: Number(row.expiredAt) } : undefined;
      };
      return { store, rowOf, close: () => source.destroy() };
    },
  };
}

export const typeormSubjects: readonly Subject[] = [
  connectTypeorm('SQLite, sql.js', { type: 'sqljs' }),
  connectTypeorm('SQLite, libsql', { type: 'better-sqlite3', driver: libsql, database: ':memory:' }),
];
