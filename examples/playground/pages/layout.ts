/** A whole page: header, content, footer. */
import type { Person } from '../people';
import { html, type Content, type Html } from '../html';

interface Page {
  title: string;
  /** The address of the navigation entry this page belongs to. */
  section?: string;
  person?: Person | undefined;
  /** Where the page shall be looked at again and again: the pause in seconds. */
  refresh?: number;
  body: Content;
}

const sections = [
  ['/', 'Session'],
  ['/token', 'Token'],
  ['/store', 'Store'],
  ['/cookie', 'Cookie'],
  ['/refresh', 'Refresh'],
  ['/demos', 'Demos'],
  ['/docs', 'Docs'],
] as const;

const current = html`aria-current="page"`;

const stylesheets = ['/base.css', '/layout.css', '/header.css', '/parts.css', '/details.css', '/demo.css'];

/** A whole document. The menu is a popover on narrow screens and a row on wide ones; it needs no script. */
export function page({ title, section, person, refresh, body }: Page): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · express-session-jwt playground</title>
        ${stylesheets.map((address) => html`<link rel="stylesheet" href="${address}" />`)}
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <script src="/no-reloads.js" defer></script>
        ${
          refresh !== undefined &&
          html`<noscript><meta http-equiv="refresh" content="${refresh}" /></noscript>`
        }
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header class="site">
          <a class="brand" href="/">express-session-jwt <span>playground</span></a>
          <button class="quiet menu-button" type="button" popovertarget="menu">Menu</button>
          <div class="menu" id="menu" popover>
            <nav aria-label="Pages">
              <ul>
                ${sections.map(
                  ([address, name]) =>
                    html`<li><a href="${address}" ${address === section && current}>${name}</a></li>`,
                )}
              </ul>
            </nav>
            ${person && signedIn(person)}
          </div>
        </header>
        <main id="content" tabindex="-1" ${refresh !== undefined && html`data-refresh="${refresh}"`}>
          ${body}
        </main>
        <footer>
          <p>A demonstration: invented people, no passwords, reachable from this machine only.</p>
        </footer>
      </body>
    </html>`.toString();
}

function signedIn(person: Person): Html {
  return html`<form class="account" method="post" action="/sign-out">
    <span class="name">${person.name.split(' ')[0]} <span class="tag">${person.role}</span></span>
    <button class="quiet">Sign out</button>
  </form>`;
}
