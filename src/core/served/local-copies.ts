/**
 * WS108, what is seen: responses that carry what a row held before a commit, though nothing that the stores answered during the
 * request can have given it. Where in the responses of a route a column stands is learned from those that did carry what a
 * statement or a hit of the same request had just given.
 */
import type { Digest, HttpRequest } from '../operation.ts';
import { saysLittle } from '../operation.ts';
import { foldName, indexPayload, type Leaf, type PayloadIndex } from '../payload.ts';
import type { PrimaryKeys } from '../source.ts';
import { type Change, keyOf, type ReadFact, type RowId } from '../source.ts';
import type { WriteRecord } from '../writes.ts';
import type { Exchange, Hit } from './exchange.ts';

export const COPY_LIMITS = {
  /** Keys of changed rows that are remembered, changes of one, and rows of one commit. */
  rows: 10_000,
  changes: 16,
  ofCommit: 500,
  /** Places learned. */
  places: 20_000,
  /** Responses with an old value; the oldest go. */
  responses: 4_000,
} as const;

/** A column that a commit changed. */
export interface Changed {
  readonly write: WriteRecord;
  readonly change: Change;
  readonly id: RowId;
  readonly column: string;
  readonly old: Digest;
  /** null: the row was deleted. */
  readonly now: Digest | null;
  /** Whether the new value was seen to leave the stores. */
  loaded: boolean;
}

/** A response with an old value that no store gave. */
export interface OldResponse {
  readonly request: HttpRequest;
  readonly route: string;
  readonly changed: Changed;
  readonly place: string;
  /** Something was answered meanwhile that could not be read. */
  readonly unclear: boolean;
}

/** Where a column stands in the responses of a route. */
export interface LearnedPlace {
  readonly values: Set<Digest>;
  /** The first response that showed it, and what gave it. */
  readonly request: HttpRequest;
  readonly from: ReadFact | Hit;
}

export class LocalCopies {
  readonly #primaryKey: PrimaryKeys;
  /** By the first value of the row's primary key. */
  readonly #changed = new Map<Digest, Changed[]>();
  readonly #places = new Map<string, LearnedPlace>();
  /** The last response of a path that showed something else. */
  readonly #fresh = new Map<string, number>();
  /** Routes that showed an outside change without a store: they have another source. */
  readonly #elsewhere = new Set<string>();
  #responses: OldResponse[] = [];

  constructor(primaryKey: PrimaryKeys) {
    this.#primaryKey = primaryKey;
  }

  get responses(): readonly OldResponse[] {
    return this.#responses;
  }

  learned({ route, changed, place }: OldResponse): LearnedPlace | undefined {
    return this.#places.get(placeKey(route, changed.change.table, changed.column, place));
  }

  hasOtherSource(route: string): boolean {
    return this.#elsewhere.has(route);
  }

  /** When the path last answered with a newer value; 0 when it did not. */
  freshAt(request: HttpRequest): number {
    return this.#fresh.get(pathOf(request)) ?? 0;
  }

  /** Rows were changed. */
  commit(write: WriteRecord, changes: readonly Change[]): void {
    for (const change of changes) {
      for (const id of [...(change.rows ?? [])].slice(0, COPY_LIMITS.ofCommit)) {
        for (const [column, old] of change.before.get(id) ?? []) {
          const now = change.action === 'delete' ? null : valueNow(change, id, column);
          if (now === undefined || now === '?' || now === old) continue;
          this.#remember({ write, change, id, column, old, now, loaded: false });
        }
      }
    }
  }

  #remember(changed: Changed): void {
    const token = keyOf(changed.id)[0]!;
    const list = this.#changed.get(token);
    if (list === undefined) {
      if (this.#changed.size >= COPY_LIMITS.rows) this.#changed.delete(this.#changed.keys().next().value!);
      this.#changed.set(token, [changed]);
      return;
    }
    list.push(changed);
    if (list.length > COPY_LIMITS.changes) list.shift();
  }

