/** The box of a note: what is known about it, every list as a list. What is not known is left out. */
import type { FacetKind } from './catalogue.ts';
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

export function metaHtml(note: Note, { scores, minutes, facets }: Computed): Html {
  const { fields, ref, hash, needsReview, verdict } = note;
  const of = (kind: FacetKind, otherwise: readonly string[]) => linked(kind, otherwise, facets);
  const rows: readonly (Html | null)[] = [
    row('Flags', listed([...(needsReview ? [NEEDS_REVIEW] : []), ...fields.flags])),
    row('Topic', of('topic', one(fields.topic))),
    row('Outline', outlineHtml(note)),
    row('Verdict', of('verdict', one(verdict))),
    row('Stack', of('stack', fields.stack)),
    row('Tools', listed(fields.tools)),
    row('Tags', of('tag', fields.tags)),
    row('Language', of('language', one(fields.language))),
    row('Difficulty', of('difficulty', one(fields.difficulty))),
    row('Reading time', html`${minutes} min`),
    row('Scores', scoresHtml(scores)),
    row('Revision', revisionHtml(note, of)),
    row('Author', plain(fields.author)),
    row('Checklist', checklistHtml(fields.checklist)),
    row('Entities', listed(fields.entities)),
    row('Notes', listed(fields.notes)),
    row('Reference', html`<code>${ref}</code>`),
    row('Content hash', html`<code class="hash">sha256:${hash}</code>`),
  ];
  return html`<aside class="meta" aria-label="About this note"><dl>
${rows}</dl></aside>`;
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

/** Names as links to the pages of their facets. */
function linked(kind: FacetKind, names: readonly string[], facets: Computed['facets']): Html | null {
  const items = names.map((name) => {
    const slug = facets.find((facet) => facet.kind === kind && facet.name === name)?.slug ?? null;
    return slug === null ? html`${name}` : html`<a href="../tags/${slug}.html">${name}</a>`;
  });
  return listed(items);
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

function revisionHtml(
  { fields: { revision, published, updated } }: Note,
  of: (kind: FacetKind, names: readonly string[]) => Html | null,
): Html | null {
  const reviewed = [revision.reviewed, revision.by].filter((part) => part !== null).join(', ');
  return named([
    ['Status', of('status', one(revision.status))],
    ['Version', revision.version],
    ['Last reviewed', reviewed === '' ? null : reviewed],
    ['Published', published],
    ['Updated', updated],
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
