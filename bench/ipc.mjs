import { fork } from 'node:child_process';
import process from 'node:process';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath, URL } from 'node:url';

/* Calls between the benchmark and the processes of its subjects. */

/** Quiet, and plain: without what the caller's environment does to Node. */
const environment = {
  ...process.env,
  DEBUG: '',
  NODE_ENV: '',
  NODE_OPTIONS: '',
  NODE_V8_COVERAGE: undefined,
  NO_DEPRECATION: '*',
};

/** No call takes that long unless something hangs. */
const TIMEOUT_MS = 600_000;

/** A process that answers calls. */
export class Worker {
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #child;
  #calls = 0;
  #stderr = '';

  /**
   * @param {string} file module to run, relative to this one
   * @param {string[]} args
   * @param {string[]} flags for Node
   */
  constructor(file, args = [], flags = []) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    this.#child = fork(path, args, {
      env: environment,
      execArgv: flags,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (/** @type {Buffer} */ data) => {
      this.#stderr = (this.#stderr + String(data)).slice(-2000);
    });
    this.#child.on('message', (/** @type {{ id: number, result?: unknown, error?: string }} */ message) => {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error === undefined) waiting?.resolve(message.result);
      else waiting?.reject(new Error(message.error));
    });
    this.#child.on('exit', () => {
      const reason = /^\w*Error.*$/m.exec(this.#stderr)?.[0] ?? this.#stderr.trim().split('\n').at(-1) ?? '';
      for (const { reject } of this.#waiting.values()) reject(new Error(`its process ended: ${reason}`));
    });
  }

  /**
   * @param {string} method
   * @param {object} [args]
   * @returns {Promise<any>}
   */
  call(method, args = {}) {
    const id = (this.#calls += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`it does not answer: ${method}`));
      }, TIMEOUT_MS);
      const settle = (/** @type {(value: any) => void} */ how) => (/** @type {any} */ value) => {
        clearTimeout(timer);
        how(value);
      };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      this.#child.send({ id, method, args }, (error) => {
        if (error) this.#waiting.get(id)?.reject(error);
      });
    });
  }

  stop() {
    this.#child.kill('SIGKILL');
  }
}

/**
 * The other end: answers calls until the benchmark ends, however it ends.
 *
 * @param {Record<string, (args: any) => unknown>} methods
 */
export function answerCalls(methods) {
  process.on('disconnect', () => {
    process.exit();
  });
  process.on(
    'message',
    (/** @type {{ id: number, method: string, args: object }} */ { id, method, args }) => {
      Promise.resolve()
        .then(() => methods[method]?.(args))
        .then(
          (result) => process.send?.({ id, result }),
          (/** @type {unknown} */ error) =>
            process.send?.({ id, error: error instanceof Error ? error.message : String(error) }),
        );
    },
  );
}
