import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import type net from 'node:net';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BODY_LIMITS } from '../../src/watch/otlp-body.ts';
import { bodyOf, KINDS } from '../observe/otlp/support.ts';
import { protobufOf } from '../wire/otlp/encoder.ts';
import { type Answer, JSON_TYPE, PROTOBUF_TYPE, post, withReceivers } from './support.ts';

const { receiver } = withReceivers();
const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../fixtures/otlp', name));
const REAL_JSON = fixture('node-current.json');
const REAL_PROTOBUF = fixture('node-current.pb');
const REAL_SPANS = 14;
const ONE = {
  trace: '01'.repeat(16),
  span: '02'.repeat(8),
  parent: '',
  name: 'lamp',
  kind: 1,
  start: 1n,
  end: 2n,
  status: 0,
};

describe('spans are taken', () => {
  it.each([
    ['JSON', JSON_TYPE, REAL_JSON, '{}'],
    ['JSON with a charset', { 'content-type': 'Application/JSON; charset=utf-8' }, REAL_JSON, '{}'],
    ['protobuf', PROTOBUF_TYPE, REAL_PROTOBUF, ''],
    ['gzip', { ...PROTOBUF_TYPE, 'content-encoding': 'gzip' }, zlib.gzipSync(REAL_PROTOBUF), ''],
    ['deflate', { ...JSON_TYPE, 'content-encoding': 'deflate' }, zlib.deflateSync(REAL_JSON), '{}'],
    [
      'deflate without its wrapper',
      { ...JSON_TYPE, 'content-encoding': 'deflate' },
      zlib.deflateRawSync(REAL_JSON),
      '{}',
    ],
  ])('as %s', async (_, headers, body, answered) => {
    const { otlp, spans, said } = await receiver();
    const answer = await post(`${otlp.url}/v1/traces`, body, headers);
    expect(answer).toMatchObject({ status: 200, body: Buffer.from(answered) });
    expect(answer.headers['content-type']).toBe(headers['content-type'].split(';')[0]!.toLowerCase());
    expect(spans).toHaveLength(REAL_SPANS);
    expect(otlp.spans()).toBe(REAL_SPANS);
    expect(spans.every(({ kind }) => kind === 'span')).toBe(true);
    expect(said.size).toBe(0);
  });

  it('over one connection, which stays open', async () => {
    const { otlp, spans } = await receiver();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number>();
    agent.on('free', (socket: net.Socket) => ports.add(socket.localPort ?? 0));
    try {
      for (const body of ['', '{', REAL_JSON.toString()])
        await post(`${otlp.url}/v1/traces`, Buffer.from(body), JSON_TYPE, { agent });
    } finally {
      agent.destroy();
    }
    expect(spans).toHaveLength(REAL_SPANS);
    expect(ports.size).toBe(1);
  });

  it('placed by the wall clock', async () => {
    const { otlp, spans } = await receiver();
    const before = Date.now();
    const now = BigInt(before) * 1_000_000n;
    const traceId = '1'.repeat(32);
    const body = {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                { traceId, spanId: '2'.repeat(16), startTimeUnixNano: `${now}`, endTimeUnixNano: `${now}` },
              ],
            },
          ],
        },
      ],
    };
    await new Promise((resolve) => setTimeout(resolve, 20));
    await post(`${otlp.url}/v1/traces`, Buffer.from(JSON.stringify(body)), JSON_TYPE);
    const sinceStart = spans[0]!.invoke / 1e6;
    expect(sinceStart).toBeGreaterThanOrEqual(0);
    expect(sinceStart).toBeLessThan(Date.now() - before + 5_000);
  });

  it('although a part of them is rejected, which is said', async () => {
    const { otlp, spans, said } = await receiver();
    const body = bodyOf([{}, { traceId: 'no' }, { kind: KINDS.server }]);
    const answer = await post(`${otlp.url}/v1/traces`, body, JSON_TYPE);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toEqual({
      partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('1 without a valid') },
    });
    expect(spans).toHaveLength(2);
    expect(said.get('otlp-dropped')).toMatch(/1 without/);
  });
});

describe('other signals', () => {
  it.each([
    '/v1/metrics',
    '/v1/logs',
    '/v1development/profiles',
  ])('%s is accepted and ignored', async (path) => {
    const { otlp, spans, said } = await receiver();
    const answer = await post(`${otlp.url}${path}`, Buffer.from('no protobuf'), PROTOBUF_TYPE);
    expect(answer).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    expect(spans).toHaveLength(0);
    expect(said.size).toBe(0);
  });
});

