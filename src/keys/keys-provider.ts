/** Asks the function that is the `keys` option for the keys of a request, and remembers its parsed answers. */
import { createHash, KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { SessionError, SessionTypeError } from '../errors';
import { createWarning } from '../diagnostics';
import { createKeyRing, type KeyRing } from './key-ring';
import type { KeyPair, KeysProvider, Request, TenantKeys } from '../types';

/** How many parsed answers are remembered. One with a single pair takes about 3 KB. */
const MAX_ANSWERS = 1000;

/** A parsed answer. Equal answers give the same object, as long as it is remembered. */
export interface ProvidedKeyRing {
  readonly keyRing: KeyRing;
  readonly tenant: string | undefined;
}

/** Calls back once with the key ring of the request, and in the same turn if the provider answers in it. */
export type KeyRingProvider = (
  req: Request,
  rawJwtToken: string | undefined,
  callback: (error: unknown, provided?: ProvidedKeyRing) => void,
) => void;

/** Wraps the function that is the `keys` option. Its answers are checked, parsed, and remembered by their content. */
export function createKeyRingProvider(provider: KeysProvider): KeyRingProvider {
  const remembered = new LRUCache<string, ProvidedKeyRing>({ max: MAX_ANSWERS });
  const warnOfSecondAnswer = createWarning(
    'WARN_SESSION_SECOND_ANSWER',
    'keys function answered a second time for one request: only the first answer counts',
  );

  /** @throws what makes the answer unusable */
  function parse({ error, value }: Answer): ProvidedKeyRing {
    if (error)
      throw error instanceof Error
        ? error
        : new SessionError('ERR_SESSION_KEYS_PROVIDER', 'keys function failed', error);
    const { keys, tenant } = readValue(value);
    const content = contentOf(keys, tenant);
    const known = remembered.get(content);
    if (known) return known;
    const keyRing = createKeyRing(keys, 'keys function: keys');
    if (!keyRing)
      throw new SessionError('ERR_SESSION_KEYS_PROVIDER', 'keys function gave no keys for this request');
    const provided = { keyRing, tenant };
    remembered.set(content, provided);
    return provided;
  }

  return (req, rawJwtToken, callback) => {
    ask(provider, req, rawJwtToken, warnOfSecondAnswer, (answer) => {
      let provided: ProvidedKeyRing;
      try {
        provided = parse(answer);
      } catch (error) {
        callback(error);
        return;
      }
      callback(undefined, provided);
    });
  };
}

interface Answer {
  readonly error?: unknown;
  readonly value?: unknown;
}

/** @throws TypeError if the answer has no usable tenant where it should. Else the keys of others would open its sessions */
function readValue(value: unknown): { keys: unknown; tenant: string | undefined } {
  if (!namesTenant(value)) return { keys: value, tenant: undefined };
  const { keys, tenant }: Partial<Record<keyof TenantKeys, unknown>> = value;
  // Ids are made of tenant, zero byte and handle, so the tenant must not contain a zero byte.
  if (typeof tenant === 'string' && tenant !== '' && !tenant.includes('\0')) return { keys, tenant };
  throw new SessionTypeError(
    'ERR_SESSION_KEYS_PROVIDER',
    'keys function: tenant must be a string that is not empty and has no zero byte: answer { keys, tenant }, ' +
      'or the keys alone where there are no tenants',
  );
}

/** Whether an answer has the form { keys, tenant }. Arrays and Buffers do not count: they inherit a method `keys`. */
function namesTenant(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Buffer.isBuffer(value))
    return false;
  return 'keys' in value || 'tenant' in value;
}

/** Takes the first answer for one request: from `done`, or from the promise. */
class FirstAnswer {
  readonly #receive: (answer: Answer) => void;
  readonly #onLateAnswer: () => void;
  #answer: Answer | undefined;
  #isDone = false;
  #hasReturned = false;
  #isPassedOn = false;

