/**
 * Writes, and which removals may belong to them; claims.ts decides.
 *
 * On the wire nothing ties `DEL item:1` to the UPDATE before it. What ties them: the same HTTP request where that is
 * certain; else the key's segments (they equal a primary key or parameter of the write) and nearness in time. A removal
 * belongs to one write at most. How often a kind of write (its statement shape) is followed by a removal is learned, so that
 * a write is over when its usual removal returned.
 */
import { insertedCells } from './effects.ts';
import { knownRows, meetsRequired } from './feeding.ts';
import { addTo } from './multimap.ts';
import { type Digest, type HttpRequest, saysLittle } from './operation.ts';
import { type Change, type Commit, keyOf, meets, type PrimaryKeys, type RowId } from './source.ts';
import type { Claim, KeyState, Removal } from './versions.ts';

/** A commit with what is known of the write around it. */
export interface WriteRecord {
  readonly commit: Commit;
  readonly removals: Removal[];
  /** The HTTP request around it, when that is certain. */
  request: HttpRequest | null;
  /** Told by the stream and taken for an outside write until its COMMIT's late reply came: it is none. */
  retracted?: true;
  /** Where it is not: the last response among the requests that may be; ns. */
  responded?: number;
  /** Primary key values of the changed rows, each with the columns that it stands in (`items.id`). */
  rowTokens: ReadonlyMap<Digest, ReadonlySet<string>>;
}

export const CLAIM = {
  /** A removal this long after a commit may still belong to it when the key names the row; ns. */
  keyed: 5e9,
  /** … and when it does not; ns. */
  unkeyed: 250e6,
  /** A removal this long before a write's first statement may belong to it; ns. */
  before: 250e6,
  /** Added to the distance of a removal that was sent while the commit was under way; ns. */
  overlapping: 2e6,
  /** Longest pause within a sweep that removes key by key; ns. */
  chained: 50e6,
  /** Writes that a removal may belong to; of those that share no value with its key, the last few. */
  writes: 4096,
  unnamed: 24,
  /** … and of those that changed one row behind it. */
  ofRow: 6,
  /** Removals remembered; older ones keep the claim they had. */
  removals: 20_000,
  /** Primary key values of one write that its removals are looked for by. */
  tokens: 2_000,
  /** Writes that may be behind one removal. */
  candidates: 6,
} as const;

/** Distance is weighed: a removal that names the changed row is nearer than one that shares a parameter. */
const WEIGHT = { row: 1, parameter: 20, none: 50, other: 400 } as const;

function weight(key: KeyState, write: WriteRecord): number {
  const fed = feedsKey(key, write);
  if (fed !== undefined) return fed ? WEIGHT.row : WEIGHT.other;
  let best: number = WEIGHT.none;
  for (const part of key.parts) {
    if (namesRow(key, part, write)) return WEIGHT.row;
    if (key.boundColumns.size > 0 && !key.boundColumns.has(part)) continue;
    if (write.rowTokens.has(part) || write.commit.tokens.has(part)) best = WEIGHT.parameter;
  }
  return best;
}

/** Whether one of the rows that the write changed is known to stand behind the key, or enters the list that it holds. */
function feedsKey(key: KeyState, write: WriteRecord): boolean | undefined {
  let known = false;
  let entered = false;
  for (const change of write.commit.changes) {
    if (change.rows === null || !key.fedTables.has(change.table)) continue;
    for (const id of change.rows) if (key.fedRows.has(id)) return true;
    const rows = knownRows(key, change.table);
    known ||= rows > 0;
    entered ||= change.action === 'insert' && rows > 1 && enters(key, change);
    // Its result does not show which rows they are; what it asks for does.
    entered ||= rows === 0 && meetsRequired(key, change);
  }
  return entered || (known ? false : undefined);
}

/** Whether a new row meets what one of the key's values was asked for by. */
function enters(key: KeyState, change: Change): boolean {
  const cells = insertedCells(change);
  const sources = key.live.flatMap((version) => version.sources);
  return sources.some(
    ({ read: { op } }) =>
      op.kind === 'read' && op.tables.includes(change.table) && meets(op.where, change.table, cells) !== 'no',
  );
}

/** `category:5:items` does not name the item 5: where lineage tells which column a segment is, that column decides. */
function namesRow(key: KeyState, part: Digest, write: WriteRecord): boolean {
  const columns = write.rowTokens.get(part);
  if (columns === undefined) return false;
  const bound = key.boundColumns.get(part);
  if (bound === undefined) return key.boundColumns.size === 0;
  return [...columns].some((column) => bound.has(column));
}

