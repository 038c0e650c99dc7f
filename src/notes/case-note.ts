/** A case as a note: its file, what was measured of it, and what a person wrote beside it. */
import { join } from 'node:path';
import { namesIn } from '../case/evidence.ts';
import {
  COMPARISONS_FOLDER,
  RUNS_FOLDER,
  type RunbookStep,
  readWrittenCase,
  type WrittenCase,
} from '../case/index.ts';
import { runbookOf } from '../case/runbook.ts';
import { commandLine, shellLine } from '../case/shell.ts';
import { type Kept, keptOf } from './case-kept.ts';
import {
  assumptionsSection,
  changeSection,
  commandsSection,
  comparisonSection,
  type KeptRun,
  measuredSection,
  raceSection,
  rollbackSection,
  whySection,
} from './case-sections.ts';
import { writtenNote } from './case-words.ts';
import type { CheckItem, Draft, Facts, NoteFields, NoteImage } from './contract.ts';
import { checklistSection, rehearsalSection } from './done-sections.ts';
import { dayOf } from './fields.ts';
import { schedulesOf } from './kept-comparison.ts';
import { type Block, heading } from './markdown-contract.ts';
import { maskedDraft } from './masked.ts';
import type { Found } from './scan.ts';

type Told = (says: string) => void;

/** Throws WSE701 to WSE703. */
export async function readCaseNote({ file, source }: Found, cwd: string, told: Told): Promise<Draft> {
  const item = await readWrittenCase(file);
  const { folder } = item;
  const kept = keptOf(folder, told);
  // What the runbook says of runs is not shown: they have a section of their own.
  const none = { runs: [], comparisons: [], rehearsals: [], checklist: [], notices: [] };
  const steps = runbookOf(item, none, cwd);
  const seen = kept.comparison;
  const replays =
    seen === null ? [] : schedulesOf(seen.place, 'before').map((path) => replayLine(cwd, seen.place, path));
  const written = writtenNote(folder, file, told);
  const plots: Plots = {
    compared: seen === null ? [] : plotsIn(folder, join(COMPARISONS_FOLDER, seen.name), 'before and after'),
    measured: plotsIn(folder, ...lastRun(kept.runs)),
  };
  const fields = mergedFields(item, written.fields, kept, [...plots.compared, ...plots.measured]);
  const draft: Draft = {
    kind: 'case',
    source,
    folder,
    title: fields.title ?? item.title,
    fields,
    verdict: seen?.comparison.verdict ?? null,
    body: bodyOf(item, steps, kept, plots, replays, written.blocks),
    facts: factsOf(item, steps, kept, replays),
    needsReview: unsigned(item),
  };
  return maskedDraft(draft, told);
}

/** Drawings, which stand beside the figures that they show. */
interface Plots {
  readonly compared: readonly NoteImage[];
  readonly measured: readonly NoteImage[];
}

function replayLine(cwd: string, place: string, path: string): string {
  const file = join(place, path);
  return shellLine(['whystale', 'replay', file.startsWith(`${cwd}/`) ? file.slice(cwd.length + 1) : file]);
}

function mergedFields(
  item: WrittenCase,
  written: NoteFields,
  { runs, comparison }: Kept,
  plots: readonly NoteImage[],
): NoteFields {
  const { outline, revision } = written;
  const stack = written.stack.length > 0 ? written.stack : enginesOf(runs);
  const day = (at: string | null | undefined) => dayOf(at ?? null, 'startedAt', () => undefined);
  const measured = [day(runs.at(-1)?.run.startedAt), day(comparison?.comparison.startedAt)].filter(
    (one) => one !== null,
  );
  return {
    ...written,
    summary: written.summary ?? item.outcome ?? item.symptom,
    outline: {
      context: outline.context ?? item.route,
      problem: outline.problem ?? item.symptom,
      stack: outline.stack ?? (stack.length > 0 ? stack.join(', ') : null),
      action: outline.action ?? item.change.what,
    },
    stack,
    tags: [...new Set([...written.tags, ...present([item.change.kind, item.finding?.code])])],
    author: written.author ?? item.owner,
    published: written.published ?? day(item.closed) ?? measured.at(-1) ?? null,
    updated: written.updated ?? measured.sort().at(-1) ?? null,
    revision: { ...revision, status: revision.status ?? item.status, ...reviewOf(item, written) },
    checklist: [...item.checklist.map(checkItem), ...written.checklist],
    entities: [
      ...new Set([...written.entities, ...present([item.route, item.finding?.template, item.finding?.key])]),
    ],
    images: [...plots, ...written.images],
  };
}

function present(words: readonly (string | null | undefined)[]): readonly string[] {
  return words.filter((word) => word !== null && word !== undefined);
}

