/** What a note says, in one form: what its content hash and its reference are computed from. */
import { createHash } from 'node:crypto';
import type { Asset, Draft, Note } from './contract.ts';

export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Hash of title, fields, text and pictures. What is computed of them (scores, reading time, similar notes) and where the note lies
 * are no part of it. */
export function contentHash(draft: Draft, assets: readonly Asset[]): string {
  const { kind, title, fields, verdict, body, needsReview } = draft;
  const pictures = assets.map(({ from, digest }) => ({ from, digest }));
  const rest = canonicalJson({ fields, kind, needsReview, pictures, title, verdict });
  return sha256(`{"body":${JSON.stringify(body, BODY_NAMES)},${rest.slice(1)}`);
}

/** Every name in a text, sorted: a list of names also sets their order, and this is by far the largest part of a note. */
const BODY_NAMES: string[] = [
  ...[
    'alt',
    'from',
    'head',
    'is',
    'items',
    'language',
    'level',
    'of',
    'rows',
    'start',
    'text',
    'tight',
    'to',
  ],
];

/** JSON with names in the order of their code units, without spaces. @see RFC 8785, 3.2.3 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  let text = '';
  if (Array.isArray(value)) {
    for (const inner of value) text += `${text === '' ? '' : ','}${canonicalJson(inner)}`;
    return `[${text}]`;
  }
  const form = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(form).sort())
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(form[name])}`;
  return `{${text}}`;
}

/** Hexadecimal digits of a computed reference. */
const REF_DIGITS = 10;

/** The reference that a person gave, else one computed from where the note lies. */
export function refOf({ kind, source, fields }: Pick<Note, 'kind' | 'source' | 'fields'>): string {
  return fields.ref ?? `FN-${sha256(`${kind}\n${source}`).slice(0, REF_DIGITS)}`;
}