/** How many values of a changed row's primary key a key's name holds, by table: of (tenant, id) both, or the tenant only. */
export function namedValues(key: KeyState, write: WriteRecord): ReadonlyMap<string, number> {
  const named = new Map<string, number>();
  for (const part of key.parts) {
    if (!namesRow(key, part, write)) continue;
    const tables = new Set([...(write.rowTokens.get(part) ?? [])].map(tableOfColumn));
    for (const table of tables) named.set(table, (named.get(table) ?? 0) + 1);
  }
  return named;
}

function tableOfColumn(column: string): string {
  return column.slice(0, column.lastIndexOf('.'));
}

/** Primary key values of the rows that a commit changed. */
function rowTokensOf(commit: Commit, primaryKey: PrimaryKeys): ReadonlyMap<Digest, ReadonlySet<string>> {
  const tokens = new Map<Digest, Set<string>>();
  for (const change of commit.changes) {
    for (const { table, column, values } of change.where.equal) {
      const [value] = values;
      if (values.length !== 1 || value === undefined || table !== change.table || saysLittle(value)) continue;
      addTo(tokens, value, `${table}.${column}`);
    }
  }
  for (const change of commit.changes) {
    const columns = primaryKey(change.table) ?? [];
    for (const id of change.rows ?? []) {
      if (tokens.size >= CLAIM.tokens) return tokens;
      for (const [i, value] of keyOf(id).entries()) {
        const column = `${change.table}.${columns[i] ?? ''}`;
        addTo(tokens, value, column);
      }
    }
  }
  return tokens;
}

/** Gathers writes, removals, and which of the first may be behind each of the second. */
export class Writes {
  readonly #writes: WriteRecord[] = [];
  readonly #primaryKey: PrimaryKeys;
  readonly #ofCommit = new WeakMap<Commit, WriteRecord>();
  /** The remembered writes by the values that they speak of. */
  readonly #byToken = new Map<Digest, WriteRecord[]>();
  /** The same by the rows that they changed. */
  readonly #byRow = new Map<RowId, WriteRecord[]>();
  #removals: Removal[] = [];

  constructor(primaryKey: PrimaryKeys) {
    this.#primaryKey = primaryKey;
  }

  /** All removals that are remembered, oldest first. */
  get removals(): readonly Removal[] {
    return this.#removals;
  }

