/** Markdown to HTML: as much of it as the pages in docs/ use. */
import { code, html, type Content, type Html } from './html';

/** Where a link of a document leads to on this site; undefined for a file that is not shown. */
export type Resolve = (link: string) => string | undefined;

export function markdown(text: string, resolve: Resolve): Html {
  const lines = text.replace(/<!--[^]*?-->/g, '').split('\n');
  const blocks: Html[] = [];
  while (lines.length > 0) blocks.push(block(lines, resolve));
  return html`${blocks}`;
}

/** Takes one block off the lines. */
function block(lines: string[], resolve: Resolve): Html {
  const line = lines.shift() ?? '';
  if (!line.trim()) return html``;
  const inText = (text: string) => inline(text, resolve);

  const [, fence] = /^\s*(```+)/.exec(line) ?? [];
  if (fence !== undefined) {
    const end = lines.findIndex((other) => other.trim() === fence);
    const text = lines.splice(0, end < 0 ? lines.length : end + 1).slice(0, end < 0 ? undefined : -1);
    return code(text.join('\n'));
  }

  const [, marks, heading = ''] = /^(#+) (.*)/.exec(line) ?? [];
  if (marks !== undefined) return headed(marks.length, heading, inText(heading));

  if (line.startsWith('|'))
    return table([line, ...takeWhile(lines, (other) => other.startsWith('|'))], inText);

  const [, bullet] = /^\s*([-*]|\d+\.) /.exec(line) ?? [];
  if (bullet !== undefined) {
    const isOfList = (other: string) => /^\s*([-*]|\d+\.) /.test(other) || /^\s+[^\s`]/.test(other);
    return list([line, ...takeWhile(lines, isOfList)], /\d/.test(bullet), inText);
  }

  const isText = (other: string) => other.trim() !== '' && !/^(\s*```|#|\||\s*([-*]|\d+\.) )/.test(other);
  const text = [line, ...takeWhile(lines, isText)].join('\n');
  return html`<p>${inText(text)}</p>`;
}

function takeWhile(lines: string[], fits: (line: string) => boolean): string[] {
  const end = lines.findIndex((line) => !fits(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

function headed(level: number, text: string, content: Html): Html {
  const id = text
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s/g, '-');
  if (level === 1) return html`<h1 id="${id}">${content}</h1>`;
  if (level === 2) return html`<h2 id="${id}">${content}</h2>`;
  return html`<h3 id="${id}">${content}</h3>`;
}

function list(lines: string[], isNumbered: boolean, inText: (text: string) => Html): Html {
  // A line that begins no item belongs to the one before it.
  const items: string[] = [];
  for (const line of lines) {
    const [, text] = /^\s*(?:[-*]|\d+\.) (.*)/.exec(line) ?? [];
    if (text === undefined) items.push(`${items.pop() ?? ''}\n${line.trim()}`);
    else items.push(text);
  }
  const content = items.map((item) => html`<li>${inText(item)}</li>`);
  return isNumbered
    ? html`<ol>
        ${content}
      </ol>`
    : html`<ul>
        ${content}
      </ul>`;
}

function table(lines: string[], inText: (text: string) => Html): Html {
  const cells = (line: string) =>
    line
      .replace(/^\||\|\s*$/g, '')
      .split(/(?<!\\)\|/)
      .map((cell) => inText(cell.trim().replaceAll('\\|', '|')));
  const [head = '', , ...rows] = lines;
  const names = cells(head).map((cell) => html`<th scope="col">${cell}</th>`);
  return html`<div
    class="wide"
    tabindex="0"
    role="region"
    aria-label="Table: ${head.replace(/[|`*]/g, ' ').trim()}"
  >
    <table>
      <thead>
        <tr>
          ${names}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${cells(row).map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Code, links, pictures, bold and italics within a line. */
function inline(text: string, resolve: Resolve): Html {
  const pattern =
    /`([^`]+)`|(?<!!)\[((?:[^[\]]|`[^`]*`)+)\]\(([^)\s]+)\)|!\[([^\]]*)\]\(([^)\s]+)\)|\*\*([^*]+)\*\*|(?<!\w)_([^_]+)_(?!\w)/g;
  const content: Content[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    content.push(text.slice(at, match.index));
    const [whole, literal, label, link, alt, picture, bold, italic] = match;
    if (literal !== undefined) content.push(html`<code>${literal}</code>`);
    else if (label !== undefined) content.push(linked(inline(label, resolve), link ?? '', resolve));
    else if (picture !== undefined) content.push(html`<img src="${resolve(picture)}" alt="${alt}" />`);
    else if (bold !== undefined) content.push(html`<strong>${inline(bold, resolve)}</strong>`);
    else content.push(html`<em>${inline(italic ?? '', resolve)}</em>`);
    at = match.index + whole.length;
  }
  return html`${content}${text.slice(at)}`;
}

function linked(label: Html, link: string, resolve: Resolve): Html {
  const address = resolve(link);
  return address === undefined ? label : html`<a href="${address}">${label}</a>`;
}
