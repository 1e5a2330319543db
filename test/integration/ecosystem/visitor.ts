/** A browser that keeps all cookies of one site, and writes down what it is shown. */
import type { Findings } from '../peers/expected';
import { about } from '../peers/scenario';

export interface Page {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** Parsed, if it is JSON. */
  readonly json: unknown;
}

/** What one side has shown. */
export interface Seen {
  readonly findings: Findings;
  /** Of each cookie by step and name: its attributes, without its value. */
  readonly attributes: Map<string, string>;
}

/** Longer pages are not written down: they are looked at by the test. */
const SHORT = 120;

export class Visitor {
  readonly url: string;
  readonly jar: Map<string, string>;
  readonly #seen: Seen;

  constructor(url: string, seen: Seen, jar = new Map<string, string>()) {
    this.url = url;
    this.#seen = seen;
    this.jar = jar;
  }

  /** Somebody else with the cookies that this one has now. */
  copy(): Visitor {
    return new Visitor(this.url, this.#seen, new Map(this.jar));
  }

  get cookie(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Visits a page without writing it down. */
  async open(target: string, init: RequestInit = {}): Promise<Page> {
    const response = await fetch(new URL(target, this.url), {
      redirect: 'manual',
      ...init,
      headers: {
        connection: 'close',
        ...(this.jar.size > 0 && { cookie: this.cookie }),
        ...(init.headers as object),
      },
    });
    this.keep(response.headers.getSetCookie());
    const text = await response.text();
    return { status: response.status, text, headers: response.headers, json: parsed(text) };
  }

  /**
   * Writes down, under the name of the step: the status; where it redirects to, or the page if it is short; and the cookies
   * that were set (`+name`) or taken back (`-name`).
   */
  async visit(step: string, target: string, init: RequestInit = {}): Promise<Page> {
    const page = await this.open(target, init);
    this.note(step, this.#line(step, page));
    return page;
  }

  note(name: string, finding: unknown): void {
    if (name in this.#seen.findings) throw new Error(`there are two findings "${name}"`);
    this.#seen.findings[name] = finding;
  }

  /** Takes what a response sets. */
  keep(lines: readonly string[]): void {
    for (const line of lines) {
      const { name, value, isGone } = cookieOf(line);
      if (isGone) this.jar.delete(name);
      else this.jar.set(name, value);
    }
  }

  #line(step: string, { status, text, headers }: Page): string {
    const location = headers.get('location');
    const shown = location === null ? text : this.#place(location);
    const set = headers.getSetCookie().map((line) => {
      const { name, isGone, attributes } = cookieOf(line);
      this.#seen.attributes.set(`${step}: ${name}`, attributes);
      return `${isGone ? '-' : '+'}${name}`;
    });
    const type = headers.get('content-type')?.startsWith('text/html') ? ' (a page)' : '';
    return [String(status), text.length > SHORT && location === null ? `…${type}` : shown, ...set]
      .filter((part) => part !== '')
      .join(' ');
  }

  /** Ports and random parameters are different at each run. */
  #place(location: string): string {
    const { origin, pathname, search } = new URL(location, this.url);
    const own = origin === new URL(this.url).origin;
    return own ? pathname + search.replace(/=[^&]{20,}/g, '=…') : `elsewhere${pathname}`;
  }
}

function cookieOf(line: string): { name: string; value: string; isGone: boolean; attributes: string } {
  const [pair = '', ...rest] = line.split('; ');
  const at = pair.indexOf('=');
  const value = pair.slice(at + 1);
  const attributes = rest.map((attribute) => {
    const expires = /^Expires=(.*)$/i.exec(attribute)?.[1];
    if (expires === undefined) return attribute;
    const left = new Date(expires).valueOf() - Date.now();
    return left < 0 ? 'Expires=past' : `Expires in ${String(about(left))}`;
  });
  const isGone = value === '' || attributes.includes('Expires=past');
  return { name: pair.slice(0, at), value, isGone, attributes: attributes.sort().join('; ') };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
