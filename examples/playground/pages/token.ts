import { html, json, type Html } from '../html';
import type { Person } from '../people';
import { shortened, takeApart, type TokenParts } from '../token';
import { noCookie } from './no-cookie';
import { page } from './layout';

interface TokenPage {
  person: Person | undefined;
  token: string | undefined;
  publicKey: string;
  /** Members of the session that are not in the token. */
  hidden: readonly string[];
}

export function tokenPage({ person, token, publicKey, hidden }: TokenPage): string {
  const body = html`
    <h1>The token, taken apart</h1>
    <p class="lead">
      The cookie’s value is three pieces of text with dots between them. Two can be read by everybody who
      holds it, the third proves that nobody changed them.
    </p>
    ${token === undefined ? noCookie('/token') : parts(takeApart(token), token, publicKey, hidden)}
  `;
  return page({ title: 'Token', section: '/token', person, body });
}

function parts(token: TokenParts, text: string, publicKey: string, hidden: readonly string[]): Html {
  const [header = '', claims = ''] = text.split('.');
  return html`
    <p class="raw" data-testid="token">
      <span class="part-header">${header}</span>.<span class="part-claims">${claims}</span>.<span
        class="part-signature"
        >${shortened(token.signature)}</span
      >
    </p>
    <p class="aside">
      ${token.length} characters. The signature is cut short here on purpose: whoever has the whole token has
      your session, so it belongs in the cookie and nowhere else, not even in a page.
    </p>
    <div class="columns">
      <section class="card edge-header">
        <h2>Header</h2>
        ${json(token.header, 'header')}
        <p>
          <span class="tag">readable</span> How it was signed. This site takes <code>ES256</code> and nothing
          else, whatever a token says of itself.
        </p>
      </section>
      <section class="card edge-claims">
        <h2>Claims</h2>
        ${json(token.claims, 'claims')}
        <p>
          <span class="tag">readable</span> What <code>jwtFromReq</code> chose to tell the world, the moment
          of issue (${when(token.claims.iat)}), and <code>ses</code>: which session the token opens, and in
          which generation.
        </p>
      </section>
      <section class="card edge-signature">
        <h2>Signature</h2>
        <pre class="part-signature">${shortened(token.signature)}</pre>
        <p>
          <span class="tag">verifiable</span> ECDSA over the other two pieces. Made with the private key,
          checked with the public one, by any service in any language.
        </p>
      </section>
    </div>
    <section class="card">
      <h2>What nobody reads here</h2>
      <p>
        The session itself is not in the token. Of yours, the server alone knows
        ${hidden.map((name, index) => html`${index > 0 && ', '}<code>${name}</code>`)}. ${howItIsFound(token)}
      </p>
      <p class="digest">${token.id}</p>
      <p>
        The token opens the session as long as the record is in generation
        <strong data-testid="generation">${token.claims.ses.gen}</strong>, as the token says. The next sign-in
        begins another one.
      </p>
    </section>
    <section class="card">
      <h2>The public key</h2>
      <p>All that another service needs to check the token. It can make none.</p>
      <pre class="plain">${publicKey.trim()}</pre>
    </section>
  `;
}

function howItIsFound({ claims }: TokenParts): Html {
  return claims.ses.lid === undefined
    ? html`It finds them by the id that is made of the handle, <code>ses.id</code>, with SHA-256:`
    : html`It finds them by the id that express-session gave them, <code>ses.lid</code>:`;
}

function when(seconds: unknown): string {
  return typeof seconds === 'number'
    ? new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, 19) + ' UTC'
    : '?';
}
