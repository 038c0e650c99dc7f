/** What a note says, in one form: what its content hash and its reference are computed from. */
import { createHash } from 'node:crypto';
import type { Asset, Draft, Note } from './contract.ts';
import type { Block, Inline } from './markdown-contract.ts';

export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Hash of title, fields, text and pictures. What is computed of them (scores, reading time, similar notes) and where the note lies
 * are no part of it. @param body the text, as {@link blocksJson} writes it */
export function contentHash(
  draft: Draft,
  assets: readonly Asset[],
  body: string = blocksJson(draft.body),
): string {
  const { kind, title, fields, verdict, needsReview } = draft;
  const pictures = assets.map(({ from, digest }) => ({ from, digest }));
  const rest = canonicalJson({ fields, kind, needsReview, pictures, title, verdict });
  return sha256(`{"body":${body},${rest.slice(1)}`);
}

/** As {@link canonicalJson} would write it: the text is by far the largest part of a note, and is written by its kinds. */
export function blocksJson(blocks: readonly Block[]): string {
  return `[${blocks.map(blockJson).join()}]`;
}

function blockJson(block: Block): string {
  switch (block.is) {
    case 'heading':
      return `{"is":"heading","level":${block.level},"of":${inlinesJson(block.of)}}`;
    case 'paragraph':
      return `{"is":"paragraph","of":${inlinesJson(block.of)}}`;
    case 'code':
      return `{"is":"code","language":${JSON.stringify(block.language)},"text":${JSON.stringify(block.text)}}`;
    case 'quote':
      return `{"is":"quote","of":${blocksJson(block.of)}}`;
    case 'list': {
      const items = block.items.map(blocksJson).join();
      return `{"is":"list","items":[${items}],"start":${block.start},"tight":${block.tight}}`;
    }
    case 'table': {
      const rows = block.rows.map((row) => `[${row.map(inlinesJson).join()}]`).join();
      return `{"head":[${block.head.map(inlinesJson).join()}],"is":"table","rows":[${rows}]}`;
    }
    case 'rule':
      return '{"is":"rule"}';
  }
}

function inlinesJson(of: readonly Inline[]): string {
  return `[${of.map(inlineJson).join()}]`;
}

function inlineJson(one: Inline): string {
  switch (one.is) {
    case 'text':
    case 'code':
      return `{"is":"${one.is}","text":${JSON.stringify(one.text)}}`;
    case 'break':
      return '{"is":"break"}';
    case 'link':
      return `{"is":"link","of":${inlinesJson(one.of)},"to":${JSON.stringify(one.to)}}`;
    case 'image':
      return `{"alt":${JSON.stringify(one.alt)},"from":${JSON.stringify(one.from)},"is":"image"}`;
    default:
      return `{"is":"${one.is}","of":${inlinesJson(one.of)}}`;
  }
}

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
