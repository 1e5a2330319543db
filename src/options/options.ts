/** Checks the options of an application, and fills in the defaults. */
import { createHmac, type CipherKey } from 'node:crypto';
import { SessionTypeError } from '../errors';
import { createWarning } from '../diagnostics';
import { resolveTransport, type Transport } from '../http/transports';
import { createKeyRing } from '../keys/key-ring';
import { createKeyRingProvider } from '../keys/keys-provider';
import { MemoryStore } from '../store/memory-store';
import { type Claims, readClaims } from '../token/claims';
import { AUDIENCE_PATTERN, createTokenCache, type Token, type TokenCache, Tokens } from '../token/token';
import type { TokenRules } from '../token/token-rules';
import type {
  AnyStore,
  CookieFormat,
  CookieOptions,
  KeysProvider,
  Request,
  Response,
  SessionOptions,
} from '../types';
import { resolveCookieFormat } from './cookie-format-options';
import { resolveCookieOptions } from './cookie-options';
import { resolveRules } from './jwt-options';
import { warnOfLikelyMistakes, warnOfNewKeysAtStart } from './likely-mistakes';
import { oneOf, optionalBoolean, optionalDuration, optionalFunction } from './option-values';

/** How many tokens are remembered: about 10 MB. */
const DEFAULT_TOKEN_CACHE_SIZE = 10_000;

const isProduction = process.env.NODE_ENV === 'production';

/** Gives the tokens of one request. Calls back once, and in the same turn if the application answers in it. */
export type TokensProvider = (
  req: Request,
  rawJwtToken: string | undefined,
  callback: (error: unknown, tokens?: Tokens) => void,
) => void;

/** The options as the rest of the code knows them. */
export interface Config {
  readonly name: string;
  /** Issues and verifies with the `keys` option. Undefined if there is none. */
  readonly tokens: Tokens | undefined;
  /** The function of the `keys` option, in place of `tokens`. */
  readonly provideTokens: TokensProvider | undefined;
  /** The `jwt` and `absoluteTimeout` options. */
  readonly rules: TokenRules;
  readonly warnOfEndlessToken: () => void;
  /** The `store` option. */
  readonly store: AnyStore | undefined;
  /** Makes handles of new sessions. Undefined: the library makes them. */
  readonly genid: ((req: Request) => unknown) | undefined;
  /** @param token the session's token, whose claims are probably the same */
  readonly readClaims: (req: Request, token?: Token) => Claims;
  /** Whether claims can differ at all. */
  readonly hasClaims: boolean;
  /** @throws TypeError if a function of the application returned nothing usable */
  readonly cookieOptions: (req: Request) => CookieOptions;
  /** The `secret` option, which verifies cookies of express-session. */
  readonly secrets: readonly CipherKey[];
  readonly transport: Transport;
  /** The form of cookies for new sessions. */
  readonly cookieFormat: CookieFormat;
  /** Whether sessions that express-session made get its cookie again. */
  readonly givesBack: boolean;
  readonly proxy: boolean | undefined;
  readonly resave: boolean;
  readonly rolling: boolean;
  readonly saveUninitialized: boolean;
  readonly unset: 'destroy' | 'keep';
  readonly merge: boolean;
  /** In ms. Undefined: a call of the store may take any time. */
  readonly storeTimeout: number | undefined;
  readonly saveErrors: 'late' | 'respond';
  /** Says whether a response prolongs its session. Undefined: each response does. */
  readonly touch: ((req: Request, res: Response) => unknown) | undefined;
  /** In ms. 0: each request renews the expiry. */
  readonly touchAfter: number;
  /** Whether a response waits for the touch of its session. */
  readonly awaitTouch: boolean;
}

/** @throws TypeError that names the first option at fault */
export function resolveOptions(options: SessionOptions | null | undefined): Config {
  // Any falsy value means no options, as in express-session.
  const given = ((options as unknown) || {}) as SessionOptions;
  if (typeof given !== 'object')
    throw new SessionTypeError('ERR_SESSION_OPTION', 'session() must be given an object of options');
  const genid = optionalFunction('genid', given.genid);
  if (given.unset && !['destroy', 'keep'].includes(given.unset)) {
    throw new SessionTypeError('ERR_SESSION_OPTION', 'unset option must be "destroy" or "keep"');
  }
  const secrets = resolveSecrets(given.secret);
  const jwtFromReq = optionalFunction('jwtFromReq', given.jwtFromReq);
  const name = resolveName(given);
  const rules = resolveRules(given);
  const { tokens, provideTokens } = resolveKeys(given, rules);
  warnOfLikelyMistakes(given as Record<string, unknown>);
  warnOfNewKeysAtStart(given, isProduction);

  return {
    name,
    tokens,
    provideTokens,
    rules,
    warnOfEndlessToken: createWarning(
      'WARN_SESSION_ENDLESS_TOKEN',
      'jwt.maxTokenAge option: without it, and without a store, a token that has no exp is good for ever, also when its ' +
        'session was destroyed. Set it here, or jwt.expiresIn where tokens are issued',
    ),
    store:
      given.store === undefined || (given.store as unknown) === null ? undefined : resolveStore(given.store),
    genid,
    readClaims: (req, token) => readClaims(jwtFromReq, req, rules.written, token),
    hasClaims: Boolean(jwtFromReq),
    cookieOptions: resolveCookieOptions(given.cookie, name),
    secrets,
    transport: resolveTransport(given.jwt?.transport, name),
    ...resolveCookieFormat(given, secrets, tokens),
    proxy: given.proxy,
    resave: Boolean(given.resave),
    rolling: Boolean(given.rolling),
    saveUninitialized: Boolean(given.saveUninitialized),
    unset: given.unset || 'keep',
    merge: optionalBoolean('merge', given.merge),
    storeTimeout: optionalDuration('storeTimeout', given.storeTimeout, 1),
    saveErrors: oneOf('saveErrors', ['late', 'respond'], 'late', given.saveErrors),
    touch: optionalFunction('touch', given.touch),
    touchAfter: optionalDuration('touchAfter', given.touchAfter, 0) ?? 0,
    awaitTouch: optionalBoolean('awaitTouch', given.awaitTouch),
  };
}

