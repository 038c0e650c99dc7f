/**
 * Looks inside payloads: which decoders apply, which scalars are at which path, which words a text embeds. Total and
 * bounded: whatever bytes come, a payload is the answer.
 */
import type { Payload } from '../../core/operation.ts';
import { bytesText, readableText } from './canonical.ts';
import { canonicalTree } from './canonical-document.ts';
import {
  addLeaf,
  addScalar,
  addWords,
  type Collector,
  childPath,
  createCollector,
  type InspectTools,
  namedPath,
} from './collector.ts';
import { type Unpacked, unpack, unpackUnsigned } from './compression.ts';
import { type Document, decodeDocument, decodeWrapped, embeddedDocument } from './documents.ts';
import { LIMITS } from './limits.ts';
import { searchSecrets } from './secrets.ts';
import type { Entries, List, Tree } from './tree.ts';
import { printableRuns } from './words.ts';

/** Leaves and words of a payload. `keyName`: what its key says it is. */
export function inspectPayload(bytes: Uint8Array, tools: InspectTools, keyName: string): Payload {
  const collector = createCollector(tools, keyName);
  const { format, empty } = collectBytes(collector, '', bytes);
  return finish(collector, format, empty);
}

/** Leaves and words of a Redis hash: a field is a leaf, or a document of its own under the field's name. */
export function inspectFields(fields: ReadonlyMap<string, Uint8Array>, tools: InspectTools): Payload {
  const collector = createCollector(tools, '');
  for (const [field, bytes] of fields) {
    if (collector.leaves.length >= LIMITS.leaves) {
      collector.truncated = true;
      break;
    }
    collectBytes(collector, namedPath(collector, '', field), bytes);
  }
  return finish(collector, 'hash', fields.size === 0);
}

function finish(collector: Collector, format: string, empty: boolean): Payload {
  const { found, hide } = collector.secrets;
  if (found.length > 0) collector.wholes.forEach(hide);
  return {
    format,
    leaves: collector.leaves,
    ...(collector.containers.length > 0 ? { containers: collector.containers } : {}),
    ...(collector.words.size > 0 ? { words: [...collector.words] } : {}),
    ...(collector.truncated ? { truncated: true } : {}),
    ...(empty ? { empty: true } : {}),
    ...(found.length > 0 ? { secrets: found } : {}),
  };
}

interface Found {
  readonly format: string;
  readonly empty: boolean;
}

function collectBytes(collector: Collector, path: string, whole: Uint8Array): Found {
  const partial = whole.length > LIMITS.bytes;
  const bytes = partial ? whole.subarray(0, LIMITS.bytes) : whole;
  if (partial) collector.truncated = true;
  try {
    return collectLayer(collector, path, bytes, partial, 0);
  } catch {
    // A defect in a decoder must not reach the relay; the payload then says that nothing is known of it.
    collector.truncated = true;
    return { format: 'binary', empty: false };
  }
}

/** One layer: a compression or encoding around another layer, a document, a text, or bytes. */
function collectLayer(
  collector: Collector,
  path: string,
  bytes: Uint8Array,
  partial: boolean,
  layer: number,
): Found {
  const packed = layer < LIMITS.layers ? unpack(bytes, partial) : null;
  if (packed !== null) return collectUnpacked(collector, path, packed, layer);
  const document = decodeDocument(bytes, partial, layer);
  if (document !== null) return collectDocument(collector, path, document, layer);
  const text = textOf(bytes, partial);
  if (text !== null) {
    addWords(collector, addScalar(collector, path, text));
    return { format: 'text', empty: text === '' };
  }
  return collectBinary(collector, path, bytes, layer);
}

function collectUnpacked(collector: Collector, path: string, packed: Unpacked, layer: number): Found {
  if (packed.cut) collector.truncated = true;
  if (packed.bytes === null) return { format: packed.format, empty: false };
  const inner = collectLayer(collector, path, packed.bytes, packed.cut, layer + 1);
  return { format: `${packed.format}+${inner.format}`, empty: inner.empty };
}

function collectDocument(collector: Collector, path: string, document: Document, layer: number): Found {
  if (document.cut) collector.truncated = true;
  collectTree(collector, path, document.tree, 0, layer + 1);
  return { format: document.format, empty: isEmpty(document.tree) };
}

function isEmpty(tree: Tree): boolean {
  if (tree.kind === 'plain') return tree.text === 'null';
  if (tree.kind === 'text') return tree.text === '';
  if (tree.kind === 'bytes') return tree.bytes.length === 0;
  return (tree.kind === 'list' ? tree.items : tree.entries).length === 0;
}

/** Readable text; of a cut one the last, possibly broken character does not count. */
function textOf(bytes: Uint8Array, partial: boolean): string | null {
  if (!partial) return readableText(bytes);
  for (let drop = 0; drop < 4; drop++) {
    const text = readableText(bytes.subarray(0, bytes.length - drop));
    if (text !== null) return text;
  }
  return null;
}

