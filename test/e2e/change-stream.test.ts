/** The change stream as a user meets it: writers past the proxies are in the recording, and nothing stays on the server. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Operation, SourceChange } from '../../src/core/operation.ts';
import { FindingsSchema } from '../../src/report/findings-document.ts';
import { type CliRun, eventually, withWhystale } from '../support/cli.ts';
import { withPostgres } from '../support/engines.ts';

const whystale = withWhystale();
const postgres = withPostgres();
const NODE = process.execPath;
const IDLE = [NODE, '-e', 'console.log("idle"); setInterval(() => {}, 1000)'];

function watching(url: string, ...args: readonly string[]): CliRun {
  return whystale.start(['watch', '--redis', 'embedded', '--postgres', url, ...args, '--', ...IDLE]);
}

async function ours(): Promise<readonly string[]> {
  const rows =
    await postgres.sql(`SELECT slot_name::text AS name FROM pg_replication_slots WHERE slot_name LIKE 'whystale%'
    UNION ALL SELECT pubname::text FROM pg_publication WHERE pubname LIKE 'whystale%'`);
  return rows.map(({ name }) => String(name));
}

/** Also while it is written: what follows the last line end is not there yet. */
function changesIn(folder: string): readonly SourceChange[] {
  const lines = readFileSync(join(folder, 'history.jsonl'), 'utf8').split('\n').slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as Operation)
    .filter((op): op is SourceChange => op.tier === 'source' && op.kind === 'change');
}

describe('writers past the proxies', () => {
  test('are in the recording, named where the server still knows them, up to the last moment', async () => {
    await postgres.sql(`DROP TABLE IF EXISTS items, plain; CREATE TABLE items (id int PRIMARY KEY, price numeric); INSERT INTO items VALUES (1, 10);
      CREATE TABLE plain (note text); INSERT INTO plain VALUES ('a'), ('b')`);
    const out = join(whystale.folder(), 'recording');
    const run = watching(postgres.url(), '--out', out, '--json');
    await run.sees(/change stream: on \(test_decoding\)/);
    await run.sees(/idle/);
    const cron = new pg.Client({ connectionString: postgres.url(), application_name: 'nightly-prices' });
    cron.on('error', () => undefined);
    await cron.connect();
    await cron.query('UPDATE items SET price = 12');
    // It stays connected long enough to be looked at.
    await eventually('the change is recorded', () => changesIn(out).length > 0);
    await cron.end();
    execFileSync('psql', [
      postgres.url(),
      '-qAt',
      '-c',
      `UPDATE plain SET note = 'c'`,
      '-c',
      'DELETE FROM plain',
    ]);
    const end = await run.interrupt();
    const changes = changesIn(out);
    expect(changes.map(({ action, table }) => `${action} ${table}`)).toEqual([
      'update items',
      'update plain',
      'update plain',
      'delete plain',
      'delete plain',
    ]);
    expect(changes[0]?.client).toEqual({ application: 'nightly-prices', user: 'postgres' });
    const document = JSON.parse(end.stdout) as { watch: { created: unknown }; notices: readonly string[] };
    FindingsSchema.parse(document);
    expect(document.watch.created).toEqual([
      { what: expect.stringMatching(/^temporary replication slot whystale_\d+_/), removed: true },
    ]);
    // The stream's own operations are no sign that the service was watched.
    expect(document.notices).toEqual([
      expect.stringContaining('No store operation came through the proxies'),
    ]);
    expect(await ours()).toEqual([]);
  });

  test('are not looked for with --no-stream', async () => {
    const run = watching(postgres.url(), '--no-stream', '--no-record');
    await run.sees(/idle/);
    expect(await ours()).toEqual([]);
    const end = await run.interrupt();
    expect(end.stderr).not.toContain('change stream');
    expect(end.stdout).toMatch(/nothing\s+was\s+created\s+on\s+a\s+server/);
  });
});

describe('the slot', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('is gone after %s', async (signal) => {
    const run = watching(postgres.url(), '--no-record');
    await run.sees(/idle/);
    expect(await ours()).toHaveLength(1);
    run.kill(signal);
    await run.end();
    if (signal === 'SIGKILL') await eventually('the slot is gone', async () => (await ours()).length === 0);
    expect(await ours()).toEqual([]);
  });

  test('and what else an earlier run left are gone after the next start', async () => {
    await postgres.sql(`SELECT pg_create_logical_replication_slot('whystale_7_dead', 'pgoutput')`);
    await postgres.sql('CREATE PUBLICATION whystale_7_dead');
    const run = watching(postgres.url(), '--no-record');
    await run.sees(/idle/);
    const [own, ...more] = await ours();
    expect(own).not.toContain('dead');
    expect(more).toEqual([]);
    expect((await run.interrupt()).stdout).toMatch(
      /replication slot whystale_7_dead, left by an earlier run/,
    );
  });
});

test('a user who may not replicate is told once, and is watched all the same', async () => {
  await postgres.sql(`CREATE ROLE app LOGIN PASSWORD 'p'`);
  onTestFinished(async () => {
    const client = new pg.Client({ connectionString: postgres.engine().url });
    await client.connect();
    await client.query('DROP ROLE app');
    await client.end();
  });
  const url = new URL(postgres.url());
  url.username = 'app';
  url.password = 'p';
  const run = watching(url.href, '--no-record');
  await run.sees(/idle/);
  const end = await run.interrupt();
  expect(end.stderr.match(/No change stream: user app may not replicate/g)).toHaveLength(1);
  expect(end.stdout).toContain('ALTER ROLE app REPLICATION');
});
