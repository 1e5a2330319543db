/** The terms that the pages use, each explained in a sentence. */
import { html, type Html } from './html';

const meanings = {
  session: 'What the server remembers of one visitor, from one request to the next.',
  cookie: 'A short text that the browser keeps for a site, and sends along with each request to it.',
  token:
    'The text in the cookie of express-session-jwt: a signed statement (JWT, JSON Web Token) that names the session.',
  claims: 'What the token says, in a form that everybody can read who holds it: who signed in, until when.',
  signature:
    'A number at the end of the token. Only the private key can make it, and one changed letter spoils it.',
  'private key': 'Signs tokens. It stays on the server that signs people in.',
  'public key': 'Checks signatures and can make none. It may be given to everybody.',
  store: 'Where the server keeps sessions: memory, Redis, a database.',
  record: 'One session in the store.',
  id: 'The name of a record in the store.',
  handle: 'A random text in the token. Its SHA-256 is the id of the record, so an id gives away no handle.',
  generation:
    'A number in the token and in the record. A sign-in raises it. Tokens with a lower number open nothing.',
  secret: 'The password with which express-session signs its cookies, and checks them.',
  'regenerate()':
    'A call that puts a new session in place of the old one. Handlers make it when somebody signs in.',
  verifier: 'A service that checks tokens, with the public key alone.',
  headers:
    'What stands in front of an answer’s content. Cookies are there, so they leave with the first byte.',
} as const;

export type Word = keyof typeof meanings;

/** A closed list of the terms that a page uses. */
export function wordList(words: readonly Word[]): Html {
  return html`<details class="card words">
    <summary>Words on this page</summary>
    <dl>
      ${words.map(
        (word) =>
          html`<dt>${word}</dt>
            <dd>${meanings[word]}</dd>`,
      )}
    </dl>
  </details>`;
}