/** Engines that the newest run met. */
function enginesOf(runs: readonly KeptRun[]): readonly string[] {
  const engine = runs.at(-1)?.run.engine;
  if (engine === undefined) return [];
  const redis = engine.redis === null ? null : `Redis ${engine.redis}${engine.emulated ? ' (emulated)' : ''}`;
  return present([redis, engine.postgres === null ? null : `PostgreSQL ${engine.postgres}`]);
}

/** Without a review that is written down, the newest signature is one. */
function reviewOf(
  { checklist }: WrittenCase,
  { revision }: NoteFields,
): Pick<NoteFields['revision'], 'reviewed' | 'by'> {
  if (revision.reviewed !== null || revision.by !== null)
    return { reviewed: revision.reviewed, by: revision.by };
  const signatures = checklist.flatMap((one) =>
    one.kind === 'judgement' && one.signed !== null ? [one.signed] : [],
  );
  const newest = signatures.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).at(-1);
  return { reviewed: dayOf(newest?.at, 'signed.at', () => undefined), by: newest?.by ?? null };
}

function checkItem(one: WrittenCase['checklist'][number]): CheckItem {
  if (one.kind === 'command') return { step: one.step, command: commandLine(one.command), signed: null };
  const { step, signed } = one;
  const note = signed?.note == null ? '' : `, ${signed.note}`;
  return { step, command: null, signed: signed === null ? null : `${signed.by}, ${signed.at}${note}` };
}

/** A case is looked at once every judgement is signed; one without a judgement was never looked at. */
function unsigned({ checklist }: WrittenCase): boolean {
  const judgements = checklist.filter((one) => one.kind === 'judgement');
  return judgements.length === 0 || judgements.some(({ signed }) => signed === null);
}

function lastRun(runs: readonly KeptRun[]): readonly [string, string] {
  const last = runs.at(-1);
  return last === undefined ? ['', ''] : [join(RUNS_FOLDER, last.name), last.run.label];
}

const PLOTS: Readonly<Record<string, string>> = {
  'box.svg': 'response times',
  'cold-ecdf.svg': 'response times of cold requests, cumulated',
  'warm-ecdf.svg': 'response times of warm requests, cumulated',
};

function plotsIn(folder: string, path: string, what: string): readonly NoteImage[] {
  if (path === '') return [];
  const names = namesIn(join(folder, path)).filter((name) => name.endsWith('.svg'));
  return names.map((name) => {
    const caption = `${what}: ${PLOTS[name] ?? name.replace(/\.svg$/, '')}`;
    const from = `${path}/${name}`.replaceAll('\\', '/');
    return { from: encodeURI(from), alt: caption, caption, source: from };
  });
}

function bodyOf(
  item: WrittenCase,
  steps: readonly RunbookStep[],
  { runs, comparison, rehearsal, checklist }: Kept,
  plots: Plots,
  replays: readonly string[],
  own: readonly Block[],
): readonly Block[] {
  const compared = comparison?.comparison ?? null;
  return [
    ...whySection(item),
    ...measuredSection(runs, plots.measured),
    ...changeSection(item),
    ...comparisonSection(compared, plots.compared),
    ...raceSection(compared?.race ?? null, steps, replays),
    ...commandsSection(steps),
    ...rollbackSection(item, steps),
    ...rehearsalSection(rehearsal, rehearsal?.rehearsed === item.rehearsed),
    ...checklistSection(item.checklist, checklist),
    ...assumptionsSection(item),
    ...(own.length === 0 ? [] : [heading(2, 'Notes'), ...lowered(own)]),
  ];
}

/** Headings of a text stand below the page's own. */
function lowered(blocks: readonly Block[]): readonly Block[] {
  return blocks.map((block) =>
    block.is === 'heading' ? { ...block, level: Math.min(6, block.level + 2) } : block,
  );
}

function factsOf(
  item: WrittenCase,
  steps: readonly RunbookStep[],
  { runs, comparison, rehearsal }: Kept,
  replays: readonly string[],
): Facts {
  const compared = comparison?.comparison;
  const rollback = item.rollback.command !== null;
  return {
    commands: item.requests.length > 0 && steps.some(({ commands }) => commands.length > 0),
    measured: runs.some(({ run }) => run.complete),
    compared: compared?.complete === true && compared.verdict !== 'not-comparable',
    replay: item.race !== null || replays.length > 0,
    rollback,
    // A rehearsal of what the case said before confirms nothing of what it says now.
    confirmed: rollback && rehearsal?.rollbackConfirmed === true && rehearsal.rehearsed === item.rehearsed,
    assumptions: item.assumptions.length > 0,
  };
}
