/** The list of the demonstrations. */
import { html } from '../html';
import type { Demo } from '../lab/demo';
import type { Person } from '../people';
import { page } from './layout';

export function demosPage(demos: readonly Demo[], person: Person | undefined): string {
  const body = html`
    <h1>Side by side</h1>
    <p class="lead">
      Each of these does the same thing twice, with the same handlers: once on a site with express-session,
      once on one with express-session-jwt. Both really run, on this machine, when you press “Run”. What you
      see is what they answered.
    </p>
    <ul class="grid demos">
      ${demos.map(
        ({ name, title, life }) =>
          html`<li class="card">
            <h2><a href="/demos/${name}">${title}</a></h2>
            <p>${life}</p>
          </li>`,
      )}
    </ul>
  `;
  return page({ title: 'Demos', section: '/demos', person, body });
}
