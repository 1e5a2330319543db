/** What all commands have in common: where they read from and write to, and how they complain. */

export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** The whole standard input. */
  readonly input: () => string;
}

/** The words after the name of the program are at fault: the exit code is 2. */
export class UsageError extends Error {}
