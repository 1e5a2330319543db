/** All that the store holds. */
import { html, type Html } from '../html';
import { json } from '../json';
import type { Person } from '../people';
import type { Entry } from '../storage';
import { takeApart } from '../token';
import { wordList } from '../words';
import { page } from './layout';

interface StorePage {
  person: Person | undefined;
  token: string | undefined;
  label: string;
  entries: readonly Entry[];
}

const shown = 50;

export function storePage({ person, token, label, entries }: StorePage): string {
  const own = token === undefined ? undefined : takeApart(token).id;
  const sorted = [...entries].sort((a, b) => Number(b.id === own) - Number(a.id === own));
  const body = html`
    <h1>What the store holds</h1>
    <p class="lead">
      All of it, as ${label} keeps it. An id is the SHA-256 of the handle in the token, cut to 32 characters.
      No token can be made of it, and it is not accepted in a token’s place. <code>__session</code> is the
      library’s own part of a record; handlers do not see it.
    </p>
    ${token !== undefined && search(token, entries)}
    <h2>${entries.length === 1 ? '1 entry' : `${String(entries.length)} entries`}</h2>
    ${entries.length === 0 && html`<p class="card">Nothing. Nobody has written to a session yet.</p>`}
    <ul class="entries">
      ${sorted.slice(0, shown).map((entry) => entryCard(entry, entry.id === own))}
    </ul>
    ${entries.length > shown && html`<p>The first ${shown} are shown.</p>`}
    ${wordList(['store', 'record', 'id', 'token', 'handle', 'generation'])}
    <p class="next">
      <span>Read more:</span> <a href="/docs/stores">Stores</a>
      <a href="/demos/store">The same beside express-session</a>
    </p>
  `;
  return page({ title: 'Store', section: '/store', person, body });
}

/** Looks for the visitor's own token in everything the store holds. */
function search(token: string, entries: readonly Entry[]): Html {
  const dump = JSON.stringify(entries);
  const { signature, claims } = takeApart(token);
  const secrets = [token, signature, claims.ses.id];
  const count = secrets.reduce((sum, secret) => sum + dump.split(secret).length - 1, 0);
  return html`<p class="card verdict ${count === 0 ? 'good' : 'bad'}">
    <strong>Searched for your token, its signature and its handle: ${count} found.</strong>
    The store holds ${dump.length} characters; nothing in them opens a session.
  </p>`;
}

function entryCard({ id, record }: Entry, own: boolean): Html {
  return html`<li class="card${own && ' own'}">
    <h3 class="digest">${id}</h3>
    <p class="tags">${own && html`<span class="tag strong">yours</span>`} ${generation(record)}</p>
    ${json(record)}
  </li>`;
}

/** Which generation the record is in. */
function generation({ __session: state }: Entry['record']): Html | false {
  const { gen } = (state ?? {}) as { gen?: number };
  return gen !== undefined && html`<span class="tag">generation ${gen}</span>`;
}
