/** A session's id in the store, and what stands for it in its tokens. Both are made when they are first asked for. */
import { SessionTypeError } from '../errors';
import { newHandle } from '../token/handle';
import { recordId } from '../token/record-id';

/** How a token names the session: by its handle, or by the id that it had before this package came. */
export type SessionName =
  | { readonly handle: string; readonly legacyId?: undefined }
  | { readonly legacyId: string; readonly handle?: undefined };

export class SessionId {
  #handle: string | undefined;
  #value: unknown;
  readonly #tenant: string | undefined;
  /**
   * 'handle': the id is made of it. 'legacy': the id that express-session or 0.2.2 gave, or one like theirs. 'plain': no token
   * can name it.
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

  /** @param handle default: 192 random bits, drawn when they are needed */
  static ofHandle(tenant: string | undefined, handle?: string, id?: string): SessionId {
    return new SessionId('handle', tenant, handle, id);
  }

  /**
   * The record is where express-session has it, or would have it.
   *
   * @param id default: as many random bits as a handle has, which is what express-session takes; drawn when they are needed
   */
  static ofLegacy(id?: string): SessionId {
    return new SessionId('legacy', undefined, undefined, id);
  }

  /** Of a session made by hand, or where `genid` returned no string. */
  static plain(id: unknown): SessionId {
    return new SessionId('plain', undefined, undefined, id);
  }

  /** What stores and applications know the session by. */
  get value(): unknown {
    if (this.#kind === 'handle') this.#value ??= recordId(this.#requireHandle(), this.#tenant);
    else if (this.#kind === 'legacy') this.#value ??= newHandle();
    return this.#value;
  }

  /** Whether the id is a text, which is not computed to tell. */
  get isUsable(): boolean {
    return this.#kind !== 'plain' || typeof this.#value === 'string';
  }

  /** What a token says to name the session. @throws TypeError where there is nothing to say */
  get name(): SessionName {
    if (this.#kind === 'handle') return { handle: this.#requireHandle() };
    if (this.#kind === 'legacy') return { legacyId: this.value as string };
    throw new SessionTypeError(
      'ERR_SESSION_MADE_BY_HAND',
      'no token can be issued: req.session is a session made by hand that has another id',
    );
  }

  /** The id as stores need it. @throws TypeError naming genid if it is no text */
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
