/**
 * Which document bytes are: every decoder is asked in turn, from the one with the clearest sign to the vaguest.
 *
 * To add a format: write a decoder that answers null for everything that is not its format (tree.ts, `Decoded`), and
 * list it in {@link decodeDocument} before the formats that could mistake it for theirs.
 */
import { decodeBase64, decodeForm } from './base64.ts';
import { readableText } from './canonical.ts';
import { unpack } from './compression.ts';
import { decodeIgbinary, looksLikeIgbinary } from './igbinary.ts';
import { decodeJson, firstDocument } from './json.ts';
import { LIMITS } from './limits.ts';
import { decodeMsgpack } from './msgpack.ts';
import { decodePhp } from './php.ts';
import { decodePickle } from './pickle.ts';
import { decodeRuby } from './ruby.ts';
import type { Decoded, Tree } from './tree.ts';

/** A decoded document and the decoders that were applied. */
export interface Document extends Decoded {
  readonly format: string;
}

/** The document these bytes are, or null; text and bare numbers are none. */
export function decodeDocument(bytes: Uint8Array, partial: boolean, layer: number): Document | null {
  const json = looksLikeJson(bytes) ? decodeJsonBytes(bytes, partial) : null;
  if (json !== null) return { format: 'json', ...json };
  const pickle = looksLikePickle(bytes, partial) ? decodePickle(bytes, partial) : null;
  if (pickle !== null) return { format: 'pickle', ...pickle };
  const php = looksLikePhp(bytes) ? decodePhp(bytes, partial) : null;
  if (php !== null) return { format: 'php', ...php };
  const igbinary = looksLikeIgbinary(bytes) ? decodeIgbinary(bytes, partial) : null;
  if (igbinary !== null) return { format: 'igbinary', ...igbinary };
  const ruby = decodeRuby(bytes);
  if (ruby !== null) return { format: 'ruby', ...ruby };
  const msgpack = looksLikeMsgpack(bytes) ? decodeMsgpack(bytes, partial) : null;
  if (msgpack !== null) return { format: 'msgpack', ...msgpack };
  return layer < LIMITS.layers
    ? (decodeEncoded(bytes, layer) ??
        decodeHeaded(bytes, partial, layer) ??
        decodePrefixed(bytes, partial, layer))
    : null;
}

/** First bytes of `{`, `[`, `"`, null, true, false, NaN, or white space or a byte order mark before them. */
const JSON_STARTS = new Set([0x7b, 0x5b, 0x22, 0x6e, 0x74, 0x66, 0x4e, 0x20, 0x09, 0x0a, 0x0d, 0xef]);

function looksLikeJson(bytes: Uint8Array): boolean {
  return JSON_STARTS.has(bytes[0] ?? 0);
}

function decodeJsonBytes(bytes: Uint8Array, partial: boolean): Decoded | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const decoded = decodeJson(text.startsWith('\ufeff') ? text.slice(1) : text, partial);
  // A number among white space is a text.
  return decoded?.tree.kind === 'plain' && /^[\s-]*\d/.test(text) ? null : decoded;
}

/** Protocol 2 and later name themselves; earlier ones are tried only when the last byte is STOP. */
function looksLikePickle(bytes: Uint8Array, partial: boolean): boolean {
  if (bytes[0] === 0x80) return (bytes[1] ?? 9) <= 5 && (partial || bytes[bytes.length - 1] === 0x2e);
  return (
    !partial && bytes.length >= 2 && bytes[bytes.length - 1] === 0x2e && PICKLE_STARTS.has(bytes[0] as number)
  );
}

const PICKLE_STARTS = new Set([...'()]}NILFGSTUVXKMJcd'].map((char) => char.charCodeAt(0)));

function looksLikePhp(bytes: Uint8Array): boolean {
  const second = bytes[1];
  if (bytes[0] === 0x4e) return second === 0x3b;
  return second === 0x3a && 'abdisOCE'.includes(String.fromCharCode(bytes[0] as number));
}

/** A container or a long text: single small values could be anything. */
function looksLikeMsgpack(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  if (bytes.length < 2) return first === 0x80 || first === 0x90 || first === 0xc0;
  const container = (first >= 0x80 && first <= 0x9f) || (first >= 0xdc && first <= 0xdf);
  const text = (first >= 0xa1 && first <= 0xbf) || (first >= 0xd9 && first <= 0xdb) || first === 0xc4;
  return (container || text) && readableText(bytes) === null;
}

