/** The scenarios in examples/race can be read, and the service in them does what its strategies are for, in both languages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { readScenario } from '../../src/race/scenario/index.ts';
import { pythonWith, withPostgres, withRedis } from '../support/engines.ts';
import { THOROUGH } from '../support/thorough.ts';
import { type Shop, startService } from './shop-process.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'examples', 'race');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
const env = (file: string): Record<string, string> =>
  parseDocument(readFileSync(join(FOLDER, file), 'utf8')).toJS().service.env;
const STRATEGIES = [...new Set(FILES.flatMap((file) => env(file).STRATEGY ?? []))].sort();

describe('the scenarios', () => {
  it.each(FILES)('%s', async (file) => {
    const scenario = await readScenario(join(FOLDER, file), { SERVICE: 'node service.mjs' });
    expect(scenario.reset.steps).toHaveLength(1);
    expect(scenario.start).toEqual(['cold', 'warm']);
    expect(scenario.actors.map(({ role }) => role).sort()).toEqual(
      {
        '2-1': ['reader', 'reader', 'writer'],
        '1-2': ['reader', 'writer', 'writer'],
        '2-2': ['reader', 'reader', 'writer', 'writer'],
      }[/\d-\d/.exec(file)?.[0] ?? ''] ?? ['reader', 'writer'],
    );
  });

  it('name every recipe that closes a race', () => {
    expect(STRATEGIES).toEqual(
      expect.arrayContaining(['lease', 'generation-fence', 'tombstone', 'versioned-key']),
    );
  });
});

/** What removes nothing that is read. */
const STAYS_OLD = ['missing-delete', 'wrong-key'];

describe.each(
  THOROUGH ? (['python', 'node'] as const) : (['node'] as const),
)('the service in %s', (language) => {
  const redis = withRedis();
  const postgres = withPostgres();
  let service: Shop | null = null;

  beforeEach(async () => {
    await postgres.sql(readFileSync(join(FOLDER, 'schema.sql'), 'utf8'));
    await postgres.sql(readFileSync(join(FOLDER, 'reset.sql'), 'utf8'));
  });
  afterEach(async () => {
    await service?.stop();
    service = null;
  });

  it.each(STRATEGIES)('%s', async (strategy) => {
    const [command, file] =
      language === 'python'
        ? [pythonWith('fastapi', 'uvicorn', 'psycopg', 'redis'), 'service.py']
        : [process.execPath, 'service.mjs'];
    const stores = { redis: redis.url(), postgres: postgres.url() };
    service = await startService(command, file, 'examples/race/', { ...stores, env: { STRATEGY: strategy } });
    expect(await service.ask('GET', '/products/1')).toMatchObject({ id: 1, price: 100 });
    expect(await service.ask('GET', '/products/1')).toMatchObject({ id: 1, price: 100 });
    expect(await service.ask('PUT', '/products/1', { price: 250 })).toEqual({ id: 1, price: 250 });
    const price = STAYS_OLD.includes(strategy) ? 100 : 250;
    expect(await service.ask('GET', '/products/1')).toMatchObject({ id: 1, price });
    expect(await service.ask('GET', '/products/1')).toMatchObject({ id: 1, price });
    expect(await service.status('GET', '/products/99')).toBe(404);
    expect(await service.status('PUT', '/products/1', { price: -1 })).toBe(422);
  });
});
