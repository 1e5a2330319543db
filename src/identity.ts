import type { Liveness } from './liveness';
import type { Token } from './token/token';

/** Issues the token of a new session. */
export interface Issuer {
  readonly canIssue: boolean;
  /** When a session that begins now will end, in ms since 1970; undefined: never because of its age. */
  readonly endsAt: number | undefined;
  /** @throws Error naming the option at fault */
  issue(): Token;
}

/** Who a session is: the token it came with, or one that is signed when somebody first needs it. */
export class Identity {
  #issuer: Issuer | undefined;
  #token: Token | undefined;
  readonly #plainId: unknown;
  /** Held by the session, so that all requests which could store it share one object. */
  liveness: Liveness | undefined;

  private constructor(issuer: Issuer | undefined, token: Token | undefined, plainId: unknown) {
    this.#issuer = issuer;
    this.#token = token;
    this.#plainId = plainId;
  }

  static of(token: Token): Identity {
    return new Identity(undefined, token, undefined);
  }

  static pending(issuer: Issuer): Identity {
    return new Identity(issuer, undefined, undefined);
  }

  /** An id that is no token: of a session made by hand, or what a genid returned instead of a string (B095). */
  static plain(id: unknown): Identity {
    return new Identity(undefined, undefined, id);
  }

  /** Whether the token is still to be signed. */
  get isPending(): boolean {
    return this.#issuer !== undefined;
  }

  /** The token, where it is signed already. */
  get signedToken(): Token | undefined {
    return this.#token;
  }

  /** Whether `token` can be read; not so for a new session where there is no private key. */
  get isIssuable(): boolean {
    return this.#issuer === undefined || this.#issuer.canIssue;
  }

  /** When the session ends however active it is, in ms since 1970; undefined: never. */
  get endsAt(): number | undefined {
    return (this.#issuer ?? this.#token)?.endsAt;
  }

  /** Signs a pending token. @throws what signing throws */
  get token(): Token | undefined {
    if (this.#issuer) {
      // If jwtFromReq itself reads the id, it sees a token without its claims; the one with them is what counts.
      this.#token = this.#issuer.issue();
      this.#issuer = undefined;
    }
    return this.#token;
  }

  /** The session's id as the application sees it; undefined for a new session where there is no private key. */
  get id(): unknown {
    return this.isIssuable ? (this.token?.text ?? this.#plainId) : undefined;
  }

  /** The id to store the session under. @throws what signing throws, TypeError if genid returned no string */
  requireId(): string {
    const id = this.token?.text ?? this.#plainId;
    if (typeof id !== 'string')
      throw new TypeError('genid must return a string: the session cannot be stored');
    return id;
  }
}
