import type { Request } from 'express';
import { cookieName } from './token';

/** What `/whoami` tells the holder of a session. */
export interface WhoAmI {
  signedIn: boolean;
  name?: string;
  role?: string;
  views?: number;
}

export interface Answer<Body> {
  status: number;
  body: Body;
}

/** The site's own address, as it reaches itself. */
export function ownAddress(req: Request): string {
  return `http://127.0.0.1:${String(req.socket.localPort)}`;
}

/** Requests a page of this site as a client would that holds this cookie value. */
export async function requestWith<Body>(cookie: string, url: string): Promise<Answer<Body>> {
  const response = await fetch(url, {
    headers: { cookie: `${cookieName}=${encodeURIComponent(cookie)}` },
    redirect: 'manual',
    signal: AbortSignal.timeout(5000),
  });
  return { status: response.status, body: (await response.json()) as Body };
}

export function whoIs(cookie: string, address: string): Promise<Answer<WhoAmI>> {
  return requestWith<WhoAmI>(cookie, `${address}/whoami`);
}
