/** A visitor of a demonstration's site: a browser with one cookie, whose requests are written in code. */
import { parseCookie } from 'cookie';
import { cookieName } from '../token';

export interface Answer {
  status: number;
  /** Whom the site takes the visitor for. */
  you?: string | null;
  role?: string | null;
  visits?: number;
  /** The cookie that came with this answer. */
  cookie?: string;
}

/** An answer that is still on its way. */
export interface Stream {
  /** What has arrived first. */
  begin: string;
  rest(): Promise<string>;
  leave(): void;
}

const patience = 5000;

export class Browser {
  constructor(
    readonly address: string,
    /** What it holds: the value of the session cookie. */
    public cookie?: string,
  ) {}

  get(path: string): Promise<Answer> {
    return this.#ask('GET', path);
  }

  post(path: string): Promise<Answer> {
    return this.#ask('POST', path);
  }

  /** Asks for something that arrives piece by piece. */
  async stream(path: string): Promise<Stream> {
    const leaving = new AbortController();
    const response = await this.#fetch('POST', path, leaving.signal);
    this.#keep(cookieOf(response));
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (!reader) throw new Error('this answer has no body');
    const begin = (await reader.read()).value ?? '';
    return {
      begin,
      rest: async () => {
        let text = '';
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return text;
          text += value;
        }
      },
      leave: () => {
        // It ends with an error, as for everybody who hangs up.
        reader.closed.catch(() => undefined);
        leaving.abort();
      },
    };
  }

  async #ask(method: string, path: string): Promise<Answer> {
    const response = await this.#fetch(method, path);
    const cookie = cookieOf(response);
    this.#keep(cookie);
    const type = response.headers.get('content-type') ?? '';
    const body = type.includes('json') ? ((await response.json()) as Partial<Answer>) : {};
    return { ...body, status: response.status, ...(cookie !== undefined && { cookie }) };
  }

  #fetch(method: string, path: string, leaving?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> =
      this.cookie === undefined ? {} : { cookie: `${cookieName}=${encodeURIComponent(this.cookie)}` };
    const timeout = AbortSignal.timeout(patience);
    const signal = leaving ? AbortSignal.any([leaving, timeout]) : timeout;
    return fetch(this.address + path, { method, headers, redirect: 'manual', signal });
  }

  #keep(cookie: string | undefined): void {
    if (cookie !== undefined) this.cookie = cookie;
  }
}

function cookieOf(response: Response): string | undefined {
  const line = response.headers.getSetCookie().find((text) => text.startsWith(`${cookieName}=`));
  return line === undefined ? undefined : parseCookie(line)[cookieName];
}
