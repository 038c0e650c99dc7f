/** The published OpenTelemetry SDK with its instrumentations of http, ioredis and pg, under `watch --otlp`. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withWhystale } from '../support/cli.ts';
import { withPostgres, withRedis } from '../support/engines.ts';
import { REQUESTS, sdkService } from './otlp-service.ts';
import { expectAttributable } from './otlp-story.ts';

const whystale = withWhystale();
const redis = withRedis();
const postgres = withPostgres();

test.each(['http/protobuf', 'http/json'])('every operation has its span, over %s', async (protocol) => {
  const folder = whystale.folder();
  const out = join(folder, 'rec');
  const end = await whystale.run(
    ['watch', '--otlp', '0', '--json', '--out', out, '--', ...sdkService(folder)],
    {
      env: {
        REDIS_URL: redis.url(),
        DATABASE_URL: postgres.url(),
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_SERVICE_NAME: 'lamps',
      },
    },
  );
  expect(JSON.parse(end.stdout), end.stderr).toMatchObject({ child: { exitCode: 0 } });
  expectAttributable(out, REQUESTS);
});