/** Base64 of any other format, and form encoding. */
function decodeEncoded(bytes: Uint8Array, layer: number): Document | null {
  const content = decodeBase64(bytes);
  if (content !== null) {
    const inner = decodeWrapped(content, false, layer + 1);
    if (inner !== null) return { ...inner, format: `base64+${inner.format}` };
  }
  const form = decodeForm(bytes);
  return form === null ? null : { format: 'form', ...form };
}

/** A document or a compressed one; plain text is no sign that unwrapping was right. */
export function decodeWrapped(bytes: Uint8Array, partial: boolean, layer: number): Document | null {
  const packed = layer < LIMITS.layers ? unpack(bytes, partial) : null;
  if (packed === null) {
    const document = decodeDocument(bytes, partial, layer);
    return document !== null && isTelling(document.tree) ? document : null;
  }
  if (packed.bytes === null) return { format: packed.format, tree: { kind: 'list', items: [] }, cut: true };
  const inner = decodeWrapped(packed.bytes, packed.cut, layer + 1);
  if (inner !== null)
    return { ...inner, format: `${packed.format}+${inner.format}`, cut: inner.cut || packed.cut };
  const tree: Tree = { kind: 'bytes', bytes: packed.bytes };
  return { format: `${packed.format}+text`, tree, cut: packed.cut };
}

function isTelling(tree: Tree): boolean {
  return tree.kind === 'map' || tree.kind === 'list';
}

/**
 * A document behind a header that is a JSON object, such as dogpile.cache's moment and version: `{"ct": …, "v": 2}|…`. What the
 * header says is the cache's own and no part of the value.
 */
function decodeHeaded(bytes: Uint8Array, partial: boolean, layer: number): Document | null {
  if (bytes[0] !== 0x7b) return null;
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, LIMITS.header));
  const length = firstDocument(head.toString('latin1'));
  if (length === null || !HEADER_ENDS.has(bytes[length] ?? 0x7b)) return null;
  const rest = bytes.subarray(length + 1);
  const inner = decodeWrapped(rest, partial, layer + 1) ?? decodeDocument(rest, partial, layer + 1);
  return inner === null ? null : { ...inner, format: `header+${inner.format}` };
}

/** `|`, `:`, `;`, a line break or NUL. */
const HEADER_ENDS = new Set([0x7c, 0x3a, 0x3b, 0x0a, 0x00]);

/**
 * A document behind a few bytes of a framework: a version byte, Flask-Caching's `!`, `v1:{…}`. Tried where a document
 * with a sign of its own can begin, and accepted only when it reaches to the end.
 */
function decodePrefixed(bytes: Uint8Array, partial: boolean, layer: number): Document | null {
  const last = Math.min(LIMITS.prefix, bytes.length - 2);
  for (let at = 1; at <= last; at++) {
    if (!beginsUnmistakably(bytes, at)) continue;
    const inner = decodeWrapped(
      bytes.subarray(at),
      partial,
      LIMITS.layers - 1 > layer ? layer + 1 : LIMITS.layers,
    );
    if (inner === null) continue;
    const bare = at === 1 && bytes[0] === 0x21;
    return bare ? inner : { ...inner, format: `prefix+${inner.format}` };
  }
  return null;
}

function beginsUnmistakably(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at];
  const second = bytes[at + 1] ?? 0;
  if (first === 0x7b || first === 0x5b) return closes(bytes, first);
  if (first === 0x80) return second >= 2 && second <= 5 && bytes[bytes.length - 1] === 0x2e;
  if (first === 0x1f) return second === 0x8b;
  if (first === 0x78) return second === 0x01 || second === 0x5e || second === 0x9c || second === 0xda;
  return first === 0x28 ? second === 0xb5 : first === 0x04 && (second === 0x22 || second === 0x08);
}

/** Whether the last byte closes the bracket (a line break may follow it). */
function closes(bytes: Uint8Array, open: number): boolean {
  let end = bytes.length - 1;
  while (end > 0 && (bytes[end] === 0x0a || bytes[end] === 0x0d)) end--;
  return bytes[end] === (open === 0x7b ? 0x7d : 0x5d);
}

/** Shortest text that is worth trying as base64. */
const ENCODED_LENGTH = 16;

/** The document that a text leaf embeds, or null. */
export function embeddedDocument(text: string, layer: number): Decoded | null {
  const first = text.charCodeAt(0);
  if (first === 0x7b || first === 0x5b) {
    const decoded = decodeJson(text);
    return decoded !== null && isTelling(decoded.tree) ? decoded : null;
  }
  if (text.length < ENCODED_LENGTH || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return null;
  const content = decodeBase64(Buffer.from(text, 'latin1'));
  return content === null ? null : decodeWrapped(content, false, layer + 1);
}
