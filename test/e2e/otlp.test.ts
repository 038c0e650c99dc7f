/** `watch --otlp`: spans of an instrumented service enter the recording. */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { FindingsSchema } from '../../src/report/findings-document.ts';
import { withWhystale } from '../support/cli.ts';
import { withPostgres, withRedis } from '../support/engines.ts';
import { ownExporterService, REQUESTS } from './otlp-service.ts';
import { expectAttributable } from './otlp-story.ts';
import { lampService } from './services.ts';

const whystale = withWhystale();
const redis = withRedis();
const postgres = withPostgres();
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const stores = () => ({ REDIS_URL: redis.url(), DATABASE_URL: postgres.url() });

describe('an instrumented service', () => {
  test.each(['http/protobuf', 'http/json'])('exports by %s', async (protocol) => {
    const folder = whystale.folder();
    const out = join(folder, 'rec');
    const end = await whystale.run(
      ['watch', '--otlp', '0', '--json', '--out', out, '--', ...ownExporterService(folder)],
      { env: { ...stores(), OTEL_EXPORTER_OTLP_PROTOCOL: protocol } },
    );
    expect(end.stderr).toMatch(/^exported \d+ 200$/m);
    expect(end.stderr).toMatch(/whystale: OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/127\.0\.0\.1:\d+$/m);
    const document = FindingsSchema.parse(JSON.parse(end.stdout));
    expect(document.child).toEqual({ exitCode: 0, signal: null });
    const spans = expectAttributable(out, REQUESTS);
    expect(spans.every(({ service }) => service === 'lamps')).toBe(true);
    expect(spans.find(({ role }) => role === 'server')?.route).toBe('/lamps/{id}');
  });

  test('still reaches the collector of the caller’s environment', async () => {
    const got: string[] = [];
    const collector = createServer((request, response) => {
      got.push(`${request.url} ${request.headers['content-type']}`);
      request.resume().on('end', () => response.end());
    });
    await new Promise<void>((ready) => collector.listen(0, '127.0.0.1', ready));
    ends.push(() => collector.close().closeAllConnections());
    const { port } = collector.address() as { port: number };
    const folder = whystale.folder();
    const out = join(folder, 'rec');
    await whystale.run(
      ['watch', '--otlp', '0', '--json', '--out', out, '--', ...ownExporterService(folder)],
      {
        env: { ...stores(), OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` },
      },
    );
    expect(got).toEqual(['/v1/traces application/x-protobuf']);
    expectAttributable(out, REQUESTS);
  });
});

describe('what is said', () => {
  test('no span came: the variable to set', async () => {
    const folder = whystale.folder();
    const end = await whystale.run(['watch', '--otlp', '0', '--json', '--', ...lampService(folder)], {
      env: stores(),
    });
    const { notices } = JSON.parse(end.stdout) as { notices: readonly string[] };
    expect(notices).toEqual([
      expect.stringMatching(/No OpenTelemetry span.*OTEL_EXPORTER_OTLP_ENDPOINT=http/),
    ]);
  });

  test('the port is in use: the flag to change', async () => {
    const other = createServer();
    await new Promise<void>((ready) => other.listen(0, '127.0.0.1', ready));
    ends.push(() => other.close());
    const { port } = other.address() as { port: number };
    const end = await whystale.run(['watch', '--otlp', String(port), '--json', '--', 'true'], {
      env: stores(),
    });
    expect(end.exitCode).toBe(2);
    expect(JSON.parse(end.stdout)).toEqual({
      error: expect.objectContaining({ code: 'WSE301', next: expect.stringContaining('--otlp') }),
    });
  });

  test('attached: what to set for the service', async () => {
    const run = whystale.start(['watch', '--otlp', '0'], { env: stores() });
    await run.sees(/^ {2}OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/127\.0\.0\.1:\d+$/m);
    await run.sees(/watching until Ctrl-C/);
    await run.interrupt();
  });
});
