/** The part of the package `sqlite3` that Sequelize uses, on libsql: no compiler, no install script. */
import LibsqlDatabase from 'libsql';

interface Statement {
  changes: number;
  lastID: unknown;
}

type Done = (this: Statement, error: unknown, rows?: unknown[]) => void;

type Parameters = Record<string, unknown>;

class Database {
  readonly #database: InstanceType<typeof LibsqlDatabase>;
  readonly filename: string;

  constructor(filename: string, _mode: number, opened: (error: unknown) => void) {
    this.filename = filename;
    this.#database = new LibsqlDatabase(filename);
    setImmediate(opened, null);
  }

  serialize(work: () => void): void {
    work();
  }

  run(text: string, ...rest: [Parameters?, Done?] | [Done]): void {
    const [parameters, done] = split(rest);
    answer(done, () => {
      const { changes, lastInsertRowid } = this.#database.prepare(text).run(parameters);
      return { changes, lastID: lastInsertRowid, rows: undefined };
    });
  }

  all(text: string, ...rest: [Parameters?, Done?] | [Done]): void {
    const [parameters, done] = split(rest);
    answer(done, () => ({ changes: 0, lastID: 0, rows: this.#database.prepare(text).all(parameters) }));
  }

  close(done?: (error: unknown) => void): void {
    this.#database.close();
    if (done) setImmediate(done, null);
  }
}

/** Parameters come with the `$` of the statement; they may be left out. */
function split([first, second]: [Parameters?, Done?] | [Done]): [Parameters, Done | undefined] {
  if (typeof first === 'function') return [{}, first];
  const parameters = Object.entries(first ?? {}).map(([name, value]) => [name.slice(1), value]);
  return [Object.fromEntries(parameters) as Parameters, second];
}

function answer(done: Done | undefined, work: () => Statement & { rows: unknown[] | undefined }): void {
  try {
    const { rows, ...statement } = work();
    setImmediate(() => done?.call(statement, null, rows));
  } catch (error) {
    setImmediate(() => done?.call({ changes: 0, lastID: 0 }, error));
  }
}

/** For Sequelize's option `dialectModule`. */
export const sqlite3 = { Database, OPEN_READWRITE: 2, OPEN_CREATE: 4 };
