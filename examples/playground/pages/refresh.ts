/** How tokens are followed by new ones before they expire. */
import type { JwtPayload } from 'express-session-jwt';
import { html, type Html } from '../html';
import type { Person } from '../people';
import { fromNow, inWords } from '../times';
import { wordList } from '../words';
import { page } from './layout';
import { noCookie } from './no-cookie';

interface RefreshPage {
  person: Person | undefined;
  /** Those of the visitor's token; undefined where the browser holds none. */
  claims: JwtPayload | undefined;
  /** Names of the tokens that came here with this session. */
  seen: readonly string[];
  /** In seconds. */
  expiresIn: number;
}

const pause = 5;

export function refreshPage({ person, claims, seen, expiresIn }: RefreshPage): string {
  const body = html`
    <h1>A token that does not grow old</h1>
    <p class="lead">
      Tokens here are good for ${inWords(expiresIn * 1000)}. When less than half of that is left, the next
      request brings a new one of the same session and generation. Nothing is written for that, and all of
      them open the session.
    </p>
    ${claims ? history(claims, seen) : noCookie('/refresh')}
    ${wordList(['token', 'session', 'generation', 'verifier'])}
    <p class="next">
      <span>Read more:</span> <a href="/docs/tokens#lifetime">Tokens: lifetime</a>
      <a href="/docs/options#jwtexpiresin">The option jwt.expiresIn</a>
    </p>
  `;
  return page({ title: 'Refresh', section: '/refresh', person, body, ...(claims && { refresh: pause }) });
}

function history(claims: JwtPayload, seen: readonly string[]): Html {
  return html`
    <section class="card">
      <h2>Your token</h2>
      <p>
        It expires <strong data-testid="left">${expiry(claims)}</strong>; the next one comes before. This page
        looks again every ${inWords(pause * 1000)}; any other request would do as well.
      </p>
      <h3>Those that came here with this session, each by a name made of it</h3>
      <ol data-testid="seen">
        ${seen.map((digest) => html`<li><code>${digest}</code></li>`)}
      </ol>
    </section>
    <section class="card">
      <h2>Who needs that</h2>
      <p>
        Services that only verify tokens: they do not learn of a sign-out, so what they believe has to end by
        itself. <a href="/verifier">See what such a service makes of yours</a>.
      </p>
    </section>
  `;
}

/** When a token expires, in words. */
export function expiry({ exp = 0 }: JwtPayload): string {
  return fromNow(exp * 1000);
}
