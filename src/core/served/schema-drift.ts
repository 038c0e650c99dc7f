/**
 * WS114: a value that another release wrote cannot be read by the present one. Its shape differs, in the same way, from all that
 * is written now (three fills at least), and its readers fail.
 */

import { CODES } from '../codes.ts';
import type { Draft } from '../document.ts';
import type { Confidence } from '../finding.ts';
import { purgeOf, withCode } from '../findings.ts';
import { addTo, append } from '../multimap.ts';
import { counted } from '../numbers.ts';
import { versionFacts } from '../remedies/facts.ts';
import { type StepDraft, stepsOf } from '../timeline.ts';
import type { KeyState, Version } from '../versions.ts';
import { cacheText } from '../wording.ts';
import { isExactly, requestStep, routeName, type ServedContext, type ServedFindings } from './context.ts';
import type { Drifts, Tally, Trouble } from './drifts.ts';
import { changeOf, changeText, type Shape, type ShapeChange } from './shapes.ts';

/** Fills of the present release that show its shape. */
const ENOUGH = 3;

interface Judged {
  readonly trouble: Trouble;
  readonly change: ShapeChange;
  readonly confidence: Confidence;
  /** A fill of the present release. */
  readonly example: Tally;
}

/** What is written now, over all keys of a template, and what became of its readers. */
interface Present {
  readonly shapes: readonly Shape[];
  readonly fills: number;
  readonly ok: number;
  readonly failed: number;
  readonly discarded: number;
  readonly example: Tally;
}

/** One finding a template. */
export function schemaDrifts(drifts: Drifts, context: ServedContext): ServedFindings {
  const groups = new Map<string, Judged[]>();
  const hits = new Map<Version, Set<number>>();
  const restarts = drifts.troubles.length === 0 ? [] : drifts.restarts();
  for (const trouble of drifts.troubles) {
    if (!isExactly(trouble.request, trouble.read.id, context)) continue;
    const judged = judge(trouble, drifts, restarts, context);
    if (judged === null) continue;
    const { version, read, request } = trouble;
    const template = context.templateOf(version.key);
    append(groups, template, judged);
    if (request === null) continue;
    addTo(hits, version, read.invoke);
  }
  return { drafts: [...groups.values()].map((group) => draftOf(group, context)), hits };
}

function judge(
  trouble: Trouble,
  drifts: Drifts,
  restarts: readonly number[],
  context: ServedContext,
): Judged | null {
  const { version, read, shape, request } = trouble;
  const since = releaseSince(version, read.invoke, restarts);
  if (since === null) return null;
  const keys = context.keysOf(context.templateOf(version.key));
  const present = presentOf(keys, drifts, since, context);
  if (present === null || present.fills < ENOUGH) return null;
  const change = changeOf(shape, present.shapes);
  if (change === null) return null;
  const served = keys.some((key) => {
    const tally = drifts.talliesOf(key).get(shape.name);
    return tally !== undefined && readable(tally, context) > 0 && isOfRelease(tally, since, context);
  });
  // Whoever can read it once can read it.
  if (served) return null;
  if (request === null) {
    if (present.discarded > 0 || present.ok === 0) return null;
    // A reader that knows the old shape, throws it away and fills anew does what it should.
    return { trouble, change, confidence: 'possible', example: present.example };
  }
  if (present.failed > 0) return null;
  const failed = keys.reduce((sum, key) => sum + (drifts.talliesOf(key).get(shape.name)?.failed ?? 0), 0);
  // One failure may have another reason.
  const confidence = present.ok > 0 && failed > 1 ? 'proved' : 'likely';
  return { trouble, change, confidence, example: present.example };
}

/** When the release began that read the value, if another one wrote it; null where that is not known. */
function releaseSince(version: Version, read: number, restarts: readonly number[]): number | null {
  const restart = restarts.findLast((moment) => moment <= read);
  if (version.fill === null) return restart ?? 0;
  return restart !== undefined && restart > version.since.return ? restart : null;
}

/** Hits that their readers made use of. */
function readable({ ok, bare, discarded }: Tally, { requests }: ServedContext): number {
  return requests.count > 0 ? ok : bare - discarded;
}

