/**
 * Publications for `pgoutput`, where `test_decoding` is not installed. A publication that tells UPDATE and DELETE of a
 * table without usable replica identity makes them fail, so there are two: one for tables that have one, one that tells
 * INSERT only. Never FOR ALL TABLES, which would catch tables made later; those are added when the catalog shows them.
 *
 * @see https://www.postgresql.org/docs/current/logical-replication-publication.html
 */
import type pg from 'pg';
import { shownName } from '../observe/sql/names.ts';
import { INSERT_SUFFIX, quoteName } from './change-stream-leftovers.ts';

/** Tables looked at; later ones are not told. */
const MAX_TABLES = 20_000;

// Ordinary logged tables (partitions are such), whose owner this user is: others cannot be added to a publication.
const TABLES = `
  SELECT n.nspname AS schema, c.relname AS name,
    pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned,
    c.relreplident = 'f' OR EXISTS (
      SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate AND i.indisunique
        AND (c.relreplident = 'd' AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident)) AS identity
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence = 'p'
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  ORDER BY c.oid LIMIT ${MAX_TABLES}`;

interface TableRow {
  readonly schema: string;
  readonly name: string;
  readonly owned: boolean;
  readonly identity: boolean;
}

/** What the publications cover, by the names shown. */
export interface Coverage {
  readonly tables: readonly string[];
  readonly insertOnly: readonly string[];
  /** Tables of others. */
  readonly untold: readonly string[];
}

export class Publications {
  readonly all: string;
  readonly inserts: string;
  readonly #client: () => pg.Client;
  #covered: { readonly all: ReadonlySet<string>; readonly inserts: ReadonlySet<string> } | null = null;

  constructor(client: () => pg.Client, name: string) {
    this.#client = client;
    this.all = name;
    this.inserts = `${name}${INSERT_SUFFIX}`;
  }

  /** Value of pgoutput's option `publication_names`. */
  get names(): string {
    return [this.all, this.inserts].map((name) => `"${name}"`).join(',');
  }

  /** Makes the publications, or brings them up to date; null when nothing has changed. */
  async update(): Promise<Coverage | null> {
    const { rows } = await this.#client().query<TableRow>(TABLES);
    const own = rows.filter(({ owned }) => owned);
    const all = new Set(own.filter(({ identity }) => identity).map(sqlName));
    const inserts = new Set(own.filter(({ identity }) => !identity).map(sqlName));
    const before = this.#covered;
    if (before !== null && equal(before.all, all) && equal(before.inserts, inserts)) return null;
    if (before === null) await this.#create(all, inserts);
    else await this.#alter(before, { all, inserts });
    this.#covered = { all, inserts };
    const shown = (list: readonly TableRow[]) => list.map(({ schema, name }) => shownName(schema, name));
    return {
      tables: shown(own),
      insertOnly: shown(own.filter(({ identity }) => !identity)),
      untold: shown(rows.filter(({ owned }) => !owned)),
    };
  }

  async #create(all: ReadonlySet<string>, inserts: ReadonlySet<string>): Promise<void> {
    const list = (tables: ReadonlySet<string>) =>
      tables.size === 0 ? '' : ` FOR TABLE ${[...tables].join(', ')}`;
    await this.#client().query(`CREATE PUBLICATION ${quoteName(this.all)}${list(all)}`);
    await this.#client().query(
      `CREATE PUBLICATION ${quoteName(this.inserts)}${list(inserts)} WITH (publish = 'insert')`,
    );
  }

  /** Removals first: a table that has lost its identity must not wait for additions. */
  async #alter(
    before: { readonly all: ReadonlySet<string>; readonly inserts: ReadonlySet<string> },
    after: { readonly all: ReadonlySet<string>; readonly inserts: ReadonlySet<string> },
  ): Promise<void> {
    for (const [name, old, now] of [
      [this.all, before.all, after.all],
      [this.inserts, before.inserts, after.inserts],
    ] as const) {
      for (const table of old)
        if (!now.has(table)) await this.#attempt(`${quoteName(name)} DROP TABLE ${table}`);
    }
    for (const [name, old, now] of [
      [this.all, before.all, after.all],
      [this.inserts, before.inserts, after.inserts],
    ] as const) {
      for (const table of now)
        if (!old.has(table)) await this.#attempt(`${quoteName(name)} ADD TABLE ${table}`);
    }
  }

  /** A table may be gone, or no longer a member, by the time of the statement. */
  async #attempt(change: string): Promise<void> {
    await this.#client()
      .query(`ALTER PUBLICATION ${change}`)
      .catch(() => undefined);
  }

  /** Statements that remove them. */
  get drops(): readonly string[] {
    return [this.all, this.inserts].map((name) => `DROP PUBLICATION IF EXISTS ${quoteName(name)}`);
  }
}

function sqlName({ schema, name }: TableRow): string {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  return `ONLY ${quoted(schema)}.${quoted(name)}`;
}

function equal(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((one) => b.has(one));
}
