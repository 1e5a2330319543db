/** Finds the session of a request: each candidate is tried to the store and the generation, and the first that lives is used. */
import { debug } from '../diagnostics';
import { SessionId } from '../session/session-id';
import { verificationBudget } from '../token/token';
import { newState, type RequestContext } from './context';
import { type Candidate, type Credential, verifyCandidate } from './credential';
import { generateSession } from './generate';
import { loadSession } from './load';

type Done = (error?: unknown) => void;

/** Puts a session on the request, one that is found or a new one. Never throws but what `done` throws. */
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
 * Puts the session of the first candidate that opens one on the request.
 *
 * @param done hears which one it was; undefined: none does, and nothing is put there. Nothing else than what it throws is thrown
 */
export function findSession(context: RequestContext, candidates: readonly Candidate[], done: Opened): void {
  new Search(context, candidates, done).goOn();
}

type Opened = (error?: unknown, opener?: Candidate) => void;

/** What is left of the candidates of one request. */
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
      context.hasCredential = true;
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

  /** What became of the candidate that was taken last. */
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

/** Without a store the token is all there is of the session. @throws what the cookie options or jwtFromReq throw */
function trust(context: RequestContext, { token }: Credential): boolean {
  const { config, tokens } = context;
  if (token?.ses?.handle === undefined) return false;
  const { payload } = token;
  const issuedAt = Number(payload.iat) * 1000;
  const end = config.rules.endOf(token.authTime, Number.isFinite(issuedAt) ? issuedAt : 0);
  if (end !== undefined && end <= Date.now()) return false;
  if (payload.exp === undefined && !config.rules.limitsAge) config.warnOfEndlessToken();
  const { handle } = token.ses;
  const state = newState(
    'verified',
    SessionId.ofHandle(tokens.tenant, handle, token.recordId(tokens.tenant)),
  );
  state.token = token;
  state.generation = token.ses.generation;
  generateSession(context, 'verified', state);
  return true;
}