/** Whether the present release is among those that could read it. */
function isOfRelease({ lastOk }: Tally, since: number, { requests }: ServedContext): boolean {
  return requests.count === 0 || lastOk >= since;
}

function presentOf(
  keys: readonly KeyState[],
  drifts: Drifts,
  since: number,
  context: ServedContext,
): Present | null {
  const shapes = new Set<Shape>();
  const sum = { fills: 0, ok: 0, failed: 0, discarded: 0 };
  let example: Tally | null = null;
  for (const key of keys) {
    for (const [name, tally] of drifts.talliesOf(key)) {
      const shape = drifts.shape(name);
      if (shape === undefined || tally.fills === 0 || tally.last < since) continue;
      shapes.add(shape);
      example ??= tally;
      sum.fills += tally.fills;
      sum.ok += readable(tally, context);
      sum.failed += tally.failed;
      sum.discarded += tally.discarded;
    }
  }
  return example === null ? null : { shapes: [...shapes], example, ...sum };
}

function draftOf(group: readonly Judged[], context: ServedContext): Draft {
  const rank = ({ confidence, trouble }: Judged) =>
    (confidence === 'proved' ? 2 : 0) + (trouble.request === null ? 0 : 1);
  const [worst] = [...group].sort((a, b) => rank(b) - rank(a)) as [Judged];
  const { trouble, change, confidence } = worst;
  const { version, request } = trouble;
  const { key } = version;
  const same = group.filter((judged) => judged.trouble.version.key === key);
  const [first, last] = [same[0]!, same.at(-1)!].map(({ trouble: { read } }) => read.invoke) as [
    number,
    number,
  ];
  const failures = group.filter((judged) => judged.trouble.request !== null).length;
  const reader = routeName(request, context) ?? context.readerOf(version, null);
  const happened =
    request === null
      ? `was thrown away and filled again, ${counted(group.length, 'time')}`
      : `made its readers fail, ${counted(failures, 'request')}`;
  const template = context.templateOf(key);
  return {
    code: 'WS114',
    cause: CODES.WS114.name,
    template,
    key: key.name,
    db: key.db,
    keys: new Set(group.map((judged) => judged.trouble.version.key)).size,
    confidence,
    staleForMs: Math.round((last - first) / 1e4) / 100,
    hits: request === null ? group.length : failures,
    endedBy: version.ended ? (version.endKind ?? 'refill') : 'open',
    writer: null,
    reader,
    witness: stepsOf(stepsFor(worst)),
    summary: `${key.name} holds a value of another release, which ${changeText(change)}; it ${happened}.`,
    explanation: `${reader ?? 'The service'} cannot read what an earlier release cached under ${template}: the value ${changeText(change)}. What is written now is read without failure.`,
    remedy: withCode(
      {
        title: 'put a version of the shape into the key',
        steps: [
          `Name the keys ${template} with a version that every change of the shape raises, so that values of two releases never meet.`,
          'Treat a value that cannot be read as a miss, not as an error.',
          'Before going back to an earlier release, consider what it will find in the cache.',
        ],
        recipe: 'docs/recipes/versioned-key.md',
        purge: purgeOf(key),
      },
      'WS114',
      versionFacts(version, context),
    ),
  };
}

function stepsFor({ trouble, change, example }: Judged): StepDraft[] {
  const { version, read, request, refill } = trouble;
  const steps: StepDraft[] = [];
  const { fill } = version;
  const written = (op: NonNullable<Tally['lastFill']>, note: string): StepDraft => ({
    op: op.id,
    at: op.invoke,
    lane: 'writer',
    session: op.session,
    text: cacheText(op),
    note,
  });
  if (fill?.kind === 'write') steps.push(written(fill, 'before the service was restarted'));
  if (example.lastFill !== null && example.lastFill !== refill)
    steps.push(written(example.lastFill, 'as the present release writes it'));
  steps.push({
    op: read.id,
    at: read.invoke,
    lane: 'reader',
    session: read.session,
    text: cacheText(read),
    result: 'hit',
    note: changeText(change),
    decisive: true,
  });
  if (refill !== null) steps.push(written(refill, 'thrown away and filled again'));
  if (request !== null) steps.push(requestStep(request, 'reader', {}));
  return steps;
}
