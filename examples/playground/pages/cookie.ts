/** The flags of the visitor's cookie. */
import { html, type Html } from '../html';
import type { Person } from '../people';
import { cookieName } from '../token';
import { fromNow } from '../times';
import { wordList } from '../words';
import { noCookie } from './no-cookie';
import { page } from './layout';

export interface CookieFlags {
  path?: string | undefined;
  expires?: Date | string | boolean | null | undefined;
  httpOnly?: boolean | undefined;
  secure?: boolean | string | undefined;
  sameSite?: boolean | string | undefined;
  domain?: string | undefined;
}

interface CookiePage {
  person: Person | undefined;
  /** The cookie's settings, where the visitor has it. */
  flags: CookieFlags | undefined;
  tokenLength: number;
  setCookie: string;
}

export function cookiePage({ person, flags, tokenLength, setCookie }: CookiePage): string {
  const body = html`
    <h1>The cookie and its flags</h1>
    <p class="lead">
      What the browser was told to do with the token. The options are those of express-session.
    </p>
    ${flags ? settings(flags, tokenLength, setCookie) : noCookie('/cookie')}
    ${wordList(['cookie', 'session', 'token'])}
    <p class="next">
      <span>Read more:</span> <a href="/docs/options#cookie">The option cookie</a>
      <a href="/docs/deployment">Deployment: proxies and https</a>
    </p>
  `;
  return page({ title: 'Cookie', section: '/cookie', person, body });
}

function settings(flags: CookieFlags, tokenLength: number, setCookie: string): Html {
  return html`
    <section class="card">
      <h2>As it is sent</h2>
      <pre class="plain">Set-Cookie: ${setCookie}</pre>
    </section>
    <section class="card">
      <table>
        <caption>
          Flags of this session’s cookie
        </caption>
        <thead>
          <tr>
            <th scope="col">Flag</th>
            <th scope="col">Value</th>
            <th scope="col">What it does</th>
          </tr>
        </thead>
        <tbody>
          ${rows(flags, tokenLength).map(
            ([name, value, meaning]) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td><code>${value}</code></td>
                <td>${meaning}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </section>
  `;
}

function rows(flags: CookieFlags, tokenLength: number): [string, string, string][] {
  const size = tokenLength + cookieName.length;
  return [
    [
      'Name',
      cookieName,
      'The name express-session uses, so that its cookies are found, and their sessions get tokens.',
    ],
    [
      'Size',
      `${String(size)} of 4096 bytes`,
      'Name and token. A token that would be too long for a browser is an error, never a lost login.',
    ],
    ['HttpOnly', yesNo(flags.httpOnly), 'Scripts in the page cannot read it.'],
    [
      'Secure',
      yesNo(flags.secure),
      'Sent over https only. The option says “auto”: on where the connection is secure, off for http on your own machine.',
    ],
    ['SameSite', text(flags.sameSite), 'Forms on other sites cannot send it along.'],
    ['Path', text(flags.path), 'The part of the site that gets it.'],
    ['Domain', text(flags.domain), 'Not set: this host alone gets it.'],
    ['Expires', expiry(flags.expires), 'Moved forward with each visit that changes the session.'],
  ];
}

function yesNo(flag: boolean | string | undefined): string {
  return flag ? 'yes' : 'no';
}

function expiry(expires: CookieFlags['expires']): string {
  return expires instanceof Date ? fromNow(expires.getTime()) : 'with the browser';
}

function text(value: string | boolean | undefined): string {
  return value === undefined || value === false ? '–' : String(value);
}
