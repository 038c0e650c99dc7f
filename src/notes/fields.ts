/**
 * What people write of a note → its fields. Names are taken as people spell them (`lastReviewed`, `last_reviewed`); what has another
 * form than it should is left out and said. Nothing is guessed.
 */
import {
  type CheckItem,
  NOTE_LIMITS,
  type NoteFields,
  type NoteImage,
  type Outline,
  type Revision,
} from './contract.ts';

type Told = (says: string) => void;

const EMPTY: Outline = { context: null, problem: null, stack: null, action: null };

/** Written by `notes build` and computed again by it: reading them would only keep what is out of date. */
const COMPUTED = [
  'readingtime',
  'scores',
  'contenthash',
  'hash',
  'similar',
  'format',
  'source',
  'kind',
  'verdict',
];

const KNOWN: Readonly<Record<string, string>> = {
  title: 'title',
  topic: 'topic',
  category: 'topic',
  summary: 'summary',
  description: 'summary',
  outline: 'outline',
  stack: 'stack',
  tools: 'tools',
  language: 'language',
  lang: 'lang',
  difficulty: 'difficulty',
  tags: 'tags',
  keywords: 'tags',
  author: 'author',
  owner: 'author',
  date: 'published',
  published: 'published',
  updated: 'updated',
  modified: 'updated',
  revision: 'revision',
  status: 'status',
  version: 'version',
  reviewed: 'reviewed',
  lastreviewed: 'reviewed',
  reviewedby: 'by',
  ref: 'ref',
  reference: 'ref',
  referenceid: 'ref',
  flags: 'flags',
  checklist: 'checklist',
  entities: 'entities',
  images: 'images',
  notes: 'notes',
};

/** @param written a mapping, as YAML gives it; anything else has no fields */
export function readFields(written: unknown, told: Told): NoteFields {
  const form = fieldsOf(written, KNOWN, told);
  const texts = (name: string) => textList(form.get(name), name, told);
  const word = (name: string) => textOf(form.get(name), name, told);
  return {
    title: word('title'),
    topic: word('topic'),
    summary: word('summary'),
    outline: outlineOf(form.get('outline'), told),
    stack: texts('stack'),
    tools: texts('tools'),
    language: word('language'),
    lang: langOf(word('lang'), told),
    difficulty: word('difficulty'),
    tags: [...new Set(texts('tags'))],
    author: word('author'),
    published: dayOf(form.get('published'), 'date', told),
    updated: dayOf(form.get('updated'), 'updated', told),
    revision: revisionOf(form, told),
    ref: refOf(word('ref'), told),
    flags: texts('flags'),
    checklist: listOf(form.get('checklist'), 'checklist', told).flatMap((item) => checkItem(item, told)),
    entities: texts('entities'),
    images: listOf(form.get('images'), 'images', told).flatMap((item) => imageOf(item, told)),
    notes: texts('notes'),
  };
}

function fieldsOf(
  written: unknown,
  known: Readonly<Record<string, string>>,
  told: Told,
): ReadonlyMap<string, unknown> {
  const form = new Map<string, unknown>();
  if (written === null || written === undefined) return form;
  if (typeof written !== 'object' || Array.isArray(written)) {
    told('the front matter is no list of names and values; it was left out');
    return form;
  }
  for (const [name, value] of Object.entries(written)) {
    const plain = name.toLowerCase().replace(/[\s_-]/g, '');
    const field = Object.hasOwn(known, plain) ? known[plain]! : null;
    if (field === null && !COMPUTED.includes(plain))
      told(`"${cut(name, 60)}" is no field of a note; it was left out`);
    if (field !== null && !form.has(field) && value !== null) form.set(field, value);
  }
  return form;
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

function textOf(value: unknown, name: string, told: Told, most: number = NOTE_LIMITS.field): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    told(`"${name}" is no text; it was left out`);
    return null;
  }
  const text = String(value).trim();
  if (text.length > most) told(`"${name}" is longer than ${most} characters; it was cut`);
  return text === '' ? null : cut(text, most);
}

/** A list, or one thing in place of a list of one. */
function listOf(value: unknown, name: string, told: Told): readonly unknown[] {
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? value : [value];
  if (list.length > NOTE_LIMITS.items)
    told(`"${name}" has more than ${NOTE_LIMITS.items} items; the rest was left out`);
  return list.slice(0, NOTE_LIMITS.items);
}

