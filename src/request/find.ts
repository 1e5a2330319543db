/** Finds the session of a request that gets no response here, such as a WebSocket handshake (`sessions.find`). */
import { debug } from '../diagnostics';
import { isOnPath } from '../http/cookie-path';
import type { Carrier } from '../http/transports';
import { keysRequired } from '../keys/key-ring';
import type { Config } from '../options/options';
import { SessionError, SessionTypeError } from '../errors';
import { answerOf } from '../session/session-promise';
import type { Tokens } from '../token/token';
import type { FoundSession, Request, RequestLike, Response } from '../types';
import { beginContext } from './begin-context';
import type { RequestContext } from './context';
import { type Candidate, findRawToken, readCandidates } from './credential';
import { FoundMethods } from './found-methods';
import { findSession } from './open';
import type { Storages } from './storages';

/** A response without `setHeader`, so that no token can be sent with it. */
const NO_RESPONSE = Object.create(null) as Response;

export class Finder {
  readonly #config: Config;
  readonly #storages: Storages;

  constructor(config: Config, storages: Storages) {
    this.#config = config;
    this.#storages = storages;
  }

  async find(given: RequestLike): Promise<FoundSession | undefined> {
    requireRequest(given);
    const { transport, cookieOptions, tokens, provideTokens } = this.#config;
    if (!tokens && !provideTokens) throw keysRequired();
    const req = viewOf(given);
    const carrier = transport(req);
    // `find` also takes bare headers, which have no path.
    const hasTarget = Boolean(req.originalUrl || req.url);
    if (carrier.isCookie && hasTarget && !isOnPath(req, cookieOptions(req).path || '/')) {
      debug('pathname mismatch');
      return undefined;
    }
    const candidates = readCandidates(this.#config, req, carrier);
    return candidates.length === 0 ? undefined : this.#open(given, carrier, candidates);
  }

  async #open(
    given: RequestLike,
    carrier: Carrier,
    candidates: readonly Candidate[],
  ): Promise<FoundSession | undefined> {
    // Later calls of the session's methods look for this session only, whatever else the request carries.
    let own = candidates;
    const { context, opener } = await this.#look(given, carrier, candidates, async () => {
      const again = await this.#look(given, carrier, own);
      return { context: again.context, isFound: again.opener !== undefined };
    });
    if (!opener) return undefined;
    own = [opener];
    // The application may keep this session for days, and must not keep the shared LiveSession in memory with it.
    context.current.live = undefined;
    return context.req.session;
  }

  /** Tries the candidates in the same way as a request that arrives now. */
  async #look(
    given: RequestLike,
    carrier: Carrier,
    candidates: readonly Candidate[],
    lookAgain?: ConstructorParameters<typeof FoundMethods>[1],
  ): Promise<{ context: RequestContext; opener: Candidate | undefined }> {
    this.#requireStore();
    const req = viewOf(given);
    const tokens = await this.#tokensFor(req, candidates);
    const storage = this.#storages.of(tokens);
    const context = beginContext(this.#config, storage, tokens, req, NO_RESPONSE, () => undefined, carrier);
    // The `touch` option asks about a response, and there is none.
    context.prolongs = true;
    if (lookAgain) context.owner = new FoundMethods(context, lookAgain);
    const opener = await answerOf<Candidate | undefined>((done) => {
      findSession(context, candidates, done);
    });
    return { context, opener };
  }

  #tokensFor(req: Request, candidates: readonly Candidate[]): Promise<Tokens> | Tokens {
    const { tokens, provideTokens } = this.#config;
    if (tokens) return tokens;
    return answerOf<Tokens>((done) => {
      provideTokens?.(req, findRawToken(candidates), done);
    });
  }

  /** @throws SessionError while the store is away: then nobody knows whether there is a session */
  #requireStore(): void {
    if (this.#storages.isConnected) return;
    this.#storages.probe();
    throw new SessionError(
      'ERR_SESSION_STORE_DISCONNECTED',
      'find: the store has said that it is disconnected, so it is not known whether there is a session',
    );
  }
}

/** An object that inherits from the request and gets the session, so that the request itself does not change. */
function viewOf(given: RequestLike): Request {
  const own = { writable: true, configurable: true, enumerable: true, value: undefined };
  // Own members, since those of a request may be read-only.
  return Object.create(given, { session: own, sessionID: own, sessionStore: own }) as Request;
}

/** @throws TypeError */
function requireRequest(given: unknown): void {
  const { headers } = Object(given) as { headers?: unknown };
  const isObject = typeof headers === 'object' && headers !== null;
  if (isObject && typeof (headers as Partial<Headers>).get !== 'function') return;
  throw new SessionTypeError(
    'ERR_SESSION_FIND_ARGUMENT',
    'find: give it a request, or { headers: { cookie } }' +
      (isObject ? '; of a request of the Fetch API, { headers: Object.fromEntries(request.headers) }' : ''),
  );
}
