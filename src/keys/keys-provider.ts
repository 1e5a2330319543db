import { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { createWarning } from '../diagnostics';
import { digestOf } from '../digest';
import { createKeyRing } from './key-ring';
import { isThenable } from '../thenable';
import { type TokenCache, Tokens } from '../token/token';
import type { TokenRules } from '../token/token-rules';
import type { KeyPair, KeysProvider, Request } from '../types';

/** Parsed answers that are remembered; one with a single pair takes about 3 KB. */
const MAX_ANSWERS = 1000;

/** Calls back once with the tokens of the request's keys; within this turn if the provider answers within it. */
export type TokensProvider = (
  req: Request,
  rawJwtToken: string | undefined,
  callback: (error: unknown, tokens?: Tokens) => void,
) => void;

/** The `keysProvider` option with its answers checked, parsed and remembered by their content. */
export function createTokensProvider(
  provider: KeysProvider,
  cache: TokenCache,
  rules: TokenRules,
): TokensProvider {
  const remembered = new LRUCache<string, Tokens>({ max: MAX_ANSWERS });
  const warnOfSecondAnswer = createWarning(
    'keysProvider answered a second time for one request: only the first answer counts',
  );

  /** @throws what makes the answer unusable */
  function toTokens({ error, keys }: Answer): Tokens {
    if (error) throw error instanceof Error ? error : new Error('keysProvider failed', { cause: error });
    const content = contentOf(keys);
    const known = remembered.get(content);
    if (known) return known;
    const keyRing = createKeyRing(keys, 'keysProvider: keys');
    if (!keyRing) throw new Error('keysProvider gave no keys for this request');
    const tokens = new Tokens(keyRing, cache, rules);
    remembered.set(content, tokens);
    return tokens;
  }

  return (req, rawJwtToken, callback) => {
    ask(provider, req, rawJwtToken, warnOfSecondAnswer, (answer) => {
      let tokens: Tokens;
      try {
        tokens = toTokens(answer);
      } catch (error) {
        callback(error);
        return;
      }
      callback(undefined, tokens);
    });
  };
}

interface Answer {
  readonly error?: unknown;
  readonly keys?: unknown;
}

/**
 * Calls the provider and passes on its first answer: from `done`, or from the promise. Whatever contradicts it before it
 * is passed on becomes the answer, as an error; what comes later is only told. Never throws but what `receive` throws.
 */
function ask(
  provider: KeysProvider,
  req: Request,
  rawJwtToken: string | undefined,
  onLateAnswer: () => void,
  receive: (answer: Answer) => void,
): void {
  const state: { answer?: Answer; isDone?: true; hasReturned?: true; isPassedOn?: true } = {};
  const passOn = (): void => {
    if (!state.answer || state.isPassedOn) return;
    state.isPassedOn = true;
    receive(state.answer);
  };
  const accept = (answer: Answer): void => {
    state.answer ??= answer;
    // Outside of the provider's stack: what is thrown from here on is none of its business.
    if (state.hasReturned) setImmediate(passOn);
  };
  const fail = (error: unknown): void => {
    if (state.isPassedOn) onLateAnswer();
    else if (state.answer) state.answer = { error };
    else accept({ error });
  };

  let returned: unknown;
  try {
    returned = provider(req, rawJwtToken, (error, keys) => {
      if (state.isDone) fail(new Error('keysProvider called done twice for one request'));
      state.isDone = true;
      accept({ error, keys });
    });
    awaitReturned();
  } catch (thrown) {
    fail(thrown || new Error('keysProvider threw without a reason'));
  }
  state.hasReturned = true;
  passOn();

  function awaitReturned(): void {
    const takesDone = provider.length >= 3;
    if (!isThenable(returned)) {
      if (takesDone) return;
      accept({ error: new TypeError('keysProvider must return a promise, or declare `done` and call it') });
      return;
    }
    returned.then(
      (keys) => {
        if (keys !== undefined || !takesDone) accept({ keys });
      },
      (reason: unknown) => {
        fail(reason || new Error('keysProvider rejected without a reason'));
      },
    );
  }
}

/** Equal for equal keys only. A digest, so that no private key is kept as text. */
function contentOf(keys: unknown): string {
  const pairs: unknown[] = Array.isArray(keys) ? keys : [keys];
  const parts = pairs.map((pair) => {
    const { public: publicKey, private: privateKey } = (pair ?? {}) as KeyPair;
    return [partOf(publicKey), partOf(privateKey)];
  });
  return digestOf(JSON.stringify(parts));
}

/** Each form by its own name: a JWK can look like nothing but a JWK. */
function partOf(material: unknown): unknown[] {
  if (material instanceof KeyObject) return ['object', nameOf(material)];
  if (Buffer.isBuffer(material)) return ['text', String(material)];
  return [typeof material === 'string' ? 'text' : 'jwk', material];
}

const names = new WeakMap<KeyObject, number>();
let lastName = 0;

/** Taking a KeyObject to text would take longer than all the rest. */
function nameOf(key: KeyObject): number {
  let name = names.get(key);
  if (name === undefined) {
    name = lastName += 1;
    names.set(key, name);
  }
  return name;
}
