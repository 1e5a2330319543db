import { html, json } from '../html';
import type { Entry } from '../storage';
import { shortened } from '../token';
import { page } from './layout';

/** What there is before the move: shown without the new middleware, which would upgrade the cookie. */
export function legacyPage(cookie: string, entry: Entry): string {
  const at = cookie.lastIndexOf('.');
  const body = html`
    <h1>Before the move</h1>
    <p class="lead">
      You are signed in the way express-session does it: a record in the store, and a signed cookie in your
      browser that names it. The new middleware has seen neither yet.
    </p>
    <section class="card">
      <h2>The old cookie</h2>
      <p class="raw">
        <span class="part-header">s:</span><span class="part-claims">${cookie.slice(2, at)}</span
        ><span class="part-signature">.${shortened(cookie.slice(at + 1))}</span>
      </p>
      <p>
        The mark of express-session, the session’s id, and a signature made with the secret (cut short here).
      </p>
    </section>
    <section class="card">
      <h2>The old record</h2>
      <p>The store knows the session by that very id. It stays there, and keeps the id.</p>
      <h3 class="digest">${entry.id}</h3>
      ${json(entry.record)}
    </section>
    <p class="next">
      <a class="button" href="/promises/legacy/after">Walk into the new site with this cookie</a>
    </p>
  `;
  return page({ title: 'Before the move', section: '/promises', body });
}
