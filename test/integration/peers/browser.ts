/** A browser that keeps the cookies of one site. */
export interface Answer {
  readonly status: number;
  /** Parsed, if it is JSON. */
  readonly body: unknown;
  /** The Set-Cookie line of the session. */
  readonly setCookie: string | undefined;
  readonly headers: Headers;
}

export class Browser {
  readonly url: string;
  readonly name: string;
  /** `name=value` of the session's cookie, ready for a Cookie header. */
  cookie: string | undefined;

  constructor(url: string, cookie?: string, name = 'connect.sid') {
    this.url = url;
    this.cookie = cookie;
    this.name = name;
  }

  /** Somebody else with the cookie that this browser has now. */
  copy(): Browser {
    return new Browser(this.url, this.cookie, this.name);
  }

  async visit(path: string, init: RequestInit = {}): Promise<Answer> {
    const cookie = this.cookie;
    const response = await fetch(this.url + path, {
      redirect: 'manual',
      ...init,
      headers: { connection: 'close', ...(cookie && { cookie }), ...(init.headers as object) },
    });
    const text = await response.text();
    const setCookie = response.headers.getSetCookie().find((line) => line.startsWith(`${this.name}=`));
    if (setCookie !== undefined) this.cookie = setCookie.split(';')[0];
    return { status: response.status, body: parsed(text), setCookie, headers: response.headers };
  }

  /** What the page says of the session. */
  async look(path = '/look'): Promise<Record<string, unknown>> {
    return (await this.visit(path)).body as Record<string, unknown>;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** When a cookie expires, in ms from now; undefined: with the browser's session. */
export function lifetimeOf({ setCookie }: Answer): number | undefined {
  const text = /; Expires=([^;]+)/i.exec(setCookie ?? '')?.[1];
  return text === undefined ? undefined : new Date(text).valueOf() - Date.now();
}