function textList(value: unknown, name: string, told: Told): readonly string[] {
  return listOf(value, name, told).flatMap((item) => textOf(item, name, told, NOTE_LIMITS.item) ?? []);
}

const OUTLINE: Readonly<Record<string, string>> = {
  context: 'context',
  problem: 'problem',
  stack: 'stack',
  action: 'action',
  recommendedaction: 'action',
  recommendation: 'action',
};

function outlineOf(value: unknown, told: Told): Outline {
  if (value === undefined) return EMPTY;
  const form = fieldsOf(value, OUTLINE, told);
  const part = (name: keyof Outline) => {
    const given = form.get(name);
    return Array.isArray(given)
      ? textList(given, `outline.${name}`, told).join(', ') || null
      : textOf(given, `outline.${name}`, told);
  };
  return { context: part('context'), problem: part('problem'), stack: part('stack'), action: part('action') };
}

const REVISION: Readonly<Record<string, string>> = {
  status: 'status',
  version: 'version',
  reviewed: 'reviewed',
  lastreviewed: 'reviewed',
  by: 'by',
  reviewedby: 'by',
};

/** The section, or the same names beside it. */
function revisionOf(form: ReadonlyMap<string, unknown>, told: Told): Revision {
  const inner = fieldsOf(form.get('revision'), REVISION, told);
  const given = (name: keyof Revision) => inner.get(name) ?? form.get(name);
  return {
    status: textOf(given('status'), 'revision.status', told),
    version: textOf(given('version'), 'revision.version', told),
    reviewed: dayOf(given('reviewed'), 'revision.reviewed', told),
    by: textOf(given('by'), 'revision.by', told),
  };
}

const DAY = /^(\d{4})-(\d\d)-(\d\d)(?:[T ].*)?$/;

/** `2026-01-31` of a date, with or without a time; null: it is none. */
export function dayOf(value: unknown, name: string, told: Told): string | null {
  if (value === undefined || value === null) return null;
  const text = value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : String(value);
  const [, year, month, day] = DAY.exec(text.slice(0, 40)) ?? [];
  const found = `${year}-${month}-${day}`;
  const at = Date.parse(`${found}T00:00:00Z`);
  if (!Number.isNaN(at) && new Date(at).toISOString().startsWith(found)) return found;
  told(`"${name}" is no date such as 2026-01-31; it was left out`);
  return null;
}

/** @see BCP 47 (RFC 5646), well-formed tags in short */
function langOf(given: string | null, told: Told): string | null {
  if (given === null || /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,7}$/.test(given)) return given;
  told('"lang" is no language tag such as en or pt-BR; it was left out');
  return null;
}

function refOf(given: string | null, told: Told): string | null {
  if (given === null || /^[A-Za-z0-9][\w.:/-]{0,99}$/.test(given)) return given;
  told('"ref" is no reference of letters, digits and . : / - _; one was computed');
  return null;
}

function checkItem(item: unknown, told: Told): readonly CheckItem[] {
  if (typeof item !== 'object' || item === null) {
    const step = textOf(item, 'checklist', told, NOTE_LIMITS.item);
    return step === null ? [] : [{ step, command: null, signed: null }];
  }
  const { step, command, signed } = { ...item } as Record<string, unknown>;
  const words = textOf(step, 'checklist', told, NOTE_LIMITS.item);
  return words === null
    ? []
    : [
        {
          step: words,
          command: textOf(command, 'checklist.command', told),
          signed: signatureOf(signed, told),
        },
      ];
}

function signatureOf(signed: unknown, told: Told): string | null {
  if (typeof signed !== 'object' || signed === null) return textOf(signed, 'checklist.signed', told);
  const { by, at } = { ...signed } as Record<string, unknown>;
  const [who, when] = [textOf(by, 'signed.by', told), dayOf(at, 'signed.at', told)];
  return who === null || when === null ? null : `${who}, ${when}`;
}

function imageOf(item: unknown, told: Told): readonly NoteImage[] {
  const form = typeof item === 'object' && item !== null ? item : { src: item };
  const { src, from, alt, caption, source } = { ...form } as Record<string, unknown>;
  const path = textOf(src ?? from, 'images.src', told);
  if (path === null) return [];
  const said = textOf(caption, 'images.caption', told);
  return [
    {
      from: path,
      alt: textOf(alt, 'images.alt', told) ?? said ?? '',
      caption: said,
      source: textOf(source, 'images.source', told),
    },
  ];
}
