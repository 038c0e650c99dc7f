/** What a real server prints, through both plugins, against what was done to it. */
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import {
  type DecodedColumn,
  type LogicalMessage,
  type RowMessage,
  UNCHANGED,
} from '../../../../src/wire/postgres/logical/messages.ts';
import { PgOutputDecoder } from '../../../../src/wire/postgres/logical/pgoutput.ts';
import {
  decodeReplication,
  encodeStandbyStatus,
  parseLsn,
  type ReplicationMessage,
} from '../../../../src/wire/postgres/logical/replication.ts';
import {
  type IdentityLookup,
  parseTestDecoding,
} from '../../../../src/wire/postgres/logical/test-decoding.ts';
import { withPostgres } from '../../../support/engines.ts';

const postgres = withPostgres();

interface SlotRow {
  readonly lsn: string;
  readonly xid: string;
}

/** A session with a slot for each plugin; both see the same changes. */
interface Slots {
  readonly sql: (text: string) => Promise<readonly Record<string, unknown>[]>;
  /** The changes since the slots were made or last read, as each plugin tells them. */
  readonly read: (identity?: IdentityLookup) => Promise<Told>;
}

interface Told {
  readonly text: readonly LogicalMessage[];
  readonly binary: readonly LogicalMessage[];
  readonly textRows: readonly SlotRow[];
}

/** Runs `setup`, then opens the slots; they are temporary and end with the session. */
async function withSlots(setup: string, use: (slots: Slots) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url() });
  await client.connect();
  const suffix = postgres.database();
  const sql: Slots['sql'] = async (text) => {
    const result = await client.query(text);
    const last = Array.isArray(result) ? result.at(-1) : result;
    return last.rows;
  };
  try {
    await sql(`${setup}; CREATE PUBLICATION everything FOR ALL TABLES`);
    await sql(`SELECT pg_create_logical_replication_slot('text_${suffix}', 'test_decoding', true)`);
    await sql(`SELECT pg_create_logical_replication_slot('binary_${suffix}', 'pgoutput', true)`);
    const decoder = new PgOutputDecoder();
    await use({
      sql,
      read: async (identity) => {
        const textRows = await sql(
          `SELECT lsn::text, xid::text, data FROM pg_logical_slot_get_changes('text_${suffix}', NULL, NULL,
             'include-xids', '1', 'include-timestamp', '1', 'skip-empty-xacts', '1')`,
        );
        const binaryRows = await sql(
          `SELECT data FROM pg_logical_slot_get_binary_changes('binary_${suffix}', NULL, NULL,
             'proto_version', '1', 'publication_names', 'everything')`,
        );
        return {
          text: textRows.map(({ data }) => parseTestDecoding(String(data), identity)),
          textRows: textRows.map(({ lsn, xid }) => ({ lsn: String(lsn), xid: String(xid) })),
          binary: binaryRows.map(({ data }) => decoder.decode(data as Uint8Array)),
        };
      },
    });
  } finally {
    await client.end();
  }
}

const rowsOf = (messages: readonly LogicalMessage[]): readonly RowMessage[] =>
  messages.filter((message) => message.kind === 'row');

/** Without what only one of the plugins tells: types, and key columns where no old row shows them. */
function common(row: RowMessage): unknown {
  const side = (columns: readonly DecodedColumn[] | null, oldIs: RowMessage['oldIs']): unknown =>
    columns
      ?.filter((column) => !(oldIs === 'full' && row.action === 'delete' && column.value === null))
      .map(({ name, value, key }) => ({ name, value, key })) ?? null;
  return { ...row, old: side(row.old, row.oldIs), now: side(row.now, null) };
}

const values = (columns: readonly DecodedColumn[] | null | undefined): Record<string, unknown> | null =>
  columns == null ? null : Object.fromEntries(columns.map(({ name, value }) => [name, value]));

const ODD_TEXT = `it's "odd" [text]:'x' new-tuple: a[b]:null\n\ttable a.b: DELETE: \\ é 🐋`;

