/** Collects a payload's leaves and words within their bounds. */
import type { Digest } from '../../core/operation.ts';
import { canonical, type ScalarKind } from './canonical.ts';
import { LIMITS } from './limits.ts';
import { wordsOf } from './words.ts';

/** Digest of one scalar's text. */
export type ScalarDigest = (text: string) => Digest;

export interface Collector {
  readonly leaves: (readonly [path: string, value: Digest])[];
  readonly containers: (readonly [path: string, value: Digest])[];
  readonly words: Set<Digest>;
  readonly scalar: ScalarDigest;
  truncated: boolean;
  /** Characters searched for words. */
  searched: number;
  /** Containers and scalars visited. */
  nodes: number;
}

/** An empty collector. */
export function createCollector(scalar: ScalarDigest): Collector {
  return { leaves: [], containers: [], words: new Set(), scalar, truncated: false, searched: 0, nodes: 0 };
}

/** Adds a leaf; past the bound the payload is truncated. */
export function addLeaf(collector: Collector, path: string, text: string): void {
  if (collector.leaves.length >= LIMITS.leaves) collector.truncated = true;
  else collector.leaves.push([path, collector.scalar(text)]);
}

/** Adds the words of a text that is more than one plain scalar. */
export function addWords(collector: Collector, text: string): void {
  if (collector.words.size >= LIMITS.words || collector.searched >= LIMITS.wordText || !mayEmbed(text))
    return;
  const searched = text.slice(0, LIMITS.wordText - collector.searched);
  collector.searched += searched.length;
  wordsOf(searched, (candidate) => {
    collector.words.add(collector.scalar(candidate));
    return collector.words.size < LIMITS.words;
  });
}

const WHOLE: ReadonlySet<ScalarKind> = new Set(['number', 'boolean', 'null', 'moment', 'uuid']);

const PLAIN_WORD = /^[\p{L}\p{N}_]*$/u;

/** Whether a text may embed words or numbers: it holds something besides letters and digits, and is no other scalar. */
function mayEmbed(text: string): boolean {
  return !PLAIN_WORD.test(text) && !WHOLE.has(canonical(text).kind);
}

/** Path of a child. */
export function childPath(path: string, segment: string): string {
  if (path === '') return segment;
  return segment === '' ? path : `${path}.${segment}`;
}
