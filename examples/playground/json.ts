/** Values as JSON, in which times also stand in words. */
import { html, type Html } from './html';
import { fromNow, inWords } from './times';

const seconds = new Set(['iat', 'exp', 'nbf', 'auth_time']);
const milliseconds = new Set(['created', 'rotatedAt']);
const durations = new Set(['maxAge', 'originalMaxAge']);

/**
 * A value as indented JSON in a `<pre>`; `kind` colours it as one of the token's parts. The style sheet puts the words after
 * their lines, so that what is copied is JSON.
 */
export function json(value: unknown, kind?: 'header' | 'claims' | 'signature'): Html {
  const lines = JSON.stringify(value, null, 2).split('\n');
  return html`<pre class="${kind ? `part-${kind}` : 'plain'}">
${lines.map((line, index) => html`${index > 0 && '\n'}${annotated(line)}`)}</pre>`;
}

function annotated(line: string): Html {
  const [, name = '', text = ''] = /^\s*"(\w+)": (-?\d+|"[^"]*"),?$/.exec(line) ?? [];
  const words = inPlainWords(name, text);
  return words === undefined ? html`${line}` : html`<span data-time="${words}">${line}</span>`;
}

function inPlainWords(name: string, text: string): string | undefined {
  if (seconds.has(name)) return fromNow(Number(text) * 1000);
  if (milliseconds.has(name)) return fromNow(Number(text));
  if (durations.has(name)) return inWords(Number(text));
  const date = name === 'expires' ? Date.parse(text.slice(1, -1)) : NaN;
  return Number.isNaN(date) ? undefined : fromNow(date);
}
