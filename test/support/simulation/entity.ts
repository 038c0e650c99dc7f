/** Kinds of cached things: how the key is named, which statements load it, how the payload looks. */
import type { Client, Found, Open } from './client.ts';
import type { Database, Row, Select, Value } from './database.ts';
import type { Process } from './engine.ts';
import type { Stored } from './store.ts';

export interface EntitySpec {
  readonly name: string;
  readonly key: (id: Value) => string;
  readonly queries: (id: Value) => readonly Select[];
  /** null: there is nothing to cache. */
  readonly render: (results: readonly (readonly Row[])[], id: Value) => string | null;
  /** Fields, when it is kept as a hash. */
  readonly fields?: (results: readonly (readonly Row[])[]) => Readonly<Record<string, string>> | null;
  readonly db?: number;
}

export class Entity {
  readonly name: string;
  readonly db: number;
  readonly spec: EntitySpec;
  /** Ids by key. */
  readonly known = new Map<string, Value>();
  readonly tables: readonly string[];

  constructor(spec: EntitySpec) {
    this.name = spec.name;
    this.db = spec.db ?? 0;
    this.spec = spec;
    this.tables = [...new Set(spec.queries(0).map((query) => query.table))];
  }

  get isHash(): boolean {
    return this.spec.fields !== undefined;
  }

  key(id: Value): string {
    const key = this.spec.key(id);
    this.known.set(key, id);
    return key;
  }

  /** Reads it from the database. */
  *load(client: Client, id: Value, open: Open | null = null): Process<Stored | null> {
    const found: Found[] = [];
    for (const query of this.spec.queries(id)) found.push(yield* client.select(query, open));
    return this.stored(
      found.map((one) => one.rows),
      id,
      found.map((one) => one.origin),
    );
  }

  stored(results: readonly (readonly Row[])[], id: Value, origin: Stored['origin']): Stored | null {
    const fields = this.spec.fields?.(results);
    const text = fields ? fieldsText(fields) : this.spec.render(results, id);
    return text === null ? null : { text, origin, ...(fields ? { fields } : {}) };
  }

  /** What it would be as of a state of the database. */
  textAt(database: Database, key: string, seq: number): string | null {
    const id = this.known.get(key)!;
    const results = this.spec.queries(id).map((query) => database.select(query, seq));
    return this.stored(results, id, [])?.text ?? null;
  }
}

function fieldsText(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}