const ODD_TABLE = `
  CREATE SCHEMA "My Schema";
  CREATE TYPE "My Schema"."Mood ]['"" x" AS ENUM ('so so', 'it''s "fine"]:');
  CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
  CREATE DOMAIN flag AS boolean;
  CREATE TYPE pair AS (a integer, b text);
  CREATE TABLE "My Schema"."My:Table, ""x""." (
    "id" bigint, "new-tuple: a[b]:1" text, "order" integer, "Ünïcode" varchar(40), " " char(3),
    PRIMARY KEY ("id", "new-tuple: a[b]:1"),
    small smallint, real4 real, real8 double precision, exact numeric(10,2), any_number numeric, oid_number oid,
    yes boolean, yes_domain flag, number_domain positive, mood "My Schema"."Mood ]['"" x",
    moods "My Schema"."Mood ]['"" x"[], numbers integer[], texts text[], bytes bytea, bits bit(4), more_bits bit varying,
    json_value json, jsonb_value jsonb, a_pair pair, pairs pair[], one_char "char", uid uuid, day date,
    moment timestamp, zoned timestamptz, clock time(2), span interval day to second, address inet, cost money,
    range_value int4range, ranges int4multirange, place point, nothing text)`;

const ODD_INSERT = `
  INSERT INTO "My Schema"."My:Table, ""x""." VALUES (
    9223372036854775807, '', -1, 'ÄÖ', 'a', 1, 'NaN', '-Infinity', 12.5, 'NaN', 4294967295,
    true, false, 7, 'it''s "fine"]:', ARRAY['so so', 'it''s "fine"]:']::"My Schema"."Mood ]['"" x"[], '{{1,2},{NULL,-3}}',
    ARRAY['', 'null', NULL, 'a b', 'it''s', '"', '{', ']:'], '\\x00ff27', B'0101', B'', '{"a" : [1, "it''s"]}',
    '{"a": [1, "it''s"]}', ROW(1, 'it''s "x"'), ARRAY[ROW(NULL, ')')]::pair[], 'x',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2024-02-29', '2024-02-29 10:00:00.5', '2024-02-29 10:00:00.5+05:30',
    '10:00:00.25', '3 days 04:05:06', '10.0.0.0/8', 12.34, '[1,5)', '{[1,2),[5,7)}', '(1,2)', NULL)`;

