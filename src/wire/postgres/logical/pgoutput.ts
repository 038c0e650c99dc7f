/**
 * Decoder of `pgoutput`, the output plugin of PostgreSQL's own logical replication.
 *
 * Source: https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html. Told in full is protocol
 * version 1: transactions that have committed. What later versions tell earlier (streamed pieces of transactions that
 * still run, prepared transactions) is not a committed change and comes out as `other`.
 */
import { BodyReader } from '../reader.ts';
import { readUtf8, type TextReader } from '../text.ts';
import { decodeBinary } from '../types.ts';
import {
  type DecodedColumn,
  type DecodedTable,
  type LogicalMessage,
  type OtherMessage,
  UNCHANGED,
} from './messages.ts';
import { formatLsn, fromServerTime } from './replication.ts';

/** Tables whose description is kept; the one not used for longest goes first. The server describes a table only once
 * per session, so a change of a forgotten one cannot be told. */
export const RELATION_LIMIT = 50_000;
const KEY_FLAG = 1;
/** The server writes an empty name for this schema. */
const SYSTEM_SCHEMA = 'pg_catalog';

interface RelationColumn {
  readonly name: string;
  readonly type: number;
  readonly key: boolean;
}

interface Relation extends DecodedTable {
  readonly columns: readonly RelationColumn[];
}

/** Messages that carry a transaction's number inside a streamed block. */
const IN_STREAM = new Set(['R', 'Y', 'I', 'U', 'D', 'T', 'M']);

/** Messages that are named and otherwise passed over. */
const PASSED_OVER: Readonly<Record<string, string>> = {
  A: 'stream abort',
  K: 'commit prepared',
  c: 'stream commit',
  p: 'stream prepare',
  r: 'rollback prepared',
};

/** Decodes one stream. Keep one decoder per replication connection (or per slot that is read with functions). */
export class PgOutputDecoder {
  readonly #text: TextReader;
  readonly #limit: number;
  readonly #relations = new Map<number, Relation>();
  /** Of the transaction whose messages are coming. */
  #xid: number | null = null;
  /** The messages that are coming belong to a transaction that has not committed. */
  #pending: 'streamed' | 'prepared' | null = null;

  /** `text` reads the client's encoding. */
  constructor(text: TextReader = readUtf8, limit: number = RELATION_LIMIT) {
    this.#text = text;
    this.#limit = limit;
  }

  /** Decodes one message of the plugin; never throws. */
  decode(bytes: Uint8Array): LogicalMessage {
    if (bytes.length === 0) return other('an empty message');
    const reader = new BodyReader(bytes, 1, bytes.length, this.#text);
    const type = String.fromCharCode(bytes[0] as number);
    if (this.#pending === 'streamed' && IN_STREAM.has(type)) reader.skip(4);
    const decoded = this.#message(type, reader);
    // Bytes left over mean that the message was not what it was taken for.
    if (decoded.kind !== 'other' && (reader.failed || reader.left > 0)) {
      return other(`a damaged ${decoded.kind === 'row' ? decoded.action : decoded.kind}`);
    }
    return decoded;
  }

  #message(type: string, reader: BodyReader): LogicalMessage {
    switch (type) {
      case 'B':
        return this.#begin(reader);
      case 'C':
        return this.#commit(reader);
      case 'R':
        return this.#relation(reader);
      case 'I':
      case 'U':
      case 'D':
      case 'T':
        if (this.#pending !== null) return other(`a change of a ${this.#pending} transaction`);
        return type === 'T' ? this.#truncate(reader) : this.#row(type, reader);
      case 'Y':
        return typeName(reader);
      case 'O':
        return origin(reader);
      case 'M':
        return logicalMessage(reader);
      default:
        return this.#border(type);
    }
  }

  #begin(reader: BodyReader): LogicalMessage {
    reader.int64(); // where the commit record begins
    const committed = fromServerTime(reader.int64());
    const xid = reader.uint32();
    this.#xid = reader.failed ? null : xid;
    this.#pending = null;
    return { kind: 'begin', xid, committed };
  }

  #commit(reader: BodyReader): LogicalMessage {
    reader.uint8(); // flags, none of them in use
    reader.int64(); // where the commit record begins
    const lsn = formatLsn(reader.int64());
    const committed = fromServerTime(reader.int64());
    const xid = this.#xid;
    this.#xid = null;
    return { kind: 'commit', xid, lsn, committed };
  }

