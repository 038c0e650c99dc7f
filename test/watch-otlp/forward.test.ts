import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FORWARD_LIMITS, Forwarder } from '../../src/watch/otlp-forward.ts';
import { eventually } from '../support/cli.ts';
import { freePort } from '../support/engines.ts';
import { JSON_TYPE, PROTOBUF_TYPE, post, withReceivers } from './support.ts';

const { receiver, collector } = withReceivers();
const BODY = readFileSync(join(import.meta.dirname, '../fixtures/otlp/node-current.pb'));

describe('the caller’s collector', () => {
  it('gets every signal as it came, with the headers of the exporter', async () => {
    const { got, url } = await collector();
    const { otlp, said } = await receiver({ OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/ingest/` });
    const packed = zlib.gzipSync(BODY);
    const headers = { ...PROTOBUF_TYPE, 'content-encoding': 'gzip', 'x-api-key': 'k' };
    await post(`${otlp.url}/v1/traces`, packed, headers);
    await post(`${otlp.url}/v1/metrics`, Buffer.from('m'), PROTOBUF_TYPE);
    await post(`${otlp.url}/v1/logs`, Buffer.from('{}'), JSON_TYPE);
    await otlp.finish({});
    expect(got.map(({ path }) => path)).toEqual([
      '/ingest/v1/traces',
      '/ingest/v1/metrics',
      '/ingest/v1/logs',
    ]);
    expect(got[0]!.body.equals(packed)).toBe(true);
    expect(got[0]!.headers).toMatchObject({ ...headers, host: new URL(url).host });
    expect(said.size).toBe(0);
  });

  it('gets spans where the traces’ own variable says', async () => {
    const traces = await collector();
    const base = await collector();
    const { otlp } = await receiver({
      OTEL_EXPORTER_OTLP_ENDPOINT: base.url,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${traces.url}/spans?team=1`,
    });
    await post(`${otlp.url}/v1/traces`, BODY, PROTOBUF_TYPE);
    await post(`${otlp.url}/v1/metrics`, BODY, PROTOBUF_TYPE);
    await otlp.finish({});
    expect(traces.got.map(({ path }) => path)).toEqual(['/spans?team=1']);
    expect(base.got.map(({ path }) => path)).toEqual(['/v1/metrics']);
  });

  it('gets what is no OTLP too, but nothing twice that is sent again', async () => {
    const { got, url } = await collector();
    const { otlp } = await receiver({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
    expect((await post(`${otlp.url}/v1/traces`, Buffer.from('{'), JSON_TYPE)).status).toBe(400);
    await eventually('the damaged body is passed on', () => got.length === 1);
  });

  it('that refuses is said once, and the service does not notice', async () => {
    const { url } = await collector(503);
    const { otlp, said } = await receiver({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
    for (let i = 0; i < 3; i++)
      expect((await post(`${otlp.url}/v1/traces`, BODY, PROTOBUF_TYPE)).status).toBe(200);
    await otlp.finish({});
    expect(said.get('otlp-forward')).toMatch(/not passed on.*HTTP 503/);
  });

  it('that is not there is said', async () => {
    const gone = await freePort();
    const { otlp, said, spans } = await receiver({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${gone}`,
    });
    await post(`${otlp.url}/v1/traces`, BODY, PROTOBUF_TYPE);
    await otlp.finish({});
    expect(said.get('otlp-forward')).toContain('ECONNREFUSED');
    expect(spans.length).toBeGreaterThan(0);
  });

  it('that never answers holds nobody up', async () => {
    const { url } = await collector(200, 60_000);
    const { otlp, said } = await receiver({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
    for (let i = 0; i < 3; i++)
      expect((await post(`${otlp.url}/v1/traces`, BODY, PROTOBUF_TYPE)).status).toBe(200);
    await otlp.finish({});
    expect(said.get('otlp-forward')).toContain('too slow');
  });

  it('that speaks gRPC is left alone, which is said', async () => {
    const { got, url } = await collector();
    const { otlp, said } = await receiver({
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    });
    await post(`${otlp.url}/v1/traces`, BODY, PROTOBUF_TYPE);
    await otlp.finish({});
    expect(got).toHaveLength(0);
    expect(said.get('otlp-forward')).toContain('OTLP/HTTP endpoint');
  });
});

describe('the queue', () => {
  it('is bounded in bodies and in bytes', async () => {
    const { got, url } = await collector(200, 50);
    const failures: string[] = [];
    const forwarder = new Forwarder((why) => failures.push(why));
    const item = { url: new URL(url), headers: {}, body: Buffer.from('x') };
    for (let i = 0; i < FORWARD_LIMITS.bodies + 3; i++) forwarder.offer(item);
    expect(failures).toHaveLength(3);
    await forwarder.stop(0);
    const after = failures.length;
    forwarder.offer(item);
    expect(failures).toHaveLength(after);
    expect(got.length).toBeLessThan(3);
  });
});
