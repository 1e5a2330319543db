/** One demonstration: what happens in life, what both sides did, and the code. */
import { code, html, type Html } from '../html';
import { json } from '../json';
import type { Demo, Finding, Findings, Step } from '../lab/demo';
import { sides, versionOf, type Side } from '../lab/sides';
import { shownLines } from '../lab/source';
import type { Person } from '../people';
import { wordList } from '../words';
import { page } from './layout';

interface DemoPage {
  demo: Demo;
  /** Undefined before the run. */
  findings: Findings | undefined;
  setup: string;
  next: Demo | undefined;
  person: Person | undefined;
}

export function demoPage({ demo, findings, setup, next, person }: DemoPage): string {
  const { name, title, life, links } = demo;
  const body = html`
    <h1>${title}</h1>
    <p class="lead">${life}</p>
    <form method="post" action="/demos/${name}" class="run">
      <button>${findings ? 'Run again' : 'Run'}</button>
      ${!findings && html`<span>It opens two small sites on this machine and tries it on both.</span>`}
    </form>
    ${
      findings &&
      html`<div class="sides" id="observed" tabindex="-1" role="region" aria-label="What was observed">
        ${sides.map((side) => sideColumn(side, findings[side]))}
      </div>`
    }
    <section class="card">
      <h2>The code that makes it happen</h2>
      <div data-testid="code">${code(shownLines(demo.file))}</div>
      ${
        !demo.hasOwnSetup &&
        html`<details>
          <summary>How the two are set up</summary>
          ${code(setup)}
        </details>`
      }
    </section>
    ${wordList(demo.words)}
    <p class="next">
      <span>Read more:</span>
      ${links.map(([address, text]) => html`<a href="${address}">${text}</a>`)}
    </p>
    <p class="next">
      ${next && html`<a href="/demos/${next.name}">Next: ${next.title}</a>`} <a href="/demos">All demos</a>
    </p>
  `;
  return page({ title, section: '/demos', person, body });
}

function sideColumn(side: Side, { steps, verdict, good, why }: Finding): Html {
  return html`<section class="card side" data-side="${side}">
    <h2>${side} <span class="version">${versionOf(side)}</span></h2>
    <p class="verdict ${good ? 'good' : 'bad'}" data-testid="verdict">
      <span class="sign" aria-hidden="true">${good ? '✓' : '✗'}</span> <strong>${verdict}</strong>
    </p>
    <ol class="steps">
      ${steps.map(stepItem)}
    </ol>
    ${
      why &&
      html`<h3>What ${side} does here</h3>
        <p>${why}</p>`
    }
  </section>`;
}

function stepItem({ who, what, got, mood, details = [] }: Step): Html {
  return html`<li class="step">
    <p><strong>${who}</strong> ${what}</p>
    ${got !== undefined && html`<p class="got ${mood ?? 'plain'}">${got}</p>`}
    ${details.map(
      ({ label, value }) =>
        html`<figure>
          <figcaption class="digest">${label}</figcaption>
          ${json(value)}
        </figure>`,
    )}
  </li>`;
}
