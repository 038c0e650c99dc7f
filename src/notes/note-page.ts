/** The page of a note. */

import { imagesIn } from './assets.ts';
import type { Entry, Facets } from './catalogue.ts';
import { facetsOf } from './catalogue.ts';
import type { Note } from './contract.ts';
import { counted, readingMinutes } from './figures.ts';
import { type Html, html } from './html.ts';
import { pageHtml } from './layout.ts';
import { type Addresses, blocksHtml, imageHtml } from './markdown-html.ts';
import { bylineHtml, type Computed, metaHtml } from './meta-box.ts';
import { scoresOf } from './scores.ts';

export interface Surrounding {
  readonly facets: Facets;
  readonly similar: readonly Entry[];
  /** Page of the note that was made from a file, within the folder of pages; null: there is none. */
  readonly pageOf: (source: string) => string | null;
  /** `2026-01-31`. */
  readonly today: string;
}

export function notePage(note: Note, around: Surrounding): string {
  const { title, fields, body, assets } = note;
  const figures = counted(body);
  const pictures = assets.length;
  const scores = scoresOf({ ...note, counted: figures, pictures }, around.today);
  const computed: Computed = {
    scores,
    minutes: readingMinutes(figures, pictures),
    facets: facetsOf(note).map((facet) => ({ ...facet, slug: around.facets.slugOf(facet) })),
  };
  const addresses = addressesOf(note, around);
  const main = html`<article>
<h1>${title}</h1>
${fields.summary === null ? null : html`<p class="lead">${fields.summary}</p>\n`}${bylineHtml(note, computed)}
<div class="text">
${blocksHtml(body, addresses)}</div>
${picturesHtml(note, addresses)}${similarHtml(around.similar)}${metaHtml(note, computed)}</article>`;
  return pageHtml({
    title,
    description: fields.summary,
    root: '../',
    lang: fields.lang,
    main,
    searches: false,
  });
}

function addressesOf({ source, assets }: Note, { pageOf }: Surrounding): Addresses {
  const pictures = new Map(assets.map(({ from, to }) => [from, `../${to}`]));
  return {
    image: (from) => pictures.get(from) ?? null,
    link: (to) => linkFrom(source, to, pageOf),
  };
}

/**
 * Where a link of a note leads: elsewhere as it is written; to the page of another note; null: to what the site does not have.
 *
 * @param pageOf name of the page that was made from a file, beside the page of this one
 */
export function linkFrom(
  source: string,
  to: string,
  pageOf: (source: string) => string | null,
): string | null {
  if (/^[a-z][a-z0-9+.-]*:|^#/i.test(to)) return to;
  const [path = '', mark] = to.split('#');
  const page = pageOf(beside(source, path));
  return page === null ? null : `${page}${mark === undefined ? '' : `#${mark}`}`;
}

/** A path that is written in one file, as a path of the folder of notes. */
function beside(source: string, path: string): string {
  const parts = source.split('/').slice(0, -1);
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

/** Pictures that do not stand in the text. */
function picturesHtml({ fields, assets, body }: Note, { image }: Addresses): Html | null {
  const shown = new Set(imagesIn(body));
  const there = fields.images.filter(
    ({ from }) => !shown.has(from) && assets.some((asset) => asset.from === from),
  );
  if (there.length === 0) return null;
  return html`<section aria-labelledby="pictures"><h2 id="pictures">Pictures</h2>
${there.map(
  ({ from, alt, caption, source }) =>
    html`<figure>${imageHtml(image(from), alt)}<figcaption>${caption}${source === null ? null : html` <small>Source: ${source}</small>`}</figcaption></figure>\n`,
)}</section>
`;
}

function similarHtml(similar: readonly Entry[]): Html | null {
  if (similar.length === 0) return null;
  return html`<section aria-labelledby="similar"><h2 id="similar">Similar notes</h2>
<ul>${similar.map(({ slug, title, summary }) => html`<li><a href="${slug}.html">${title}</a>${summary === '' ? null : html`: ${summary}`}</li>`)}</ul></section>
`;
}
