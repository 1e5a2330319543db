/* A browser of the load generator. */

import { cookieIn } from '../http/connection.mjs';

/** @typedef {import('../http/connection.mjs').Connection} Connection */

/** A browser with one session. It sends as many requests at once as its scenario says. */
export class Browser {
  #scenario;
  #cookie;
  #requests = 0;

  /**
   * @param {import('./types.ts').StoreScenario} scenario
   * @param {string | null} cookie
   */
  constructor(scenario, cookie) {
    this.#scenario = scenario;
    this.#cookie = cookie;
  }

  /**
   * Gets its session.
   *
   * @param {readonly Connection[]} connections
   */
  async begin([connection]) {
    const { begin } = this.#scenario;
    if (begin !== undefined && connection) this.#cookie = cookieIn(await connection.get(null, begin));
  }

  /**
   * Opens the page of the scenario on each of the connections at once.
   *
   * @param {readonly Connection[]} connections
   */
  async visit(connections) {
    if (connections.length === 1 && connections[0]) await this.#open(connections[0]);
    else await Promise.all(connections.map((connection) => this.#open(connection)));
  }

  /**
   * One visit that has to be as the scenario says.
   *
   * @param {readonly Connection[]} connections
   * @param {boolean | undefined} setsCookie undefined: there are no sessions
   * @throws Error with the reason if it is not
   */
  async check([connection], setsCookie) {
    if (!connection) return;
    const { first, last } = await this.#open(connection);
    if (setsCookie === undefined) return;
    const body = last.slice(last.indexOf('\r\n\r\n') + 4);
    if (!this.#scenario.reads.test(body)) throw new Error(`the page says "${body}"`);
    const isSet = cookieIn(first) !== null;
    if (isSet !== setsCookie) throw new Error(setsCookie ? 'it sets no cookie' : 'it sets a cookie');
  }

  /** How many requests it has sent since the last call. */
  takeCount() {
    const count = this.#requests;
    this.#requests = 0;
    return count;
  }

  /**
   * Opens the page and follows redirects.
   *
   * @param {Connection} connection
   */
  async #open(connection) {
    const { path, keepsCookie } = this.#scenario;
    const first = await this.#get(connection, path);
    if (keepsCookie) this.#cookie = cookieIn(first) ?? this.#cookie;
    const location = /\r\nlocation: ([^\r]*)/i.exec(first)?.[1];
    const last = location === undefined ? first : await this.#get(connection, location);
    if (!last.startsWith('HTTP/1.1 200 ')) throw new Error(`it answers ${last.slice(0, 20)}`);
    return { first, last };
  }

  /**
   * @param {Connection} connection
   * @param {string} path
   */
  #get(connection, path) {
    this.#requests += 1;
    return connection.get(this.#cookie, path);
  }
}
