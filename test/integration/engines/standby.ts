/** A PostgreSQL with a standby, both behind PgBouncer. */
import { readFileSync } from 'node:fs';
import { linkTo } from '../../support/link';
import { startPgbouncer } from '../../support/pgbouncer';
import { startPostgres, startStandby } from '../../support/postgres';
import { load } from '../stores/subject';
import type { Replicas } from './fail-over';

interface Pg {
  Client: new (url: string) => {
    connect(): Promise<void>;
    query(text: string): Promise<{ rows: Record<string, unknown>[] }>;
    end(): Promise<void>;
  };
}

export interface StandbyOptions {
  /** How far behind the standby is, at least. In ms. */
  readonly lag: number;
  /** Whether a write answers when the standby has it, too. */
  readonly isSynchronous: boolean;
}

export async function startReplicated({ lag, isSynchronous }: StandbyOptions): Promise<Replicas> {
  const primary = await startPostgres();
  await query(primary.url, readFileSync(require.resolve('connect-pg-simple/table.sql'), 'utf8'));
  const pooler = await startPgbouncer(primary.url);
  const link = await linkTo(primary.port, lag);
  const standby = await startStandby(primary.url, link.port);
  const isFollowing = `SELECT count(*)::int AS value FROM pg_stat_replication WHERE state = 'streaming'`;
  while ((await valueOf(primary.url, isFollowing)) !== 1);
  if (isSynchronous) {
    await query(primary.url, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await query(primary.url, 'SELECT pg_reload_conf()');
    const isSync = `SELECT count(*)::int AS value FROM pg_stat_replication WHERE sync_state = 'sync'`;
    while ((await valueOf(primary.url, isSync)) !== 1);
  }
  return {
    settings: { store: 'connect-pg-simple', url: pooler.url },
    replicated: async () => {
      const position = String(await valueOf(primary.url, 'SELECT pg_current_wal_lsn()::text AS value'));
      const isThere = `SELECT pg_last_wal_replay_lsn() >= '${position}'::pg_lsn AS value`;
      while ((await valueOf(standby.url, isThere)) !== true);
    },
    end: async () => {
      await primary.stop('SIGKILL');
      await query(standby.url, 'SELECT pg_promote()');
      pooler.leadTo(standby.port);
    },
    remove: async () => {
      await Promise.all([pooler.remove(), standby.remove(), primary.remove()]);
      link.close();
    },
  };
}

async function valueOf(url: string, text: string): Promise<unknown> {
  return (await query(url, text))[0]?.value;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new (load<Pg>('pg').Client)(url);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
