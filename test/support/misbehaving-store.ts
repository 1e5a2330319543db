/** A store whose every call can go wrong in a way that a test chooses, and that remembers what was in it. */
import { EventEmitter } from 'node:events';
import { garbageAnswers, garbageRecords, isRecord } from './garbage-answers';
import { afterTurns } from './turn-timers';

type Callback = (error?: unknown, result?: unknown) => void;

/** How one call goes. */
export interface Conduct {
  readonly kind: (typeof conducts)[number];
  /** Whether the answer comes before the method returns. */
  readonly isSync: boolean;
  readonly style: 'callback' | 'promise' | 'both';
  /** Whether a call that errs has had its effect all the same. */
  readonly hasEffect: boolean;
  /** Which of the garbage answers. */
  readonly garbage: number;
}

export const conducts = [
  'answers',
  'errs',
  'answers twice',
  'answers, then errs',
  'errs, then answers',
  'throws',
  'throws, then answers',
  'answers, then throws',
  'rejects, and calls back',
  'calls back, and rejects',
  'answers garbage',
  'answers late',
  'takes effect late',
  'never answers',
] as const;

export const GOOD: Conduct = {
  kind: 'answers',
  isSync: false,
  style: 'callback',
  hasEffect: true,
  garbage: 0,
};

type Method = 'get' | 'set' | 'compareAndSet' | 'touch' | 'destroy';

export class MisbehavingStore extends EventEmitter {
  readonly records = new Map<string, string>();
  readonly calls: string[] = [];
  /** Calls that still have something to do. */
  pending = 0;
  /** Whether anything has changed long after its call was given up. */
  hasLateEffects = false;
  /** How many writes have had their effect, and nobody can know. */
  errors = 0;
  /** Whether `get` has shown a record of a generation that is not there. */
  hasLied = false;
  /** Each generation that each record has ever had: `id gen`. */
  readonly held = new Set<string>();
  declare touch?: (id: string, record: object, callback?: Callback) => unknown;
  declare compareAndSet?: (id: string, record: object, tag: string | null, callback?: Callback) => unknown;

  #conducts: Conduct[] = [];

  /** @param timeoutTurns after how many turns the package gives a call up; undefined: never */
  constructor(
    abilities: { canCompare: boolean; canTouch: boolean },
    readonly timeoutTurns: number | undefined,
  ) {
    super();
    if (abilities.canTouch) this.touch = this.#touch;
    if (abilities.canCompare) this.compareAndSet = this.#compareAndSet;
  }

  /** How the next calls go, one by one; those after them go well. */
  expect(conducts: Conduct[]): void {
    this.#conducts = conducts;
    this.hasLateEffects = false;
    this.hasLied = false;
    this.errors = 0;
  }

  get(id: string, callback?: Callback): unknown {
    const read = (): unknown => {
      const text = this.records.get(id);
      return text === undefined ? undefined : JSON.parse(text);
    };
    return this.#run('get', id, callback, read);
  }

