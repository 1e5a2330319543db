/** Recognises a database that refuses a record since a column is too narrow for it. */

/** What PostgreSQL, MySQL and MariaDB, SQL Server, Oracle, and SQLite with a CHECK say, in this order. */
const REFUSALS = [
  /value too long for type/i,
  /data too long for column/i,
  /(?:string or binary )?data would be truncated/i,
  /ORA-12899|value too large for column/i,
  /CHECK constraint failed:.*length/i,
];

export function isNarrowColumn(error: unknown): boolean {
  const message = (error as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' && REFUSALS.some((refusal) => refusal.test(message));
}
