/**
 * Writers that do not pass the proxies: a cron job's SQL makes a cached price stale and is named; one that also removes
 * the key is not blamed; what a trigger does is its caller's doing; and where the change stream is not read, nothing is
 * claimed and what cannot be seen is said.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runTraffic } from '../../examples/traffic.mjs';
import type { Finding } from '../../src/core/finding.ts';
import { askRedis } from '../../src/engines/redis-probe.ts';
import { withWhystale } from '../support/cli.ts';
import { withPostgres, withRedis } from '../support/engines.ts';
import { THOROUGH } from '../support/thorough.ts';
import { type ShopKind, type ShopProcess, shopCommand, startShop, type WatchedEnd } from './shop-process.ts';

const whystale = withWhystale();
const redis = withRedis();
const postgres = withPostgres();

/** Before somebody else writes, and before each look at what that left: hits that overlap the write are not counted as
 * stale, and that a write past the proxies is over is known only once the stream has told it, which on a busy machine
 * takes a while; ms. */
const BEFORE_MS = 50;
const AFTER_MS = 400;
const ROUNDS = 3;
const LOOKS = 2;

type Writer = (sql: string) => Promise<unknown>;

const shopOn = (kind: ShopKind, url = postgres.url(), flags: readonly string[] = []): Promise<ShopProcess> =>
  startShop(whystale, { command: shopCommand(kind), redis: redis.url(), postgres: url, flags });

/** A job that keeps its connection. */
async function lingering(): Promise<Writer> {
  const client = new pg.Client({ connectionString: postgres.url(), application_name: 'restock-cron' });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return (sql) => client.query(sql);
}

/** A job that is a new process each time. */
const psql: Writer = async (sql) => execFileSync('psql', [postgres.url(), '-qAt', '-c', sql]);

const raise = (id: number) => `UPDATE items SET price = price + 1 WHERE id = ${id}`;

/** One item is cached, written by the shop (which removes its key), cached again; then somebody else writes it. Gives how
 * many of the later answers showed the price from before. */
async function round(shop: ShopProcess, id: number, somebodyElse: () => Promise<unknown>): Promise<number> {
  await shop.price(id);
  await shop.setPrice(id, 2_000 + id);
  const before = await shop.price(id);
  expect(before).toBe(2_000 + id);
  await pause(BEFORE_MS);
  await somebodyElse();
  let stale = 0;
  for (let look = 0; look < LOOKS; look++) {
    await pause(AFTER_MS);
    if ((await shop.price(id)) === before) stale++;
  }
  return stale;
}

/** Rounds over several items. Gives the number of stale answers. */
async function rounds(shop: ShopProcess, somebodyElse: (id: number) => Promise<unknown>): Promise<number> {
  let stale = 0;
  for (let id = 11; id < 11 + ROUNDS; id++) stale += await round(shop, id, () => somebodyElse(id));
  return stale;
}

const shown = ({ code, template, confidence, writer }: Finding) => ({ code, template, confidence, writer });

const told = ({ exitCode, stderr, document }: WatchedEnd): string =>
  JSON.stringify({ exitCode, findings: document.findings, notices: document.notices }, null, 1) +
  stderr.replaceAll(/^.*(?:GET|PUT|POST) \/.*\n/gm, '').slice(-3_000);