function collectBinary(collector: Collector, path: string, bytes: Uint8Array, layer: number): Found {
  const unsigned = layer < LIMITS.layers ? collectUnsigned(collector, path, bytes, layer) : null;
  if (unsigned !== null) return unsigned;
  // Few bytes may be a cell of their own, such as a UUID; long ones never equal one.
  if (bytes.length <= LONGEST_BINARY_CELL) addLeaf(collector, path, bytesText(bytes));
  const runs = printableRuns(bytes);
  // Random bytes are readable in places too; words that make up little of the whole are noise.
  if (runs.length >= bytes.length * READABLE_SHARE)
    addWords(collector, searchSecrets(collector.secrets, path, `${runs}\n`));
  // What an unknown format holds cannot be read, so absence proves nothing.
  collector.truncated = true;
  return { format: 'binary', empty: false };
}

/** What has no sign of its compression: taken for it when a document comes out, or a text of some length. */
function collectUnsigned(collector: Collector, path: string, bytes: Uint8Array, layer: number): Found | null {
  for (const { format, bytes: content } of unpackUnsigned(bytes)) {
    if (content === null) continue;
    const inner = decodeWrapped(content, false, layer + 1);
    if (inner !== null)
      return collectDocument(collector, path, { ...inner, format: `${format}+${inner.format}` }, layer);
    const text = content.length >= SHORTEST_PACKED_TEXT ? textOf(content, false) : null;
    if (text === null) continue;
    addWords(collector, addScalar(collector, path, text));
    return { format: `${format}+text`, empty: false };
  }
  return null;
}

/** Shorter texts come out of random bytes by chance. */
const SHORTEST_PACKED_TEXT = 32;

/** A UUID's 16 bytes, a SHA-1's 20, a SHA-256's 32. */
const LONGEST_BINARY_CELL = 32;
/** Compressed or encrypted data has a share of about 0.06 in readable runs. */
const READABLE_SHARE = 0.2;

/** Adds a tree's leaves; `layer` counts the documents around it. */
function collectTree(collector: Collector, path: string, tree: Tree, depth: number, layer: number): void {
  if (++collector.nodes > LIMITS.nodes || depth > LIMITS.depth || collector.leaves.length >= LIMITS.leaves) {
    collector.truncated = true;
    return;
  }
  switch (tree.kind) {
    case 'plain':
      addScalar(collector, path, tree.text);
      return;
    case 'text':
      collectText(collector, path, tree.text, depth, layer);
      return;
    case 'bytes':
      collectInner(collector, path, tree.bytes, layer);
      return;
    case 'list':
      collectContainer(collector, path, tree, depth);
      for (const [i, item] of tree.items.entries()) {
        if (collector.truncated && collector.leaves.length >= LIMITS.leaves) return;
        collectTree(collector, childPath(path, String(i)), item, depth + 1, layer);
      }
      return;
    case 'map':
      collectContainer(collector, path, tree, depth);
      for (const [key, item] of tree.entries) {
        if (collector.truncated && collector.leaves.length >= LIMITS.leaves) return;
        collectTree(collector, namedPath(collector, path, key), item, depth + 1, layer);
      }
  }
}

/** Deepest container, its most entries, and its longest text, that are compared whole. */
const WHOLE_DEPTH = 1;
const WHOLE_ENTRIES = 64;
const WHOLE_TEXT = 4_096;

/** A container may be a cell as a whole: a `jsonb` column, an array. */
function collectContainer(collector: Collector, path: string, tree: List | Entries, depth: number): void {
  const size = tree.kind === 'list' ? tree.items.length : tree.entries.length;
  if (depth > WHOLE_DEPTH || size === 0 || size > WHOLE_ENTRIES) return;
  if (collector.containers.length >= WHOLE_ENTRIES) return;
  const text = canonicalTree(tree);
  if (text === null || text.length > WHOLE_TEXT) return;
  collector.containers.push([path, collector.scalar(text)]);
  if (text.length <= LIMITS.revealText) collector.wholes.push(text);
}

/** A text leaf is itself, the document that it may embed, and its words. */
function collectText(collector: Collector, path: string, text: string, depth: number, layer: number): void {
  const embedded = text.length >= 2 && layer < LIMITS.layers ? embeddedDocument(text, layer) : null;
  if (embedded === null) {
    addWords(collector, addScalar(collector, path, text));
    return;
  }
  addLeaf(collector, path, text);
  if (embedded.cut) collector.truncated = true;
  const { found, hide } = collector.secrets;
  const before = found.length;
  collectTree(collector, path, embedded.tree, depth + 1, layer + 1);
  if (found.length > before) hide(text);
}

/** Bytes inside a document: a document again, or a scalar. */
function collectInner(collector: Collector, path: string, bytes: Uint8Array, layer: number): void {
  if (layer < LIMITS.layers) {
    const inner = decodeWrapped(bytes, false, layer);
    if (inner !== null) {
      collectTree(collector, path, inner.tree, 1, layer + 1);
      return;
    }
  }
  const text = bytesText(bytes);
  addWords(collector, addScalar(collector, path, text));
}
