/**
 * Reads any history of register operations, whoever wrote it: one JSON object a line with session, kind (read | write),
 * key, value, invoke, return and status. A recording's history.jsonl is such a history too; of it the cache operations
 * count: a removal writes null, a time to live may end in null, and keys whose values the wire did not show (scripts,
 * flushes, in-place updates) are named as not decidable instead of being judged.
 */
import type { Status } from '../core/operation.ts';
import { badHistoryLine } from './errors.ts';
import { type Line, readLines } from './lines.ts';

/** One operation on one register. */
export interface RegisterOperation {
  readonly id: number;
  readonly session: string;
  readonly kind: 'read' | 'write';
  readonly key: string;
  /** null for absent; on a write, it deletes. */
  readonly value: string | null;
  readonly invoke: number;
  readonly return: number | null;
  readonly status: Status;
}

export interface RegisterHistory {
  readonly operations: readonly RegisterOperation[];
  /** How many of them stand in the file; the others are expirations that it does not show. */
  readonly recorded: number;
  /** The name an operation has in the file: its id where there is one, else its line number. */
  readonly nameOf: (id: number) => number | string;
  /** Keys that cannot be judged, with the reason. Their operations are not in `operations`. */
  readonly undecidable: ReadonlyMap<string, string>;
  /** Lines that are no operations on a register (statements, requests, log lines…). */
  readonly skipped: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** Kinds of a recording that say nothing about one register. */
const OTHER_KINDS: ReadonlySet<string> = new Set([
  'begin',
  'commit',
  'rollback',
  'table',
  'key',
  'request',
  'log',
  'change',
  'expire',
  'script',
  'flush',
]);

/** Nanoseconds in the milliseconds of a recording's time to live. */
const NS_PER_MS = 1e6;

/** Reads the file. Throws WSE210 for a line that is no such operation, naming the line, and WSE209. */
export function readRegisterHistory(path: string): RegisterHistory {
  const gathering = new Gathering(path);
  for (const line of readLines(path)) gathering.take(line);
  return gathering.finish();
}

class Gathering {
  readonly #path: string;
  readonly #operations: RegisterOperation[] = [];
  readonly #names = new Map<number, number | string>();
  readonly #undecidable = new Map<string, string>();
  /** When a key's value may have ended by itself: earliest time, per key. */
  readonly #expiries: { readonly key: string; readonly session: string; readonly at: number }[] = [];
  #flushed = false;
  #skipped = 0;
  #lastLine = 0;

  constructor(path: string) {
    this.#path = path;
  }

  take(line: Line): void {
    const record = this.#parse(line);
    this.#lastLine = line.number;
    const kind = record.kind;
    if (typeof kind !== 'string') throw this.#bad(line, '`kind` must be "read" or "write"');
    if (kind === 'delete') this.#register(line, { ...record, kind: 'write', value: null });
    else if (kind === 'read' || kind === 'write') this.#registerOrStatement(line, record);
    else if (OTHER_KINDS.has(kind) || typeof record.tier === 'string') this.#other(record);
    else throw this.#bad(line, `\`kind\` must be "read" or "write", not ${JSON.stringify(kind)}`);
  }

