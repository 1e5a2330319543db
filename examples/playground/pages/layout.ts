import type { Person } from '../people';
import { html, type Content, type Html } from '../html';

interface Page {
  title: string;
  /** The address of the navigation entry this page belongs to. */
  section?: string;
  person?: Person | undefined;
  body: Content;
}

const sections = [
  ['/', 'Session'],
  ['/token', 'Token'],
  ['/store', 'Store'],
  ['/cookie', 'Cookie'],
  ['/refresh', 'Refresh'],
  ['/promises', 'Promises'],
] as const;

const current = html`aria-current="page"`;

const stylesheets = ['/base.css', '/layout.css', '/parts.css', '/details.css'];

/** A whole document. */
export function page({ title, section, person, body }: Page): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · express-session-jwt playground</title>
        ${stylesheets.map((address) => html`<link rel="stylesheet" href="${address}" />`)}
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header class="site">
          <a class="brand" href="/">express-session-jwt <span>playground</span></a>
          <nav aria-label="Pages">
            <ul>
              ${sections.map(
                ([address, name]) =>
                  html`<li><a href="${address}" ${address === section && current}>${name}</a></li>`,
              )}
            </ul>
          </nav>
          ${person && signedIn(person)}
        </header>
        <main id="content" tabindex="-1">${body}</main>
        <footer>
          <p>A demonstration: two invented people, no passwords, reachable from this machine only.</p>
        </footer>
      </body>
    </html>`.toString();
}

function signedIn(person: Person): Html {
  return html`<form class="account" method="post" action="/sign-out">
    <span>${person.name} <span class="tag">${person.role}</span></span>
    <button class="quiet">Sign out</button>
  </form>`;
}