  /** Registers a commit; removals shortly before it, or inside its transaction, may be its own. */
  commit(commit: Commit): WriteRecord {
    const write: WriteRecord = {
      commit,
      removals: [],
      request: null,
      rowTokens: rowTokensOf(commit, this.#primaryKey),
    };
    this.#ofCommit.set(commit, write);
    this.#remember(write);
    const from = Math.min(commit.began, commit.txn.begin) - CLAIM.before;
    for (let i = this.#removals.length - 1; i >= 0; i--) {
      const removal = this.#removals[i]!;
      if (removal.interval.return < from) break;
      const distance = distanceBefore(removal, write);
      if (distance !== null) addCandidate(removal, { write, position: 'before', distance });
    }
    return write;
  }

  /** The change stream told the changes of a commit more exactly. Removals seen before keep their distances to it. */
  amend(commit: Commit): WriteRecord | undefined {
    const write = this.#ofCommit.get(commit);
    if (write === undefined) return undefined;
    write.rowTokens = rowTokensOf(commit, this.#primaryKey);
    this.#index(write);
    return write;
  }

  /** A commit that is none: nothing belongs to it. */
  retract(commit: Commit): WriteRecord | undefined {
    const write = this.#ofCommit.get(commit);
    if (write === undefined) return undefined;
    write.retracted = true;
    for (const removal of this.#removals) {
      const at = removal.candidates.findIndex((claim) => claim.write === write);
      if (at >= 0) removal.candidates.splice(at, 1);
    }
    return write;
  }

  #after(removal: Removal, write: WriteRecord): void {
    if (write.retracted === true) return;
    const distance = distanceAfter(removal, write, removal.interval.invoke - write.commit.interval.return);
    if (distance !== null) addCandidate(removal, { write, position: 'after', distance });
  }

  /** Registers a removal or rewrite; writes shortly before it may be behind it. */
  removal(removal: Removal): void {
    this.#removals.push(removal);
    if (this.#removals.length > CLAIM.removals) this.#removals = this.#removals.slice(CLAIM.removals / 2);
    for (const write of this.#before(removal)) this.#after(removal, write);
  }

  /** Writes that share a value with the key's name or changed a row behind it, and the last few whatever they wrote. */
  #before(removal: Removal): ReadonlySet<WriteRecord> {
    const found = new Set(this.#writes.slice(-CLAIM.unnamed));
    for (const part of removal.key.parts) {
      const writes = this.#byToken.get(part);
      if (writes !== undefined) for (const write of writes.slice(-CLAIM.unnamed)) found.add(write);
    }
    for (const id of removal.key.fedRows)
      for (const write of this.#byRow.get(id)?.slice(-CLAIM.ofRow) ?? []) found.add(write);
    return found;
  }

  #remember(write: WriteRecord): void {
    this.#writes.push(write);
    if (this.#writes.length > CLAIM.writes) {
      this.#writes.splice(0, CLAIM.writes / 2);
      this.#byToken.clear();
      this.#byRow.clear();
      for (const kept of this.#writes) this.#index(kept);
    } else this.#index(write);
  }

  #index(write: WriteRecord): void {
    for (const token of new Set([...write.commit.tokens, ...write.rowTokens.keys(), ...cellsOf(write)]))
      enter(this.#byToken, token, write);
    for (const { rows } of write.commit.changes) for (const id of rows ?? []) enter(this.#byRow, id, write);
  }
}

function enter<K>(index: Map<K, WriteRecord[]>, key: K, write: WriteRecord): void {
  const writes = index.get(key);
  if (writes === undefined) index.set(key, [write]);
  else if (writes.at(-1) !== write) writes.push(write);
}

/** The values of a changed row, by which keys may name it in place of its primary key; of many rows those are too many. */
function cellsOf({ commit }: WriteRecord): readonly Digest[] {
  return commit.changes.flatMap(({ rows, full }) =>
    rows?.size === 1 ? [...(full?.values() ?? [])].flatMap((cells) => [...cells.values()]) : [],
  );
}

/** Keeps the nearest candidates. */
function addCandidate(removal: Removal, candidate: Claim): void {
  const { candidates } = removal;
  if (candidates.length < CLAIM.candidates) candidates.push(candidate);
  else {
    let farthest = 0;
    for (let i = 1; i < candidates.length; i++) {
      if (candidates[i]!.distance > candidates[farthest]!.distance) farthest = i;
    }
    if (candidates[farthest]!.distance > candidate.distance) candidates[farthest] = candidate;
  }
}

/** Whether removal and write are known to belong to the same HTTP request. */
export function isOfOneRequest({ op }: Removal, { commit, request }: WriteRecord): boolean {
  return op.request !== undefined && op.request === (commit.request ?? request?.request);
}

/** Whether a key's name, whatever feeds it, names a row that the write changed. */
export function isNamed(key: KeyState, write: WriteRecord): boolean {
  return [...key.parts].some((part) => namesRow(key, part, write));
}

/** Whether the removed key names a row that the write changed. */
export function namesRowOf(removal: Removal, write: WriteRecord): boolean {
  return weight(removal.key, write) === WEIGHT.row;
}

/** Whether nothing that the write speaks of stands in the key's name, and no row of it behind the key. */
export function isStrangeTo(key: KeyState, write: WriteRecord): boolean {
  return weight(key, write) >= WEIGHT.none;
}

function distanceAfter(removal: Removal, write: WriteRecord, gap: number): number | null {
  const { interval } = write.commit;
  if (removal.interval.invoke <= interval.invoke) return null;
  const factor = isOfOneRequest(removal, write) ? WEIGHT.row : weight(removal.key, write);
  if (gap > (factor >= WEIGHT.none ? CLAIM.unkeyed : CLAIM.keyed)) return null;
  // Sent while the commit was under way: possible, where a service does both at once, but not what follows from it.
  return (gap < 0 ? CLAIM.overlapping - gap : gap) * factor;
}

function distanceBefore(removal: Removal, write: WriteRecord): number | null {
  const { commit } = write;
  if (removal.interval.invoke > commit.interval.invoke) return null;
  const factor = isOfOneRequest(removal, write) ? WEIGHT.row : weight(removal.key, write);
  const inside = removal.interval.invoke >= commit.txn.begin && commit.txn.begin < commit.interval.invoke;
  // Inside the transaction: as near as the statements around it. Before it: as far as the first of them.
  if (inside) return Math.abs(removal.interval.invoke - commit.began) * factor;
  // What was never answered may have ended as soon as it was sent.
  const { invoke, return: returned } = removal.interval;
  const gap = Math.max(commit.began - (Number.isFinite(returned) ? returned : invoke), 0);
  return gap <= CLAIM.before && factor < WEIGHT.none ? gap * factor : null;
}
