/** A case as a note: its file, what was measured of it, and what a person wrote beside it. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type CaseDocument,
  COMPARISONS_FOLDER,
  RUNS_FOLDER,
  type ShownCase,
  type Surroundings,
  showCase,
} from '../case/index.ts';
import { commandLine, shellLine } from '../case/shell.ts';
import { WhystaleError } from '../errors.ts';
import { readRun } from '../measure/read.ts';
import { readYaml } from '../yamlfile/index.ts';
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
import type { CheckItem, Draft, Facts, NoteFields, NoteImage } from './contract.ts';
import { dayOf, readFields } from './fields.ts';
import { readFrontMatter } from './front-matter.ts';
import { type KeptComparison, readComparison, schedulesOf } from './kept-comparison.ts';
import { parseMarkdown } from './markdown-blocks.ts';
import { type Block, heading } from './markdown-contract.ts';
import { bounded, textAt } from './markdown-note.ts';
import type { Found } from './scan.ts';

export const NOTE_FILE = 'note.md';
/** The newest runs of a case that are told of. */
const MAX_RUNS = 10;

type Told = (says: string) => void;

/** Throws WSE701 to WSE703. */
export async function readCaseNote({ file, source }: Found, cwd: string, told: Told): Promise<Draft> {
  const document = await showCase(file, around(cwd));
  const folder = dirname(file);
  for (const notice of document.notices) told(notice.replaceAll(`${folder}/`, ''));
  const runs = keptRuns(folder, document, told);
  const seen = document.comparisons.at(-1);
  const place = seen === undefined ? null : comparisonPlace(folder, seen.name);
  const comparison = place === null ? null : readComparison(place);
  if (place !== null && comparison === null)
    told(`the comparison ${seen?.name} was left out: it has another form`);
  const replays =
    place === null ? [] : schedulesOf(place, 'before').map((path) => replayLine(cwd, place, path));
  const written = writtenNote(folder, file, told);
  const fields = mergedFields(document.case, written.fields, runs, comparison, [
    ...(seen === undefined ? [] : plotsIn(folder, join(COMPARISONS_FOLDER, seen.name), 'before and after')),
    ...plotsIn(folder, ...lastRun(runs)),
  ]);
  return {
    kind: 'case',
    source,
    folder,
    title: fields.title ?? document.case.title,
    fields,
    verdict: comparison?.verdict ?? null,
    body: bodyOf(document, runs, comparison, replays, written.blocks),
    facts: factsOf(document, runs, comparison, replays),
    needsReview: unsigned(document.case),
  };
}

/** Revisions are not looked up: a page is the same wherever it is built. */
function around(cwd: string): Surroundings {
  return { cwd, env: {}, revision: async () => ({ is: 'no-git', why: 'it is not asked' }) };
}

function keptRuns(folder: string, { runs }: CaseDocument, told: Told): readonly KeptRun[] {
  return runs.slice(-MAX_RUNS).flatMap(({ name }) => {
    try {
      return [{ name, run: readRun(join(folder, RUNS_FOLDER, name)) }];
    } catch (error) {
      if (!(error instanceof WhystaleError)) throw error;
      told(
        `the run ${name} was left out: ${error.facts.what.replaceAll(`${folder}/`, '').replace(/\.$/, '')}`,
      );
      return [];
    }
  });
}

function comparisonPlace(folder: string, name: string): string {
  const place = join(folder, COMPARISONS_FOLDER, name);
  return existsSync(place) ? place : `${place}.json`;
}

function replayLine(cwd: string, place: string, path: string): string {
  const file = join(place, path);
  return shellLine(['whystale', 'replay', file.startsWith(`${cwd}/`) ? file.slice(cwd.length + 1) : file]);
}

interface WrittenNote {
  readonly fields: NoteFields;
  readonly blocks: readonly Block[];
}

