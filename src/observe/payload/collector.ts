/** Collects a payload's leaves and words within their bounds. */
import type { Digest } from '../../core/operation.ts';
import { canonical, type ScalarKind } from './canonical.ts';
import { LIMITS } from './limits.ts';
import { type SecretSearch, searchSecrets } from './secrets.ts';
import { wordsOf } from './words.ts';

/** Digest of one scalar's text. */
export type ScalarDigest = (text: string) => Digest;

export interface Collector {
  readonly leaves: (readonly [path: string, value: Digest])[];
  readonly containers: (readonly [path: string, value: Digest])[];
  /** Texts of the containers that are short enough to be shown. */
  readonly wholes: string[];
  readonly words: Set<Digest>;
  readonly scalar: ScalarDigest;
  readonly secrets: SecretSearch;
  truncated: boolean;
  /** Characters searched for words. */
  searched: number;
  /** Containers and scalars visited. */
  nodes: number;
}

/** What inspection is given. */
export interface InspectTools {
  readonly scalar: ScalarDigest;
  /** A name with the secrets in it masked. */
  readonly mask: (name: string) => string;
  /** Told of each text that is a secret. */
  readonly hide: (text: string) => void;
}

/** An empty collector. `keyName`: what the key's name says the payload is; empty when it says nothing. */
export function createCollector({ scalar, mask, hide }: InspectTools, keyName: string): Collector {
  return {
    leaves: [],
    containers: [],
    wholes: [],
    words: new Set(),
    scalar,
    secrets: { found: [], keyName, mask, hide, searched: 0 },
    truncated: false,
    searched: 0,
    nodes: 0,
  };
}

/** Adds a leaf that is no document itself, and looks whether it is a secret. Gives what of it is none. */
export function addScalar(collector: Collector, path: string, text: string): string {
  addLeaf(collector, path, text);
  return searchSecrets(collector.secrets, path, text);
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

/** Shortest name of a child that may be a secret. */
const SHORTEST_SECRET_NAME = 20;

/** Path of a child whose name came with the payload: some index by tokens, which no path may show. */
export function namedPath(collector: Collector, path: string, name: string): string {
  if (name.length < SHORTEST_SECRET_NAME) return childPath(path, name);
  const masked = collector.secrets.mask(name);
  if (masked !== name) searchSecrets(collector.secrets, childPath(path, '*'), name);
  return childPath(path, masked);
}

/** Path of a child. */
export function childPath(path: string, segment: string): string {
  if (path === '') return segment;
  return segment === '' ? path : `${path}.${segment}`;
}
