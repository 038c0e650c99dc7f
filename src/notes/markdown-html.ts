/** Blocks as HTML. */
import { type Html, html } from './html.ts';
import { imagePath, safeLink, withinSite } from './links.ts';
import { absentImage, type Block, type Inline } from './markdown-contract.ts';

/** Where addresses of a note lead on the page. */
export interface Addresses {
  /** A link's address as it was written → as it stands in the page; null: its text alone. */
  readonly link: (to: string) => string | null;
  /** An image's address, from the page; null: it is not there, and its description stands in its place. */
  readonly image: (from: string) => string | null;
}

export function blocksHtml(blocks: readonly Block[], addresses: Addresses, lowest = 2): Html {
  const least = blocks.reduce(
    (level, block) => (block.is === 'heading' ? Math.min(level, block.level) : level),
    7,
  );
  const shift = lowest - least;
  return html`${blocks.map((block) => html`${blockHtml(block, addresses, shift)}\n`)}`;
}

function blockHtml(block: Block, addresses: Addresses, shift: number): Html {
  switch (block.is) {
    case 'heading':
      return headingHtml(block.level + shift, inlinesHtml(block.of, addresses));
    case 'paragraph':
      return html`<p>${inlinesHtml(block.of, addresses)}</p>`;
    case 'code':
      return html`<pre tabindex="0"><code>${block.text}</code></pre>`;
    case 'quote':
      return html`<blockquote>${block.of.map((inner) => blockHtml(inner, addresses, shift))}</blockquote>`;
    case 'list':
      return listHtml(block, addresses, shift);
    case 'table':
      return tableHtml(block, addresses);
    case 'rule':
      return html`<hr>`;
  }
}

function headingHtml(level: number, inner: Html): Html {
  if (level <= 2) return html`<h2>${inner}</h2>`;
  if (level === 3) return html`<h3>${inner}</h3>`;
  if (level === 4) return html`<h4>${inner}</h4>`;
  return level === 5 ? html`<h5>${inner}</h5>` : html`<h6>${inner}</h6>`;
}

function listHtml(
  { start, tight, items }: Extract<Block, { is: 'list' }>,
  addresses: Addresses,
  shift: number,
): Html {
  const item = (blocks: readonly Block[]) =>
    html`<li>${blocks.map((block) => (tight && block.is === 'paragraph' ? inlinesHtml(block.of, addresses) : blockHtml(block, addresses, shift)))}</li>`;
  if (start === null) return html`<ul>${items.map(item)}</ul>`;
  return start === 1 ? html`<ol>${items.map(item)}</ol>` : html`<ol start="${start}">${items.map(item)}</ol>`;
}

/** In a box that scrolls by itself: a wide table must not widen a narrow page. */
function tableHtml({ head, rows }: Extract<Block, { is: 'table' }>, addresses: Addresses): Html {
  const headings = head.map((cell) => html`<th scope="col">${inlinesHtml(cell, addresses)}</th>`);
  const body = rows.map(
    (row) => html`<tr>${row.map((cell) => html`<td>${inlinesHtml(cell, addresses)}</td>`)}</tr>\n`,
  );
  return html`<div class="wide" tabindex="0"><table><thead><tr>${headings}</tr></thead><tbody>\n${body}</tbody></table></div>`;
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
