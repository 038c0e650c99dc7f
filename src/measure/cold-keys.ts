/**
 * Which keys make a request cold, learned from what requests do. A key is a cache when the values in it are known to come from the
 * database, or when a request missed it, read the database and wrote it. A key that was there before and is only read may be a
 * session, a lock or a counter: it has to be tried, with undo, before it may be removed. Pure.
 */
import type { CacheOperation, CacheRead, SourceOperation } from '../core/operation.ts';
import type { ColdKey } from './contract.ts';

/** What is removed: a key as a whole, or those fields of a hash that are read. */
export interface Unit {
  readonly db: number;
  /** As it is shown: secrets in it are masked. */
  readonly key: string;
  /** Null: the whole key. */
  readonly fields: readonly string[] | null;
}

/** A key that one request read. */
export interface KeyRead extends Unit {
  /** Whether its first read found something; null: a script was given the key, and what it found is not on the wire. */
  readonly hit: boolean | null;
}

/** What one request did to the cache. */
export interface RequestTraffic {
  readonly reads: readonly KeyRead[];
  /** Keys that were missed and then written after statements were read: their tables. `script`: which keys a script wrote is not on
   * the wire. */
  readonly refilled: ReadonlyMap<string, { readonly tables: readonly string[]; readonly script: boolean }>;
}

export const COLD_LIMITS = {
  /** Keys that are remembered; of requests that read ever new ones the first are told. */
  keys: 5_000,
  /** Last sendings of a request whose keys count as its own: names may change from one to the next. */
  sendings: 3,
} as const;

/** Commands that read fields of a hash and leave the others alone. */
const FIELD_READS: ReadonlySet<string> = new Set(['HGET', 'HMGET']);

export function idOf({ db, key }: { readonly db: number; readonly key: string }): string {
  return `${db} ${key}`;
}

/** What the operations of one request, sent alone, did to the cache; in order of return. */
export function trafficOf(operations: readonly (CacheOperation | SourceOperation)[]): RequestTraffic {
  const ordered = [...operations].sort((a, b) => a.invoke - b.invoke);
  const reads = new Map<string, KeyRead>();
  const missed = new Map<string, number>();
  const statements: { readonly from: number; readonly until: number; readonly tables: readonly string[] }[] =
    [];
  const refilled = new Map<string, { tables: readonly string[]; script: boolean }>();
  const written = (id: string, at: number, script: boolean): void => {
    const since = missed.get(id);
    if (since === undefined) return;
    const behind = statements.filter(({ from, until }) => from >= since && until <= at);
    if (behind.length === 0) return;
    refilled.set(id, { tables: [...new Set(behind.flatMap(({ tables }) => tables))], script });
  };
  for (const op of ordered) {
    if (op.tier === 'source') {
      if (op.kind === 'read' && op.status === 'ok')
        statements.push({ from: op.invoke, until: op.return ?? op.invoke, tables: op.tables });
    } else if (op.kind === 'read') {
      if (op.status !== 'ok') continue;
      noteRead(reads, op);
      if (op.value === null && !missed.has(idOf(op))) missed.set(idOf(op), op.invoke);
    } else if (op.kind === 'write') {
      if (op.applied && op.status === 'ok') written(idOf(op), op.invoke, false);
    } else if (op.kind === 'script') {
      for (const key of op.keys) {
        const id = idOf({ db: op.db, key });
        written(id, op.invoke, true);
        // It may have looked and found nothing.
        if (!missed.has(id)) missed.set(id, op.invoke);
        if (!reads.has(id)) reads.set(id, { db: op.db, key, fields: null, hit: null });
      }
    }
  }
  return { reads: [...reads.values()], refilled };
}

function noteRead(reads: Map<string, KeyRead>, op: CacheRead): void {
  const id = idOf(op);
  const fields = FIELD_READS.has(op.command) ? Object.keys(op.fields ?? {}) : [];
  const part = fields.length > 0 ? fields : null;
  const known = reads.get(id);
  reads.set(id, {
    db: op.db,
    key: op.key,
    fields: known === undefined ? part : joined(known.fields, part),
    hit: known?.hit ?? op.value !== null,
  });
}

function joined(a: Unit['fields'], b: Unit['fields']): Unit['fields'] {
  return a === null || b === null ? null : [...new Set([...a, ...b])];
}

/** `absent`: nothing was there when it was read. `scripted`: a script may have filled it. `unknown`: to be tried. */
type Standing = 'absent' | 'scripted' | 'unknown' | 'cache' | 'kept';

interface Known {
  unit: Unit;
  standing: Standing;
  why: string;
  /** Was to be tried, and was not there. */
  missing: boolean;
  /** Never there although what was asked for beside it was: a fence, a mark, a lock. */
  beside: boolean;
}

/** Tables behind a key's value where the values themselves tell; null: they do not. */
export type LineageOf = (db: number, key: string) => readonly string[] | null;

export class ColdKeys {
  readonly #known = new Map<string, Known>();
  /** The keys of the last sendings of each request. */
  readonly #sendings = new Map<number, ReadonlySet<string>[]>();
  readonly #lineage: LineageOf;
  /** Whether keys were met that are not remembered. */
  full = false;

  constructor(lineage: LineageOf) {
    this.#lineage = lineage;
  }

