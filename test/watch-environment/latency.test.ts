import { expect, test } from 'vitest';
import { freePort } from '../../src/engines/ports.ts';
import { addedLatency } from '../../src/watch/latency.ts';
import { parseStore } from '../../src/watch/stores.ts';
import { eventually } from '../support/cli.ts';
import { withPostgres, withRedis } from '../support/engines.ts';

const redis = withRedis();
const postgres = withPostgres();

test('what cannot be measured is unknown, and no connection is left open', async () => {
  const nowhere = { host: '127.0.0.1', port: await freePort() };
  expect(await addedLatency(parseStore('postgres', postgres.url()), nowhere)).toBeNull();
  expect(await addedLatency(parseStore('redis', redis.url()), nowhere)).toBeNull();
  await eventually('the server lists no connection of ours', async () => {
    const rows = await postgres.sql(
      `SELECT FROM pg_stat_activity WHERE application_name = 'whystale' AND datname = current_database()`,
    );
    return rows.length === 0;
  });
});
