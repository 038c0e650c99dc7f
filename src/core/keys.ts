/**
 * Names of keys and routes: how they are cut into segments, and what a segment looks like on its own.
 *
 * A key is cut at the separators that people use (`:`, `/`, `|`, `.`, `#`…). A segment such as `item-12` or `page2` is cut
 * once more where letters meet digits, so that constant text stays literal and the number can vary. Whether a segment
 * *is* variable is decided over all keys, in templates.ts.
 */

/** What a segment looks like on its own. */
export type SegmentLook = 'separator' | 'word' | 'number' | 'uuid' | 'hash' | 'id';

export interface Segment {
  readonly text: string;
  readonly look: SegmentLook;
}

const SEPARATOR = /([:/|.#;,=&?~@ {}[\]()!*]+)/;
const NUMBER = /^-?\d+$/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const DASHED_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Lengths of hexadecimal digests in use: CRC32 is left out, since eight hex digits are as often an id. */
const HEX_DIGEST =
  /^(?:[0-9a-f]{12}|[0-9a-f]{16}|[0-9a-f]{20}|[0-9a-f]{28}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{48}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/i;
const BASE64_DIGEST = /^(?:[A-Za-z0-9_-]{43}=?|[A-Za-z0-9_-]{27}=?|[A-Za-z0-9_-]{22}==)$/;
const OBJECT_ID = /^[0-9a-f]{24}$/i;
const MAIL = /^[\w.%+-]+@[\w-]+(?:\.[\w-]+)+$/;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
/** Letters (with dashes) followed by digits, or digits followed by letters: `item-12`, `page2`, `12-items`. */
const LETTERS_DIGITS = /^([A-Za-z][A-Za-z_-]*?[_-]?)(\d+)$/;
const DIGITS_LETTERS = /^(\d+)([_-]?[A-Za-z][A-Za-z_-]*)$/;

function hasDigitAndLetter(text: string): boolean {
  return /\d/.test(text) && /[a-z]/i.test(text);
}

/** The look of one segment that is not a separator. */
export function lookOf(text: string): SegmentLook {
  if (NUMBER.test(text)) return text.length >= 32 ? 'hash' : 'number';
  if (DASHED_UUID.test(text)) return 'uuid';
  if (OBJECT_ID.test(text) || ULID.test(text)) return hasDigitAndLetter(text) ? 'id' : 'word';
  if (HEX_DIGEST.test(text) && hasDigitAndLetter(text)) return 'hash';
  if (BASE64_DIGEST.test(text) && hasDigitAndLetter(text) && /[A-Z]/.test(text)) return 'hash';
  if (UUID.test(text)) return 'uuid';
  if (MAIL.test(text)) return 'id';
  // Masked secrets: prefix, ellipsis, digest.
  if (/…h:[0-9a-f]+~?$/.test(text)) return 'id';
  return 'word';
}

/** Cuts at separators only. Text is never lost: joined segments give the key again. */
export function outerSegments(key: string): Segment[] {
  const segments: Segment[] = [];
  const cut = cutAround(key, key.includes('…h:') ? MASKED : key.includes('@') ? ADDRESS : null);
  for (let i = 0; i < cut.length; i++) {
    const text = cut[i]!;
    if (text === '') continue;
    segments.push({ text, look: i % 2 === 1 ? 'separator' : lookOf(text) });
  }
  return segments;
}

/** A masked secret holds a colon of its own (`eyJh…h:9f2c`), and an address its dots: these are no separators. */
const MASKED = /…h:/g;
const ADDRESS = /[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+/g;
/** Stands for a separator that is none; of the private use area, so that no key holds it. */
const PRIVATE = 0xe000;

function cutAround(key: string, whole: RegExp | null): string[] {
  if (whole === null) return key.split(SEPARATOR);
  const hidden = key.replace(whole, (text) =>
    text.replace(/[:.@+%]/g, (sign) => String.fromCharCode(PRIVATE + sign.charCodeAt(0))),
  );
  return hidden
    .split(SEPARATOR)
    .map((text) =>
      text.replace(/[\ue000-\ue0ff]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - PRIVATE)),
    );
}

/** Cuts a segment once more where letters meet digits; a segment that cannot be cut comes back alone. */
export function innerSegments(segment: Segment): readonly Segment[] {
  if (segment.look !== 'word') return [segment];
  const tail = LETTERS_DIGITS.exec(segment.text);
  if (tail !== null) {
    return [
      { text: tail[1]!, look: 'word' },
      { text: tail[2]!, look: 'number' },
    ];
  }
  const head = DIGITS_LETTERS.exec(segment.text);
  if (head !== null) {
    return [
      { text: head[1]!, look: 'number' },
      { text: head[2]!, look: 'word' },
    ];
  }
  // An identifier after a prefix: `item-3f2a…`, `user_01ARZ…`.
  const dash = /^([A-Za-z]+[_-])(.+)$/.exec(segment.text);
  if (dash !== null) {
    const look = lookOf(dash[2]!);
    if (look !== 'word')
      return [
        { text: dash[1]!, look: 'word' },
        { text: dash[2]!, look },
      ];
  }
  return [segment];
}

/** All texts of a key that may equal a parameter or a cell: whole segments and their inner parts, each once. Computed at
 * capture, where they are digested. */
export function keyParts(key: string): readonly string[] {
  const parts = new Set<string>();
  for (const segment of outerSegments(key)) {
    if (segment.look === 'separator') continue;
    parts.add(segment.text);
    for (const inner of innerSegments(segment)) parts.add(inner.text.replace(/^[_-]+|[_-]+$/g, ''));
  }
  parts.delete('');
  return [...parts].slice(0, MAX_PARTS);
}

/** Parts of one key that are digested at most. */
export const MAX_PARTS = 24;

const PATH_ID = /^(?=.*\d)[A-Za-z0-9_.~%+=@-]+$/;

/** Whether a path segment looks like an identifier even when seen once: it has a digit and is no version (`v1`) and no
 * ordinary name with a number at its end only by one digit (`oauth2`). */
function isPathIdentifier(text: string): boolean {
  if (!PATH_ID.test(text)) return false;
  if (/^v\d+(\.\d+)?$/i.test(text)) return false;
  if (/^[A-Za-z]{3,}\d$/.test(text)) return false;
  if (/\.(?:js|css|html?|json|xml|png|svg|txt|ico)$/i.test(text)) return false;
  return true;
}

/** Path template of a request: `/items/17` gives `/items/{id}`. `isValue` tells of the i-th segment that is not empty
 * whether it is known to be a value. */
export function routeOf(
  method: string,
  path: string,
  isValue: (index: number) => boolean = () => false,
): string {
  let index = -1;
  const template = path
    .split('/')
    .map((segment) => {
      if (segment !== '') index++;
      return isPathIdentifier(segment) || segment.includes('…h:') || (segment !== '' && isValue(index))
        ? '{id}'
        : segment;
    })
    .join('/');
  return `${method} ${template === '' ? '/' : template}`;
}
