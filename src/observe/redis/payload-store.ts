/**
 * Recent payloads by key, so that a hit is recognised by comparing bytes: a native compare costs a tenth of hashing in
 * JavaScript. One store serves all connections of an observer. Bounded in bytes and keys, least recently used first.
 */
import type { Digest, Payload } from '../../core/operation.ts';
import type { Digester } from '../context.ts';
import type { Collection } from './collection.ts';
import { asBuffer } from './key-names.ts';
import { VERSIONS_PER_KEY } from './limits.ts';

/** One payload a key was seen with. */
export interface Version {
  readonly digest: Digest;
  /** Bytes of the value. */
  readonly size: number;
  readonly payload: Payload;
  /** Fields and their digests when it is a hash. */
  readonly fields: Readonly<Record<string, Digest | null>> | null;
  readonly bytes: Buffer;
}

/** What is remembered of one key. */
export interface KeyRecord {
  /** Name as it may be shown. */
  readonly shown: string;
  readonly db: number;
  readonly name: string;
  versions: Version[];
  weight: number;
  newer: KeyRecord | null;
  older: KeyRecord | null;
}

export interface StoreLimits {
  readonly bytes: number;
  readonly keys: number;
}

/** Estimates of what an entry costs beyond its bytes. */
const RECORD_WEIGHT = 240;
const VERSION_WEIGHT = 200;
const LEAF_WEIGHT = 96;
const LARGE: Payload = { format: 'large', leaves: [], truncated: true };

export class PayloadStore {
  /** True when the last version answered was not known before. */
  fresh = false;
  readonly #digest: Digester;
  readonly #limits: StoreLimits;
  readonly #databases = new Map<number, Map<string, KeyRecord>>();
  #newest: KeyRecord | null = null;
  #oldest: KeyRecord | null = null;
  #bytes = 0;
  #keys = 0;

  constructor(digest: Digester, limits: StoreLimits) {
    this.#digest = digest;
    this.#limits = limits;
  }

  /** Bytes held, as estimated. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keys held. */
  get keys(): number {
    return this.#keys;
  }

  /** A field's name as it may be shown. */
  shown(name: string): string {
    return this.#digest.key(name);
  }

  /** What is known of a key; it counts as used now. */
  record(db: number, name: string): KeyRecord {
    const newest = this.#newest;
    if (newest !== null && newest.db === db && newest.name === name) return newest;
    const names = this.#databases.get(db) ?? new Map<string, KeyRecord>();
    const known = names.get(name);
    if (known !== undefined) {
      this.#refresh(known);
      return known;
    }
    const weight = RECORD_WEIGHT + 4 * name.length;
    const shown = this.#digest.key(name);
    const record: KeyRecord = { shown, db, name, versions: [], weight, newer: null, older: null };
    this.#databases.set(db, names.set(name, record));
    this.#keys++;
    this.#bytes += weight;
    this.#link(record);
    this.#shrink();
    return record;
  }

  /** The version with these bytes: `end - start` of the value's `length`, the rest cut by the cap. */
  see(record: KeyRecord, bytes: Uint8Array, start: number, end: number, length: number): Version {
    const kept = end - start;
    for (const version of record.versions) {
      if (version.size !== length || version.fields !== null || version.bytes.length !== kept) continue;
      if (version.bytes.compare(bytes, start, end) === 0) return this.#known(version);
    }
    const copy = Buffer.from(asBuffer(bytes).subarray(start, end));
    const large = length > kept;
    const digest = this.#digest.identity(
      large ? Buffer.concat([Buffer.from(`large:${length}:`), copy]) : copy,
    );
    const payload = large ? LARGE : this.#digest.inspect(copy, record.name);
    return this.#keep(record, { digest, size: length, payload, fields: null, bytes: copy });
  }

  /** The version with these entries. */
  seeCollection(record: KeyRecord, collection: Collection, named: boolean): Version {
    const bytes = collection.canonical();
    for (const version of record.versions) {
      if (version.fields !== null && version.bytes.equals(bytes)) return this.#known(version);
    }
    const inside = this.#digest.inspectFields(collection.fields());
    const payload = collection.truncated ? { ...inside, truncated: true } : inside;
    const fields = named ? this.#digestFields(collection) : {};
    return this.#keep(record, {
      digest: this.#digest.identity(bytes),
      size: collection.size,
      payload,
      fields,
      bytes,
    });
  }

  /** Remembers a version under another key as well. */
  adopt(record: KeyRecord, version: Version): void {
    if (!record.versions.some((known) => known.digest === version.digest)) this.#keep(record, version);
  }

  #digestFields(collection: Collection): Record<string, Digest | null> {
    const fields: Record<string, Digest | null> = Object.create(null) as Record<string, Digest | null>;
    for (const [name, value] of collection.entries()) {
      fields[this.#digest.key(name)] = value === null ? null : this.#digest.identity(value);
    }
    return fields;
  }

  #known(version: Version): Version {
    this.fresh = false;
    return version;
  }

  #keep(record: KeyRecord, version: Version): Version {
    this.fresh = true;
    const weight = weightOf(version);
    if (weight > this.#limits.bytes / 4) return version;
    const dropped = record.versions.length >= VERSIONS_PER_KEY ? record.versions.pop() : undefined;
    record.versions.unshift(version);
    const change = weight - (dropped === undefined ? 0 : weightOf(dropped));
    record.weight += change;
    this.#bytes += change;
    this.#shrink();
    return version;
  }

  #refresh(record: KeyRecord): void {
    this.#unlink(record);
    this.#link(record);
  }

  #link(record: KeyRecord): void {
    record.older = this.#newest;
    record.newer = null;
    if (this.#newest !== null) this.#newest.newer = record;
    this.#newest = record;
    this.#oldest ??= record;
  }

  #unlink(record: KeyRecord): void {
    if (record.newer !== null) record.newer.older = record.older;
    else this.#newest = record.older;
    if (record.older !== null) record.older.newer = record.newer;
    else this.#oldest = record.newer;
  }

  #shrink(): void {
    while (
      (this.#bytes > this.#limits.bytes || this.#keys > this.#limits.keys) &&
      this.#oldest !== this.#newest
    ) {
      const oldest = this.#oldest!;
      this.#unlink(oldest);
      this.#databases.get(oldest.db)?.delete(oldest.name);
      this.#bytes -= oldest.weight;
      this.#keys--;
    }
  }
}

/** Leaves and words of a payload: what it costs to hold it. */
export function leavesOf(payload: Payload): number {
  return payload.leaves.length + (payload.words?.length ?? 0);
}

function weightOf(version: Version): number {
  const fields = version.fields === null ? 0 : Object.keys(version.fields).length;
  return VERSION_WEIGHT + version.bytes.length + LEAF_WEIGHT * (leavesOf(version.payload) + fields);
}
