/** An OAuth2 server on loopback, in place of a provider on the internet: everybody who comes signs in as ann. */
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { URL } from 'node:url';

interface Grant {
  readonly redirectUri: string;
  /** Of PKCE: the verifier has to hash to it. */
  readonly challenge: string | null;
}

export function oauth2Server(): RequestListener {
  const codes = new Map<string, Grant>();

  function authorize(query: URLSearchParams, res: ServerResponse): void {
    const redirectUri = query.get('redirect_uri') ?? '';
    const code = randomUUID();
    codes.set(code, { redirectUri, challenge: query.get('code_challenge') });
    const back = new URL(redirectUri);
    back.searchParams.set('code', code);
    const state = query.get('state');
    if (state !== null) back.searchParams.set('state', state);
    res.writeHead(302, { location: back.href }).end();
  }

  async function exchange(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(req));
    const code = form.get('code') ?? '';
    const { redirectUri, challenge } = codes.get(code) ?? {};
    codes.delete(code);
    const hashed = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isGood = redirectUri === form.get('redirect_uri') && (challenge === null || challenge === hashed);
    answer(res, isGood ? 200 : 400, isGood ? { access_token: 'token-of-ann' } : { error: 'invalid_grant' });
  }

  return (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '', 'http://provider');
    if (pathname === '/authorize') authorize(searchParams, res);
    else if (pathname === '/token') void exchange(req, res);
    else answer(res, 200, { id: 'ann', token: req.headers.authorization });
  };
}

export function answer(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Goes to the provider and comes back with the address that it redirects to. */
export async function back({ headers }: { readonly headers: Headers }): Promise<string> {
  const response = await fetch(headers.get('location') ?? '', { redirect: 'manual' });
  return response.headers.get('location') ?? '';
}
