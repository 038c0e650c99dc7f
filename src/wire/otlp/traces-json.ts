/**
 * ExportTraceServiceRequest from JSON: the protobuf JSON mapping with OTLP's deviations (ids are hex digits, enums are
 * integers, unknown fields are passed over).
 *
 * Sources: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding, https://protobuf.dev/programming-guides/json/
 */
import { readUtf8 } from '../postgres/text.ts';
import {
  type AttributeValue,
  type DecodeOptions,
  SpanBudget,
  type TracesRequest,
  type WireResource,
  type WireSpan,
} from './messages.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** Thrown and caught in this file only. */
class Damage extends Error {}

/** Reads a request; null when it is no JSON, or a field that is read has a value of the wrong kind. */
export function decodeTracesJson(bytes: Uint8Array, options: DecodeOptions): TracesRequest | null {
  try {
    const budget = new SpanBudget(options.maxSpans);
    const request = objectOf(JSON.parse(readUtf8(bytes, 0, bytes.length)));
    const resources = listOf(request.resourceSpans).map((item) =>
      resourceOf(objectOf(item), options.wanted, budget),
    );
    return { resources: resources.filter(({ spans }) => spans.length > 0), excess: budget.excess };
  } catch {
    return null;
  }
}

function resourceOf(item: JsonObject, wanted: ReadonlySet<string>, budget: SpanBudget): WireResource {
  const spans: WireSpan[] = [];
  for (const scope of listOf(item.scopeSpans)) {
    for (const span of listOf(objectOf(scope).spans)) {
      if (budget.take()) spans.push(spanOf(objectOf(span), wanted));
    }
  }
  const resource = item.resource ?? {};
  return { attributes: attributesOf(objectOf(resource).attributes, wanted), spans };
}

function spanOf(span: JsonObject, wanted: ReadonlySet<string>): WireSpan {
  return {
    trace: textOf(span.traceId).toLowerCase(),
    span: textOf(span.spanId).toLowerCase(),
    parent: textOf(span.parentSpanId).toLowerCase(),
    name: textOf(span.name),
    kind: enumOf(span.kind, SPAN_KINDS),
    start: unsigned64(span.startTimeUnixNano),
    end: unsigned64(span.endTimeUnixNano),
    attributes: attributesOf(span.attributes, wanted),
    status: enumOf(objectOf(span.status ?? {}).code, STATUS_CODES),
  };
}

/** Names are not allowed by OTLP but by the plain mapping, which some exporters use. */
const SPAN_KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
  (name) => `SPAN_KIND_${name}`,
);
const STATUS_CODES = ['UNSET', 'OK', 'ERROR'].map((name) => `STATUS_CODE_${name}`);

function enumOf(value: unknown, names: readonly string[]): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  const index = names.indexOf(textOf(value));
  if (index < 0) throw new Damage();
  return index;
}

function attributesOf(value: unknown, wanted: ReadonlySet<string>): Map<string, AttributeValue> {
  const found = new Map<string, AttributeValue>();
  for (const item of listOf(value)) {
    const { key, value: any } = objectOf(item);
    if (typeof key !== 'string' || !wanted.has(key)) continue;
    const read = anyValue(objectOf(any ?? {}));
    if (read !== undefined) found.set(key, read);
  }
  return found;
}

function anyValue(value: JsonObject): AttributeValue | undefined {
  const { stringValue, boolValue, intValue, doubleValue } = value;
  if (isGiven(stringValue)) return textOf(stringValue);
  if (isGiven(boolValue)) {
    if (typeof boolValue !== 'boolean') throw new Damage();
    return boolValue;
  }
  if (isGiven(intValue)) return numberOf(intValue);
  return isGiven(doubleValue) ? numberOf(doubleValue) : undefined;
}

/** In the mapping, null is the same as absent. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A number, also as text; `NaN`, `Infinity` and `-Infinity` only as text. */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  const text = textOf(value);
  const number = Number(text);
  if (text.trim() === '' || (Number.isNaN(number) && text !== 'NaN')) throw new Damage();
  return number;
}

/** A 64-bit number: decimal digits as text, or a number, which JavaScript reads to the nearest 256. */
function unsigned64(value: unknown): bigint {
  if (!isGiven(value)) return 0n;
  if (typeof value === 'number') {
    if (!Number.isInteger(value) || value < 0) throw new Damage();
    return BigInt(value);
  }
  const text = textOf(value);
  if (!/^\d{1,20}$/.test(text)) throw new Damage();
  return BigInt(text);
}

function textOf(value: unknown): string {
  if (!isGiven(value)) return '';
  if (typeof value !== 'string') throw new Damage();
  return value;
}

function listOf(value: unknown): readonly unknown[] {
  if (!isGiven(value)) return [];
  if (!Array.isArray(value)) throw new Damage();
  return value;
}

function objectOf(value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Damage();
  return value as JsonObject;
}
