/**
 * What a commit does to a cached value: which of its columns are no longer what the source says, which of its rows are
 * gone, whether a row enters or leaves the predicate behind it.
 */
import type { FedRow, Source } from './lineage.ts';
import type { Digest, SourceRead } from './operation.ts';
import { changedRowIn } from './same-row.ts';
import {
  asOf,
  type Change,
  type Commit,
  type Interval,
  isReplicaRead,
  meets,
  meetsEqualities,
  type PrimaryKeys,
  type RowId,
  type RowImage,
  touches,
  valueAfter,
} from './source.ts';

export interface ChangedColumn {
  readonly table: string;
  readonly column: string;
  readonly place: string;
  /** The cached value. */
  readonly old: Digest;
  /** The value since the commit; `?` is not known yet. */
  readonly now: Digest | '?';
  /** Found in the payload by name or by a value that says much. */
  readonly strong: boolean;
}

export type EffectKind = 'changed' | 'removed' | 'entered' | 'left' | 'recomputed';

export interface Effect {
  readonly kind: EffectKind;
  readonly change: Change;
  /** null: the fill was not seen; see unseen.ts. */
  readonly source: Source | null;
  readonly row: RowImage | null;
  readonly rowId: RowId | null;
  readonly columns: readonly ChangedColumn[];
  /** `order`: the read was over before the commit began. `value`: they overlap, but the values decide. */
  readonly decidedBy: 'order' | 'value';
  /** True when the row behind the value is certainly the one that was changed. */
  readonly touched: boolean;
  /** True when the wire shows that the value differs now. Otherwise a later read must confirm it. */
  readonly sure: boolean;
}

/** Where a read's snapshot stands to a commit. */
export function relation(snapshot: Interval, commit: Interval): 'before' | 'overlap' | 'after' {
  if (snapshot.return < commit.invoke) return 'before';
  if (commit.return < snapshot.invoke) return 'after';
  return 'overlap';
}

/** All effects of a commit on a value with these sources. */
export function effectsOf(
  sources: readonly Source[],
  commit: Commit,
  primaryKey: PrimaryKeys,
): readonly Effect[] {
  const effects: Effect[] = [];
  for (const source of sources) {
    if (source.read.txn !== null && source.read.txn === commit.txn && seesItsWrites(source)) continue;
    // What was never committed is wrong by itself; no later commit makes it so.
    if (source.read.own && source.read.txn?.state === 'rolled back') continue;
    const where = relation(asOf(source.read), commit.interval);
    if (where === 'after') continue;
    for (const change of commit.changes) {
      if (!source.read.tables.includes(change.table)) continue;
      const found = [
        ...rowEffects(source, change, where),
        ...membershipEffects(source, change, where, primaryKey, commit.interval),
      ];
      effects.push(...found);
    }
  }
  return effects;
}

/** What a transaction read before it wrote is as old as what others read then; where the payload cannot be read, it may as well be made
 * of what was written. */
function seesItsWrites({ read, kind }: Source): boolean {
  return read.own || kind !== 'values';
}

function rowEffects(source: Source, change: Change, where: 'before' | 'overlap'): Effect[] {
  const effects: Effect[] = [];
  for (const row of source.rows) {
    for (const shown of row.images) {
      const found = changedRowIn(source, shown, change);
      const image = found === null || found === 'none' ? shown : { ...shown, id: found };
      const touched = found === 'none' ? 'no' : touches(change, image);
      if (touched === 'no') continue;
      const effect = rowEffect(source, row, image, change, touched === 'yes');
      if (effect === null) continue;
      const decided = where === 'before' ? effect : decideByValue(effect, change);
      if (decided !== null) effects.push(decided);
    }
  }
  return effects;
}

