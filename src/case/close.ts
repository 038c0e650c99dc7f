/** Closing a case: once nothing is missing, its file says so, with every comment where it was. */
import { isMap, isScalar, Pair, parseDocument, Scalar, type YAMLMap } from 'yaml';
import { followed, writeWhole } from '../files/whole-file.ts';
import { readText } from '../race/scenario/parts.ts';
import type { Surroundings } from './check.ts';
import { CASE_CLOSE_FORMAT, type CloseDocument, type Gap } from './document.ts';
import { commandFolder } from './done.ts';
import { CASE_ERRORS, cannotWriteCase, noTag } from './errors.ts';
import { believed, type Evidence } from './evidence.ts';
import { makeTag } from './git.ts';
import { shownPath } from './locate.ts';
import { type KnownCase, knownCase } from './report.ts';
import { shellWord } from './shell.ts';
import { tagGaps, tagMessage } from './tag.ts';

export interface Closing {
  /** ISO 8601 date. */
  readonly at: string;
  /** Null: the last comparison's verdict. */
  readonly outcome: string | null;
  /** An annotated tag to make of what is checked out; null: none. */
  readonly tag?: string | null;
}

/**
 * Closes a case, unless something is missing. Closing a closed one changes nothing; it may still be tagged.
 *
 * @throws WhystaleError WSE701 to WSE703, WSE707, and for a tag WSE817 and WSE818
 */
export async function closeCase(
  file: string,
  { at, outcome, tag = null }: Closing,
  around: Surroundings,
): Promise<CloseDocument> {
  const known = await knownCase(file, around);
  const { item, evidence } = known;
  const place = { name: item.name, file: shownPath(item.file, around.cwd) };
  const base = { format: CASE_CLOSE_FORMAT, case: place, gaps: [], tag: null } as const;
  const open = item.status !== 'closed';
  if (!open && tag === null)
    return { ...base, closed: true, changed: false, at: item.closed, outcome: item.outcome };
  const { gaps, commit } = await missingFor(known, tag, around);
  if (gaps.length > 0) return { ...base, closed: !open, changed: false, at: null, outcome: null, gaps };
  const before = readText(file, CASE_ERRORS);
  const end = open
    ? { at, outcome: outcome ?? outcomeOf(evidence) }
    : { at: item.closed, outcome: item.outcome };
  const after = open ? closedText(before, { ...end, at }) : before;
  if (open) write(file, after);
  const made =
    tag === null || commit === null
      ? null
      : {
          name: tag,
          commit,
          message: tagMessage(item, evidence, { tag, text: after, outcome: end.outcome }),
        };
  if (made !== null) {
    const failure = await makeTag(commandFolder(item), {
      tag: made.name,
      commit: made.commit,
      message: made.message,
    });
    if (failure !== null) {
      if (open) write(file, before);
      throw noTag(made.name, failure);
    }
  }
  return { ...base, ...end, closed: true, changed: open, tag: made };
}

function write(file: string, text: string): void {
  try {
    writeWhole(followed(file), text);
  } catch (cause) {
    throw cannotWriteCase(file, cause);
  }
}

/** What stands in the way of closing, and of a tag. */
async function missingFor(
  { item, evidence, gaps }: KnownCase,
  tag: string | null,
  around: Surroundings,
): Promise<{ readonly gaps: readonly Gap[]; readonly commit: string | null }> {
  const folder = shellWord(shownPath(item.folder, around.cwd));
  const uncompared = comparisonGaps(evidence, folder);
  // While nothing is compared these may wait; whoever closes wants to know all of it, in the order in which it is done.
  const waits = ({ field }: Gap) => field === 'rehearsals' || field === 'checklist';
  const needed = gaps
    .filter((gap) => gap.required || (uncompared.length > 0 && waits(gap)))
    .map((gap) => ({ ...gap, required: true }));
  const of = (fits: (gap: Gap) => boolean) => needed.filter(fits);
  const before = [...of((gap) => !waits(gap)), ...uncompared, ...of(({ field }) => field === 'rehearsals')];
  const checklist = of(({ field }) => field === 'checklist');
  if (tag === null) return { gaps: [...before, ...checklist], commit: null };
  const tagging = await tagGaps(item, evidence, tag, around);
  const told = new Set(tagging.gaps.map(({ problem }) => problem));
  const rest = [...before, ...checklist].filter(({ problem }) => !told.has(problem));
  return { gaps: [...rest, ...tagging.gaps], commit: tagging.commit };
}

function comparisonGaps(evidence: Evidence, folder: string): readonly Gap[] {
  if (believed(evidence) !== undefined) return [];
  const problem = comparisonProblem(evidence);
  return [
    { field: 'comparisons', problem, todo: `whystale compare ${folder}`, required: true, stage: 'close' },
  ];
}

function comparisonProblem({ comparisons }: Evidence): string {
  const last = comparisons.findLast(({ complete }) => complete);
  if (last !== undefined) return `the comparison ${last.name} tells nothing: ${last.because}`;
  return comparisons.length === 0 ? 'nothing was compared yet' : 'every comparison was cut short';
}

function outcomeOf(evidence: Evidence): string | null {
  const last = believed(evidence);
  return last === undefined ? null : `${last.verdict}: ${last.because}`;
}

/** The text of a case file, closed. What is not touched keeps its comments and its order. */
export function closedText(
  text: string,
  { at, outcome }: { readonly at: string; readonly outcome: string | null },
): string {
  const document = parseDocument(text);
  const map = document.contents;
  if (!isMap(map)) return text;
  let after = setField(map, 'status', 'closed', -1);
  after = setField(map, 'closed', at, after);
  // A variable would be looked for otherwise.
  if (outcome !== null)
    setField(
      map,
      'outcome',
      outcome.replaceAll('${', () => '$${'),
      after,
    );
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** Sets a field, a new one behind the field at `after`; gives its place. */
function setField(map: YAMLMap, name: string, value: string, after: number): number {
  const at = map.items.findIndex(({ key }) => isScalar(key) && key.value === name);
  const pair = map.items[at];
  if (pair === undefined) {
    const place = after < 0 ? map.items.length : after + 1;
    map.items.splice(place, 0, new Pair(new Scalar(name), new Scalar(value)));
    return place;
  }
  if (isScalar(pair.value)) {
    pair.value.value = value;
    delete pair.value.type;
    delete pair.value.source;
  } else pair.value = new Scalar(value);
  return at;
}