  finish(): RegisterHistory {
    if (this.#flushed)
      for (const { key } of this.#operations) this.#undecidable.set(key, 'the database was flushed');
    const decidable = this.#operations.filter(({ key }) => !this.#undecidable.has(key));
    return {
      operations: [...decidable, ...this.#expirations(decidable)],
      recorded: decidable.length,
      nameOf: (id) => this.#names.get(id) ?? id,
      undecidable: this.#undecidable,
      skipped: this.#skipped,
    };
  }

  /** Statements of the source are reads and writes of rows, not of a register. */
  #registerOrStatement(line: Line, record: Fields): void {
    if (typeof record.shape === 'string') this.#skipped += 1;
    else if (record.applied === false) this.#skipped += 1;
    else this.#register(line, record);
  }

  #register(line: Line, record: Fields): void {
    const session = textOf(record.session);
    if (session === null) throw this.#bad(line, '`session` must be a string');
    const key = keyOf(record);
    if (key === null) throw this.#bad(line, '`key` must be a string');
    const { invoke, status } = record;
    if (!isTime(invoke)) throw this.#bad(line, '`invoke` must be a number of nanoseconds');
    if (status !== 'ok' && status !== 'fail' && status !== 'info')
      throw this.#bad(line, '`status` must be "ok", "fail" or "info"');
    const returned = this.#returnOf(line, record, invoke, status);
    const kind = record.kind === 'read' ? 'read' : 'write';
    const value = record.value === null ? null : textOf(record.value);
    if (value === null && record.value !== null && !this.#mayLackValue(line, record, key)) return;
    const name = nameOf(record.id);
    if (name !== null && name !== line.number) this.#names.set(line.number, name);
    this.#operations.push({ id: line.number, session, kind, key, value, invoke, return: returned, status });
    if (kind === 'write' && status !== 'fail' && typeof record.ttl === 'number')
      this.#expiries.push({ key, session, at: invoke + record.ttl * NS_PER_MS });
  }

  #returnOf(line: Line, record: Fields, invoke: number, status: Status): number | null {
    if (status === 'info') return null;
    const returned = record.return;
    if (!isTime(returned)) {
      if (status === 'fail' && (returned === null || returned === undefined)) return invoke;
      throw this.#bad(line, '`return` must be a number of nanoseconds; null only when `status` is "info"');
    }
    if (returned < invoke) throw this.#bad(line, '`return` is before `invoke`');
    return returned;
  }

  /** A value may be missing where it says nothing: on what failed or was not answered, and on a recording's writes. */
  #mayLackValue(line: Line, record: Fields, key: string): boolean {
    if (record.value !== undefined) throw this.#bad(line, '`value` must be a string or null');
    if (record.status === 'fail') return true;
    if (record.kind === 'read' && record.status === 'info') return true;
    if (record.kind === 'write' && typeof record.command === 'string') {
      this.#undecidable.set(key, `${record.command} does not show the value it leaves`);
      return false;
    }
    throw this.#bad(line, '`value` is missing');
  }

  #other(record: Fields): void {
    this.#skipped += 1;
    if (record.kind === 'flush') this.#flushed = true;
    if (record.kind === 'script' && Array.isArray(record.keys))
      for (const key of record.keys)
        this.#undecidable.set(keyOf({ ...record, key }) ?? String(key), 'a script may have changed it');
    const key = keyOf(record);
    if (record.kind === 'expire' && key !== null) this.#undecidable.set(key, 'its time to live was changed');
  }

  /** A value with a time to live ends by itself at an unknown moment after it: a write of null with unknown outcome, put in
   * only where a read met null that late. */
  #expirations(decidable: readonly RegisterOperation[]): RegisterOperation[] {
    const lastAbsent = new Map<string, number>();
    for (const { kind, key, value, invoke, return: returned, status } of decidable)
      if (kind === 'read' && value === null && status === 'ok')
        lastAbsent.set(key, Math.max(lastAbsent.get(key) ?? 0, returned ?? invoke));
    let id = this.#lastLine;
    return this.#expiries
      .filter(({ key, at }) => (lastAbsent.get(key) ?? -1) >= at)
      .map(({ key, session, at }) => {
        id += 1;
        this.#names.set(id, `expiry of ${key}`);
        return {
          id,
          session: `${session} expiry ${id}`,
          kind: 'write',
          key,
          value: null,
          invoke: at,
          return: null,
          status: 'info',
        };
      });
  }

  #parse(line: Line): Fields {
    let record: unknown;
    try {
      record = JSON.parse(line.text);
    } catch {
      throw this.#bad(
        line,
        line.ended ? 'it is no JSON document' : 'it is no JSON document, or it was cut off',
      );
    }
    if (typeof record !== 'object' || record === null || Array.isArray(record))
      throw this.#bad(line, 'it is no JSON object');
    return record as Fields;
  }

  #bad(line: Line, problem: string): Error {
    return badHistoryLine(this.#path, line.number, problem);
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** A string, or a number or boolean as it prints: other recorders write registers of integers. */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** The register's name; keys of another Redis database than 0 are other registers. */
function keyOf(record: Fields): string | null {
  const key = textOf(record.key);
  const { db } = record;
  return key !== null && typeof db === 'number' && db !== 0 ? `${key} (db ${db})` : key;
}

function nameOf(id: unknown): number | string | null {
  return typeof id === 'number' || typeof id === 'string' ? id : null;
}
