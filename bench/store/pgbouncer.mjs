/* To an application PgBouncer is a PostgreSQL. */

export { open } from './postgres.mjs';
