/** What a page says to a visitor without a session. */
import { html, type Html } from '../html';
import { signInForms } from './session';

export function noCookie(back: string): Html {
  return html`<section class="card">
    <h2>You have no session yet</h2>
    <p>
      This visit left none behind either: a session nobody writes to costs no signature, no cookie and no
      store entry. Sign in to get one.
    </p>
    ${signInForms(back)}
  </section>`;
}
