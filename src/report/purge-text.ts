/** A purge and its undo as text: what it is about first, then the figures, then the next command. */
import { count, counted, duration } from '../core/numbers.ts';
import {
  type ExpectedCalls,
  type LeftAlone,
  PURGE_LIMITS,
  type PurgeDocument,
  type PurgePlan,
  type PurgeTally,
  type UndoDocument,
} from '../purge/contract.ts';
import { labelledLines } from './labelled.ts';
import type { Drawing } from './style.ts';
import { cut, visible } from './width.ts';
import { wrapText } from './wrap.ts';

const LABEL_WIDTH = 10;
const STEP = 1024;
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A size in its natural unit: `812 bytes`, `1.2 MiB`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit++;
  }
  return unit === 0 ? `${count(value)} ${UNITS[0]}` : `${value.toFixed(1)} ${UNITS[unit]}`;
}

/** The text, ending in a newline. `rate`: keys a second that an apply would remove. */
export function purgeText(document: PurgeDocument, rate: number, drawing: Drawing): string {
  const { plan, result } = document;
  const lines = [
    ...headLines(document, drawing),
    '',
    ...labelled('keys', keysText(plan), drawing),
    ...labelled('size', bytesText(plan), drawing),
    ...labelled('TTL', ttlText(plan), drawing),
    ...refillLines(plan, drawing),
    ...(result === null ? [] : resultLines(result, drawing)),
    ...plan.notices.flatMap((notice) => labelled('note', notice, drawing)),
    '',
    ...nextLines(document, rate, drawing),
  ];
  return `${lines.join('\n')}\n`;
}

function headLines({ state, plan, result }: PurgeDocument, { style, width }: Drawing): string[] {
  const where = `${plan.store}, database ${plan.db}`;
  const meant = [
    ...plan.selection.templates,
    ...plan.selection.keys,
    ...plan.selection.rows.map((row) => `fed by ${row}`),
  ].join(', ');
  const what = { planned: 'planned', done: 'purged', interrupted: 'interrupted' }[state];
  const paint = { planned: style.name, done: style.good, interrupted: style.warn }[state];
  const sentence =
    result === null
      ? `${counted(plan.keys, 'key')} (${cut(meant, width)}) would be removed from ${where}. Nothing was touched.`
      : `${counted(result.removed, 'key')} (${cut(meant, width)}) removed from ${where}${state === 'done' ? '' : `; the plan has ${count(plan.keys)}`}.`;
  const [first = '', ...rest] = wrapText(visible(sentence), width - what.length - 2);
  return [`${paint(what)}  ${style.strong(first)}`, ...rest.map((line) => style.strong(line))];
}

function labelled(label: string, text: string, drawing: Drawing): string[] {
  return labelledLines(label, text, { indent: 0, width: LABEL_WIDTH, paint: drawing.style.faint }, drawing);
}

function keysText({ keys, absent, sample }: PurgePlan): string {
  const shown = sample.length === 0 ? '' : `: ${sample.join(', ')}${keys > sample.length ? ' …' : ''}`;
  const missing = absent === 0 ? '' : `; ${counted(absent, 'named key')} not there`;
  return `${count(keys)}${shown}${missing}`;
}

function bytesText({ bytes, keys }: PurgePlan): string {
  if (bytes.total === null) return 'not known: this user may not ask MEMORY USAGE';
  if (bytes.sampled >= keys) return `${sizeText(bytes.total)} in memory`;
  return `about ${sizeText(bytes.total)} in memory (${count(bytes.sampled)} keys measured)`;
}

function ttlText({ ttl, keys }: PurgePlan): string {
  if (ttl.sampled === 0) return keys === 0 ? 'none' : 'not known';
  const parts: string[] = [];
  if (ttl.minMs !== null && ttl.maxMs !== null) {
    const [least, most] = [duration(ttl.minMs), duration(ttl.maxMs)];
    parts.push(least === most ? `${most} left` : `${least} to ${most} left`);
  }
  if (ttl.none > 0) parts.push(`${counted(ttl.none, 'key')} without one`);
  if (ttl.sampled < keys) parts.push(`of ${count(ttl.sampled)} keys looked at`);
  return parts.join('; ');
}

