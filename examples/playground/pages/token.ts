/** The visitor's token, taken apart. */
import { html, type Html } from '../html';
import { json } from '../json';
import type { Person } from '../people';
import { shortened, takeApart, type TokenParts } from '../token';
import { fromNow } from '../times';
import { wordList } from '../words';
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
    ${wordList(['token', 'claims', 'signature', 'private key', 'public key', 'handle', 'generation'])}
    <p class="next">
      <span>Read more:</span> <a href="/docs/tokens">Tokens</a> <a href="/docs/keys">Keys</a>
      <a href="/demos/keys">Forged tokens, and a new key</a>
    </p>
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
    <div class="columns token">
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
          <span class="tag">readable</span> What <code>jwtFromReq</code> chose to tell the world, when it was
          issued (${fromNow(token.claims.iat * 1000)}), and <code>ses</code>: which session the token opens,
          and in which generation.
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
        ${hidden.map((name, index) => html`${index > 0 && ', '}<code>${name}</code>`)}. It finds them by the
        id that is made of the handle, <code>ses.id</code>, with SHA-256:
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
