/** The id of a session in the store, and its name in tokens. Both are made when they are first read. */
import { SessionTypeError } from '../errors';
import { newHandle } from '../token/handle';
import { recordId } from '../token/record-id';

/** The name of a session in its tokens: its handle, or the id that express-session or 0.2.2 gave it. */
export type SessionName =
  | { readonly handle: string; readonly legacyId?: undefined }
  | { readonly legacyId: string; readonly handle?: undefined };

export class SessionId {
  #handle: string | undefined;
  #value: unknown;
  readonly #tenant: string | undefined;
  /**
   * 'handle': the id is a hash of the handle.
   * 'legacy': express-session or 0.2.2 made the id, or it has their form.
   * 'plain': no token can name the id.
   */
  readonly #kind: 'handle' | 'legacy' | 'plain';

  private constructor(
    kind: 'handle' | 'legacy' | 'plain',
    tenant: string | undefined,
    handle: string | undefined,
    value: unknown,
  ) {
    this.#kind = kind;
    this.#tenant = tenant;
    this.#handle = handle;
    this.#value = value;
  }

  /** @param handle default: 192 random bits, made when they are needed */
  static ofHandle(tenant: string | undefined, handle?: string, id?: string): SessionId {
    return new SessionId('handle', tenant, handle, id);
  }

  /**
   * The id of a record that express-session can find.
   *
   * @param id default: 192 random bits, as express-session takes them, made when they are needed
   */
  static ofLegacy(id?: string): SessionId {
    return new SessionId('legacy', undefined, undefined, id);
  }

  /** The id of a session that an application has made by hand, or the result of `genid` if that is no string. */
  static plain(id: unknown): SessionId {
    return new SessionId('plain', undefined, undefined, id);
  }

  /** The id that stores and applications know. */
  get value(): unknown {
    if (this.#kind === 'handle') this.#value ??= recordId(this.#requireHandle(), this.#tenant);
    else if (this.#kind === 'legacy') this.#value ??= newHandle();
    return this.#value;
  }

  /** Whether the id is a text. The id is not made to tell. */
  get isUsable(): boolean {
    return this.#kind !== 'plain' || typeof this.#value === 'string';
  }

  /** The name of the session in tokens. @throws TypeError if no token can name it */
  get name(): SessionName {
    if (this.#kind === 'handle') return { handle: this.#requireHandle() };
    if (this.#kind === 'legacy') return { legacyId: this.value as string };
    throw new SessionTypeError(
      'ERR_SESSION_MADE_BY_HAND',
      'no token can be issued: req.session is a session made by hand that has another id',
    );
  }

  /** The id as a text. @throws TypeError that names genid, if it is no text */
  require(): string {
    const id = this.value;
    if (typeof id !== 'string') {
      throw new SessionTypeError(
        'ERR_SESSION_GENID',
        'genid must return a string: the session cannot be stored',
      );
    }
    return id;
  }

  #requireHandle(): string {
    return (this.#handle ??= newHandle());
  }
}
