/** What all commands share: where they read from and write to, and the error of wrong usage. */

export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** The whole standard input. */
  readonly input: () => string;
}

/** The arguments of the program are wrong. The exit code is 2. */
export class UsageError extends Error {}
