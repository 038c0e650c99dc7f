/** Blocks as HTML. */
import { slugOf } from '../case/index.ts';
import { type Html, html } from './html.ts';
import { imagePath, safeLink, withinSite } from './links.ts';
import { absentImage, type Block, type Inline, inlineWords } from './markdown-contract.ts';

/** Where addresses of a note lead on the page. */
export interface Addresses {
  /** A link's address as it was written → as it stands in the page; null: its text alone. */
  readonly link: (to: string) => string | null;
  /** An image's address, from the page; null: it is not there, and its description stands in its place. */
  readonly image: (from: string) => string | null;
}

interface Page {
  readonly addresses: Addresses;
  /** Added to the level of every heading. */
  readonly shift: number;
  /** How often a heading was called so: each has a name of its own, so that a link can lead to it. */
  readonly names: Map<string, number>;
}

/** Names that a page's own parts have. */
const TAKEN = ['main', 'about', 'about-title', 'pictures', 'similar'] as const;

export function blocksHtml(blocks: readonly Block[], addresses: Addresses, lowest = 2): Html {
  const least = blocks.reduce(
    (level, block) => (block.is === 'heading' ? Math.min(level, block.level) : level),
    7,
  );
  const page: Page = { addresses, shift: lowest - least, names: new Map(TAKEN.map((name) => [name, 1])) };
  return html`${blocks.map((block) => html`${blockHtml(block, page)}\n`)}`;
}

function blockHtml(block: Block, page: Page): Html {
  const { addresses } = page;
  switch (block.is) {
    case 'heading':
      return headingHtml(block, page);
    case 'paragraph':
      return paragraphHtml(block.of, addresses);
    case 'code':
      return html`<pre tabindex="0"><code>${block.text}</code></pre>`;
    case 'quote':
      return html`<blockquote>${block.of.map((inner) => blockHtml(inner, page))}</blockquote>`;
    case 'list':
      return listHtml(block, page);
    case 'table':
      return tableHtml(block, addresses);
    case 'rule':
      return html`<hr>`;
  }
}

function headingHtml({ level, of }: Extract<Block, { is: 'heading' }>, page: Page): Html {
  const inner = inlinesHtml(of, page.addresses);
  const shown = level + page.shift;
  const id = nameOf(inlineWords(of), page);
  if (shown <= 2) return html`<h2 id="${id}">${inner}</h2>`;
  if (shown === 3) return html`<h3 id="${id}">${inner}</h3>`;
  if (shown === 4) return html`<h4 id="${id}">${inner}</h4>`;
  return shown === 5 ? html`<h5 id="${id}">${inner}</h5>` : html`<h6 id="${id}">${inner}</h6>`;
}

/** `the-race`, and `the-race-2` where there is one already. */
function nameOf(words: string, { names }: Page): string {
  const base = slugOf(words) ?? 'part';
  let count = names.get(base) ?? 0;
  let name = base;
  do if (++count > 1) name = `${base}-${count}`;
  while (names.has(name));
  names.set(base, count);
  if (name !== base) names.set(name, 1);
  return name;
}

/** A picture that begins a paragraph by itself, and on further lines what it shows. */
function paragraphHtml(of: readonly Inline[], addresses: Addresses): Html {
  const [first, second, ...rest] = of;
  if (first?.is !== 'image' || (second !== undefined && second.is !== 'break'))
    return html`<p>${inlinesHtml(of, addresses)}</p>`;
  const caption = rest.length === 0 ? null : html`<figcaption>${inlinesHtml(rest, addresses)}</figcaption>`;
  return html`<figure>${inlineHtml(first, addresses)}${caption}</figure>`;
}

function listHtml({ start, tight, items }: Extract<Block, { is: 'list' }>, page: Page): Html {
  const item = (blocks: readonly Block[]) =>
    html`<li>${blocks.map((block) => (tight && block.is === 'paragraph' ? inlinesHtml(block.of, page.addresses) : blockHtml(block, page)))}</li>`;
  if (start === null) return html`<ul>${items.map(item)}</ul>`;
  return start === 1 ? html`<ol>${items.map(item)}</ol>` : html`<ol start="${start}">${items.map(item)}</ol>`;
}

/** In a box that scrolls by itself: a wide table must not widen a narrow page. */
function tableHtml({ head, rows }: Extract<Block, { is: 'table' }>, addresses: Addresses): Html {
  const headings = head.map((cell) => html`<th scope="col">${inlinesHtml(cell, addresses)}</th>`);
  const body = rows.map((row) => html`<tr>${row.map((cell) => cellHtml(cell, addresses))}</tr>\n`);
  return html`<div class="wide" tabindex="0"><table><thead><tr>${headings}</tr></thead><tbody>\n${body}</tbody></table></div>`;
}

/** A figure with its unit, which stay on one line. */
const FIGURE = /^[+-]?\d[\d.,]*(?: \S{1,3})?$/;

function cellHtml(cell: readonly Inline[], addresses: Addresses): Html {
  const inner = inlinesHtml(cell, addresses);
  return FIGURE.test(inlineWords(cell)) ? html`<td class="figure">${inner}</td>` : html`<td>${inner}</td>`;
}

function inlinesHtml(of: readonly Inline[], addresses: Addresses): Html {
  return html`${of.map((one) => inlineHtml(one, addresses))}`;
}

function inlineHtml(one: Inline, addresses: Addresses): Html {
  switch (one.is) {
    case 'text':
      return html`${one.text}`;
    case 'code':
      return html`<code>${one.text}</code>`;
    case 'break':
      return html`<br>`;
    case 'emphasis':
      return html`<em>${inlinesHtml(one.of, addresses)}</em>`;
    case 'strong':
      return html`<strong>${inlinesHtml(one.of, addresses)}</strong>`;
    case 'struck':
      return html`<s>${inlinesHtml(one.of, addresses)}</s>`;
    case 'link':
      return linkHtml(addresses.link(one.to), inlinesHtml(one.of, addresses));
    case 'image':
      return imageHtml(addresses.image(one.from), one.alt);
  }
}

/** A link; addresses that may not stand in a page are dropped here once more, whatever came before. */
export function linkHtml(address: string | null, inner: Html): Html {
  const to = address === null ? null : safeLink(address);
  if (to === null) return inner;
  return /^[a-z]+:/i.test(to)
    ? html`<a href="${to}" rel="noopener noreferrer nofollow">${inner}</a>`
    : html`<a href="${to}">${inner}</a>`;
}

export function imageHtml(address: string | null, alt: string): Html {
  if (address === null || imagePath(withinSite(address)) === null)
    return html`<span class="absent">${absentImage(alt)}</span>`;
  return html`<img src="${address}" alt="${alt}" loading="lazy">`;
}
