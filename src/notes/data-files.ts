/** What other programs read of a site: the feed, and the search index. */
import { type Entry, FACET_KINDS } from './catalogue.ts';
import { SITE_TITLE } from './layout.ts';
import { NEEDS_REVIEW } from './meta-box.ts';

/** Notes in the feed. */
export const FEED_ITEMS = 200;

export const SEARCH_FORMAT = 'whystale-notes-search/1';

/**
 * JSON Feed 1.1 of the newest notes. Without a base nothing in it is an address: the format demands whole ones.
 *
 * @see https://www.jsonfeed.org/version/1.1/
 */
export function feedText(entries: readonly Entry[], base: string | null): string {
  const feed = {
    version: 'https://jsonfeed.org/version/1.1',
    title: SITE_TITLE,
    ...(base === null ? {} : { home_page_url: base, feed_url: `${base}feed.json` }),
    language: 'en',
    items: entries.slice(0, FEED_ITEMS).map((entry) => feedItem(entry, base)),
  };
  return jsonOf(feed, 2);
}

function feedItem(entry: Entry, base: string | null): Readonly<Record<string, unknown>> {
  const { slug, ref, title, summary, published, day, lang, facets, needsReview } = entry;
  const tags = [...new Set(facets.map(({ name }) => name))];
  const url = base === null ? null : `${base}notes/${slug}.html`;
  return {
    id: url ?? `urn:whystale:note:${encodeURIComponent(ref)}`,
    ...(url === null ? {} : { url }),
    title,
    ...(summary === '' ? {} : { summary }),
    content_text: summary === '' ? title : summary,
    ...(published === null ? {} : { date_published: `${published}T00:00:00Z` }),
    ...(day === null ? {} : { date_modified: `${day}T00:00:00Z` }),
    ...(lang === null ? {} : { language: lang }),
    tags: needsReview ? [...tags, NEEDS_REVIEW] : tags,
  };
}

/**
 * Rows of the search index, newest first: page, title, summary, day, needs review, and the places of facets in `facets`. Lists and not
 * objects: no name in them comes from a note.
 */
export function searchText(entries: readonly Entry[]): string {
  const places = new Map<string, number>();
  const facets: (readonly [string, string])[] = [];
  const placeOf = (kind: string, name: string) => {
    const key = `${kind} ${name}`;
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, facets.length);
    facets.push([kind, name]);
    return facets.length - 1;
  };
  const notes = entries.map(({ slug, title, summary, day, needsReview, facets: of }) => [
    `notes/${slug}.html`,
    title,
    summary,
    day ?? '',
    needsReview ? 1 : 0,
    of.map(({ kind, name }) => placeOf(kind, name)),
  ]);
  return jsonOf({ format: SEARCH_FORMAT, kinds: FACET_KINDS, facets, notes }, 0);
}

/** The index as a script: pages that are opened from a disk may not fetch, and the policy lets them load nothing else. */
export function searchScript(search: string): string {
  return `globalThis.whystaleNotes=JSON.parse(${stringOf(search.trimEnd())});\n`;
}

const OUT = /[\u007f-\u009f\u2028\u2029<>]/g;

/** JSON in which nothing could end a script or a line of one. */
function stringOf(text: string): string {
  return JSON.stringify(text).replace(OUT, escapeOf);
}

function jsonOf(document: unknown, indent: number): string {
  return `${JSON.stringify(document, null, indent).replace(OUT, escapeOf)}\n`;
}

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
