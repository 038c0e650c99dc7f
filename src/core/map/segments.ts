/**
 * How the key of a template is built from a row: which column each of its variable parts equals. Learned from conditions
 * (`where id = $1` with the value that stands in the key) and from the one row behind a key; a column counts when it
 * agrees on nearly all keys of the template.
 */
import type { Digest } from '../operation.ts';
import type { PrimaryKeys } from '../source.ts';
import { cutterOf } from '../templates.ts';
import type { KeyState } from '../versions.ts';
import type { MappedSegment } from './coverage-map.ts';
import type { KeyFacts } from './gather.ts';
import { order } from './lineage.ts';

const VARIABLE = /\{id\}|\{hash\}/g;

/** Share of the keys on which a column must agree. */
const AGREED = 0.9;

/** The variable parts of one key as digests; null where a part was not digested. */
export type Parts = readonly (Digest | null)[];

/** Cuts keys into digests. */
export function partsOf(template: string): (key: KeyState) => Parts | null {
  const cut = cutterOf(template);
  return (key) => {
    const texts = cut(key.name);
    if (texts === null) return null;
    const digests = new Map<string, Digest>();
    for (const [digest, text] of key.texts) digests.set(text, digest);
    return texts.map((text) => digests.get(text) ?? null);
  };
}

interface Tally {
  /** Keys on which the column agrees: by a condition, or by a cell of the row. */
  conditions: number;
  cells: number;
  readonly values: Set<Digest>;
}

/** The columns of each variable part. `tables` that feed the template; columns of others are no part of its lineage. */
export function segmentsOf(
  template: string,
  keys: readonly KeyFacts[],
  tables: ReadonlySet<string>,
  primaryKey: PrimaryKeys,
): readonly MappedSegment[] {
  const parts = partsOf(template);
  const count = template.match(VARIABLE)?.length ?? 0;
  const tallies = Array.from({ length: count }, () => new Map<string, Tally>());
  let informed = 0;
  for (const { key, equal, fills } of keys) {
    const digests = fills > 0 ? parts(key) : null;
    if (digests === null) continue;
    informed++;
    for (const [i, digest] of digests.entries()) {
      if (digest === null) continue;
      note(tallies[i]!, key.boundColumns.get(digest), digest, 'conditions');
      note(tallies[i]!, equal.get(digest), digest, 'cells');
    }
  }
  return tallies.map((tally) => agreeing(tally, informed, tables, primaryKey));
}

function note(
  tallies: Map<string, Tally>,
  columns: ReadonlySet<string> | undefined,
  digest: Digest,
  by: 'conditions' | 'cells',
): void {
  for (const column of columns ?? []) {
    let tally = tallies.get(column);
    if (tally === undefined) {
      tally = { conditions: 0, cells: 0, values: new Set() };
      tallies.set(column, tally);
    }
    tally[by]++;
    if (tally.values.size < 2) tally.values.add(digest);
  }
}

/** A condition says more than a cell, a primary key more than another column; a cell must agree on two values at least. */
function agreeing(
  tallies: ReadonlyMap<string, Tally>,
  informed: number,
  tables: ReadonlySet<string>,
  primaryKey: PrimaryKeys,
): MappedSegment {
  const found: { readonly column: string; readonly rank: number }[] = [];
  for (const [column, { conditions, cells, values }] of tallies) {
    const cut = column.lastIndexOf('.');
    const table = column.slice(0, cut);
    if (!tables.has(table)) continue;
    const isKey = primaryKey(table)?.includes(column.slice(cut + 1)) === true;
    const asked = conditions >= informed * AGREED;
    if (!asked && (cells < informed * AGREED || (values.size < 2 && !isKey))) continue;
    found.push({ column, rank: (asked ? 2 : 0) + (isKey ? 1 : 0) });
  }
  // A cell that happens to agree says nothing beside a condition.
  const asked = found.filter(({ rank }) => rank >= 2);
  return (asked.length > 0 ? asked : found)
    .sort((a, b) => b.rank - a.rank || order(a.column, b.column))
    .map(({ column }) => column);
}

/** `item:{items.id}`; null unless each variable part is a column. */
export function keyPattern(template: string, segments: readonly MappedSegment[]): string | null {
  if (segments.some((columns) => columns.length === 0)) return null;
  let at = 0;
  return template.replace(VARIABLE, () => `{${segments[at++]![0]}}`);
}
