import { html, json, type Html } from '../html';
import type { Person } from '../people';
import type { Entry } from '../storage';
import { digestOf } from '../token';
import { page } from './layout';

interface StorePage {
  person: Person | undefined;
  token: string | undefined;
  label: string;
  entries: readonly Entry[];
}

const shown = 50;

export function storePage({ person, token, label, entries }: StorePage): string {
  const own = token === undefined ? undefined : digestOf(token);
  const sorted = [...entries].sort((a, b) => Number(b.id === own) - Number(a.id === own));
  const body = html`
    <h1>What the store holds</h1>
    <p class="lead">
      All of it, as ${label} keeps it. The ids are SHA-256 digests of tokens. A digest cannot be turned back
      into a token, and it is not accepted in a token’s place.
    </p>
    ${token !== undefined && search(token, entries)}
    <h2>${entries.length === 1 ? '1 entry' : `${String(entries.length)} entries`}</h2>
    ${entries.length === 0 && html`<p class="card">Nothing. Nobody has written to a session yet.</p>`}
    <ul class="entries">
      ${sorted.slice(0, shown).map((entry) => entryCard(entry, entry.id === own))}
    </ul>
    ${entries.length > shown && html`<p>The first ${shown} are shown.</p>`}
  `;
  return page({ title: 'Store', section: '/store', person, body });
}

/** Looks for the visitor's own token in everything the store holds. */
function search(token: string, entries: readonly Entry[]): Html {
  const dump = JSON.stringify(entries);
  const signature = token.slice(token.lastIndexOf('.') + 1);
  const count = [token, signature].reduce((sum, secret) => sum + dump.split(secret).length - 1, 0);
  return html`<p class="card verdict ${count === 0 ? 'good' : 'bad'}">
    <strong>Searched for your token and its signature: ${count} found.</strong>
    The store holds ${dump.length} characters; nothing in them opens a session.
  </p>`;
}

function entryCard({ id, record }: Entry, own: boolean): Html {
  return html`<li class="card${own && ' own'}">
    <h3 class="digest">${id}</h3>
    <p class="tags">
      ${own && html`<span class="tag strong">yours</span>`}
      <span class="tag">${kindOf(id, record)}</span>
    </p>
    ${json(record)}
  </li>`;
}

function kindOf(id: string, record: Entry['record']): string {
  if (!/^[0-9a-f]{64}$/.test(id)) return 'record of express-session, under its plain id';
  return typeof record.forwarding === 'string' ? 'forwarding record of an upgraded cookie' : 'session';
}
