/** The pages for what is not there and for what went wrong. */
import { html } from '../html';
import type { Person } from '../people';
import { page } from './layout';

export function notFoundPage(path: string, person: Person | undefined): string {
  const body = html`<h1>Nothing here</h1>
    <p class="lead">There is no page at <code>${path}</code>.</p>
    <p class="next"><a href="/">Back to the session</a></p>`;
  return page({ title: 'Not found', person, body });
}

export function errorPage(status: number): string {
  const body = html`<h1>That went wrong</h1>
    <p class="lead">
      ${status < 500 ? 'The server did not understand this request.' : 'The server’s log says what happened.'}
    </p>
    <p class="next"><a href="/">Back to the session</a></p>`;
  return page({ title: 'Error', body });
}
