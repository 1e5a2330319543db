import { Exchange } from './exchange.mjs';
import { createHandler, fail } from './handle.mjs';

/** A subject's middleware at work in this process. */
export class Running {
  #setup;
  #site;

  /**
   * @param {import('../types.ts').Subject} subject
   * @param {import('../types.ts').Setup} setup
   * @param {import('../types.ts').BenchStore} [store] undefined: one of its own
   */
  constructor(subject, setup, store) {
    this.subject = subject;
    this.#setup = setup;
    this.#site = subject.create(setup, store);
  }

  get middleware() {
    return this.#site.middleware;
  }

  get store() {
    return this.#site.store;
  }

  /** Starts the middleware anew: with the same keys and the same sessions, and nothing remembered. */
  renew() {
    this.#site = this.subject.create(this.#setup, this.#site.store);
  }

  /** Drops all sessions. */
  clear() {
    this.#site.store?.clear();
  }

  /**
   * One visit, after which the client has the cookie it got.
   *
   * @param {import('../types.ts').Client} client
   * @param {import('../types.ts').Act} act
   * @param {boolean} writes whether `act` changes the session
   * @returns {Promise<import('../types.ts').Answer>}
   */
  visit(client, act, writes) {
    const handle = createHandler(this.subject, act, writes);
    const exchange = new Exchange(client);
    const { req, res } = exchange;
    return new Promise((resolve) => {
      res.once('finish', () => {
        const { setCookie, body } = exchange;
        if (setCookie !== undefined) client.cookie = setCookie;
        resolve({ status: res.statusCode, body, setCookie });
      });
      this.middleware(req, res, (error) => {
        if (error) fail(res, error);
        else handle(req, res);
      });
    });
  }
}
