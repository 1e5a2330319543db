import { html, json, type Html } from '../html';
import type { Outcome, Step } from '../outcomes';
import type { Person } from '../people';
import { page } from './layout';

interface OutcomePage {
  person: Person | undefined;
  outcome: Outcome;
}

/** What a demonstration did, step by step. */
export function outcomePage({ person, outcome }: OutcomePage): string {
  const body = html`
    <h1>${outcome.title}</h1>
    <p class="lead">${outcome.promise}</p>
    <ol class="steps">
      ${outcome.steps.map(stepItem)}
    </ol>
    <p class="card verdict ${outcome.kept ? 'good' : 'bad'}" data-testid="verdict">
      <strong>${outcome.kept ? 'Kept.' : 'Broken!'}</strong> ${outcome.kept && outcome.conclusion}
    </p>
    <p class="next">
      <a href="/promises">Back to the promises</a>
      <a href="/store">Look into the store</a>
    </p>
  `;
  return page({ title: outcome.title, section: '/promises', person, body });
}

function stepItem(step: Step): Html {
  return html`<li class="step">
    <p class="who">
      ${step.who} ${step.at !== undefined && html`<span class="at">${step.at} ms</span>`}
      ${step.verdict && html`<span class="tag ${step.verdict}">${step.verdict}</span>`}
    </p>
    <p>${step.what}</p>
    ${
      step.exchange &&
      html`<pre class="plain"><b>→</b> ${step.exchange.request}
<b>←</b> ${step.exchange.answer}</pre>`
    }
    ${
      step.details &&
      html`<div class="columns">
        ${step.details.map(
          ({ label, value }) =>
            html`<figure>
              <figcaption>${label}</figcaption>
              ${json(value)}
            </figure>`,
        )}
      </div>`
    }
  </li>`;
}
