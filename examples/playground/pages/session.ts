/** The first page: the visitor's session. */
import { html, type Html } from '../html';
import { json } from '../json';
import { people, type Person } from '../people';
import { wordList } from '../words';
import { page } from './layout';

interface SessionPage {
  person: Person | undefined;
  views: number;
  note: string | undefined;
  /** The session as it is stored. */
  data: unknown;
  /** Whether the browser sent the cookie of this very session. */
  known: boolean;
}

export function sessionPage({ person, views, note, data, known }: SessionPage): string {
  return page({
    title: 'Session',
    section: '/',
    person,
    body: html`
      ${person ? welcome(person) : signIn()}
      <section class="card split" aria-labelledby="views">
        <div>
          <h2 id="views">Your session</h2>
          <p class="counter">
            <strong data-testid="views">${views}</strong> ${views === 1 ? 'view' : 'views'} of this page
          </p>
          <p>
            ${
              known
                ? 'Come back and it counts on. The number lives on the server; your browser only holds a token.'
                : 'Your first visit: this very response brings the cookie with your first token.'
            }
          </p>
          <form method="post" action="/note" class="line">
            <label for="note">A note to keep in the session</label>
            <div class="field">
              <input id="note" name="note" maxlength="120" autocomplete="off" value="${note}" />
              <button>Keep it</button>
            </div>
          </form>
        </div>
        <div>
          <h3>What the handlers see as <code>req.session</code></h3>
          ${json(data)}
        </div>
      </section>
      ${wordList(['session', 'cookie', 'token', 'claims', 'generation'])}
      <p class="next">
        <span>Read more:</span> <a href="/docs/session">The session in a request</a>
        <a href="/docs">All documentation</a>
      </p>
    `,
  });
}

function signIn(): Html {
  return html`<section class="hero" aria-labelledby="hello">
    <h1 id="hello">A session you can look inside</h1>
    <p class="lead">
      This site uses express-session’s API, unchanged. The cookie is a signed token, the data stays on the
      server. Sign in as one of two people and see where everything goes, or
      <a href="/demos">see it side by side with express-session</a>.
    </p>
    ${signInForms()}
  </section>`;
}

/** One button for each person; `back` is the page to return to. */
export function signInForms(back = '/'): Html {
  return html`<ul class="people">
    ${people.map(
      (person) =>
        html`<li>
          <form method="post" action="/sign-in" class="person">
            <input type="hidden" name="back" value="${back}" />
            <span class="initial" aria-hidden="true">${person.name.slice(0, 1)}</span>
            <span class="who">${person.name} <span class="tag">${person.role}</span></span>
            <button name="person" value="${person.id}">Sign in as ${person.name.split(' ')[0]}</button>
          </form>
        </li>`,
    )}
  </ul>`;
}

function welcome(person: Person): Html {
  return html`<section class="hero" aria-labelledby="hello">
    <h1 id="hello">Hello, ${person.name.split(' ')[0]}</h1>
    <p class="lead">
      Signing in changed the claims, so your session is in its next generation: you got a new token, and those
      from before open nothing. Id and data stayed, and the counter below went on counting.
    </p>
    <p class="next">
      <a href="/token">Take the token apart</a>
      <a href="/store">See what the store holds</a>
      <a href="/demos">Compare with express-session</a>
    </p>
  </section>`;
}
