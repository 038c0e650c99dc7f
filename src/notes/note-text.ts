/** A note as Markdown with front matter. Every value stands there as JSON, which is YAML: nothing in it can end the front matter. */
import type { Note, NoteImage } from './contract.ts';
import { counted, readingMinutes } from './figures.ts';
import { absentImage, type Block, type Inline } from './markdown-contract.ts';
import { blocksText } from './markdown-text.ts';
import { NEEDS_REVIEW } from './meta-box.ts';
import { scoresOf } from './scores.ts';

export interface TextOptions {
  /** Address of a picture, from the file; null: it is not there. */
  readonly image: (from: string) => string | null;
  /** Address to which a link leads, from the file; null: its text alone. */
  readonly link: (to: string) => string | null;
  /** `2026-01-31`; null: what is computed is left out, as it is of a note that is to be built yet. */
  readonly today: string | null;
}

type Written = Omit<Note, 'slug'>;

export function noteText(note: Written, { image, link, today }: TextOptions): string {
  const { body } = note;
  const placed = placedBlocks(body, { image, link });
  const lines = Object.entries({ ...given(note, image), ...(today === null ? {} : computed(note, today)) })
    .filter(([, value]) => isKnown(value))
    .map(([name, value]) => `${name}: ${jsonOf(value)}`);
  const text = blocksText(placed);
  return `---\n${lines.join('\n')}\n---\n\n# ${headingText(note.title)}\n${text === '' ? '' : `\n${text}\n`}`;
}

function headingText(title: string): string {
  return blocksText([{ is: 'paragraph', of: [{ is: 'text', text: title.replaceAll('\n', ' ') }] }]);
}

function given(
  { title, fields, ref }: Written,
  image: TextOptions['image'],
): Readonly<Record<string, unknown>> {
  const { topic, summary, outline, stack, tools, language, lang, difficulty, tags, author } = fields;
  const { published, updated, revision, flags, checklist, entities, images, notes } = fields;
  return {
    ...{ title, ref, topic, summary, outline: known({ ...outline }) },
    ...{ stack, tools, language, lang, difficulty, tags, author, published, updated },
    revision: known({ ...revision }),
    ...{ flags: flags.filter((flag) => flag !== NEEDS_REVIEW) },
    checklist: checklist.map((item) => known({ ...item })),
    entities,
    images: images.flatMap((one) => placedImage(one, image)),
    notes,
  };
}

function computed(note: Written, today: string): Readonly<Record<string, unknown>> {
  const figures = counted(note.body);
  const pictures = note.assets.length;
  const { reproducible, fresh, deep, clear } = scoresOf({ ...note, counted: figures, pictures }, today);
  return {
    kind: note.kind,
    verdict: note.verdict,
    flags: [...(note.needsReview ? [NEEDS_REVIEW] : []), ...note.fields.flags],
    reading_time: `${readingMinutes(figures, pictures)} min`,
    scores: known({
      reproducible: reproducible.points,
      fresh: fresh?.points ?? null,
      deep: deep.points,
      clear: clear.points,
    }),
    content_hash: `sha256:${note.hash}`,
  };
}

function known(form: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(form).filter(([, value]) => isKnown(value)));
}

function isKnown(value: unknown): boolean {
  if (value === null || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

function placedImage(
  { from, alt, caption, source }: NoteImage,
  image: TextOptions['image'],
): readonly unknown[] {
  const src = image(from);
  return src === null ? [] : [known({ src, alt, caption, source })];
}

type Places = Pick<TextOptions, 'image' | 'link'>;

/** The text with the addresses that its pictures and links have now. */
function placedBlocks(blocks: readonly Block[], places: Places): readonly Block[] {
  const inline = (of: readonly Inline[]) => placedInlines(of, places);
  return blocks.map((block): Block => {
    switch (block.is) {
      case 'heading':
      case 'paragraph':
        return { ...block, of: inline(block.of) };
      case 'quote':
        return { ...block, of: placedBlocks(block.of, places) };
      case 'list':
        return { ...block, items: block.items.map((item) => placedBlocks(item, places)) };
      case 'table':
        return { ...block, head: block.head.map(inline), rows: block.rows.map((row) => row.map(inline)) };
      default:
        return block;
    }
  });
}

function placedInlines(of: readonly Inline[], places: Places): readonly Inline[] {
  if (of.every(({ is }) => is === 'text' || is === 'code')) return of;
  return of.flatMap((one): readonly Inline[] => {
    if (one.is === 'image') {
      const from = places.image(one.from);
      return [from === null ? { is: 'text', text: absentImage(one.alt) } : { ...one, from }];
    }
    if (one.is === 'link') {
      const to = places.link(one.to);
      const inner = placedInlines(one.of, places);
      return to === null ? inner : [{ ...one, to, of: inner }];
    }
    return ['of' in one ? { ...one, of: placedInlines(one.of, places) } : one];
  });
}

const OUT = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function jsonOf(value: unknown): string {
  return JSON.stringify(value).replace(
    OUT,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
