/** A recording's map against the committed one: what is new, what is mended, what has changed. */
import {
  type CommittedMap,
  type CommittedSource,
  type CommittedTemplate,
  type CommittedUncovered,
  committedOf,
  committedWrite,
  sameWriter,
} from './committed.ts';
import { type CoverageMap, type MappedTemplate, type MappedWrite, templateId } from './coverage-map.ts';
import { sorted } from './lineage.ts';

export interface WriteOfTemplate {
  readonly template: string;
  readonly db: number;
  readonly write: MappedWrite;
}

export interface EntryOfTemplate {
  readonly template: string;
  readonly db: number;
  readonly entry: CommittedUncovered;
}

export interface TemplateRef {
  readonly template: string;
  readonly db: number;
}

export interface SourceChange extends TemplateRef {
  /** `items`, `items.price`. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface Comparison {
  /** Uncovered writes that the file does not name: these fail the check. */
  readonly fresh: readonly WriteOfTemplate[];
  /** Uncovered, and named by the file. */
  readonly known: readonly WriteOfTemplate[];
  /** Uncovered, and accepted with a reason. */
  readonly accepted: readonly EntryOfTemplate[];
  /** Named as uncovered by the file, and covered in this recording. */
  readonly mended: readonly EntryOfTemplate[];
  readonly newTemplates: readonly TemplateRef[];
  /** Of the file, not seen in this recording. */
  readonly goneTemplates: readonly TemplateRef[];
  readonly sourcesChanged: readonly SourceChange[];
  /** Templates of the file that the recording shows. */
  readonly seen: number;
}

export function compareMaps(committed: CommittedMap, map: CoverageMap): Comparison {
  const file = new Map(committed.templates.map((template) => [templateId(template), template]));
  const pairs = map.templates.map((mapped) => ({ mapped, known: file.get(templateId(mapped)) }));
  const seen = new Set(map.templates.map(templateId));
  const current = new Map(committedOf(map).templates.map((template) => [templateId(template), template]));
  return {
    fresh: pairs.flatMap(({ mapped, known }) =>
      uncovered(mapped).filter(({ write }) => entryFor(write, known) === undefined),
    ),
    known: pairs.flatMap(({ mapped, known }) =>
      uncovered(mapped).filter(({ write }) => {
        const entry = entryFor(write, known);
        return entry !== undefined && entry.accepted === undefined;
      }),
    ),
    accepted: pairs.flatMap(({ mapped, known }) =>
      uncovered(mapped).flatMap(({ write }) => {
        const entry = entryFor(write, known);
        return entry?.accepted === undefined ? [] : [{ ...ref(mapped), entry }];
      }),
    ),
    mended: pairs.flatMap(({ mapped, known }) =>
      (known?.uncovered ?? [])
        .filter((entry) => isMended(entry, mapped))
        .map((entry) => ({ ...ref(mapped), entry })),
    ),
    newTemplates: pairs.filter(({ known }) => known === undefined).map(({ mapped }) => ref(mapped)),
    goneTemplates: committed.templates
      .filter((template) => template.notSeen !== true && !seen.has(templateId(template)))
      .map(ref),
    sourcesChanged: committed.templates.flatMap((template) => {
      const now = current.get(templateId(template));
      return now === undefined ? [] : sourceChange(template, now);
    }),
    seen: committed.templates.filter((template) => seen.has(templateId(template))).length,
  };
}

function ref({ template, db }: TemplateRef): TemplateRef {
  return { template, db };
}

function uncovered(mapped: MappedTemplate): WriteOfTemplate[] {
  return mapped.writes
    .filter((write) => write.status === 'uncovered')
    .map((write) => ({ ...ref(mapped), write }));
}

/** The file's entry that stands for a write: the same writer, and it changes nothing beyond what the entry names. */
function entryFor(write: MappedWrite, known: CommittedTemplate | undefined): CommittedUncovered | undefined {
  const committed = committedWrite(write);
  return known?.uncovered.find(
    (entry) =>
      sameWriter(entry, committed) && write.changes.every((change) => entry.changes.includes(change)),
  );
}

/** All that the entry speaks of was seen to be covered, and nothing of it uncovered. */
export function isMended(entry: CommittedUncovered, mapped: MappedTemplate): boolean {
  const same = mapped.writes.filter(
    (write) =>
      sameWriter(entry, committedWrite(write)) &&
      write.changes.some((change) => entry.changes.includes(change)),
  );
  return same.length > 0 && same.every((write) => write.status === 'covered');
}

function sourceChange(before: CommittedTemplate, now: CommittedTemplate): SourceChange[] {
  const old = namesOf(before.sources);
  const current = namesOf(now.sources);
  const added = sorted([...current].filter((name) => !old.has(name)));
  const removed = sorted([...old].filter((name) => !current.has(name)));
  return added.length + removed.length === 0 ? [] : [{ ...ref(before), added, removed }];
}

/** Tables, and columns found in what is cached. */
function namesOf(sources: readonly CommittedSource[]): ReadonlySet<string> {
  return new Set(
    sources.flatMap(({ table, columns }) => [table, ...columns.map((column) => `${table}.${column}`)]),
  );
}