  /** What opens or closes a block of changes that have not committed. */
  #border(type: string): OtherMessage {
    switch (type) {
      case 'S':
        this.#pending = 'streamed';
        return other('stream start');
      case 'E':
        this.#pending = null;
        return other('stream stop');
      case 'b':
        this.#pending = 'prepared';
        return other('begin prepare');
      case 'P':
        this.#pending = null;
        return other('prepare');
      default:
        return other(PASSED_OVER[type] ?? `a message of type ${type.charCodeAt(0)}`);
    }
  }

  #relation(reader: BodyReader): OtherMessage {
    const id = reader.uint32();
    const schema = reader.text() || SYSTEM_SCHEMA;
    const table = reader.text();
    reader.uint8(); // replica identity; the columns' flags say what it comes to
    const columns: RelationColumn[] = [];
    for (let left = reader.uint16(); left > 0 && !reader.failed; left--) {
      const key = (reader.uint8() & KEY_FLAG) !== 0;
      const name = reader.text();
      const type = reader.uint32();
      reader.int32(); // type modifier
      columns.push({ name, type, key });
    }
    if (reader.failed || reader.left > 0) return other('a damaged relation');
    this.#remember(id, { schema, table, columns });
    return other(`relation ${schema}.${table}`);
  }

  #remember(id: number, relation: Relation): void {
    this.#relations.delete(id);
    this.#relations.set(id, relation);
    if (this.#relations.size <= this.#limit) return;
    for (const oldest of this.#relations.keys()) {
      this.#relations.delete(oldest);
      return;
    }
  }

  #recall(id: number): Relation | undefined {
    const relation = this.#relations.get(id);
    if (relation !== undefined) this.#remember(id, relation);
    return relation;
  }

  #row(type: 'I' | 'U' | 'D', reader: BodyReader): LogicalMessage {
    const id = reader.uint32();
    const relation = this.#recall(id);
    if (relation === undefined) return other(`a change of relation ${id}, which was not described`);
    const action = type === 'I' ? 'insert' : type === 'U' ? 'update' : 'delete';
    const damaged = other(`a damaged ${action} of ${relation.schema}.${relation.table}`);
    let part = String.fromCharCode(reader.uint8());
    const oldIs = part === 'K' ? 'key' : part === 'O' ? 'full' : null;
    if ((oldIs === null) !== (part === 'N') || (type === 'I' && oldIs !== null)) return damaged;
    if (type === 'D' && oldIs === null) return damaged;
    const before = oldIs === null ? null : this.#tuple(relation, reader);
    if (type === 'U' && oldIs !== null) part = String.fromCharCode(reader.uint8());
    if (type !== 'D' && part !== 'N') return damaged;
    const now = type === 'D' ? null : this.#tuple(relation, reader);
    if (before === undefined || now === undefined) return damaged;
    // A key tuple has a place for every column; those that do not belong to the key are NULL whatever the row holds.
    const old = oldIs === 'key' && before !== null ? before.filter((column) => column.key) : before;
    return { kind: 'row', action, schema: relation.schema, table: relation.table, old, oldIs, now };
  }

  /** Undefined when it does not fit the relation or holds what cannot be told as text. */
  #tuple(relation: Relation, reader: BodyReader): readonly DecodedColumn[] | undefined {
    if (reader.uint16() !== relation.columns.length) return undefined;
    const columns: DecodedColumn[] = [];
    for (const { name, type, key } of relation.columns) {
      const value = this.#value(type, reader);
      if (value === undefined || reader.failed) return undefined;
      columns.push({ name, typeOid: type, typeName: null, value, key });
    }
    return columns;
  }

  #value(type: number, reader: BodyReader): DecodedColumn['value'] | undefined {
    switch (String.fromCharCode(reader.uint8())) {
      case 'n':
        return null;
      case 'u':
        return UNCHANGED;
      case 't':
        return reader.textOf(reader.int32());
      case 'b': {
        const from = reader.skip(reader.int32());
        return decodeBinary(type, reader.bytes, from, reader.at, this.#text);
      }
      default:
        return undefined;
    }
  }

  #truncate(reader: BodyReader): LogicalMessage {
    const count = reader.uint32();
    reader.uint8(); // CASCADE, RESTART IDENTITY
    const tables: DecodedTable[] = [];
    for (let left = count; left > 0 && !reader.failed; left--) {
      const id = reader.uint32();
      if (reader.failed) break;
      const relation = this.#recall(id);
      if (relation === undefined) return other(`a truncate of relation ${id}, which was not described`);
      tables.push({ schema: relation.schema, table: relation.table });
    }
    return { kind: 'truncate', tables };
  }
}

function other(what: string): OtherMessage {
  return { kind: 'other', what };
}

function origin(reader: BodyReader): OtherMessage {
  reader.int64(); // where the commit stands at the origin
  const name = reader.text();
  return other(reader.failed ? 'a damaged origin' : `origin ${name}`);
}

function typeName(reader: BodyReader): OtherMessage {
  reader.uint32();
  const schema = reader.text() || SYSTEM_SCHEMA;
  const name = reader.text();
  return other(reader.failed ? 'a damaged type' : `type ${schema}.${name}`);
}

function logicalMessage(reader: BodyReader): OtherMessage {
  reader.uint8(); // transactional or not
  reader.int64();
  const prefix = reader.text();
  return other(reader.failed ? 'a damaged message' : `message ${prefix}`);
}
