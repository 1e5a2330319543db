/** An OpenID provider on loopback with Keycloak's addresses, in place of a Keycloak: everybody who comes signs in as ann. */
import { createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { answer } from './oauth2-server';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const kid = 'stand-in';

export interface OidcServer {
  readonly listener: RequestListener;
  /** Of the applications' sessions: what they have told when they exchanged their codes. */
  readonly sessionIds: string[];
  /** Signed as the provider signs. */
  token(claims: object): string;
}

export const CLIENT = { id: 'shop', secret: 'a secret of the shop, and a long one' } as const;
export const REALM = '/realms/test';

export function oidcServer(): OidcServer {
  const nonces = new Map<string, string | null>();
  const sessionIds: string[] = [];

  function authorize(query: URLSearchParams, res: ServerResponse): void {
    const code = randomUUID();
    nonces.set(code, query.get('nonce'));
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    res.writeHead(302, { location: back.href }).end();
  }

  function exchange(form: URLSearchParams, issuer: string, res: ServerResponse): void {
    const code = form.get('code') ?? '';
    const nonce = nonces.get(code);
    if (nonce === undefined) {
      answer(res, 400, { error: 'invalid_grant' });
      return;
    }
    nonces.delete(code);
    sessionIds.push(form.get('client_session_state') ?? '');
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, sub: 'ann', aud: CLIENT.id, azp: CLIENT.id, iat: now, exp: now + 600 };
    answer(res, 200, {
      access_token: signed({ ...claims, typ: 'Bearer' }),
      id_token: signed({ ...claims, typ: 'ID', ...(nonce !== null && { nonce }) }),
      token_type: 'Bearer',
      expires_in: 600,
    });
  }

  const listener: RequestListener = (req, res) => {
    const issuer = `http://${String(req.headers.host)}${REALM}`;
    const { pathname, searchParams } = new URL(req.url ?? '', issuer);
    const endpoint = (name: string) => `${issuer}/protocol/openid-connect/${name}`;
    if (pathname.endsWith('/auth')) authorize(searchParams, res);
    else if (pathname.endsWith('/token')) {
      void text(req).then((form) => exchange(new URLSearchParams(form), issuer, res));
    } else if (pathname.endsWith('/certs')) {
      const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
      answer(res, 200, { keys: [{ ...jwk, kid, alg: 'RS256', use: 'sig' }] });
    } else {
      answer(res, 200, {
        issuer,
        authorization_endpoint: endpoint('auth'),
        token_endpoint: endpoint('token'),
        jwks_uri: endpoint('certs'),
        end_session_endpoint: endpoint('logout'),
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    }
  };
  return { listener, sessionIds, token: signed };
}

function signed(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ alg: 'RS256', kid })}.${part(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}
