/** The list of all adapters. */
import type { Adapter } from './adapter';
import { betterSqlite3SessionStore } from './better-sqlite3-session-store';
import { connectMongo } from './connect-mongo';
import { connectPgSimple } from './connect-pg-simple';
import { connectRedis } from './connect-redis';
import { connectSessionKnex } from './connect-session-knex';
import { connectSessionSequelize } from './connect-session-sequelize';
import { connectTypeorm } from './connect-typeorm';
import { expressMysqlSession } from './express-mysql-session';

/** The adapters by the name of their store on npm. */
export const adapters: Readonly<Record<string, Adapter>> = {
  'connect-redis': connectRedis,
  'connect-pg-simple': connectPgSimple,
  'connect-session-knex': connectSessionKnex,
  'connect-mongo': connectMongo,
  'connect-session-sequelize': connectSessionSequelize,
  'better-sqlite3-session-store': betterSqlite3SessionStore,
  'connect-typeorm': connectTypeorm,
  'express-mysql-session': expressMysqlSession,
};
