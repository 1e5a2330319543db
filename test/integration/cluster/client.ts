/** Requests to a process, or to the front of the cluster. */
import http from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: { user?: string | null; count?: number; error?: string };
  /** Ready for a Cookie header; undefined if none was set. */
  readonly cookie: string | undefined;
}

interface Options {
  readonly cookie?: string | undefined;
  readonly hold?: string;
  /** Whose connections are used again. Default: a connection of its own. */
  readonly agent?: http.Agent | undefined;
}

/** One request. */
export function send(
  { port }: { port: number },
  request: string,
  { cookie, hold, agent }: Options = {},
): Promise<Answer> {
  const [method, path] = request.split(' ');
  const headers = {
    ...(!agent && { connection: 'close' }),
    ...(cookie && { cookie }),
    ...(hold && { 'x-hold': hold }),
  };
  const options = { host: '127.0.0.1', port, method, path, headers, agent: agent ?? false };
  return new Promise((resolve, reject) => {
    const sent = http.request(options, (res) => {
      let text = '';
      res.on('data', (chunk: Buffer) => (text += chunk.toString()));
      res.on('error', reject);
      res.on('end', () => {
        const body = text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {};
        resolve({ status: res.statusCode ?? 0, body, cookie: cookieIn(res.headers['set-cookie']) });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

function cookieIn(lines: string[] = []): string | undefined {
  return lines[0]?.split(';')[0];
}

/** Sends again what a broken connection has swallowed, as browsers and proxies do. */
export async function sendAgain(...args: Parameters<typeof send>): Promise<Answer> {
  for (;;) {
    try {
      return await send(...args);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    }
  }
}

/** Signs in; the cookie of the new session. */
export async function signIn(to: { port: number }, user: string): Promise<string> {
  const { cookie, status } = await sendAgain(to, `POST /login?user=${user}`);
  if (!cookie) throw new Error(`no session for ${user}: ${String(status)}`);
  return cookie;
}
