/** The library's own errors. Each has a code that never changes, and a heading in docs/errors.md. */

export type ErrorCode = `ERR_SESSION_${string}`;

export class SessionError extends Error {
  readonly code: string;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** A value that cannot be used: an option, an argument, or the result of a function of the application. */
export class SessionTypeError extends TypeError {
  readonly code: string;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