function rowEffect(
  source: Source,
  row: FedRow,
  image: RowImage,
  change: Change,
  certain: boolean,
): Effect | null {
  const base = { change, source, row: image, rowId: image.id, decidedBy: 'order' as const, touched: certain };
  if (change.action === 'delete' || change.action === 'truncate') {
    return { ...base, kind: 'removed', columns: [], sure: certain };
  }
  if (change.action === 'insert') return null;
  const columns = source.kind === 'unreadable' ? allColumns(image, change) : fedColumns(row, image, change);
  if (columns.length === 0) return null;
  return { ...base, kind: 'changed', columns, sure: certain && columns.some((column) => column.now !== '?') };
}

function fedColumns(row: FedRow, image: RowImage, change: Change): ChangedColumn[] {
  const changed: ChangedColumn[] = [];
  for (const fed of row.columns) {
    if (fed.table !== change.table) continue;
    const now = valueAfter(change, image, fed.column);
    if (now === undefined || now === fed.value) continue;
    changed.push({
      table: change.table,
      column: fed.column,
      place: fed.place,
      old: fed.value,
      now,
      strong: fed.strong,
    });
  }
  return changed;
}

/** The payload cannot be read: any selected column may stand in it. */
function allColumns(image: RowImage, change: Change): ChangedColumn[] {
  const changed: ChangedColumn[] = [];
  for (const [column, old] of image.cells) {
    const now = valueAfter(change, image, column);
    if (now === undefined || now === old) continue;
    changed.push({ table: change.table, column, place: '', old, now, strong: false });
  }
  return changed;
}

/** Read and commit overlap: the cached value is older only if it is exactly what stood there before the commit. */
function decideByValue(effect: Effect, change: Change): Effect | null {
  if (effect.kind !== 'changed' || effect.rowId === null) return null;
  const known = [change.before.get(effect.rowId), change.shown?.get(effect.rowId)];
  const columns = effect.columns.filter(
    ({ column, now, old }) => now !== '?' && known.some((cells) => cells?.get(column) === old),
  );
  return columns.length === 0 ? null : { ...effect, columns, decidedBy: 'value' };
}

/** Rows entering or leaving the predicate of a read. */
function membershipEffects(
  source: Source,
  change: Change,
  where: 'before' | 'overlap',
  primaryKey: PrimaryKeys,
  at: Interval,
): Effect[] {
  const { op } = source.read;
  if (op.kind === 'read' && where === 'overlap' && isReplicaRead(source.read))
    return absentOnReplica(source, change, at);
  if (op.kind !== 'read' || where === 'overlap') return [];
  const key = primaryKey(change.table);
  const byKey = key?.every((column) =>
    op.where.equal.some((e) => e.table === change.table && e.column === column),
  );
  if (byKey === true && source.read.rows.length > 0) return [];
  const base = { change, source, row: null, columns: [], decidedBy: 'order' as const, touched: true };
  if (op.aggregate) return recomputed(op, change, base);
  if (change.action === 'insert') {
    const cells = insertedCells(change);
    const answer = meets(op.where, change.table, cells);
    if (answer === 'no') return [];
    // "No row" by key: the LIMIT 1 that query builders add narrows nothing.
    const asked =
      source.kind === 'negative' && source.keyed && meetsEqualities(op.where, change.table, cells);
    return [{ ...base, kind: 'entered', rowId: onlyRow(change), sure: answer === 'yes' || asked }];
  }
  if (change.action === 'update') return crossing(source, op, change, base);
  return [];
}

/** A standby showed no row where a commit that was over before had put one. */
function absentOnReplica(source: Source, change: Change, commit: Interval): Effect[] {
  const { op } = source.read;
  if (op.kind !== 'read' || source.kind !== 'negative' || !source.keyed || change.action !== 'insert')
    return [];
  if (commit.return >= op.invoke) return [];
  if (!meetsEqualities(op.where, change.table, insertedCells(change))) return [];
  const base = { change, source, row: null, columns: [], decidedBy: 'value' as const, touched: true };
  return [{ ...base, kind: 'entered', rowId: onlyRow(change), sure: true }];
}

type EffectBase = Pick<Effect, 'change' | 'source' | 'row' | 'columns' | 'decidedBy' | 'touched'>;