  /** Takes note of one sending of a request. */
  observe(request: number, traffic: RequestTraffic): void {
    const ids = new Set<string>();
    for (const read of traffic.reads) {
      const known = this.#of(read);
      if (known === null) continue;
      ids.add(idOf(read));
      known.unit = { ...known.unit, fields: joined(known.unit.fields, read.fields) };
      this.#judge(known, read, traffic.refilled.get(idOf(read)));
    }
    const values = traffic.reads.some(
      (read) => read.hit && this.#known.get(idOf(read))?.standing === 'cache',
    );
    for (const read of traffic.reads) {
      const known = this.#known.get(idOf(read));
      if (known !== undefined) known.beside = known.standing === 'absent' && (known.beside || values);
    }
    const before = this.#sendings.get(request) ?? [];
    this.#sendings.set(request, [ids, ...before].slice(0, COLD_LIMITS.sendings));
  }

  #of(read: KeyRead): Known | null {
    const known = this.#known.get(idOf(read));
    if (known !== undefined) return known;
    if (this.#known.size >= COLD_LIMITS.keys) {
      this.full = true;
      return null;
    }
    const { db, key, fields } = read;
    const made: Known = {
      unit: { db, key, fields },
      standing: 'absent',
      why: 'it was not there',
      missing: false,
      beside: false,
    };
    this.#known.set(idOf(read), made);
    return made;
  }

  #judge(
    known: Known,
    read: KeyRead,
    refill: { readonly tables: readonly string[]; readonly script: boolean } | undefined,
  ): void {
    if (known.standing === 'cache' || known.standing === 'kept') return;
    const tables = this.#lineage(read.db, read.key);
    if (tables !== null) become(known, 'cache', `its value was read from ${listed(tables)}`);
    else if (refill !== undefined && !refill.script) become(known, 'cache', filledWhy(refill.tables));
    else if (refill !== undefined) become(known, 'scripted', filledWhy(refill.tables));
    else if (read.hit === false || (read.hit === null && known.missing))
      become(known, 'absent', 'it was not there');
    else if (known.standing === 'scripted' && read.hit === true) become(known, 'cache', known.why);
    else become(known, 'unknown', 'it was there before, and has not been tried');
  }

  /** Whether reads of a key tell how the cache does. Sessions are found, and fences are not, whatever is cached. */
  counts(db: number, key: string): boolean {
    const known = this.#known.get(idOf({ db, key }));
    return known === undefined || !(known.standing === 'kept' || known.beside);
  }

  /** What is removed before this request. */
  caches(request: number): readonly Unit[] {
    return this.#those(request, 'cache');
  }

  /** What this request reads and nobody knows whether it may be removed. */
  unknown(request: number): readonly Unit[] {
    return this.#those(request, 'unknown');
  }

  #those(request: number, standing: Standing): readonly Unit[] {
    const ids = new Set((this.#sendings.get(request) ?? []).flatMap((sending) => [...sending]));
    return [...ids].flatMap((id) => {
      const known = this.#known.get(id);
      return known?.standing === standing ? [known.unit] : [];
    });
  }

  /** A key was tried: it came back from the database, or it is left alone from now on. */
  settle(unit: Unit, cache: boolean, why: string): void {
    const known = this.#known.get(idOf(unit));
    if (known !== undefined) become(known, cache ? 'cache' : 'kept', why);
  }

  /** A key was not there any more when it was to be tried. */
  gone(unit: Unit): void {
    const known = this.#known.get(idOf(unit));
    if (known === undefined) return;
    become(known, 'absent', 'it was not there');
    known.missing = true;
  }

  /** Whether values tell that the database is behind what the key holds. */
  isFed({ db, key }: Unit): boolean {
    return this.#lineage(db, key) !== null;
  }

  /** Every key that was there, the removed ones first. */
  list(): readonly ColdKey[] {
    return [...this.#known.values()]
      .filter(({ standing }) => standing !== 'absent')
      .map(({ unit: { key, db, fields }, standing, why }) => ({
        key: standing === 'cache' ? key : withoutId(key),
        db,
        removed: standing === 'cache',
        why: fields === null ? why : `${why}; of the hash only ${listed(fields)}`,
      }))
      .sort((a, b) => Number(b.removed) - Number(a.removed));
  }
}

function become(known: Known, standing: Standing, why: string): void {
  known.standing = standing;
  known.why = why;
}

function filledWhy(tables: readonly string[]): string {
  return `it was missed, and the same request filled it after reading ${listed(tables)}`;
}

/** A key that may be a session is shown by its beginning: whoever knows the whole name of one could use it. */
export function withoutId(key: string): string {
  return key.replace(/[\w-]{16,}/g, (text) => (/\d/.test(text) ? `${text.slice(0, 4)}…` : text));
}

/** Names in a sentence; long lists are cut. */
function listed(names: readonly string[]): string {
  const MOST = 5;
  if (names.length === 0) return 'the database';
  const shown = names.slice(0, MOST).join(', ');
  return names.length > MOST ? `${shown} and ${names.length - MOST} more` : shown;
}

/** A key's name without what varies in it: numbers and long hexadecimal runs. Keys of one pattern are tried together once one of
 * them was. */
export function patternOf({ db, key }: Unit): string {
  return `${db} ${key.replace(/h:[0-9a-f]{12}~?|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|\d+/gi, '#')}`;
}