  set(id: string, record: object, callback?: Callback): unknown {
    const text = JSON.stringify(record);
    return this.#run('set', id, callback, () => {
      this.#put(id, text);
    });
  }

  destroy(id: string, callback?: Callback): unknown {
    return this.#run('destroy', id, callback, () => {
      this.records.delete(id);
    });
  }

  #touch(id: string, record: object, callback?: Callback): unknown {
    const { cookie } = JSON.parse(JSON.stringify(record)) as { cookie: unknown };
    return this.#run('touch', id, callback, () => {
      const text = this.records.get(id);
      if (text !== undefined) this.#put(id, JSON.stringify({ ...(JSON.parse(text) as object), cookie }));
    });
  }

  #compareAndSet(id: string, record: object, tag: string | null, callback?: Callback): unknown {
    const text = JSON.stringify(record);
    return this.#run('compareAndSet', id, callback, () => {
      const found = this.records.get(id);
      const isExpected = tag === null ? !found?.includes('"__session":') : found?.includes(tag);
      if (found === undefined || !isExpected) return false;
      this.#put(id, text);
      return true;
    });
  }

  /** Whether the record of this id has this generation now. */
  holds(id: string, generation: number): boolean {
    return generationIn(this.records.get(id)) === generation;
  }

  #put(id: string, text: string): void {
    this.records.set(id, text);
    this.held.add(`${id} ${String(generationIn(text))}`);
  }

  #run(method: Method, id: string, callback: Callback | undefined, effect: () => unknown): unknown {
    const { kind, isSync, style, hasEffect, garbage } = this.#conducts.shift() ?? GOOD;
    this.calls.push(`${method} ${id.slice(0, 6)} ${kind}`);
    const answer =
      method === 'get'
        ? garbageRecords[garbage % garbageRecords.length]?.()
        : garbageAnswers[garbage % garbageAnswers.length];
    if (/^(?!answers,|calls).*(err|throw|reject|never|late|garbage)/.test(kind)) this.errors += 1;
    const isMisled = kind === 'answers garbage' && (method === 'get' || method === 'compareAndSet');
    const error = new Error(`${method} ${kind}`);
    const act = (): void => {
      if (hasEffect) effect();
    };
    const byPromise = style !== 'callback';
    let settle: { resolve: Callback; reject: Callback } | undefined;
    const promise = byPromise
      ? new Promise((resolve, reject) => (settle = { resolve: (value) => resolve(value), reject }))
      : undefined;
    const succeed = (result: unknown): void => {
      if (style !== 'promise') callback?.(null, result);
      // A promise without a value is no answer.
      settle?.resolve(result ?? (style === 'promise' ? null : undefined));
    };
    const fail = (): void => {
      if (style !== 'promise') callback?.(error);
      settle?.reject(error);
    };
    const soon = (run: () => void): void => {
      if (isSync) run();
      else this.#after(1, run);
    };
    // Not so late that nobody of this request would hear of it.
    const late = (run: () => void): void => this.#after((this.timeoutTurns ?? 2) + 3, run);

    switch (kind) {
      case 'answers':
        soon(() => succeed(effect()));
        break;
      case 'errs':
        soon(() => {
          act();
          fail();
        });
        break;
      case 'answers twice':
        soon(() => {
          const result = effect();
          succeed(result);
          callback?.(null, result);
          if (!isSync) this.#after(1, () => callback?.(null, result));
        });
        break;
      case 'answers, then errs':
        soon(() => {
          succeed(effect());
          callback?.(error);
        });
        break;
      case 'errs, then answers':
        soon(() => {
          const result = hasEffect ? effect() : undefined;
          callback?.(error);
          succeed(result);
        });
        break;
      case 'throws':
        act();
        throw error;
      case 'throws, then answers':
        if (hasEffect && method !== 'get') this.hasLateEffects = true;
        this.#after(1, () => {
          callback?.(null, hasEffect ? effect() : undefined);
        });
        throw error;
      case 'answers, then throws': {
        const result = effect();
        callback?.(null, result);
        throw error;
      }
      case 'rejects, and calls back':
        return Promise.reject(error).finally(() => callback?.(null, effect()));
      case 'calls back, and rejects':
        callback?.(null, effect());
        return Promise.reject(error);
      case 'answers garbage':
        soon(() => {
          const result = hasEffect || method === 'get' ? effect() : undefined;
          if (method === 'get' && isRecord(answer) && !this.holds(id, 1)) this.hasLied = true;
          if (isMisled) succeed(answer);
          else if (hasEffect) succeed(result);
          else fail();
        });
        break;
      case 'answers late': {
        const result = effect();
        late(() => succeed(result));
        break;
      }
      case 'takes effect late':
        late(() => {
          if (method !== 'get' && this.timeoutTurns !== undefined) this.hasLateEffects = true;
          succeed(effect());
        });
        break;
      default:
        if (this.timeoutTurns !== undefined) act();
        // Nobody would end the wait.
        else late(() => succeed(effect()));
    }
    return promise;
  }

  #after(turns: number, run: () => void): void {
    this.pending += 1;
    afterTurns(turns, () => {
      this.pending -= 1;
      run();
    });
  }
}

/** Undefined without a record; a record without a state is of the first generation. */
export function generationIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const { __session: state } = JSON.parse(text) as { __session?: { gen: number } };
  return state?.gen ?? 1;
}
