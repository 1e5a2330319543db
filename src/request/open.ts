/** Opens the session of a request: tries each candidate, and uses the first whose session is in the store. */
import { debug } from '../diagnostics';
import { SessionId } from '../session/session-id';
import { verificationBudget } from '../token/token';
import { newState, type RequestContext } from './context';
import { type Candidate, type Credential, verifyCandidate } from './credential';
import { generateSession } from './generate';
import { loadSession } from './load';
import { tellLoaded, tellRefused } from './tell';

type Done = (error?: unknown) => void;

/** Puts the session that is found, or a new one, on the request. Throws only what `done` throws. */
export function openSession(context: RequestContext, candidates: readonly Candidate[], done: Done): void {
  if (candidates.length === 0) {
    debug('no id sent');
    generate(context, done);
    return;
  }
  findSession(context, candidates, (error, opener) => {
    if (error || opener) done(error);
    else generate(context, done);
  });
}

/**
 * Puts the session of the first candidate that opens one on the request. Throws only what `done` throws.
 *
 * @param done hears which candidate it was. Undefined: no candidate opens a session, and the request has none
 */
export function findSession(context: RequestContext, candidates: readonly Candidate[], done: Opened): void {
  new Search(context, candidates, done).goOn();
}

type Opened = (error?: unknown, opener?: Candidate) => void;

/** Tries the candidates of one request, one after the other. */
class Search {
  readonly #context: RequestContext;
  readonly #candidates: readonly Candidate[];
  readonly #done: Opened;
  readonly #budget = verificationBudget();
  #next = 0;

  constructor(context: RequestContext, candidates: readonly Candidate[], done: Opened) {
    this.#context = context;
    this.#candidates = candidates;
    this.#done = done;
  }

  goOn(): void {
    const context = this.#context;
    for (let candidate = this.#take(); candidate; candidate = this.#take()) {
      const credential = verifyCandidate(candidate, context, this.#budget);
      if (!credential) continue;
      if (!context.isStoreless) {
        loadSession(context, credential, this);
        return;
      }
      let isFound: boolean;
      try {
        isFound = trust(context, credential);
      } catch (error) {
        this.#done(error);
        return;
      }
      if (!isFound) continue;
      this.#done(null, candidate);
      return;
    }
    this.#done();
  }

  /** Hears whether the candidate that was taken last has opened a session. */
  loaded(error: unknown, isFound = false): void {
    if (error) this.#done(error);
    else if (isFound) this.#done(null, this.#candidates[this.#next - 1]);
    else this.goOn();
  }

  #take(): Candidate | undefined {
    return this.#candidates[this.#next++];
  }
}

function generate(context: RequestContext, done: Done): void {
  try {
    generateSession(context, context.supersededId === undefined ? 'new' : 'superseded');
  } catch (error) {
    done(error);
    return;
  }
  done();
}

/**
 * Takes a token at its word, because there is no store that knows more. Returns whether it opens a session.
 *
 * @throws what the cookie options or jwtFromReq throw
 */
function trust(context: RequestContext, credential: Credential): boolean {
  const { config, tokens, req } = context;
  const { token } = credential;
  if (token?.ses?.handle === undefined) {
    tellRefused(req, 'not-found', credential);
    return false;
  }
  const { payload } = token;
  const issuedAt = Number(payload.iat) * 1000;
  const end = config.rules.endOf(token.authTime, Number.isFinite(issuedAt) ? issuedAt : 0);
  if (end !== undefined && end <= Date.now()) {
    tellRefused(req, 'timeout', credential);
    return false;
  }
  if (payload.exp === undefined && !config.rules.limitsAge) config.warnOfEndlessToken();
  const { handle } = token.ses;
  const state = newState(
    'verified',
    SessionId.ofHandle(tokens.tenant, handle, token.recordId(tokens.tenant)),
  );
  state.token = token;
  state.generation = token.ses.generation;
  generateSession(context, 'verified', state);
  tellLoaded(context, state, credential);
  return true;
}
