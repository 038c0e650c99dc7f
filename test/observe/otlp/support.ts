/** Requests as the tests of spans write them. */
import type { TraceSpan } from '../../../src/core/operation.ts';
import type { Unnumbered } from '../../../src/observe/context.ts';
import { createSpanReader, type ReadSpans, type SpanStamps } from '../../../src/observe/otlp/index.ts';
import { createDigester } from '../../../src/observe/payload/index.ts';

export const DIGEST = createDigester(new Uint8Array(16));
export const ORIGIN = 1_795_000_000_000_000_000n;
export const STAMPS: SpanStamps = { origin: ORIGIN, arrived: 60e9 };
export const TRACE = '0af7651916cd43dd8448eb211c80319c';
export const SPAN = 'b7ad6b7169203331';

export const KINDS = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** A span of the JSON mapping; what is not given is well. */
export interface Sent {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly kind?: number;
  /** Nanoseconds after {@link ORIGIN}. */
  readonly from?: number;
  readonly to?: number | null;
  readonly status?: number;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

function anyValue(value: string | number | boolean) {
  if (typeof value === 'string') return { stringValue: value };
  return typeof value === 'number' ? { intValue: String(value) } : { boolValue: value };
}

const attributesOf = (attributes: Sent['attributes'] = {}) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));

export function bodyOf(spans: readonly Sent[], resource: Sent['attributes'] = {}): Uint8Array {
  const sent = spans.map(({ from = 1e9, to = 2e9, status = 0, attributes, ...rest }) => ({
    traceId: TRACE,
    spanId: SPAN,
    name: 'GET',
    kind: KINDS.client,
    ...rest,
    startTimeUnixNano: String(ORIGIN + BigInt(from)),
    ...(to === null ? {} : { endTimeUnixNano: String(ORIGIN + BigInt(to)) }),
    status: { code: status },
    attributes: attributesOf(attributes),
  }));
  const request = {
    resourceSpans: [{ resource: { attributes: attributesOf(resource) }, scopeSpans: [{ spans: sent }] }],
  };
  return Buffer.from(JSON.stringify(request));
}

export function readAll(
  spans: readonly Sent[],
  resource: Sent['attributes'] = {},
  stamps: SpanStamps = STAMPS,
): ReadSpans {
  const read = createSpanReader(DIGEST)(bodyOf(spans, resource), 'json', stamps);
  if (read === null) throw new Error('The request was found damaged.');
  return read;
}

export function readOne(span: Sent): Unnumbered<TraceSpan> {
  const [read] = readAll([span]).spans;
  if (read === undefined) throw new Error('The span was rejected.');
  return read;
}
