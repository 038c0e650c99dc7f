/**
 * What `watch` says at its end: how much it saw, what it cost, and what it left on the servers. Pure: the caller
 * measures, this only words it.
 */
import type { Analysis } from '../core/finding.ts';
import { duration } from '../core/numbers.ts';
import { coverageLine, summaryLine } from './figures-text.ts';
import type { ChildEnd } from './findings-document.ts';
import type { Drawing } from './style.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

/** Something whystale made on a server, e.g. a publication. */
export interface ServerObject {
  readonly what: string;
  readonly removed: boolean;
  /** Command that removes it, when it could not be removed. */
  readonly removeWith?: string;
}

export interface WatchFacts {
  readonly analysis: Analysis;
  /** How long was watched, in milliseconds. */
  readonly watchedMs: number;
  /** Median time added to a round trip, in milliseconds; null where it was not measured. */
  readonly addedMs: { readonly redis: number | null; readonly postgres: number | null };
  readonly created: readonly ServerObject[];
  /** What was no longer seen, and why. */
  readonly degradations: readonly { readonly code: string; readonly text: string }[];
  readonly child: ChildEnd | null;
  /** Folder of the recording; null when it could not be written. */
  readonly recording: string | null;
}

/** The text, ending in a newline. */
export function watchSummaryText(facts: WatchFacts, { width, style }: Drawing): string {
  const wrapped = (text: string) => wrapText(visible(text), width);
  const lines = [
    ...wrapped(summaryLine(facts.analysis)).map(style.strong),
    ...wrapped(coverageLine(facts.analysis.coverage)),
    ...wrapped(costLine(facts)),
    ...facts.created.flatMap((object) => createdLines(object, wrapped, style.bad)),
    ...facts.degradations.flatMap(({ code, text }) =>
      wrapped(`Not all was seen (${code}): ${text}`).map(style.warn),
    ),
    ...(facts.child === null ? [] : wrapped(childLine(facts.child))),
    ...(facts.recording === null
      ? []
      : wrapped(`Recorded in ${facts.recording}; draw it again with: whystale explain ${facts.recording}`)),
  ];
  return `${lines.join('\n')}\n`;
}

function costLine({ watchedMs, addedMs, created }: WatchFacts): string {
  const added = (['redis', 'postgres'] as const)
    .flatMap((store) => {
      const ms = addedMs[store];
      return ms === null ? [] : [`${addedTime(ms)} to ${store === 'redis' ? 'Redis' : 'PostgreSQL'}`];
    })
    .join(', ');
  const cost = added === '' ? 'added latency not measured' : `added ${added} (median of a round trip)`;
  const made = created.length === 0 ? '; nothing was created on a server' : '';
  return `Cost: watched for ${duration(watchedMs)}; ${cost}${made}.`;
}

function addedTime(ms: number): string {
  return ms < 1 ? `${Math.round(ms * 1000)} µs` : duration(ms);
}

function createdLines(
  object: ServerObject,
  wrapped: (text: string) => string[],
  bad: (text: string) => string,
): string[] {
  if (object.removed) return wrapped(`Created and removed again: ${object.what}.`);
  const remedy = object.removeWith === undefined ? '' : ` Remove it with: ${object.removeWith}`;
  return wrapped(`Created and NOT removed: ${object.what}.${remedy}`).map(bad);
}

/** How the command ended, in words. */
export function childLine({ exitCode, signal }: ChildEnd): string {
  if (signal !== null) return `The command was ended by ${signal}.`;
  return exitCode === null ? 'The command did not end.' : `The command ended with exit code ${exitCode}.`;
}