/** The `note:` section, and over it the front matter of note.md; its text is the page's own. */
function writtenNote(folder: string, file: string, told: Told): WrittenNote {
  const inFile = textAt(file);
  const section = inFile.text === null ? null : noteSection(inFile.text);
  const beside = join(folder, NOTE_FILE);
  if (!existsSync(beside)) return { fields: readFields(section, told), blocks: [] };
  const found = textAt(beside);
  const parts =
    found.text === null ? { fields: null, body: '', problem: found.problem } : readFrontMatter(found.text);
  if (parts.problem !== null) told(`${NOTE_FILE}: ${parts.problem}`);
  const fields = readFields({ ...mapping(section), ...mapping(parts.fields) }, told);
  return { fields, blocks: parseMarkdown(bounded(parts.body, told)) };
}

/** The section as it is written, variables included. Its lines alone are read where that can be done: the whole was read before. */
function noteSection(text: string): unknown {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => /^note[ ]*:/.test(line));
  if (first < 0) return /["']note["']|[{,?]\s*note/.test(text) ? mapping(readYaml(text).value).note : null;
  const after = lines.findIndex((line, i) => i > first && /^[^ #\r]/.test(line));
  const section = lines.slice(first, after < 0 ? undefined : after).join('\n');
  // What it refers to may stand elsewhere.
  const whole = /[&*]/.test(section) ? text : section;
  return mapping(readYaml(whole).value).note ?? null;
}

function mapping(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function mergedFields(
  item: ShownCase,
  written: NoteFields,
  runs: readonly KeptRun[],
  comparison: KeptComparison | null,
  plots: readonly NoteImage[],
): NoteFields {
  const { outline, revision } = written;
  const stack = written.stack.length > 0 ? written.stack : enginesOf(runs);
  const day = (at: string | null | undefined) => dayOf(at ?? null, 'startedAt', () => undefined);
  const measured = [day(runs.at(-1)?.run.startedAt), day(comparison?.startedAt)].filter(
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
  { checklist }: ShownCase,
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

function checkItem(one: ShownCase['checklist'][number]): CheckItem {
  if (one.kind === 'command') return { step: one.step, command: commandLine(one.command), signed: null };
  const { step, signed } = one;
  const note = signed?.note == null ? '' : `, ${signed.note}`;
  return { step, command: null, signed: signed === null ? null : `${signed.by}, ${signed.at}${note}` };
}

/** A case is looked at once every judgement is signed; one without a judgement was never looked at. */
function unsigned({ checklist }: ShownCase): boolean {
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
  const names = namesIn(join(folder, path));
  return names.map((name) => {
    const caption = `${what}: ${PLOTS[name] ?? name.replace(/\.svg$/, '')}`;
    const from = `${path}/${name}`.replaceAll('\\', '/');
    return { from: encodeURI(from), alt: caption, caption, source: from };
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.svg'))
      .sort();
  } catch {
    return [];
  }
}

function bodyOf(
  document: CaseDocument,
  runs: readonly KeptRun[],
  comparison: KeptComparison | null,
  replays: readonly string[],
  own: readonly Block[],
): readonly Block[] {
  const item = document.case;
  return [
    ...whySection(item),
    ...measuredSection(runs),
    ...changeSection(item),
    ...comparisonSection(comparison),
    ...raceSection(comparison?.race ?? null, document.steps, replays),
    ...commandsSection(document),
    ...rollbackSection(item, document.steps),
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
  { case: item, steps }: CaseDocument,
  runs: readonly KeptRun[],
  comparison: KeptComparison | null,
  replays: readonly string[],
): Facts {
  return {
    commands: item.requests.length > 0 && steps.some(({ commands }) => commands.length > 0),
    measured: runs.some(({ run }) => run.complete),
    compared: comparison?.complete === true && comparison.verdict !== 'not-comparable',
    replay: item.race !== null || replays.length > 0,
    rollback: item.rollback.command !== null,
    assumptions: item.assumptions.length > 0,
  };
}