/** `key` is express-session's old name for `name`. */
function resolveName(given: SessionOptions): string {
  const name: unknown = given.name || given.key || 'connect.sid';
  if (typeof name !== 'string')
    throw new SessionTypeError('ERR_SESSION_OPTION', 'name option must be a string, the name of the cookie');
  return name;
}

/**
 * Does not fall back to `req.secret` of cookie-parser. An application may sign texts of its users' choice with that secret,
 * and so would sign session ids for them.
 */
function resolveSecrets(secret: SessionOptions['secret']): readonly CipherKey[] {
  if (!secret) return [];
  const secrets = Array.isArray(secret) ? secret : [secret];
  if (secrets.length === 0)
    throw new SessionTypeError('ERR_SESSION_OPTION', 'secret option array must contain one or more strings');
  for (const candidate of secrets) {
    if (candidate === '')
      throw new SessionTypeError('ERR_SESSION_OPTION', 'secret option must not contain an empty string');
    try {
      createHmac('sha256', candidate);
    } catch {
      throw new SessionTypeError(
        'ERR_SESSION_OPTION',
        'secret option must be a string, a Buffer or a KeyObject, or an array of such',
      );
    }
  }
  return secrets;
}

function resolveCacheSize(size: number | undefined): number {
  if (size === undefined) return DEFAULT_TOKEN_CACHE_SIZE;
  if (!Number.isInteger(size) || size < 1) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      'tokenCacheSize option must be a positive whole number of tokens',
    );
  }
  return size;
}

function resolveKeys(given: SessionOptions, rules: TokenRules): Pick<Config, 'tokens' | 'provideTokens'> {
  const cache = createTokenCache(resolveCacheSize(given.tokenCacheSize));
  const keys = resolveKeysName(given);
  if (typeof keys === 'function') {
    return { tokens: undefined, provideTokens: createTokensProvider(keys, cache, rules) };
  }
  const keyRing = createKeyRing(keys);
  if (keyRing?.canSign && rules.hasAudiencePattern)
    throw new SessionTypeError('ERR_SESSION_OPTION', AUDIENCE_PATTERN);
  return { tokens: keyRing && new Tokens(keyRing, cache, rules), provideTokens: undefined };
}

/** `keysProvider` is the name that 0.2.2 has for a function as `keys`. */
function resolveKeysName({ keys, keysProvider }: SessionOptions): SessionOptions['keys'] {
  const provider = optionalFunction('keysProvider', keysProvider);
  if (provider && (keys ?? undefined) !== undefined) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      'keys and keysProvider options exclude each other: keysProvider is an older name of keys',
    );
  }
  return provider ?? keys;
}

function createTokensProvider(provider: KeysProvider, cache: TokenCache, rules: TokenRules): TokensProvider {
  const provideKeyRing = createKeyRingProvider(provider);
  const known = new WeakMap<object, Tokens>();
  return (req, rawJwtToken, callback) => {
    provideKeyRing(req, rawJwtToken, (error, answer) => {
      if (!answer) {
        callback(error);
        return;
      }
      let tokens = known.get(answer);
      if (!tokens) known.set(answer, (tokens = new Tokens(answer.keyRing, cache, rules, answer.tenant)));
      callback(undefined, tokens);
    });
  };
}

/** The store of an application that gives none. */
export function createDefaultStore(): AnyStore {
  return resolveStore(new MemoryStore());
}

function resolveStore(given: unknown): AnyStore {
  const store = given as AnyStore;
  for (const method of ['on', 'get', 'set', 'destroy'] as const) {
    if (typeof store[method] !== 'function') {
      throw new SessionTypeError(
        'ERR_SESSION_OPTION',
        `store option must be a session store: it has no method ${method}`,
      );
    }
  }
  if (isProduction && store instanceof MemoryStore) {
    console.warn(
      'Warning: express-session-jwt MemoryStore is not\n' +
        'designed for a production environment: it keeps all sessions in this one process and loses them with it.',
    );
  }
  return store;
}
