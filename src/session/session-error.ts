/** An error of the library itself, with a code that does not change. */

export class SessionError extends Error {
  readonly code: string;

  constructor(code: `ERR_SESSION_${string}`, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
