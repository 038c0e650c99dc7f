/** The box of a note: what is known about it, every list as a list. What is not known is left out. */
import { type FacetKind, newestDay } from './catalogue.ts';
import type { CheckItem, Note } from './contract.ts';
import { type Html, html } from './html.ts';
import type { Score, Scores } from './scores.ts';

export interface Computed {
  readonly scores: Scores;
  readonly minutes: number;
  readonly facets: readonly {
    readonly kind: FacetKind;
    readonly name: string;
    readonly slug: string | null;
  }[];
}

export const NEEDS_REVIEW = 'needs human review';

/** What a reader wants to know before reading: whether somebody looked at it, how it ended, when, by whom, and how long it takes. */
export function bylineHtml({ fields, needsReview, verdict }: Note, { minutes }: Computed): Html {
  const day = newestDay(fields);
  const items: readonly (Html | null)[] = [
    needsReview ? html`<span class="badge flag">${NEEDS_REVIEW}</span>` : null,
    verdict === null ? null : html`<span class="badge">${verdict}</span>`,
    day === null ? null : timeHtml(day),
    plain(fields.author),
    html`${minutes} min to read`,
    html`<a href="#about">About this note</a>`,
  ];
  return html`<ul class="byline">${items.map((item) => (item === null ? null : html`<li>${item}</li>`))}</ul>`;
}

export function metaHtml(note: Note, { scores, minutes, facets }: Computed): Html {
  const { fields, ref, hash, needsReview, verdict } = note;
  const of = (kind: FacetKind, otherwise: readonly string[]) => linked(kind, otherwise, facets);
  const rows: readonly (Html | null)[] = [
    row('Flags', flagsHtml([...(needsReview ? [NEEDS_REVIEW] : []), ...fields.flags])),
    row('Topic', of('topic', one(fields.topic))),
    row('Summary', plain(fields.summary)),
    row('Outline', outlineHtml(note)),
    row('Verdict', of('verdict', one(verdict))),
    row('Stack', of('stack', fields.stack)),
    row('Tools', names(fields.tools)),
    row('Tags', of('tag', fields.tags)),
    row('Language', of('language', one(fields.language))),
    row('Difficulty', of('difficulty', one(fields.difficulty))),
    row('Reading time', html`${minutes} min`),
    row('Scores', scoresHtml(scores)),
    row('Status', of('status', one(fields.revision.status))),
    row('Revision', revisionHtml(note)),
    row('Author', plain(fields.author)),
    row('Checklist', checklistHtml(fields.checklist)),
    row('Entities', names(fields.entities)),
    row('Notes', listed(fields.notes)),
    row('Reference', html`<code>${ref}</code>`),
    row('Content hash', html`<code class="hash">sha256:${hash}</code>`),
  ];
  return html`<aside class="meta" id="about" aria-labelledby="about-title"><h2 id="about-title">About this note</h2><dl>
${rows}</dl></aside>
`;
}

/** A day as it is written: `2026-01-31`. */
export function timeHtml(day: string): Html {
  return /^\d{4}-\d{2}-\d{2}$/.test(day) ? html`<time datetime="${day}">${day}</time>` : html`${day}`;
}

function row(name: string, value: Html | null): Html | null {
  return value === null ? null : html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`;
}

function one(text: string | null): readonly string[] {
  return text === null ? [] : [text];
}

function plain(text: string | null): Html | null {
  return text === null ? null : html`${text}`;
}

function listed(items: readonly (string | Html)[]): Html | null {
  return items.length === 0 ? null : html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}

function flagsHtml(flags: readonly string[]): Html | null {
  return listed(flags.map((flag) => html`<b class="flag">${flag}</b>`));
}

/** Short things, which stand side by side. */
function names(items: readonly (string | Html)[]): Html | null {
  return items.length === 0
    ? null
    : html`<ul class="names">${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}

/** Names as links to the pages of their facets. */
function linked(kind: FacetKind, words: readonly string[], facets: Computed['facets']): Html | null {
  const items = words.map((name) => {
    const slug = facets.find((facet) => facet.kind === kind && facet.name === name)?.slug ?? null;
    return slug === null ? html`${name}` : html`<a href="../tags/${slug}.html">${name}</a>`;
  });
  return names(items);
}

function named(rows: readonly (readonly [string, string | Html | null])[]): Html | null {
  const there = rows.filter(([, value]) => value !== null);
  return listed(there.map(([name, value]) => html`<b>${name}</b> ${value}`));
}

function outlineHtml({ fields: { outline } }: Note): Html | null {
  return named([
    ['Context', outline.context],
    ['Problem', outline.problem],
    ['Stack', outline.stack],
    ['Recommended action', outline.action],
  ]);
}

function revisionHtml({ fields: { revision, published, updated } }: Note): Html | null {
  const { version, reviewed, by } = revision;
  const looked = [reviewed === null ? null : timeHtml(reviewed), by].filter((part) => part !== null);
  return named([
    ['Version', version],
    [
      'Last reviewed',
      looked.length === 0 ? null : html`${looked.map((part, i) => html`${i > 0 ? ', ' : null}${part}`)}`,
    ],
    ['Published', published === null ? null : timeHtml(published)],
    ['Updated', updated === null ? null : timeHtml(updated)],
  ]);
}

function scoresHtml({ reproducible, fresh, deep, clear }: Scores): Html | null {
  return listed([
    ...scoreItem('Reproducible', reproducible),
    ...(fresh === null ? [] : scoreItem('Fresh', fresh)),
    ...scoreItem('Deep', deep),
    ...scoreItem('Clear', clear),
  ]);
}

function scoreItem(name: string, { points, met, missing }: Score): readonly Html[] {
  const says = [
    ...(met.length === 0 ? [] : [`has ${met.join(', ')}`]),
    ...(missing.length === 0 ? [] : [`lacks ${missing.join(', ')}`]),
  ].join('; ');
  return [
    html`<b>${name}</b> <meter min="0" max="100" value="${points}">${points}</meter> ${points} <small>${says}</small>`,
  ];
}

function checklistHtml(items: readonly CheckItem[]): Html | null {
  return listed(
    items.map(({ step, command, signed }) => {
      if (command !== null) return html`${step}: <code>${command}</code>`;
      return signed === null ? html`☐ ${step}: to be signed` : html`☑ ${step}: ${signed}`;
    }),
  );
}
