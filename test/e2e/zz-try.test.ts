import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { Attribution } from '../../src/core/attribution.ts';
import { openRecording } from '../../src/recording/reader.ts';
import { roughTemplate } from '../../src/core/attribution/commands.ts';
import { withWhystale } from '../support/cli.ts';
import { withPostgres, withRedis } from '../support/engines.ts';
import { sdkService } from './otlp-service.ts';
const whystale = withWhystale();
const redis = withRedis();
const postgres = withPostgres();
test('x', async () => {
  const folder = whystale.folder();
  const out = join(folder, 'rec');
  const cmd = sdkService(folder);
  const file = cmd.find((w) => w.endsWith('js') || w.endsWith('cjs') || w.endsWith('.mjs'))!;
  let text = readFileSync(file, 'utf8');
  text = text.replace('next < 40', 'next < 1200').replace('(next++ % 20) + 1', '(next++ % 600) + 1').replace('length: 8 }', 'length: 50 }').replace('generate_series(1, 100)', 'generate_series(1, 600)').replace("new BatchSpanProcessor(new OTLPTraceExporter())", "new BatchSpanProcessor(new OTLPTraceExporter(), { maxQueueSize: 100000 })");
  writeFileSync(file, text);
  await whystale.run(['watch', '--otlp', '0', '--json', '--out', out, '--', ...cmd], { env: { REDIS_URL: redis.url(), DATABASE_URL: postgres.url(), OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_SERVICE_NAME: 'lamps' } });
  const a: any = new Attribution(() => []);
  let now = 0;
  const ops = [...openRecording(out).operations];
  for (const op of ops) {
    now = Math.max(now, op.return ?? op.invoke);
    if (op.tier === 'cache') a.cache(op);
    else if (op.tier === 'source') a.source(op); else if (op.tier === 'http') a.request(op, now); else if (op.kind === 'span') a.span(op);
  }
  a.prepare();
  const d = a.attribute({ templateOf: roughTemplate, valuesOf: () => [] });
  const c: any = {};
  for (const op of ops as any[]) {
    if (op.tier !== 'cache' || op.kind === 'key') continue;
    const o = d.of(op.id);
    const k = o == null ? 'none' : o.request === null ? 'route' : (o.certain ? 'certain' : 'inferred') + (o.request.path === '/lamps/' + op.key.split(':')[1] ? '' : 'Wrong');
    c[k] = (c[k] ?? 0) + 1;
  }
  console.log('RESULT', JSON.stringify(c));
}, 120000);
