/** The annotated tag of a finished case: its message carries the figures, the verdicts, and digests of what they were read from. */
import { existsSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';
import { COMPARISON_FILE } from '../compare/contract.ts';
import { duration } from '../core/numbers.ts';
import { MEASURE_FORMAT } from '../measure/contract.ts';
import { digestOf } from '../race/scenario/parts.ts';
import { REHEARSAL_FILE } from '../rehearse/contract.ts';
import type { Surroundings } from './check.ts';
import { CHECKLIST_FILE } from './checklist-contract.ts';
import { CASE_FILE, COMPARISONS_FOLDER, REHEARSALS_FOLDER } from './contract.ts';
import type { Gap } from './document.ts';
import { commandFolder, stepProblem } from './done.ts';
import { wrongTag } from './errors.ts';
import { believed, type Evidence } from './evidence.ts';
import { checkedOut, isWithin, revisionIn, tagState } from './git.ts';
import { shownPath } from './locate.ts';
import type { WrittenCase } from './read.ts';
import { shellWord } from './shell.ts';

/** What stands in the way of a tag, besides what stands in the way of closing. Throws WSE817. */
export async function tagGaps(
  item: WrittenCase,
  evidence: Evidence,
  tag: string,
  { cwd }: Pick<Surroundings, 'cwd'>,
): Promise<{ readonly gaps: readonly Gap[]; readonly commit: string | null }> {
  const at = commandFolder(item);
  const folder = shellWord(shownPath(item.folder, cwd));
  const gap = (field: string, problem: string, todo: string): Gap => ({
    ...{ field, problem, todo },
    required: true,
    stage: 'close',
  });
  const on = await checkedOut(at, item.folder);
  if (on === null) {
    const problem = `${shownPath(at, cwd)} is in no git repository with a commit, so there is nothing to tag`;
    return {
      gaps: [gap('service.cwd', problem, 'a folder in a repository, or close without --tag')],
      commit: null,
    };
  }
  const state = await tagState(at, tag);
  if (state !== 'fits') throw wrongTag(tag, state === 'exists');
  const gaps: Gap[] = [];
  for (const [index, one] of item.checklist.entries()) {
    const problem = one.kind === 'command' ? await stepProblem(item, one, evidence.checklist) : null;
    if (problem !== null)
      gaps.push(gap('checklist', `"${one.step}" ${problem}`, `whystale case run ${folder} ${index + 1}`));
    else if (one.kind === 'judgement' && one.signed === null)
      gaps.push(
        gap(
          'checklist',
          `nobody has signed "${one.step}"`,
          `whystale case sign ${folder} ${index + 1} --by NAME`,
        ),
      );
  }
  const after = item.change.after === null ? null : await revisionIn(at, item.change.after);
  if (after?.is === 'commit' && !(await isWithin(at, after.id, on.commit)))
    gaps.push(
      gap(
        'change.after',
        `what is checked out does not hold ${item.change.after}`,
        `git -C ${shellWord(shownPath(at, cwd))} checkout …, or the commit that was merged in change.after`,
      ),
    );
  return { gaps, commit: on.commit };
}

const latency = z.object({ p50: z.number() }).nullable();
const phase = z.object({ correctedMs: latency }).nullable();
const side = z.object({ format: z.literal(MEASURE_FORMAT), cold: phase, warm: phase });
const effect = z.object({
  phase: z.string(),
  metric: z.string(),
  among: z.string(),
  before: z.number(),
  after: z.number(),
});
const raceSide = z.object({ verdict: z.string(), complete: z.boolean() });

const FiguresSchema = z.object({
  sides: z.object({ before: side, after: side }),
  effects: z.array(effect).optional(),
  gain: z.string().nullable().optional(),
  race: z.object({ before: raceSide, after: raceSide }).nullable().optional(),
});

/** The message of the tag. @param text the text of the case's file as it will stand */
export function tagMessage(
  item: WrittenCase,
  evidence: Evidence,
  { tag, text, outcome }: { readonly tag: string; readonly text: string; readonly outcome: string | null },
): string {
  const comparison = believed(evidence);
  const file = comparison === undefined ? null : comparisonFile(item, comparison.name);
  const figures = file === null ? null : figuresIn(file);
  const rehearsal = item.rehearse === null ? undefined : evidence.rehearsals.at(-1);
  const files = [
    ...(file === null ? [] : [file]),
    ...(rehearsal === undefined
      ? []
      : [join(item.folder, REHEARSALS_FOLDER, rehearsal.name, REHEARSAL_FILE)]),
    ...(item.checklist.length === 0 ? [] : [join(item.folder, CHECKLIST_FILE)]),
  ];
  return `${[
    [`${tag}: ${oneLine(item.title)}`],
    [
      `Case: ${item.name}`,
      ...(item.change.what === null ? [] : [`Change: ${oneLine(item.change.what)}`]),
      ...(comparison === undefined ? [] : [`Verdict: ${comparison.verdict}: ${oneLine(comparison.because)}`]),
      ...(outcome === null || comparison === undefined || outcome.startsWith(`${comparison.verdict}: `)
        ? []
        : [`Outcome: ${oneLine(outcome)}`]),
      ...figureLines(figures),
      `Race: ${raceText(figures)}`,
      `Rollback: ${rehearsal?.rollbackConfirmed === true ? `confirmed, rehearsed ${rehearsal.startedAt}` : 'not rehearsed'}`,
      ...checklistLines(item),
    ],
    [
      digestLine(CASE_FILE, text),
      ...files
        .filter((path) => existsSync(path))
        .map((path) => digestLine(nameOf(item, path), readFileSync(path))),
    ],
  ]
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function comparisonFile({ folder }: WrittenCase, name: string): string | null {
  const place = join(folder, COMPARISONS_FOLDER, name);
  return [join(place, COMPARISON_FILE), `${place}.json`].find((file) => existsSync(file)) ?? null;
}

type Figures = z.infer<typeof FiguresSchema>;

function figuresIn(file: string): Figures | null {
  try {
    const parsed = FiguresSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function figureLines(figures: Figures | null): readonly string[] {
  if (figures === null) return ['Figures: not in the comparison'];
  const shown = (p50: number | undefined) => (p50 === undefined ? 'not measured' : duration(p50));
  const lines = (['cold', 'warm'] as const).map((name) => {
    const { before, after } = mediansOf(figures, name);
    return `p50 ${name}: ${shown(before)} before, ${shown(after)} after`;
  });
  return [...lines, ...(figures.gain == null ? [] : [`Gain: ${figures.gain}`])];
}

/** As the verdict judges them, block by block; where that is not told, of all requests of a side. */
function mediansOf(
  { effects = [], sides }: Figures,
  phase: 'cold' | 'warm',
): { readonly before: number | undefined; readonly after: number | undefined } {
  const judged = effects.find((one) => one.phase === phase && one.metric === 'p50' && one.among === 'all');
  const of = (name: 'before' | 'after') => judged?.[name] ?? sides[name][phase]?.correctedMs?.p50;
  return { before: of('before'), after: of('after') };
}

function raceText(figures: Figures | null): string {
  const race = figures?.race;
  if (race == null) return 'not explored';
  const shown = ({ verdict, complete }: z.infer<typeof raceSide>) =>
    `${verdict}${complete ? '' : ', cut short'}`;
  return `${shown(race.before)} before, ${shown(race.after)} after`;
}

function checklistLines({ checklist }: WrittenCase): readonly string[] {
  return checklist.map((one) => {
    if (one.kind === 'command') return `Passed: ${oneLine(one.step)}`;
    const by = one.signed === null ? 'nobody' : `${one.signed.by}, ${one.signed.at}`;
    return `Signed: ${oneLine(one.step)} (${oneLine(by)})`;
  });
}

function nameOf({ folder }: WrittenCase, path: string): string {
  return relative(folder, path).split(sep).join('/');
}

function digestLine(name: string, content: string | Buffer): string {
  return `sha256 ${digestOf(content)} ${name}`;
}

/** What a person wrote stays on its line, and steers no terminal that shows the tag. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
}
