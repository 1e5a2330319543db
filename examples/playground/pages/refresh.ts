import type { JwtPayload } from 'express-session-jwt';
import { html, type Html } from '../html';
import type { Person } from '../people';
import { page } from './layout';
import { noCookie } from './no-cookie';

interface RefreshPage {
  person: Person | undefined;
  /** Those of the visitor's token; undefined where the browser holds none. */
  claims: JwtPayload | undefined;
  /** Names of the tokens that came here with this session. */
  seen: readonly string[];
  expiresIn: string;
}

export function refreshPage({ person, claims, seen, expiresIn }: RefreshPage): string {
  const body = html`
    <h1>A token that does not grow old</h1>
    <p class="lead">
      Tokens here are good for ${expiresIn}. When less than half of that is left, the next request brings a
      new one of the same session and generation. Nothing is written for that, and all of them open the
      session.
    </p>
    ${claims ? history(claims, seen) : noCookie('/refresh')}
  `;
  return page({ title: 'Refresh', section: '/refresh', person, body });
}

function history(claims: JwtPayload, seen: readonly string[]): Html {
  return html`
    <section class="card">
      <h2>Your token</h2>
      <p>
        It expires in <strong data-testid="left">${secondsLeft(claims)}</strong> seconds; the next one comes
        before. This page asks again every five seconds; any other request would do as well.
      </p>
      <h3>Those that came here with this session, by the first characters of their digests</h3>
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

export function secondsLeft({ exp = 0 }: JwtPayload): number {
  return Math.max(0, exp - Math.floor(Date.now() / 1000));
}
