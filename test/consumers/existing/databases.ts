// Just enough of a Redis client and of a PostgreSQL pool for the two stores to run without a server.
import type { Pool } from 'pg';

export class RedisStandIn {
  readonly records = new Map<string, string>();

  async get(key: string): Promise<string | null> {
    return this.records.get(key) ?? null;
  }

  async set(key: string, value: string): Promise<void> {
    this.records.set(key, value);
  }

  async expire(): Promise<void> {
    return undefined;
  }

  async del(keys: string[]): Promise<void> {
    for (const key of keys) this.records.delete(key);
  }
}

class PoolStandIn {
  readonly records = new Map<string, { sess: unknown }>();

  async query(text: string, values: unknown[]): Promise<{ rows: unknown[] }> {
    if (text.startsWith('INSERT')) {
      this.records.set(String(values[2]), { sess: JSON.parse(JSON.stringify(values[0])) });
    } else if (text.startsWith('UPDATE')) {
      // The record, its id, the time, and the text that the stored record has to contain.
      const [record, sid, , searched] = values;
      const found = JSON.stringify(this.records.get(String(sid)));
      if (!found?.includes(String(searched))) return { rows: [] };
      this.records.set(String(sid), { sess: JSON.parse(JSON.stringify(record)) });
      return { rows: [{ sid }] };
    } else if (text.startsWith('DELETE')) {
      this.records.delete(String(values[0]));
    } else if (text.startsWith('SELECT')) {
      const record = this.records.get(String(values[0]));
      return { rows: record ? [record] : [] };
    }
    return { rows: [] };
  }
}

export const createPool = (): Pool => new PoolStandIn() as unknown as Pool;