describe('a server tells the same through both plugins', () => {
  test('odd names and types', async () => {
    await withSlots(ODD_TABLE, async ({ sql, read }) => {
      await sql(ODD_INSERT);
      await sql(`UPDATE "My Schema"."My:Table, ""x""." SET nothing = '${ODD_TEXT.replaceAll("'", "''")}'`);
      await sql(
        `UPDATE "My Schema"."My:Table, ""x""." SET "new-tuple: a[b]:1" = ' new-tuple: it''s', yes = NULL`,
      );
      const cast = await sql(
        `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'My Schema' ORDER BY ordinal_position`,
      );
      const list = cast.map(({ name }) => {
        const quoted = `"${String(name).replaceAll('"', '""')}"`;
        // Casting to text drops char(n)'s padding and spells booleans out; an output function does neither.
        return ['yes', 'yes_domain', ' '].includes(String(name))
          ? `CASE WHEN ${quoted} IS NULL THEN NULL ELSE rtrim(ltrim(ROW(${quoted})::text, '("'), '")') END AS ${quoted}`
          : `${quoted}::text AS ${quoted}`;
      });
      const truth = (await sql(`SELECT ${list.join(', ')} FROM "My Schema"."My:Table, ""x""."`))[0];
      await sql(`DELETE FROM "My Schema"."My:Table, ""x""."`);

      const key = ['id', 'new-tuple: a[b]:1'];
      const { text, binary } = await read(() => key);
      expect(text.map(({ kind }) => kind)).not.toContain('other');
      const rows = rowsOf(text);
      expect(rows.map(common)).toEqual(rowsOf(binary).map(common));
      expect(rows.map(({ action }) => action)).toEqual(['insert', 'update', 'update', 'delete']);
      expect(rows[0]).toMatchObject({ schema: 'My Schema', table: 'My:Table, "x".' });
      expect(values(rows[0]?.now)).toMatchObject({
        'new-tuple: a[b]:1': '',
        yes: 't',
        nothing: null,
        bits: '0101',
      });
      expect(rows[1]?.old).toBeNull();
      expect(values(rows[1]?.now)).toMatchObject({ nothing: ODD_TEXT });
      expect(values(rows[2]?.old)).toEqual({ id: '9223372036854775807', 'new-tuple: a[b]:1': '' });
      expect(values(rows[2]?.now)).toEqual(truth);
      expect(values(rows[3]?.old)).toEqual({
        id: '9223372036854775807',
        'new-tuple: a[b]:1': " new-tuple: it's",
      });

      const types = new Map(rows[0]?.now?.map(({ name, typeName }) => [name, typeName]));
      for (const { name, typeOid } of rowsOf(binary)[0]?.now ?? []) {
        const [row] = await sql(`SELECT format_type(${typeOid}, NULL) AS type`);
        expect(types.get(name)).toBe(row?.type);
      }
    });
  });

  test('transactions: numbers, commit times, positions', async () => {
    await withSlots('CREATE TABLE t (id int PRIMARY KEY)', async ({ sql, read }) => {
      await sql(`SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'SQL, DMY'`);
      await sql('BEGIN');
      const [{ xid } = {}] = await sql('SELECT pg_current_xact_id()::text AS xid');
      await sql('INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)');
      await sql(`SAVEPOINT s; INSERT INTO t VALUES (3); ROLLBACK TO s; INSERT INTO t VALUES (4); COMMIT`);
      await sql('BEGIN; INSERT INTO t VALUES (5); ROLLBACK');
      const [{ micros } = {}] = await sql(
        `SELECT (extract(epoch FROM pg_xact_commit_timestamp('${xid}'::xid)) * 1000000)::bigint::text AS micros`,
      );
      const { text, binary, textRows } = await read();
      expect(text.map(({ kind }) => kind)).toEqual(['begin', 'row', 'row', 'row', 'commit']);
      const committed = BigInt(String(micros));
      expect(text[0]).toEqual({ kind: 'begin', xid: Number(xid), committed: null });
      expect(text[4]).toEqual({ kind: 'commit', xid: Number(xid), lsn: null, committed });
      const borders = binary.filter(({ kind }) => kind === 'begin' || kind === 'commit');
      expect(borders).toEqual([
        { kind: 'begin', xid: Number(xid), committed },
        { kind: 'commit', xid: Number(xid), lsn: textRows[4]?.lsn, committed },
      ]);
      expect(parseLsn(String(textRows[4]?.lsn))).toBeGreaterThan(0n);
      expect(rowsOf(text).map(({ now }) => values(now))).toEqual([{ id: '1' }, { id: '2' }, { id: '4' }]);
    });
  });

  test('TOASTed values that did not change', async () => {
    const setup = `
      CREATE TABLE big (id int PRIMARY KEY, n int, body text);
      CREATE TABLE big_full (id int PRIMARY KEY, n int, body text);
      ALTER TABLE big ALTER body SET STORAGE EXTERNAL;
      ALTER TABLE big_full ALTER body SET STORAGE EXTERNAL;
      ALTER TABLE big_full REPLICA IDENTITY FULL`;
    await withSlots(setup, async ({ sql, read }) => {
      const body = "it's ".repeat(4000);
      for (const table of ['big', 'big_full']) {
        await sql(`INSERT INTO ${table} VALUES (1, 1, repeat('it''s ', 4000)); UPDATE ${table} SET n = 2`);
      }
      const { text, binary } = await read();
      const rows = rowsOf(text);
      const summary = rows.map(({ table, action, old, oldIs, now }) => [
        table,
        action,
        oldIs,
        values(old),
        values(now),
      ]);
      expect(summary).toEqual([
        ['big', 'insert', null, null, { id: '1', n: '1', body }],
        ['big', 'update', null, null, { id: '1', n: '2', body: UNCHANGED }],
        ['big_full', 'insert', null, null, { id: '1', n: '1', body }],
        ['big_full', 'update', 'full', { id: '1', n: '1', body }, { id: '1', n: '2', body: UNCHANGED }],
      ]);
      const keyOf = (row: RowMessage): RowMessage => ({
        ...row,
        now: row.now?.map((c) => ({ ...c, key: false })) ?? null,
      });
      expect(rows.map(keyOf).map(common)).toEqual(rowsOf(binary).map(keyOf).map(common));
    });
  });

  test('replica identities', async () => {
    const setup = `
      CREATE TABLE plain (a int, b text);
      CREATE TABLE whole (a int, b text, c text);
      ALTER TABLE whole REPLICA IDENTITY FULL;
      CREATE TABLE by_index (a int, b text NOT NULL UNIQUE, c text);
      ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_b_key`;
    await withSlots(setup, async ({ sql, read }) => {
      const identity: IdentityLookup = ({ table }) =>
        table === 'whole' ? 'full' : table === 'by_index' ? ['b'] : [];
      await sql(`INSERT INTO plain VALUES (1, NULL)`);
      await sql(`INSERT INTO whole VALUES (1, NULL, 'c'); UPDATE whole SET a = 2; UPDATE whole SET b = 'b';
        UPDATE whole SET a = NULL, b = NULL, c = NULL; UPDATE whole SET a = 3; DELETE FROM whole`);
      await sql(`INSERT INTO by_index VALUES (1, 'x', NULL); UPDATE by_index SET a = 2; UPDATE by_index SET b = 'y';
        DELETE FROM by_index`);
      const { text, binary } = await read(identity);
      expect(rowsOf(text).map(common)).toEqual(rowsOf(binary).map(common));
      const summary = rowsOf(text).map(({ oldIs, old, now }) => [oldIs, values(old), values(now)]);
      expect(summary).toEqual([
        [null, null, { a: '1', b: null }],
        [null, null, { a: '1', b: null, c: 'c' }],
        ['full', { a: '1', b: null, c: 'c' }, { a: '2', b: null, c: 'c' }],
        ['full', { a: '2', b: null, c: 'c' }, { a: '2', b: 'b', c: 'c' }],
        ['full', { a: '2', b: 'b', c: 'c' }, { a: null, b: null, c: null }],
        ['full', { a: null, b: null, c: null }, { a: '3', b: null, c: null }],
        ['full', { a: '3' }, null],
        [null, null, { a: '1', b: 'x', c: null }],
        [null, null, { a: '2', b: 'x', c: null }],
        ['key', { b: 'x' }, { a: '2', b: 'y', c: null }],
        ['key', { b: 'y' }, null],
      ]);
    });
  });

  test('partitions, truncates, and a table that changes its shape', async () => {
    const setup = `
      CREATE TABLE parted (id int, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
      CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a');
      CREATE TABLE "Parted B" PARTITION OF parted FOR VALUES IN ('b');
      CREATE TABLE other (id int PRIMARY KEY)`;
    await withSlots(setup, async ({ sql, read }) => {
      await sql(`INSERT INTO parted VALUES (1, 'a'); UPDATE parted SET region = 'b'`);
      await sql(`ALTER TABLE other ADD note text; INSERT INTO other VALUES (1, 'x')`);
      await sql(
        `ALTER TABLE other DROP note, ADD "note 2" numeric DEFAULT 1.50; INSERT INTO other VALUES (2)`,
      );
      await sql('TRUNCATE parted, other RESTART IDENTITY CASCADE');
      const { text, binary } = await read();
      const keyless = (row: RowMessage): RowMessage => ({
        ...row,
        now: row.now?.map((c) => ({ ...c, key: false })) ?? null,
      });
      const rows = rowsOf(text);
      expect(rows.map(({ table, action, old, now }) => [table, action, values(old), values(now)])).toEqual([
        ['parted_a', 'insert', null, { id: '1', region: 'a' }],
        ['parted_a', 'delete', { id: '1', region: 'a' }, null],
        ['Parted B', 'insert', null, { id: '1', region: 'b' }],
        ['other', 'insert', null, { id: '1', note: 'x' }],
        ['other', 'insert', null, { id: '2', 'note 2': '1.50' }],
      ]);
      expect(rows.map(keyless).map(common)).toEqual(rowsOf(binary).map(keyless).map(common));
      const emptied = (messages: readonly LogicalMessage[]): readonly string[] =>
        messages
          .flatMap((message) => (message.kind === 'truncate' ? message.tables.map((t) => t.table) : []))
          .sort();
      expect(emptied(binary)).toEqual(['Parted B', 'other', 'parted_a']);
      // test_decoding names the partitioned table besides its partitions.
      expect(emptied(text)).toEqual(['Parted B', 'other', 'parted', 'parted_a']);
    });
  });

  test('logical messages and types are told apart from changes', async () => {
    await withSlots(
      `CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (id int PRIMARY KEY, m mood)`,
      async ({ sql, read }) => {
        await sql(`SELECT pg_logical_emit_message(true, 'table public.t', ': INSERT: id[integer]:1')`);
        await sql(`INSERT INTO t VALUES (1, 'ok')`);
        const { text, binary } = await read();
        expect(rowsOf(text)).toHaveLength(1);
        expect(rowsOf(binary)).toHaveLength(1);
        expect(binary).toContainEqual({ kind: 'other', what: 'type public.mood' });
      },
    );
  });
});

