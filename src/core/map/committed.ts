/**
 * The coverage map as it is committed next to the code: what a person reviews, the same in every recording of the same
 * service. No counts, no times, no values. The file's form is exactly this record; see mapfile/.
 */
import { append } from '../multimap.ts';
import type {
  CoverageMap,
  Invalidation,
  MappedSource,
  MappedTemplate,
  MappedWrite,
  RowsKind,
  Ttl,
} from './coverage-map.ts';
import { order, sorted } from './lineage.ts';

export const MAP_VERSION = 1;

export interface CommittedMap {
  readonly version: typeof MAP_VERSION;
  readonly templates: readonly CommittedTemplate[];
  /** Templates of which nothing is known to feed them. */
  readonly withoutSources?: readonly string[] | undefined;
}

export interface CommittedTemplate {
  readonly template: string;
  readonly db: number;
  /** How the key is built from a row, `item:{items.id}`; null: it cannot be built. */
  readonly key: string | null;
  /** Columns of each variable part; any of them builds it. */
  readonly segments: readonly (readonly string[])[];
  /** Serialisation of the values. */
  readonly values: readonly string[];
  readonly ttl: CommittedTtl;
  readonly sources: readonly CommittedSource[];
  /** Routes, else statements. */
  readonly filledBy: readonly string[];
  readonly invalidatedBy: readonly CommittedInvalidation[];
  readonly uncovered: readonly CommittedUncovered[];
  /** The last recording that was written into the file did not show the template. */
  readonly notSeen?: true | undefined;
}

/** `mixed`: some fills have none. */
export type TtlClass = 'none' | 'bounded' | 'mixed' | 'unknown';

export interface CommittedTtl {
  readonly class: TtlClass;
  /** `60s`, `10m`, `12h`, `7d`; the longest, rounded up where it varies. */
  readonly max?: string | undefined;
}

export interface CommittedSource {
  readonly table: string;
  readonly rows: RowsKind;
  readonly where: readonly string[];
  readonly columns: readonly string[];
  readonly unused?: readonly string[] | undefined;
  /** "No such row" is cached too. */
  readonly absent?: true | undefined;
  /** Known by time and key only: its values were not found in what is cached. */
  readonly likely?: true | undefined;
}

/** A kind of write, by what stays the same between recordings. */
export interface CommittedWrite {
  /** Route or outside client; absent where only the statements are known. */
  readonly by?: string | undefined;
  readonly statements: readonly string[];
  /** `items.price`, `insert items`, `delete items`. */
  readonly changes: readonly string[];
}

export interface CommittedInvalidation extends CommittedWrite {
  /** `DEL after commit`. */
  readonly how: readonly string[];
  /** Not every time. */
  readonly sometimes?: true | undefined;
}

export interface CommittedUncovered extends CommittedWrite {
  /** Why this is meant to be so; written by a person. */
  readonly accepted?: string | undefined;
}

/** What of a map is committed. */
export function committedOf(map: CoverageMap): CommittedMap {
  return {
    version: MAP_VERSION,
    templates: map.templates.map(committedTemplate).sort(byTemplate),
    ...(map.unexplained.length > 0 && { withoutSources: sorted(map.unexplained.map(templateName)) }),
  };
}

/** `lock:{id}`, or `lock:{id} (db 2)`. */
function templateName({ template, db }: { readonly template: string; readonly db: number }): string {
  return db === 0 ? template : `${template} (db ${db})`;
}

export function byTemplate(a: CommittedTemplate, b: CommittedTemplate): number {
  return order(a.template, b.template) || a.db - b.db;
}

function committedTemplate(mapped: MappedTemplate): CommittedTemplate {
  const uncovered = mapped.writes.filter((write) => write.status === 'uncovered');
  const invalidating = mapped.writes.filter(({ status }) => status === 'covered' || status === 'partial');
  return {
    template: mapped.template,
    db: mapped.db,
    key: mapped.key,
    segments: mapped.segments,
    values: mapped.formats,
    ttl: committedTtl(mapped.ttl),
    sources: mapped.sources.map(committedSource),
    filledBy: sorted(mapped.filledBy.map(({ by }) => by.name)),
    invalidatedBy: together(invalidating).map(({ writes, ...write }) => ({
      ...write,
      how: sorted(writes.flatMap((one) => one.invalidations.map(wayOf))),
      ...(writes.some((one) => one.status === 'partial') && { sometimes: true as const }),
    })),
    uncovered: together(uncovered).map(({ writes: _, ...write }) => write),
  };
}

function wayOf({ how, when }: Invalidation): string {
  return `${how} ${when === 'before-commit' ? 'before commit' : 'after commit'}`;
}

function committedSource(source: MappedSource): CommittedSource {
  return {
    table: source.table,
    rows: source.rows,
    where: source.where,
    columns: source.columns,
    ...(source.unused.length > 0 && { unused: source.unused }),
    ...(source.absent && { absent: true as const }),
    ...(!source.certain && { likely: true as const }),
  };
}

/** What a write goes by in the file. */
export function committedWrite({ by, statements, changes }: MappedWrite): CommittedWrite {
  return { ...(by.kind !== 'statement' && { by: by.name }), statements, changes };
}

/** Writes of one writer are one entry. */
function together(
  writes: readonly MappedWrite[],
): readonly (CommittedWrite & { readonly writes: readonly MappedWrite[] })[] {
  const groups = new Map<string, MappedWrite[]>();
  for (const write of writes) {
    const id = write.by.kind === 'statement' ? `\u0000${write.statements.join('\u0000')}` : write.by.name;
    append(groups, id, write);
  }
  return [...groups.values()]
    .map((group) => ({
      ...committedWrite(group[0]!),
      statements: sorted(group.flatMap((write) => write.statements)),
      changes: sorted(group.flatMap((write) => write.changes)),
      writes: group,
    }))
    .sort(byWriter);
}

export function byWriter(a: CommittedWrite, b: CommittedWrite): number {
  return order(a.by ?? '\uffff', b.by ?? '\uffff') || order(a.statements.join(), b.statements.join());
}

/** Whether two entries speak of the same kind of write: its route or client; where one of them knows statements only, a
 * statement that both name. */
export function sameWriter(a: CommittedWrite, b: CommittedWrite): boolean {
  if (a.by !== undefined && b.by !== undefined) return a.by === b.by;
  return a.statements.some((statement) => b.statements.includes(statement));
}

/** Seconds of the steps that a varying time to live is rounded up to. */
const STEPS = [
  1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 172_800,
  604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
] as const;

/** Two times to live within this are the same: an EXPIRE that comes a little after its SET. */
const SAME_MS = 250;

function committedTtl({ minMs, maxMs, unbounded }: Ttl): CommittedTtl {
  if (maxMs === null || minMs === null) return { class: unbounded > 0 ? 'none' : 'unknown' };
  const exact = Math.round(maxMs / 1000);
  const varies = maxMs - minMs > SAME_MS || exact === 0;
  const seconds = varies ? (STEPS.find((step) => step * 1000 + SAME_MS >= maxMs) ?? exact) : exact;
  return { class: unbounded > 0 ? 'mixed' : 'bounded', max: durationText(seconds) };
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
] as const;

function durationText(seconds: number): string {
  for (const [unit, size] of UNITS) {
    if (seconds >= 2 * size && seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

/** Seconds of `60s`, `10m`, `12h`, `7d`. */
export function durationSeconds(text: string): number {
  const factor = { s: 1, m: 60, h: 3_600, d: 86_400 }[text.at(-1) ?? ''] ?? 1;
  return Number.parseFloat(text) * factor;
}
