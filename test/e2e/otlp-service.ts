/**
 * A lamp service over HTTP that is instrumented: by a small exporter of its own, which speaks both encodings, or by the
 * published OpenTelemetry SDK. It asks itself, several requests at a time, and ends.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, nodeService } from './services.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** Requests that the service sends to itself, and how many of them at a time. */
export const REQUESTS = 40;
const AT_A_TIME = 8;

/** Tracing by hand: a span is put into the current context, children find it there. */
const OWN_EXPORTER = `
const { AsyncLocalStorage } = require('node:async_hooks');
const { randomBytes } = require('node:crypto');
const context = new AsyncLocalStorage();
const finished = [];
const now = () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));

async function traced(name, kind, attributes, work) {
  const parent = context.getStore();
  const span = {
    traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    parentSpanId: parent?.spanId ?? '',
    name, kind, attributes, start: now(),
  };
  try {
    return await context.run(span, () => work(span));
  } finally {
    span.end = now();
    finished.push(span);
  }
}

const tag = (field, type) => varint(BigInt(field * 8 + type));
const varint = (value) => {
  const bytes = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
};
const part = (field, body) => [...tag(field, 2), ...varint(BigInt(body.length)), ...body];
const fixed = (field, value) => {
  const body = Buffer.alloc(8);
  body.writeBigUInt64LE(value);
  return [...tag(field, 1), ...body];
};
const keyValue = ([key, value]) => [
  ...part(1, Buffer.from(key)),
  ...part(2, typeof value === 'number' ? [...tag(3, 0), ...varint(BigInt(value))] : part(1, Buffer.from(value))),
];
const spanBytes = (span) => [
  ...part(1, Buffer.from(span.traceId, 'hex')),
  ...part(2, Buffer.from(span.spanId, 'hex')),
  ...(span.parentSpanId === '' ? [] : part(4, Buffer.from(span.parentSpanId, 'hex'))),
  ...part(5, Buffer.from(span.name)),
  ...tag(6, 0), span.kind,
  ...fixed(7, span.start),
  ...fixed(8, span.end),
  ...Object.entries(span.attributes).flatMap((entry) => part(9, keyValue(entry))),
];
const jsonSpan = ({ start, end, attributes, ...span }) => ({
  ...span,
  startTimeUnixNano: String(start),
  endTimeUnixNano: String(end),
  attributes: Object.entries(attributes).map(([key, value]) => ({
    key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  })),
});

async function flush() {
  const json = process.env.OTEL_EXPORTER_OTLP_PROTOCOL === 'http/json';
  const service = ['service.name', 'lamps'];
  const body = json
    ? JSON.stringify({ resourceSpans: [{
        resource: { attributes: [{ key: service[0], value: { stringValue: service[1] } }] },
        scopeSpans: [{ spans: finished.map(jsonSpan) }],
      }] })
    : Uint8Array.from(part(1, [
        ...part(1, part(1, keyValue(service))),
        ...part(2, finished.flatMap((span) => part(2, spanBytes(span)))),
      ]));
  const response = await fetch(process.env.OTEL_EXPORTER_OTLP_ENDPOINT + '/v1/traces', {
    method: 'POST',
    headers: { 'content-type': json ? 'application/json' : 'application/x-protobuf' },
    body,
  });
  console.log('exported ' + finished.length + ' ' + response.status);
}

const server = (request, work) =>
  traced(request.method, 2, { 'http.request.method': request.method, 'url.path': request.url.split('?')[0],
    'http.route': '/lamps/{id}', 'http.response.status_code': 200 }, work);
const command = (name, work) => traced(name, 3, { 'db.system': 'redis', 'db.statement': name + ' lamp' }, work);
const statement = (text, work) => traced('query', 3, { 'db.system.name': 'postgresql', 'db.query.text': text }, work);
`;

/** The SDK as its documentation sets it up; the exporter takes its address from the environment. */
const SDK = `
const { NodeTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { IORedisInstrumentation } = require('@opentelemetry/instrumentation-ioredis');
const { PgInstrumentation } = require('@opentelemetry/instrumentation-pg');
const encoding = process.env.OTEL_EXPORTER_OTLP_PROTOCOL === 'http/json' ? 'http' : 'proto';
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-' + encoding);
const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
provider.register();
registerInstrumentations({
  instrumentations: [new HttpInstrumentation(), new IORedisInstrumentation(), new PgInstrumentation()],
});
const flush = () => provider.shutdown();
const server = (request, work) => work();
const command = (name, work) => work();
const statement = (text, work) => work();
`;

const SERVICE = `
const { createServer } = require('node:http');
const { Redis } = require('ioredis');
const { Pool } = require('pg');
const redis = new Redis(process.env.REDIS_URL);
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 4 });
await pool.query('CREATE TABLE IF NOT EXISTS lamps (id int PRIMARY KEY, name text NOT NULL)');
await pool.query("INSERT INTO lamps SELECT n, 'secret ' || n FROM generate_series(1, 100) n ON CONFLICT DO NOTHING");

const SELECT = 'SELECT id, name FROM lamps WHERE id = $1';
const http = createServer((request, response) =>
  server(request, async () => {
    const id = request.url.split('?')[0].split('/').at(-1);
    const hit = await command('GET', () => redis.get('lamp:' + id));
    if (hit !== null) return response.end(hit);
    const { rows } = await statement(SELECT, () => pool.query(SELECT, [id]));
    const text = JSON.stringify(rows[0]);
    await command('SET', () => redis.set('lamp:' + id, text, 'EX', 60));
    response.end(text);
  }).catch((error) => { console.error(error); response.destroy(); }),
);
await new Promise((ready) => http.listen(0, '127.0.0.1', ready));
let next = 0;
const client = async () => {
  while (next < ${REQUESTS}) {
    const id = (next++ % 20) + 1;
    await (await fetch('http://127.0.0.1:' + http.address().port + '/lamps/' + id + '?token=hidden')).text();
  }
};
await Promise.all(Array.from({ length: ${AT_A_TIME} }, client));
http.close();
await redis.quit();
await pool.end();
await flush();
process.exit(0);
`;

export function ownExporterService(folder: string): Command {
  return nodeService(folder, OWN_EXPORTER + SERVICE);
}

export function sdkService(folder: string): Command {
  const wanted = 'node_modules/@opentelemetry/sdk-trace-node';
  if (!existsSync(join(ROOT, wanted))) throw new Error(`${wanted} is missing. Run: npm ci`);
  return nodeService(folder, SDK + SERVICE);
}