/** What the driver has inside for the messages of replication. */
interface ReplicationConnection {
  on(event: 'copyData', listener: (message: { readonly chunk: Uint8Array }) => void): void;
  sendCopyFromChunk(chunk: Uint8Array): void;
}

test('the framing of a replication connection', async () => {
  await postgres.sql('CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION everything FOR ALL TABLES');
  const config = { connectionString: postgres.url(), replication: 'database' };
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  await client.connect();
  try {
    const slot = `framing_${postgres.database()}`;
    await client.query(`CREATE_REPLICATION_SLOT ${slot} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`);
    const { connection } = client as unknown as { readonly connection: ReplicationConnection };
    const seen: ReplicationMessage[] = [];
    connection.on('copyData', ({ chunk }) => seen.push(decodeReplication(Uint8Array.from(chunk))));
    client
      .query(`START_REPLICATION SLOT ${slot} LOGICAL 0/0 (proto_version '1', publication_names 'everything')`)
      .catch(() => undefined);
    await postgres.sql('INSERT INTO t VALUES (1)');

    const decoder = new PgOutputDecoder();
    const data = (): readonly (ReplicationMessage & { kind: 'data' })[] =>
      seen.filter((m) => m.kind === 'data');
    await expect.poll(() => data().length, { timeout: 10_000 }).toBe(4);
    const told = data().map(({ payload }) => decoder.decode(payload));
    expect(told.map(({ kind }) => kind)).toEqual(['begin', 'other', 'row', 'commit']);
    const commit = told[3];
    const end = data()[3]?.start ?? 0n;
    expect(commit).toMatchObject({ lsn: expect.any(String) });
    expect(commit?.kind === 'commit' && parseLsn(commit.lsn ?? '')).toBe(end);
    // One machine, one clock.
    expect(Math.abs(Number((data()[3]?.sent ?? 0n) / 1000n) - Date.now())).toBeLessThan(60_000);

    const before = seen.length;
    const sent = BigInt(Date.now()) * 1000n;
    connection.sendCopyFromChunk(
      Buffer.from(encodeStandbyStatus({ written: end, flushed: end, applied: end, sent, reply: true })),
    );
    await expect
      .poll(() => seen.slice(before).map(({ kind }) => kind), { timeout: 10_000 })
      .toContain('keepalive');
    const [row] = await postgres.sql(
      `SELECT confirmed_flush_lsn::text AS flushed FROM pg_replication_slots WHERE slot_name = '${slot}'`,
    );
    expect(parseLsn(String(row?.flushed))).toBe(end);
  } finally {
    (
      client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }
    ).connection.stream.destroy();
    await client.end().catch(() => undefined);
  }
});
