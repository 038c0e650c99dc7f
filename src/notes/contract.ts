/**
 * A field note: what one page of the site says, whether it comes from a case or from a Markdown file. What is not known is null or
 * empty, and left out of the page. Plain data.
 */
import type { Block } from './markdown-contract.ts';

export const NOTES_FORMAT = 'whystale-notes/1';
export const IMPORT_FORMAT = 'whystale-notes-import/1';

/** Largest parts of a note; what is longer is cut, and that is said. */
export const NOTE_LIMITS = {
  /** Characters of one field, of one item of a list, and items of a list. */
  field: 4_000,
  item: 1_000,
  items: 200,
  /** Characters of the text of a Markdown file. */
  body: 400_000,
  /** Bytes of a Markdown file, and of a picture. */
  file: 4 << 20,
  image: 8 << 20,
} as const;

export interface Outline {
  readonly context: string | null;
  readonly problem: string | null;
  readonly stack: string | null;
  readonly action: string | null;
}

export interface Revision {
  readonly status: string | null;
  readonly version: string | null;
  /** `2026-01-31`. */
  readonly reviewed: string | null;
  /** Who reviewed it last. */
  readonly by: string | null;
}

export interface NoteImage {
  /** As the note names it: a path beside it. */
  readonly from: string;
  readonly alt: string;
  readonly caption: string | null;
  readonly source: string | null;
}

export interface CheckItem {
  readonly step: string;
  /** The command that is run; null: it is a judgement. */
  readonly command: string | null;
  /** Null: nobody signed it. */
  readonly signed: string | null;
}

/** Fields that a person may write in front matter, or in the `note:` section of a case. */
export interface NoteFields {
  readonly title: string | null;
  readonly topic: string | null;
  readonly summary: string | null;
  readonly outline: Outline;
  readonly stack: readonly string[];
  readonly tools: readonly string[];
  /** The programming language of what is told about. */
  readonly language: string | null;
  /** The language that the note is written in, as BCP 47 has it: `en`. */
  readonly lang: string | null;
  readonly difficulty: string | null;
  readonly tags: readonly string[];
  readonly author: string | null;
  /** `2026-01-31`. */
  readonly published: string | null;
  readonly updated: string | null;
  readonly revision: Revision;
  readonly ref: string | null;
  readonly flags: readonly string[];
  readonly checklist: readonly CheckItem[];
  readonly entities: readonly string[];
  readonly images: readonly NoteImage[];
  readonly notes: readonly string[];
}

/** What the scores of reproducibility and depth are computed from. */
export interface Facts {
  readonly commands: boolean;
  readonly measured: boolean;
  readonly compared: boolean;
  readonly replay: boolean;
  /** A command is written. */
  readonly rollback: boolean;
  /** A rehearsal ran it, and saw the old behaviour again. */
  readonly confirmed: boolean;
  readonly assumptions: boolean;
}

/** A picture that is copied. */
export interface Asset {
  /** As the note names it. */
  readonly from: string;
  /** Absolute. */
  readonly file: string;
  /** Its path within the site. */
  readonly to: string;
  /** SHA-256 of what is copied, hex. */
  readonly digest: string;
}

export interface Note {
  readonly kind: 'case' | 'markdown';
  /** The file it was made from, relative to the folder that is built, with slashes. */
  readonly source: string;
  /** What its page is called, without folder and extension. */
  readonly slug: string;
  readonly title: string;
  readonly fields: NoteFields;
  /** Always there: given, or computed from `source`. */
  readonly ref: string;
  /** Verdict of the newest comparison; null: there is none. */
  readonly verdict: string | null;
  readonly body: readonly Block[];
  readonly assets: readonly Asset[];
  readonly facts: Facts;
  /** A person has still to look at it. */
  readonly needsReview: boolean;
  /** SHA-256 of what the note says, hex. */
  readonly hash: string;
}

/** A note before it has its place in the site. */
export type Draft = Omit<Note, 'slug' | 'hash' | 'ref' | 'assets'> & {
  /** Where the pictures that it names are looked for, absolute: its own folder. */
  readonly folder: string;
};

/** Something that was left out or cut. */
export interface Notice {
  /** Relative to the folder that is built. */
  readonly file: string;
  /** One sentence without its full stop. */
  readonly says: string;
}

export interface Built {
  readonly format: typeof NOTES_FORMAT;
  /** Absolute. */
  readonly out: string;
  readonly notes: number;
  readonly cases: number;
  readonly markdown: number;
  readonly written: number;
  readonly unchanged: number;
  readonly removed: number;
  /** Notes that could not be read. */
  readonly problems: readonly Notice[];
  readonly notices: readonly Notice[];
  /** Notices that are not listed. */
  readonly moreNotices: number;
}