function onlyRow(change: Change): RowId | null {
  if (change.rows === null || change.rows.size !== 1) return null;
  return [...change.rows][0] ?? null;
}

/** What is known of a new row. */
export function insertedCells(change: Change): ReadonlyMap<string, Digest> {
  const cells = new Map<string, Digest>();
  for (const [column, value] of change.set) if (value !== '?') cells.set(column, value);
  for (const row of change.after.values()) for (const [column, value] of row) cells.set(column, value);
  return cells;
}

/** Count, sum and their like: an insert or delete within the predicate changes them for certain only with its next value. */
function recomputed(op: SourceRead, change: Change, base: EffectBase): Effect[] {
  if (change.action === 'insert') {
    const answer = meets(op.where, change.table, insertedCells(change));
    return answer === 'no'
      ? []
      : [{ ...base, kind: 'recomputed', rowId: onlyRow(change), sure: answer === 'yes' }];
  }
  if (change.action === 'update') {
    const touched = [...change.set.keys()].some((column) => changesValue(change, column));
    const sure = sumsChange(op, change);
    return touched ? [{ ...base, kind: 'recomputed', rowId: onlyRow(change), sure }] : [];
  }
  return [{ ...base, kind: 'recomputed', rowId: onlyRow(change), sure: false }];
}

/** Whether a row that stays within the predicate is known to have got another value in a column whose every value counts. */
function sumsChange(op: SourceRead, change: Change): boolean {
  const columns = [...change.set.keys()].filter((column) =>
    op.computed?.includes(`${change.table}.${column}`),
  );
  if (columns.length === 0) return false;
  return [...change.before].some(([id, before]) => {
    const now = new Map([...before, ...(change.full?.get(id) ?? []), ...(change.after.get(id) ?? [])]);
    for (const [column, value] of change.set) if (value !== '?') now.set(column, value);
    const differs = columns.some((column) => {
      const old = before.get(column);
      return old !== undefined && change.set.get(column) !== '?' && now.get(column) !== old;
    });
    const both = [new Map([...now, ...before]), now];
    return differs && both.every((cells) => meets(op.where, change.table, cells) === 'yes');
  });
}

function changesValue(change: Change, column: string): boolean {
  const now = change.set.get(column);
  if (now === undefined) return false;
  const images = [...change.before.values()];
  return images.length === 0 || now === '?' || images.some((image) => image.get(column) !== now);
}

/** An update of a column that the predicate looks at: rows of the result may leave, others may enter. */
function crossing(source: Source, op: SourceRead, change: Change, base: EffectBase): Effect[] {
  const watched = op.where.columns.some(
    (name) =>
      name.startsWith(`${change.table}.`) && changesValue(change, name.slice(change.table.length + 1)),
  );
  if (!watched) return [];
  const effects: Effect[] = [];
  const inResult = source.rows.flatMap((row) => row.images.filter((image) => image.table === change.table));
  for (const image of inResult) {
    if (touches(change, image) !== 'yes') continue;
    const cells = new Map(image.cells);
    for (const column of change.set.keys()) {
      const now = valueAfter(change, image, column);
      if (now === '?' || now === undefined) cells.delete(column);
      else cells.set(column, now);
    }
    if (meets(op.where, change.table, cells) === 'no') {
      effects.push({ ...base, row: image, kind: 'left', rowId: image.id, sure: true });
    }
  }
  const known = new Set(inResult.map((image) => image.id));
  for (const id of change.rows ?? []) {
    if (known.has(id)) continue;
    const cells = new Map(change.before.get(id) ?? []);
    for (const [column, value] of change.set) value === '?' ? cells.delete(column) : cells.set(column, value);
    for (const [column, value] of change.full?.get(id) ?? change.after.get(id) ?? [])
      cells.set(column, value);
    const answer = meets(op.where, change.table, cells);
    if (answer !== 'no') effects.push({ ...base, kind: 'entered', rowId: id, sure: answer === 'yes' });
  }
  return effects;
}
