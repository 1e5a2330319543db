import { html, type Html } from '../html';
import type { Person } from '../people';
import { signInForms } from './session';
import { page } from './layout';

interface PromisesPage {
  person: Person | undefined;
}

export function promisesPage({ person }: PromisesPage): string {
  const other = person?.role === 'editor' ? 'reader' : 'editor';
  const body = html`
    <h1>Promises, put to the test</h1>
    <p class="lead">
      Each button does the thing for real, with your own session, and then tries to break it: this site
      replays your old tokens against itself and shows the answers.
    </p>
    ${
      !person &&
      html`<section class="card">
        <h2>Sign in first</h2>
        <p>Four of the five need a session to work on.</p>
        ${signInForms('/promises')}
      </section>`
    }
    <div class="grid">
      ${demonstration({
        title: 'A new role, a new token',
        text: html`Your role is a claim in the token. When it changes, you get a new token in the same
        response. A tab that still has the old one goes on.`,
        action: '/promises/role',
        button: `Become ${article(other)} ${other}`,
        disabled: !person,
      })}
      ${demonstration({
        title: 'A sign-in ends older tokens',
        text: html`You sign in as the other person. Id and data of the session stay, but the token from before
        opens nothing any more, although its signature is still good.`,
        action: '/promises/sign-in',
        button: 'Sign in as somebody else',
        disabled: !person,
      })}
      ${demonstration({
        title: 'Logged out is logged out',
        text: html`A slow request has loaded your session. While it works, you log out. Then it finishes and
        saves. With many stores that brings the session back from the dead; here it stays dead.`,
        action: '/promises/race',
        button: 'Log out in the middle of it',
        disabled: !person,
      })}
      ${demonstration({
        title: 'A stolen store opens nothing',
        text: html`Somebody copies the whole store and tries to be you. All there is of your token is an id
        made of its handle, and an id is no token.`,
        action: '/promises/theft',
        button: 'Steal the store',
        disabled: !person,
      })}
      ${demonstration({
        title: 'Old cookies come along',
        text: html`You get a record and a cookie the way express-session makes them, as before the move. Then
        you walk into this site with that cookie, stay signed in and get a token.`,
        action: '/promises/legacy',
        button: 'Start with an old cookie',
        disabled: false,
      })}
    </div>
  `;
  return page({ title: 'Promises', section: '/promises', person, body });
}

interface Demonstration {
  title: string;
  text: Html;
  action: string;
  button: string;
  disabled: boolean;
}

function demonstration({ title, text, action, button, disabled }: Demonstration): Html {
  return html`<section class="card demo">
    <h2>${title}</h2>
    <p>${text}</p>
    <form method="post" action="${action}">
      <button ${disabled && html`disabled`}>${button}</button>
    </form>
  </section>`;
}

function article(word: string): string {
  return /^[aeiou]/.test(word) ? 'an' : 'a';
}
