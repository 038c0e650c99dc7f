/** What is kept of every note while a site is built: enough for lists, search and feed, and bounded. */
import { slugOf } from '../case/index.ts';
import { sha256 } from './canonical.ts';
import type { Draft, Note } from './contract.ts';

export interface Entry {
  readonly slug: string;
  readonly source: string;
  readonly ref: string;
  readonly title: string;
  readonly summary: string;
  /** `2026-01-31`; null: no date is known. */
  readonly day: string | null;
  readonly published: string | null;
  readonly lang: string | null;
  readonly facets: readonly Facet[];
  readonly needsReview: boolean;
  readonly hash: string;
}

export const FACET_KINDS = [
  'kind',
  'topic',
  'tag',
  'language',
  'difficulty',
  'status',
  'verdict',
  'stack',
] as const;
export type FacetKind = (typeof FACET_KINDS)[number];

export interface Facet {
  readonly kind: FacetKind;
  readonly name: string;
}

export const CATALOGUE_LIMITS = {
  /** Characters of a title and a summary in lists. */
  title: 200,
  summary: 300,
  /** Facets of a note, and characters of one. */
  facets: 24,
  facet: 60,
  /** Facets that have a page. */
  pages: 2_000,
} as const;

export function entryOf(note: Note): Entry {
  const { slug, source, ref, title, fields, needsReview, hash } = note;
  const { published, lang } = fields;
  const day = newestDay(fields);
  return {
    ...{ slug, source, ref, published, lang, day, needsReview, hash },
    title: short(title, CATALOGUE_LIMITS.title),
    summary: short(fields.summary ?? '', CATALOGUE_LIMITS.summary),
    facets: facetsOf(note),
  };
}

/** When somebody last reviewed, changed or published it; null: no date is known. */
export function newestDay({ revision, updated, published }: Note['fields']): string | null {
  const days = [revision.reviewed, updated, published].filter((one) => one !== null);
  return days.sort().at(-1) ?? null;
}

export function facetsOf({
  kind,
  fields,
  verdict,
}: Pick<Note, 'kind' | 'fields' | 'verdict'>): readonly Facet[] {
  const { topic, tags, language, difficulty, revision, stack } = fields;
  const given: readonly (readonly [FacetKind, readonly (string | null)[]])[] = [
    ['kind', [kind === 'case' ? 'case' : 'note']],
    ['topic', [topic]],
    ['tag', tags],
    ['language', [language]],
    ['difficulty', [difficulty]],
    ['status', [revision.status]],
    ['verdict', [verdict]],
    ['stack', stack],
  ];
  return given
    .flatMap(([facet, names]) =>
      names.flatMap((name) =>
        name === null ? [] : [{ kind: facet, name: short(name, CATALOGUE_LIMITS.facet) }],
      ),
    )
    .slice(0, CATALOGUE_LIMITS.facets);
}

function short(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** Names of pages, each given once. A name that is taken gets an end that is computed from the source. */
export class Slugs {
  readonly #taken = new Set<string>();

  of({ source }: Pick<Draft, 'source'>): string {
    return freeSlug(slugOf(source.replace(/\.(?:md|markdown)$/i, '')) ?? 'note', source, this.#taken);
  }
}

/** Newest first; then by title and by page. */
export function byDay(a: Entry, b: Entry): number {
  return compared(b.day ?? '', a.day ?? '') || compared(a.title, b.title) || compared(a.slug, b.slug);
}

export function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface FacetPage extends Facet {
  readonly slug: string;
  readonly entries: readonly Entry[];
}

/** The page of every facet, of the most used ones where there are too many; by kind, then by name. */
export class Facets {
  readonly pages: readonly FacetPage[];
  readonly #slugs: ReadonlyMap<string, string>;

  constructor(entries: readonly Entry[]) {
    const groups = new Map<string, { readonly facet: Facet; readonly entries: Entry[] }>();
    for (const entry of entries)
      for (const facet of entry.facets) {
        const group = groups.get(keyOf(facet));
        if (group === undefined) groups.set(keyOf(facet), { facet, entries: [entry] });
        else if (group.entries.at(-1) !== entry) group.entries.push(entry);
      }
    const used = [...groups.values()].sort(
      (a, b) => b.entries.length - a.entries.length || compared(keyOf(a.facet), keyOf(b.facet)),
    );
    const slugs = new Set<string>();
    this.pages = used
      .slice(0, CATALOGUE_LIMITS.pages)
      .map(({ facet, entries: of }) => ({ ...facet, slug: facetSlug(facet, slugs), entries: of }))
      .sort((a, b) => FACET_KINDS.indexOf(a.kind) - FACET_KINDS.indexOf(b.kind) || compared(a.name, b.name));
    this.#slugs = new Map(this.pages.map((page) => [keyOf(page), page.slug]));
  }

  /** Null: it has no page. */
  slugOf(facet: Facet): string | null {
    return this.#slugs.get(keyOf(facet)) ?? null;
  }
}

function keyOf({ kind, name }: Facet): string {
  return `${kind} ${name}`;
}

function facetSlug(facet: Facet, taken: Set<string>): string {
  const name = slugOf(facet.name);
  const wanted = `${facet.kind}-${name ?? sha256(facet.name).slice(0, 8)}`;
  return freeSlug(wanted, facet.name, taken);
}

/** The wanted name, or one with more and more of a digest of what it is for. */
function freeSlug(wanted: string, of: string, taken: Set<string>): string {
  let slug = wanted;
  for (let digits = 8; taken.has(slug); digits++) slug = `${wanted}-${sha256(of).slice(0, digits)}`;
  taken.add(slug);
  return slug;
}
