/** Recognises the error of a database whose column is too narrow for a record. */

/** In this order: PostgreSQL; MySQL and MariaDB; SQL Server; Oracle; SQLite with a CHECK. */
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
