/** What a service sees of the visitor that has the public key alone. */
import type { JwtPayload } from 'express-session-jwt';
import { html } from '../html';
import { json } from '../json';
import { wordList } from '../words';
import { page } from './layout';
import { expiry } from './refresh';

export function verifierPage(claims: JwtPayload | undefined): string {
  const body = html`
    <h1>Another service</h1>
    <p class="lead">
      A second middleware answers here. It has the public key alone: no private key, no store, no way to ask
      whether your session still lives. What it knows of you is in the token.
    </p>
    ${
      claims
        ? html`<section class="card">
            <h2>What it sees as <code>req.session.jwt</code></h2>
            <div data-testid="claims">${json(claims, 'claims')}</div>
            <p>
              It believes this until the token expires, ${expiry(claims)}, also if you sign out meanwhile.
            </p>
          </section>`
        : html`<section class="card" data-testid="refused">
            <h2>No token that it accepts</h2>
            <p>
              None came, or it has expired. This service can issue none; the one that signed it does, with the
              next request that goes there.
            </p>
          </section>`
    }
    ${wordList(['verifier', 'token', 'claims', 'public key', 'private key', 'store'])}
    <p class="next">
      <a href="/refresh">Back to the service that signs</a>
      <a href="/demos/two-services">The same beside express-session</a>
      <a href="/docs/verifying">Verifying tokens in another service</a>
    </p>
  `;
  return page({ title: 'Verifier', body });
}