describe.each(
  THOROUGH ? (['node-shop', 'fastapi-shop'] as const) : (['node-shop'] as const),
)('a cron job past the proxies of the %s', (kind) => {
  test.each([
    { who: 'that is a psql each time', name: /^outside: /, job: () => Promise.resolve(psql) },
    // In every run it is among other traffic, below.
    ...(THOROUGH
      ? [{ who: 'that stays connected', name: 'outside: restock-cron (user postgres)', job: lingering }]
      : []),
  ])('$who is named for the prices that it leaves behind', async ({ name, job }) => {
    const shop = await shopOn(kind);
    const write = await job();
    const stale = await rounds(shop, (id) => write(raise(id)));
    expect(stale).toBe(LOOKS * ROUNDS);
    const end = await shop.finish();
    expect(end.document.findings.map(shown), told(end)).toEqual([
      {
        code: 'WS101',
        template: 'item:{id}',
        confidence: 'proved',
        writer: typeof name === 'string' ? name : expect.stringMatching(name),
      },
    ]);
    expect(end.exitCode, told(end)).toBe(1);
    const [finding] = end.document.findings;
    expect(finding).toMatchObject({ keys: ROUNDS, reader: 'GET /items/{id}' });
    expect(finding?.hits).toBeGreaterThanOrEqual(ROUNDS);
    expect(finding?.hits).toBeLessThanOrEqual(stale);
    expect(end.document.coverage.stream).toBe(true);
  });

  test('is named among other traffic, and nobody else is blamed', async () => {
    const shop = await shopOn(kind);
    const write = await lingering();
    const traffic = runTraffic({ url: shop.url, seconds: 6, clients: 4 });
    let turn = 0;
    const stop = new AbortController();
    const job = (async () => {
      while (!stop.signal.aborted) {
        await pause(200);
        await write(raise(1 + (turn++ % 6)));
      }
    })();
    const { errors } = await traffic;
    stop.abort();
    await job;
    // What is cached by now, the job changes once more, and everybody can see it.
    for (let id = 1; id <= 6; id++) {
      await shop.price(id);
      await write(raise(id));
      await pause(AFTER_MS);
      await shop.price(id);
    }
    const end = await shop.finish();
    expect(errors, told(end)).toBe(0);
    const { findings } = end.document;
    expect(findings.map(shown), told(end)).toContainEqual({
      code: 'WS101',
      template: 'item:{id}',
      confidence: 'proved',
      writer: 'outside: restock-cron (user postgres)',
    });
    const others = findings.filter(({ writer }) => writer !== 'outside: restock-cron (user postgres)');
    expect(others.map(shown), told(end)).toEqual([]);
  });

  test('that removes the key as well, past the proxy too, is not blamed', async () => {
    const shop = await shopOn(kind);
    const write = await lingering();
    const stale = await rounds(shop, async (id) => {
      await write(raise(id));
      await askRedis(redis.port(), [
        ['SELECT', String(redis.db())],
        ['DEL', `item:${id}`],
      ]);
    });
    expect(stale).toBe(0);
    const end = await shop.finish();
    expect(end.document.findings.map(shown), told(end)).toEqual([]);
    expect(end.document.summary.staleHits).toBe(0);
    expect(end.exitCode, told(end)).toBe(0);
  });

  test('is not made of what a trigger does with dynamic SQL: the route that fired it is named', async () => {
    const shop = await shopOn(kind);
    await postgres.sql(`CREATE FUNCTION demand() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        EXECUTE format('UPDATE %I SET price = price + 1 WHERE id = %s', 'items', NEW.item_id);
        RETURN NEW;
      END $$;
      CREATE TRIGGER demand AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION demand()`);
    const stale = await rounds(shop, (id) => shop.order(id, 1));
    expect(stale).toBe(LOOKS * ROUNDS);
    const end = await shop.finish();
    expect(end.document.findings.map(shown), told(end)).toEqual([
      { code: 'WS101', template: 'item:{id}', confidence: 'proved', writer: 'POST /orders' },
    ]);
    expect(end.exitCode).toBe(1);
  });
});

describe('where the change stream is not read', () => {
  async function story(url: string, flags: readonly string[]): Promise<WatchedEnd> {
    const shop = await shopOn('node-shop', url, flags);
    expect(await rounds(shop, (id) => psql(raise(id)))).toBe(LOOKS * ROUNDS);
    return shop.finish();
  }

  function expectNothingClaimed(end: WatchedEnd): void {
    expect(end.document.findings.map(shown), told(end)).toEqual([]);
    expect(end.exitCode, told(end)).toBe(0);
    expect(end.document.coverage.stream).toBe(false);
  }

  test('because of --no-stream, nobody outside is blamed', async () => {
    expectNothingClaimed(await story(postgres.url(), ['--no-stream']));
  });

  test('because the role may not replicate, that is said with what cannot be seen and what mends it', async () => {
    await postgres.sql(`CREATE ROLE shop LOGIN PASSWORD 'p'; GRANT ALL ON SCHEMA public TO shop`);
    onTestFinished(async () => {
      const client = new pg.Client({ connectionString: postgres.engine().url });
      await client.connect();
      await client.query(`DROP DATABASE IF EXISTS ${postgres.database()} WITH (FORCE)`);
      await client.query('DROP ROLE shop');
      await client.end();
    });
    const url = new URL(postgres.url());
    url.username = 'shop';
    url.password = 'p';
    const end = await story(url.href, []);
    expectNothingClaimed(end);
    expect(end.stderr).toContain('No change stream: user shop may not replicate');
    expect(end.stderr).toMatch(
      /Changes that do not pass the proxy \(psql, cron jobs.*are therefore not seen/,
    );
    expect(end.stderr).toContain('ALTER ROLE shop REPLICATION');
  });
});
