/** Pages that list notes: the index, and a page for every facet. They are whole without a script. */
import { type Entry, FACET_KINDS, type FacetKind, type FacetPage, type Facets } from './catalogue.ts';
import { type Html, html, NOTHING } from './html.ts';
import { pageHtml, SITE_TITLE } from './layout.ts';
import { NEEDS_REVIEW, timeHtml } from './meta-box.ts';

/** Notes on one page. */
export const PER_PAGE = 100;

export type PageFile = readonly [path: string, text: string];

const KIND_NAMES: Readonly<Record<FacetKind, string>> = {
  kind: 'Kind',
  topic: 'Topic',
  tag: 'Tag',
  language: 'Language',
  difficulty: 'Difficulty',
  status: 'Status',
  verdict: 'Verdict',
  stack: 'Stack',
};

/** @param entries newest first */
export function* indexPages(entries: readonly Entry[], facets: Facets): Generator<PageFile> {
  const controls = html`${searchHtml(facets)}\n`;
  yield* listPages({
    title: SITE_TITLE,
    entries,
    root: '',
    path: (page) => (page === 1 ? 'index.html' : `page-${page}.html`),
    above: controls,
    searches: true,
  });
}

export function* facetPages(facets: Facets): Generator<PageFile> {
  yield ['tags/index.html', facetIndex(facets)];
  for (const page of facets.pages)
    yield* listPages({
      title: `${KIND_NAMES[page.kind]}: ${page.name}`,
      entries: page.entries,
      root: '../',
      path: (number) => `tags/${page.slug}${number === 1 ? '' : `--${number}`}.html`,
      above: NOTHING,
      searches: false,
    });
}

interface Listed {
  readonly title: string;
  readonly entries: readonly Entry[];
  readonly root: '' | '../';
  readonly path: (page: number) => string;
  readonly above: Html;
  readonly searches: boolean;
}

function* listPages({ title, entries, root, path, above, searches }: Listed): Generator<PageFile> {
  const pages = Math.max(1, Math.ceil(entries.length / PER_PAGE));
  for (let page = 1; page <= pages; page++) {
    const shown = entries.slice((page - 1) * PER_PAGE, page * PER_PAGE);
    const main = html`<h1>${title}</h1>
${above}<p id="count" role="status">${entries.length} ${entries.length === 1 ? 'note' : 'notes'}${pages > 1 ? html`, page ${page} of ${pages}` : null}</p>
<ol class="notes" id="list" start="${(page - 1) * PER_PAGE + 1}">
${shown.map((entry) => itemHtml(entry, root))}</ol>
${pagesHtml(page, pages, (number) => path(number).replace(/^tags\//, ''))}`;
    const titled = page === 1 ? title : `${title}, page ${page}`;
    yield [path(page), pageHtml({ title: titled, description: null, root, lang: null, main, searches })];
  }
}

/** The script of the index makes the same of what it finds. */
function itemHtml({ slug, title, summary, day, lang, needsReview, facets }: Entry, root: string): Html {
  const words = new Set(facets.filter(({ kind }) => kind !== 'stack').map(({ name }) => name));
  const language = lang === null ? null : html` lang="${lang}"`;
  return html`<li><a href="${root}notes/${slug}.html"${language}>${title}</a>${summary === '' ? null : html`<p${language}>${summary}</p>`}<div class="about">${day === null ? null : timeHtml(day)}<span>${[...words].join(' · ')}</span>${needsReview ? html`<span class="badge flag">${NEEDS_REVIEW}</span>` : null}</div></li>
`;
}

function pagesHtml(page: number, pages: number, path: (page: number) => string): Html {
  if (pages === 1) return NOTHING;
  const link = (number: number, words: string, rel: string) =>
    number < 1 || number > pages ? null : html`<a rel="${rel}" href="${path(number)}">${words}</a> `;
  return html`<nav class="pages" id="pages" aria-label="Pages">${link(page - 1, 'Newer', 'prev')}${link(page + 1, 'Older', 'next')}</nav>
`;
}

/** Choices of one filter; more are found by searching. */
const MAX_CHOICES = 100;

/** Hidden until the script is there to serve it. */
function searchHtml(facets: Facets): Html {
  const filters = FACET_KINDS.map((kind) =>
    filterHtml(
      kind,
      facets.pages.filter((page) => page.kind === kind),
    ),
  );
  return html`<search id="search" hidden><label>Search <input id="words" type="search" autocomplete="off" spellcheck="false"></label>
${filters}<button id="clear" type="button">Clear</button></search>`;
}

function filterHtml(kind: FacetKind, pages: readonly FacetPage[]): Html {
  if (pages.length < 2) return NOTHING;
  const most = pages.toSorted((a, b) => b.entries.length - a.entries.length).slice(0, MAX_CHOICES);
  const names = most.map(({ name }) => name).sort();
  return html`<label>${KIND_NAMES[kind]} <select data-kind="${kind}"><option value="">any</option>${names.map((name) => html`<option>${name}</option>`)}</select></label>
`;
}

function facetIndex({ pages }: Facets): string {
  const main = html`<h1>Filters</h1>
${FACET_KINDS.map((kind) => {
  const of = pages.filter((page) => page.kind === kind);
  if (of.length === 0) return null;
  return html`<h2>${KIND_NAMES[kind]}</h2>
<ul class="facets">${of.map(({ slug, name, entries }) => html`<li><a href="${slug}.html">${name}</a> <small>${entries.length}</small></li>\n`)}</ul>
`;
})}`;
  return pageHtml({ title: 'Filters', description: null, root: '../', lang: null, main, searches: false });
}
