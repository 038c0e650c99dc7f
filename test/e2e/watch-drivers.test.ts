/** Whatever driver a service uses, the same story gives the same finding. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FindingsSchema } from '../../src/report/findings-document.ts';
import { withWhystale } from '../support/cli.ts';
import { withPostgres, withRedis } from '../support/engines.ts';
import { type Command, LAMP_FINDING, lampService, pythonLampService } from './services.ts';

const whystale = withWhystale();
const redis = withRedis();
const postgres = withPostgres();

async function expectLamp(command: (folder: string) => Command): Promise<void> {
  const folder = whystale.folder();
  const end = await whystale.run(
    ['watch', '--json', '--out', join(folder, 'rec'), '--', ...command(folder)],
    {
      env: { REDIS_URL: redis.url(), DATABASE_URL: postgres.url() },
    },
  );
  expect(end.stderr).toMatch(/^price 149\.50?$/m);
  const { findings, child, coverage } = FindingsSchema.parse(JSON.parse(end.stdout));
  expect(child).toEqual({ exitCode: 0, signal: null });
  expect(findings, end.stderr).toEqual([expect.objectContaining(LAMP_FINDING)]);
  expect(coverage).toMatchObject({ hits: 3, hitsWithKnownFill: 3 });
  expect(end.exitCode).toBe(1);
}

describe('drivers', () => {
  test.each([
    ['ioredis', 'pg'],
    ['node-redis with RESP3', 'pg'],
    ['ioredis', 'postgres.js'],
    ['node-redis with RESP3', 'postgres.js'],
  ] as const)('%s and %s', (cache, source) => expectLamp((folder) => lampService(folder, cache, source)));

  test('redis-py and psycopg with sslmode=prefer', () => expectLamp(pythonLampService));
});