describe('what is refused', () => {
  it.each([
    ['damaged protobuf', PROTOBUF_TYPE, Buffer.from([0x0a, 99]), 400],
    ['damaged JSON', JSON_TYPE, Buffer.from('{'), 400],
    ['bytes that are no gzip', { ...JSON_TYPE, 'content-encoding': 'gzip' }, REAL_JSON, 400],
    ['an unknown encoding', { ...JSON_TYPE, 'content-encoding': 'br' }, REAL_JSON, 415],
    ['another type', { 'content-type': 'text/plain' }, REAL_JSON, 415],
    ['no type', {}, REAL_JSON, 415],
    ['too much', JSON_TYPE, Buffer.alloc(BODY_LIMITS.body + 1, 32), 413],
    [
      'too much once unpacked',
      { ...JSON_TYPE, 'content-encoding': 'gzip' },
      zlib.gzipSync(Buffer.alloc(BODY_LIMITS.body + 1, 32)),
      413,
    ],
  ])('%s', async (_, headers, body, status) => {
    const { otlp, spans } = await receiver();
    const answer = await post(`${otlp.url}/v1/traces`, body, headers);
    expect(answer.status).toBe(status);
    const protobuf = answer.headers['content-type'] === 'application/x-protobuf';
    const message = protobuf
      ? answer.body.subarray(2).toString()
      : (JSON.parse(answer.body.toString()) as { message: string }).message;
    expect(message).toMatch(/^The /);
    expect(spans).toHaveLength(0);
    // It is still there.
    expect((await post(`${otlp.url}/v1/traces`, REAL_JSON, JSON_TYPE)).status).toBe(200);
  });

  it('another method and another path', async () => {
    const { otlp } = await receiver();
    const url = `${otlp.url}/v1/traces`;
    const get = await post(url, Buffer.alloc(0), {}, { method: 'GET' });
    expect(get).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect((await post(`${otlp.url}/`, REAL_JSON, JSON_TYPE)).status).toBe(404);
  });

  it('spans faster than they can be taken, until the debt is paid', async () => {
    const { otlp, said, time } = await receiver();
    // However slow the machine: time nearly stands still.
    time.speed = 1e-3;
    const span = { ...ONE, attributes: [] };
    const many = protobufOf([{ attributes: [], scopes: [Array(10_500).fill(span)] }]);
    const answers: Answer[] = [];
    while (answers.at(-1)?.status !== 429 && answers.length < 5)
      answers.push(await post(`${otlp.url}/v1/traces`, many, PROTOBUF_TYPE));
    expect(answers[0]!.status).toBe(200);
    expect(answers.at(-1)).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect(said.get('otlp-busy')).toMatch(/spans a second/);
    expect(said.get('otlp-dropped')).toMatch(/500 past the limit/);
    time.more = 10e9;
    expect((await post(`${otlp.url}/v1/traces`, REAL_JSON, JSON_TYPE)).status).toBe(200);
  });

  it('HTTP/2, with which gRPC begins: the exporter to use is said', async () => {
    const { otlp, said } = await receiver();
    const { hostname, port } = new URL(otlp.url);
    const client = http2.connect(`http://${hostname}:${port}`);
    client.on('error', () => undefined);
    const call = client.request({ ':method': 'POST', 'content-type': 'application/grpc' });
    call.on('error', () => undefined).end();
    await new Promise((closed) => client.once('close', closed));
    expect(said.get('otlp-grpc')).toMatch(/OTEL_EXPORTER_OTLP_PROTOCOL=http\/protobuf/);
  });
});

describe('the end', () => {
  it('without any span says which variable to set', async () => {
    const { otlp, said } = await receiver();
    await otlp.finish({});
    expect(said.get('otlp-unused')).toContain(`OTEL_EXPORTER_OTLP_ENDPOINT=${otlp.url}`);
    expect(said.get('otlp-unused')).toContain('not gRPC');
  });

  it('waits for an export that is under way', async () => {
    const { otlp, spans, said } = await receiver();
    const request = http.request(`${otlp.url}/v1/traces`, { method: 'POST', headers: JSON_TYPE });
    const answered = new Promise((resolve) => request.once('response', resolve));
    request.write(REAL_JSON.subarray(0, 100));
    await new Promise((resolve) => setTimeout(resolve, 50));
    setTimeout(() => request.end(REAL_JSON.subarray(100)), 300);
    await otlp.finish({});
    await answered;
    expect(spans).toHaveLength(REAL_SPANS);
    expect(said.size).toBe(0);
  });

  it('does not wait for a client that never ends', async () => {
    const { otlp } = await receiver();
    const request = http.request(`${otlp.url}/v1/traces`, { method: 'POST', headers: JSON_TYPE });
    request.on('error', () => undefined);
    request.write('{');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await otlp.finish({});
    await otlp.stop();
    request.destroy();
  });
});

describe('addresses', () => {
  it('a port in use names the flag', async () => {
    const { otlp } = await receiver();
    const port = Number(new URL(otlp.url).port);
    await expect(receiver({}, { host: '127.0.0.1', port })).rejects.toMatchObject({
      facts: { code: 'WSE301', next: expect.stringContaining('--otlp') },
    });
  });

  it('a wildcard address is reached over loopback', async () => {
    const { otlp } = await receiver({}, { host: '0.0.0.0', port: 0 });
    expect(otlp.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await post(`${otlp.url}/v1/traces`, REAL_JSON, JSON_TYPE)).status).toBe(200);
  });

  it('a Unix socket is refused', async () => {
    const socket = { path: '/tmp/otlp.sock' } as unknown as { host: string; port: number };
    await expect(receiver({}, socket)).rejects.toMatchObject({ facts: { code: 'WSE491' } });
  });
});
