/** Reads a row of connect-session-knex. */
import type { Knex } from 'knex';
import type { Row } from './subject';

interface Stored {
  sess: unknown;
  expired: Date | string;
}

export function rowBy(database: Knex): (id: string) => Promise<Row | undefined> {
  return async (sid) => {
    const row = (await database('sessions').where({ sid }).first()) as Stored | undefined;
    return row && { data: JSON.stringify(row.sess), expires: new Date(row.expired).valueOf() };
  };
}
