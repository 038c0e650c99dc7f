import { describe, expect, it } from 'vitest';
import { childEnvironment } from '../../src/watch/environment.ts';
import { collectorOf, otlpVariables, whyNoSpans } from '../../src/watch/otlp-environment.ts';

const URL_ = 'http://127.0.0.1:4318';
const OWN = { host: '127.0.0.1', port: 4318 };
const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const PROTOCOL = 'OTEL_EXPORTER_OTLP_PROTOCOL';
const TRACES = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
const TRACES_PROTOCOL = 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL';

describe('the variables of the child', () => {
  const plain = { [ENDPOINT]: URL_, [PROTOCOL]: 'http/protobuf' };
  it.each([
    ['nothing', {}, plain],
    ['an empty endpoint', { [TRACES]: '' }, plain],
    ['a collector', { [ENDPOINT]: 'http://collector:4318' }, plain],
    ['JSON', { [PROTOCOL]: 'http/json' }, { ...plain, [PROTOCOL]: 'http/json' }],
    [
      'an endpoint for traces',
      { [TRACES]: 'http://collector:4318/v1/traces' },
      { ...plain, [TRACES]: `${URL_}/v1/traces` },
    ],
    ['gRPC for traces', { [TRACES_PROTOCOL]: 'grpc' }, { ...plain, [TRACES_PROTOCOL]: 'http/protobuf' }],
    [
      'a gRPC collector, to which metrics and logs still go',
      { [ENDPOINT]: 'http://collector:4317', OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://logs:4317' },
      {
        ...plain,
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://collector:4317',
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'grpc',
      },
    ],
  ])('where the caller has %s', (_, caller, expected) =>
    expect(otlpVariables(caller as NodeJS.ProcessEnv, URL_)).toEqual(expected));

  it('are shown as changed, and give way to --env', () => {
    const { env, changed, values } = childEnvironment({
      env: { [ENDPOINT]: 'http://collector:4318' },
      stores: [],
      otlp: URL_,
      templates: [
        [PROTOCOL, 'http/json'],
        ['SPANS', '{otlp}/v1/traces'],
      ],
    });
    expect(env).toMatchObject({ [ENDPOINT]: URL_, [PROTOCOL]: 'http/json', SPANS: `${URL_}/v1/traces` });
    expect(changed).toEqual([
      { name: ENDPOINT, why: 'otlp', before: 'http://collector:4318', after: URL_ },
      { name: PROTOCOL, why: 'env', before: null, after: 'http/json' },
      { name: 'SPANS', why: 'env', before: null, after: `${URL_}/v1/traces` },
    ]);
    expect(values.otlp).toBe(URL_);
  });

  it('are left alone without a receiver, and {otlp} then stands for nothing', () => {
    expect(childEnvironment({ env: {}, stores: [] }).changed).toEqual([]);
    expect(() => childEnvironment({ env: {}, stores: [], templates: [['A', '{otlp}']] })).toThrow(/\{otlp\}/);
  });
});

describe('the collector', () => {
  const target = (env: NodeJS.ProcessEnv, path = '/v1/traces') =>
    collectorOf(env, OWN)?.target(path)?.href ?? null;

  it.each([
    [{}, null],
    [{ [ENDPOINT]: '' }, null],
    [{ [ENDPOINT]: 'collector:4318' }, null],
    [{ [ENDPOINT]: 'http://collector:4318' }, 'http://collector:4318/v1/traces'],
    [{ [ENDPOINT]: 'https://collector/otlp/' }, 'https://collector/otlp/v1/traces'],
    [{ [TRACES]: 'http://collector/in' }, 'http://collector/in'],
    [{ [ENDPOINT]: 'http://a', [TRACES]: 'http://b/in' }, 'http://b/in'],
    [{ [ENDPOINT]: 'http://collector:4317' }, null],
    [{ [ENDPOINT]: 'http://collector:4317', [PROTOCOL]: 'http/protobuf' }, 'http://collector:4317/v1/traces'],
    [{ [ENDPOINT]: 'http://collector:4318', [TRACES_PROTOCOL]: 'grpc' }, null],
    [
      { [ENDPOINT]: 'http://a', [PROTOCOL]: 'grpc', [TRACES]: 'http://b/in', [TRACES_PROTOCOL]: 'http/json' },
      'http://b/in',
    ],
    // The receiver itself, by whatever name.
    [{ [ENDPOINT]: 'http://localhost:4318' }, null],
    [{ [TRACES]: 'http://127.0.0.1:4318/v1/traces' }, null],
  ])('of %j gets spans at %s', (env, expected) => expect(target(env as NodeJS.ProcessEnv)).toBe(expected));

  it('for metrics is the common one only', () => {
    expect(target({ [TRACES]: 'http://b/in' }, '/v1/metrics')).toBeNull();
    expect(target({ [ENDPOINT]: 'http://a', [TRACES]: 'http://b/in' }, '/v1/logs')).toBe('http://a/v1/logs');
  });

  it('that speaks gRPC is refused with the reason, without credentials', () => {
    const env = { [ENDPOINT]: 'http://me:secret@collector:4317' };
    const refusal = collectorOf(env, OWN)?.refusal;
    expect(refusal).toContain('gRPC');
    expect(refusal).not.toContain('secret');
  });
});

describe('why no span came', () => {
  it.each([
    [{ OTEL_SDK_DISABLED: 'true' }, /OTEL_SDK_DISABLED/],
    [{ OTEL_TRACES_EXPORTER: 'none' }, /OTEL_TRACES_EXPORTER=otlp/],
    [{ OTEL_TRACES_EXPORTER: 'console,otlp' }, /OTEL_EXPORTER_OTLP_ENDPOINT=http/],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, /always_on/],
    [{}, /OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/127\.0\.0\.1:4318/],
  ])('with %j', (env, text) => expect(whyNoSpans(env, URL_)).toMatch(text));
});
