import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { Exchange } from './exchange.mjs';
import { createHandler } from './handle.mjs';

/** So many at once that what one turn of the event loop takes is next to nothing for each. */
const IN_FLIGHT = 64;

/** Lets the clients of a scenario visit a site, and takes the time. */
export class Loop {
  #site;
  #scenario;
  #visitors;
  #handle;

  /**
   * @param {import('./site.mjs').Running} site
   * @param {import('../types.ts').Scenario} scenario
   * @param {import('../types.ts').Visitors} visitors
   */
  constructor(site, scenario, visitors) {
    this.#site = site;
    this.#scenario = scenario;
    this.#visitors = visitors;
    this.#handle = createHandler(site.subject, scenario.act, scenario.writes);
  }

  /**
   * Keeps busy for about this long. The time that counts is that of middleware, handler and the end of the response;
   * making the requests is left out.
   *
   * @param {number} ms
   * @returns {Promise<import('../types.ts').Slice>}
   */
  async run(ms) {
    const { keepsCookie, fillsStore, inFlight = IN_FLIGHT } = this.#scenario;
    const slice = { count: 0, ms: 0 };
    const until = performance.now() + ms;
    while (performance.now() < until) {
      const exchanges = Array.from({ length: inFlight }, () => new Exchange(this.#visitors.next()));
      slice.ms += await this.#serve(exchanges);
      slice.count += inFlight;
      if (keepsCookie) for (const { client, setCookie } of exchanges) client.cookie = setCookie;
      // What is left over from these requests is not to be done in the next ones' time.
      await setImmediate();
    }
    if (fillsStore) this.#site.clear();
    return slice;
  }

  /**
   * @param {Exchange[]} exchanges
   * @returns {Promise<number>} ms until the last response was finished
   */
  #serve(exchanges) {
    const { middleware } = this.#site;
    return new Promise((resolve, reject) => {
      let pending = exchanges.length;
      const finished = () => {
        pending -= 1;
        if (pending === 0) resolve(performance.now() - start);
      };
      for (const { res } of exchanges) res.once('finish', finished);
      const start = performance.now();
      for (const { req, res } of exchanges) {
        middleware(req, res, (error) => {
          if (error) reject(error);
          else this.#handle(req, res);
        });
      }
    });
  }
}