function refillLines({ expected }: PurgePlan, drawing: Drawing): string[] {
  const known = expected.filter(({ callsPerFill }) => callsPerFill !== null);
  const calls = known.reduce((sum, one) => sum + callsOf(one), 0);
  const unknown = expected
    .filter(({ callsPerFill }) => callsPerFill === null)
    .reduce((sum, { keys }) => sum + keys, 0);
  const terms = known.map(
    (one) =>
      `${count(one.keys)} × ${Number((one.callsPerFill ?? 0).toFixed(2))} for ${one.template ?? 'others'}`,
  );
  const texts: string[] = [];
  if (known.length > 0)
    texts.push(
      `up to ${counted(calls, 'more database call')}, once each key is asked for again: ${terms.join(', ')}`,
    );
  if (unknown > 0)
    texts.push(
      `${known.length > 0 ? 'and an' : 'an'} unknown number for ${counted(unknown, 'key')}: no recording that was read shows their fills`,
    );
  return texts.length === 0 ? [] : labelled('refill', texts.join('; '), drawing);
}

function callsOf({ keys, callsPerFill }: ExpectedCalls): number {
  return Math.round(keys * (callsPerFill ?? 0));
}

function resultLines(
  { gone, changing, refilled, large, snapshotBytes }: PurgeTally,
  drawing: Drawing,
): string[] {
  const left: string[] = [];
  if (gone > 0) left.push(`${count(gone)} gone before their turn`);
  if (changing > 0)
    left.push(`${count(changing)} written ${PURGE_LIMITS.attempts} times while they were to be removed`);
  if (large > 0) left.push(`${count(large)} larger than any command could restore`);
  if (refilled > 0) left.push(`${count(refilled)} written since the interruption`);
  return [
    ...(left.length === 0 ? [] : labelled('left', left.join('; '), drawing)),
    ...labelled('snapshot', sizeText(snapshotBytes), drawing),
  ];
}

function nextLines({ state, folder, plan }: PurgeDocument, rate: number, drawing: Drawing): string[] {
  if (state === 'planned' && plan.keys === 0) return labelled('Plan', folder, drawing);
  if (state === 'planned')
    return [
      ...labelled('Apply', `whystale purge --apply ${folder}`, drawing),
      ...labelled('', `${counted(rate, 'key')} a second: ${duration((plan.keys / rate) * 1000)}`, drawing),
    ];
  const undo = labelled('Undo', `whystale undo ${folder}`, drawing);
  return state === 'done'
    ? undo
    : [...labelled('Resume', `whystale purge --resume ${folder}`, drawing), ...undo];
}

const WHY: Readonly<Record<LeftAlone, string>> = {
  refilled: 'refilled since: another value stands there',
  present: 'there as they were: never removed, or back already',
  'restored-before': 'restored by an earlier undo',
  expired: 'would have expired by now',
  damaged: 'damaged in the snapshot: the checksum is wrong',
  refused: 'refused by the server',
};

/** The text, ending in a newline. */
export function undoText(document: UndoDocument, drawing: Drawing): string {
  const { state, removed, restored, left, examples, folder, notices, store, db } = document;
  const { style, width } = drawing;
  const paint = { done: style.good, 'dry-run': style.name, interrupted: style.warn }[state];
  const what = { done: 'restored', 'dry-run': 'dry run', interrupted: 'interrupted' }[state];
  const verb = state === 'dry-run' ? 'would be restored' : 'restored';
  const sentence = `${count(restored)} of ${counted(removed, 'removed key')} ${verb} in ${store}, database ${db}.`;
  const [first = '', ...rest] = wrapText(visible(sentence), width - what.length - 2);
  const reasons = (Object.keys(WHY) as LeftAlone[]).filter((reason) => left[reason] > 0);
  const lines = [
    `${paint(what)}  ${style.strong(first)}`,
    ...rest,
    ...(reasons.length + notices.length === 0 ? [] : ['']),
    ...reasons.flatMap((reason) => {
      const shown = examples[reason] ?? [];
      const more = left[reason] > shown.length && shown.length > 0 ? ' …' : '';
      const keys = shown.length === 0 ? '' : ` (${shown.join(', ')}${more})`;
      return labelled('left', `${count(left[reason])} ${WHY[reason]}${keys}`, drawing);
    }),
    ...notices.flatMap((notice) => labelled('note', notice, drawing)),
    ...(state === 'interrupted' ? ['', ...labelled('Go on', `whystale undo ${folder}`, drawing)] : []),
    ...(state === 'dry-run' ? ['', ...labelled('Undo', `whystale undo ${folder}`, drawing)] : []),
  ];
  return `${lines.join('\n')}\n`;
}