  /** A row left the stores. */
  read({ rows }: ReadFact): void {
    if (this.#changed.size === 0) return;
    for (const { images } of rows) {
      for (const { id, cells } of images) {
        const list = id === null ? undefined : this.#changed.get(keyOf(id)[0]!);
        for (const changed of list ?? [])
          if (changed.id === id && cells.get(changed.column) === changed.now) changed.loaded = true;
      }
    }
  }

  take(exchange: Exchange, route: string): void {
    const { request, body } = exchange;
    const { code } = request;
    if (body === null || request.method !== 'GET' || code === null || code < 200 || code > 299) return;
    const index = indexPayload(body);
    const named = new Set(exchange.asked.values());
    this.#learn(exchange, route, index, named);
    const seen = new Set<string>();
    for (const token of named) {
      for (const changed of this.#changed.get(token) ?? []) {
        const cell = `${changed.id}\u0000${changed.column}`;
        if (seen.has(cell) || !keyOf(changed.id).every((value) => named.has(value))) continue;
        seen.add(cell);
        this.#compare(exchange, route, index, changed);
      }
    }
  }

  /** Holds a column of the row that the request names against what the response says of it. */
  #compare(exchange: Exchange, route: string, index: PayloadIndex, { id, column }: Changed): void {
    const { request } = exchange;
    const list = (this.#changed.get(keyOf(id)[0]!) ?? []).filter(
      (one) => one.id === id && one.column === column && one.change.superseded !== true,
    );
    for (const leaf of this.#leavesOf(id, column, index)) {
      const outdated = outdatedBy(list, leaf.value);
      if (outdated === null) {
        this.#noteFresh(exchange, route, list, leaf);
        continue;
      }
      if (outdated.write.commit.interval.return >= request.invoke) continue;
      const given = whatGave(exchange, outdated);
      if (given === 'a store') continue;
      this.#responses.push({
        request,
        route,
        changed: outdated,
        place: leaf.place,
        unclear: given === 'unclear',
      });
      if (this.#responses.length > COPY_LIMITS.responses)
        this.#responses = this.#responses.slice(COPY_LIMITS.responses / 2);
    }
  }

  #noteFresh(exchange: Exchange, route: string, list: readonly Changed[], leaf: Leaf): void {
    const last = list.at(-1);
    if (last?.now !== leaf.value) return;
    const path = pathOf(exchange.request);
    if (this.#fresh.size < COPY_LIMITS.places || this.#fresh.has(path))
      this.#fresh.set(path, exchange.request.invoke);
    const { commit } = last.write;
    const outside = commit.outside !== undefined && commit.interval.return < exchange.request.invoke;
    if (outside && !last.loaded && whatGave(exchange, { ...last, old: leaf.value }) !== 'a store')
      this.#elsewhere.add(route);
  }

  /** Leaves that stand for a column of a row: under its name, in the document or list element that is the row. */
  #leavesOf(id: RowId, column: string, index: PayloadIndex): readonly Leaf[] {
    const name = foldName(column);
    const table = id.slice(0, id.indexOf('\u0000'));
    const key = (this.#primaryKey(table) ?? []).map(foldName);
    const values = keyOf(id);
    return index.leaves.filter(
      (leaf) =>
        leaf.name === name &&
        (leaf.element === '' ||
          key.every((part, i) =>
            index.elements
              .get(leaf.element)
              ?.get(part)
              ?.some(({ value }) => value === values[i]),
          )),
    );
  }

  #learn(exchange: Exchange, route: string, index: PayloadIndex, named: ReadonlySet<Digest>): void {
    const isNamed = (id: RowId | null): id is RowId =>
      id !== null && keyOf(id).every((value) => named.has(value));
    for (const read of exchange.reads) {
      for (const { images } of read.rows)
        for (const { id, cells } of images)
          if (isNamed(id))
            for (const [column, value] of cells)
              this.#place(exchange, route, read, this.#leavesOf(id, column, index), id, column, value);
    }
    for (const hit of exchange.hits) {
      for (const { rows } of hit.version.sources)
        for (const { images, columns } of rows) {
          const id = images.map((image) => image.id).find(isNamed);
          if (id === undefined) continue;
          for (const { column, value } of columns)
            this.#place(exchange, route, hit, this.#leavesOf(id, column, index), id, column, value);
        }
    }
  }

  #place(
    { request }: Exchange,
    route: string,
    from: ReadFact | Hit,
    leaves: readonly Leaf[],
    id: RowId,
    column: string,
    value: Digest,
  ): void {
    for (const leaf of leaves) {
      if (leaf.value !== value) continue;
      const key = placeKey(route, id.slice(0, id.indexOf('\u0000')), column, leaf.place);
      const known = this.#places.get(key);
      if (known !== undefined) {
        if (known.values.size < 2) known.values.add(value);
      } else if (this.#places.size < COPY_LIMITS.places)
        this.#places.set(key, { values: new Set([value]), request, from });
    }
  }
}

function valueNow(change: Change, id: RowId, column: string): Digest | '?' | undefined {
  return change.after.get(id)?.get(column) ?? change.set.get(column);
}

/** The commit since which a column holds something else; null while it may hold this value. */
function outdatedBy(list: readonly Changed[], value: Digest): Changed | null {
  let found: Changed | null = null;
  for (let i = list.length - 1; i >= 0; i--) {
    if (list[i]!.now === value) break;
    if (list[i]!.old === value) found = list[i]!;
  }
  return found;
}

/** Whether something that the stores answered during the request can have given the old value. */
function whatGave(
  exchange: Exchange,
  { id, change, column, old }: Changed,
): 'a store' | 'unclear' | 'nothing' {
  const { table } = change;
  const isIt = (value: Digest, name: string) =>
    value === old && (!saysLittle(old) || foldName(name) === foldName(column));
  let unclear = exchange.unclear || exchange.failed;
  for (const { op, rows } of exchange.reads) {
    const tables = op.kind === 'read' ? op.tables : op.effects.map((effect) => effect.table);
    if (tables.includes(table)) return 'a store';
    if (rows.some(({ cells }) => cells.some((cell) => isIt(cell.value, cell.column ?? cell.name))))
      return 'a store';
    unclear ||= op.opaque === true || op.truncated === true;
  }
  for (const { version } of exchange.hits) {
    const { key, payload } = version;
    if (key.fedRows.has(id)) return 'a store';
    const index = payload === null ? null : indexPayload(payload);
    if (index === null || index.unreadable || index.truncated) {
      if (key.fedTables.has(table)) return 'a store';
      unclear ||= key.fedTables.size === 0;
    }
    if (index?.leaves.some((leaf) => isIt(leaf.value, leaf.name)) || index?.words.has(old)) return 'a store';
  }
  return unclear ? 'unclear' : 'nothing';
}

function placeKey(route: string, table: string, column: string, place: string): string {
  return `${route}\u0000${table}.${column}\u0000${place}`;
}

function pathOf(request: HttpRequest): string {
  return `${request.method} ${request.path}`;
}