  constructor(receive: (answer: Answer) => void, onLateAnswer: () => void) {
    this.#receive = receive;
    this.#onLateAnswer = onLateAnswer;
  }

  done(error: unknown, value: unknown): void {
    if (this.#isDone)
      this.fail(
        new SessionError('ERR_SESSION_KEYS_PROVIDER', 'keys function called done twice for one request'),
      );
    this.#isDone = true;
    this.accept({ error, value });
  }

  accept(answer: Answer): void {
    this.#answer ??= answer;
    // In a later turn, so that what the handler throws does not pass through the provider.
    if (this.#hasReturned) {
      setImmediate(() => {
        this.#passOn();
      });
    }
  }

  fail(error: unknown): void {
    if (this.#isPassedOn) this.#onLateAnswer();
    else if (this.#answer) this.#answer = { error };
    else this.accept({ error });
  }

  /** The function has returned. */
  returned(): void {
    this.#hasReturned = true;
    this.#passOn();
  }

  #passOn(): void {
    if (!this.#answer || this.#isPassedOn) return;
    this.#isPassedOn = true;
    this.#receive(this.#answer);
  }
}

/**
 * Calls the provider and passes its first answer on. If an error or a second call of `done` comes before that, the answer is an
 * error. If it comes later, it only causes a warning. Throws only what `receive` throws.
 */
function ask(
  provider: KeysProvider,
  req: Request,
  rawJwtToken: string | undefined,
  onLateAnswer: () => void,
  receive: (answer: Answer) => void,
): void {
  const first = new FirstAnswer(receive, onLateAnswer);
  try {
    const promise: unknown = provider(req, rawJwtToken, (error, value) => {
      first.done(error, value);
    });
    awaitPromise(promise, provider.length >= 3, first);
  } catch (thrown) {
    first.fail(
      thrown || new SessionError('ERR_SESSION_KEYS_PROVIDER', 'keys function threw without a reason'),
    );
  }
  first.returned();
}

/** @param takesDone whether the function declares `done`. Then it need not return anything */
function awaitPromise(returned: unknown, takesDone: boolean, first: FirstAnswer): void {
  if (!isThenable(returned)) {
    if (takesDone) return;
    first.accept({
      error: new SessionTypeError(
        'ERR_SESSION_KEYS_PROVIDER',
        'keys function must return a promise, or declare `done` and call it',
      ),
    });
    return;
  }
  returned.then(
    (value) => {
      if (value !== undefined || !takesDone) first.accept({ value });
    },
    (reason: unknown) => {
      first.fail(
        reason || new SessionError('ERR_SESSION_KEYS_PROVIDER', 'keys function rejected without a reason'),
      );
    },
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** A digest that is equal only for equal keys of the same tenant. No private key is kept as text for that. */
function contentOf(keys: unknown, tenant: string | undefined): string {
  const pairs: unknown[] = Array.isArray(keys) ? keys : [keys];
  const parts = pairs.map((pair) => {
    const { public: publicKey, private: privateKey } = (pair ?? {}) as KeyPair;
    return [partOf(publicKey), partOf(privateKey)];
  });
  return createHash('sha256')
    .update(JSON.stringify([tenant, ...parts]))
    .digest('base64url');
}

/** A key with the name of its form, so that no JWK equals a key of another form. */
function partOf(material: unknown): unknown[] {
  if (material instanceof KeyObject) return ['object', nameOf(material)];
  if (Buffer.isBuffer(material)) return ['text', String(material)];
  return [typeof material === 'string' ? 'text' : 'jwk', material];
}

const names = new WeakMap<KeyObject, number>();
let lastName = 0;

/** A number for each KeyObject. Exporting it as text would take longer than all the rest. */
function nameOf(key: KeyObject): number {
  let name = names.get(key);
  if (name === undefined) {
    name = lastName += 1;
    names.set(key, name);
  }
  return name;
}
