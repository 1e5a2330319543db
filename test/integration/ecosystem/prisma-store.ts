/**
 * The store on Prisma 7 and PostgreSQL. Its query engine is WebAssembly in the package. The program for migrations would be
 * downloaded from elsewhere, so the table is made here.
 */
import { execFileSync } from 'node:child_process';
import type expressSession from 'express-session';
import { SHORTENED, type StorePeer } from '../peers/store-peer';
import { load } from './packages';

interface Row {
  data: string;
  expiresAt: Date;
}

interface Client {
  readonly session: {
    findUnique(query: object): Promise<Row | null>;
    update(query: object): Promise<unknown>;
  };
  $executeRawUnsafe(text: string): Promise<unknown>;
  $disconnect(): Promise<void>;
}

interface Adapter {
  PrismaPg: new (pool: object, options: object) => object;
}

interface Prisma {
  PrismaClient: new (options: object) => Client;
}

interface PrismaSessionStore {
  PrismaSessionStore: new (client: Client, options: object) => expressSession.Store & { shutdown(): void };
}

/** The client is made from the schema, once. */
function generate(): Prisma {
  const options = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' };
  execFileSync(
    process.execPath,
    ['node_modules/prisma/build/index.js', 'generate', '--schema', 'session.prisma'],
    {
      cwd: __dirname,
      env: { ...process.env, ...options },
      stdio: 'pipe',
    },
  );
  return load<Prisma>('./node_modules/.prisma/session');
}

let generated: Prisma | undefined;

const TABLE = `("id" text PRIMARY KEY, "sid" text UNIQUE, "data" text, "expiresAt" timestamp(3))`;

export const prismaSessionStore: StorePeer = {
  module: '@quixo3/prisma-session-store',
  on: 'Prisma 7 and PostgreSQL',
  server: 'postgres',
  touch: 'the cookie',
  guarantee: 'in this process',
  lists: ['all', 'length', 'clear'],
  isShared: true,
  open: async (_, schema, server) => {
    const { PrismaClient } = (generated ??= generate());
    const { PrismaPg } = load<Adapter>('@prisma/adapter-pg');
    const client = new PrismaClient({
      adapter: new PrismaPg({ connectionString: server?.url }, { schema }),
    });
    await client.$executeRawUnsafe(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    await client.$executeRawUnsafe(`CREATE TABLE IF NOT EXISTS ${schema}."Session" ${TABLE}`);
    const { PrismaSessionStore: Store } = load<PrismaSessionStore>('@quixo3/prisma-session-store');
    const store = new Store(client, { dbRecordIdIsSessionId: true });
    const find = (sid: string) => client.session.findUnique({ where: { sid } });
    return {
      store,
      raw: async (id) => (await find(id))?.data,
      remaining: async (id) => ((await find(id))?.expiresAt.valueOf() ?? Number.NaN) - Date.now(),
      shorten: (sid) =>
        client.session.update({ where: { sid }, data: { expiresAt: new Date(Date.now() + SHORTENED) } }),
      close: async () => {
        store.shutdown();
        await client.$disconnect();
      },
    };
  },
};
