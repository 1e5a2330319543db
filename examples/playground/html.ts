/** HTML from templates in which every value is escaped. */
/** Markup that is ready to be sent: everything in it that came from outside is escaped already. */
export class Html {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

export type Content = Html | string | number | false | null | undefined | readonly Content[];

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

function render(content: Content): string {
  if (content === null || content === undefined || content === false) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'string') return escape(content);
  if (typeof content === 'number') return String(content);
  return content.map(render).join('');
}

/** A template whose values are escaped unless they are `Html` themselves; lists are joined, absent values vanish. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(strings.reduce((text, part, index) => text + render(values[index - 1]) + part));
}

/** Lines of code, which scroll where they are too long; the keyboard scrolls them, too. */
export function code(text: string): Html {
  return html`<pre class="plain code" tabindex="0">${text}</pre>`;
}
