/**
 * What is read of an ExportTraceServiceRequest: the fields that spans are understood by. Events, links, scopes, trace
 * state and every attribute that was not asked for are passed over.
 *
 * Source: opentelemetry-proto 1.x, `collector/trace/v1/trace_service.proto`, `trace/v1/trace.proto`,
 * `common/v1/common.proto`, `resource/v1/resource.proto`.
 */

/** A scalar attribute. Integers are exact up to 2^53; lists, maps and bytes are not read. */
export type AttributeValue = string | number | boolean;
export type Attributes = ReadonlyMap<string, AttributeValue>;

export interface WireSpan {
  /** Hex digits in lower case, as many as were sent: whether the id is valid is for the reader to say. */
  readonly trace: string;
  readonly span: string;
  /** Empty for a root span. */
  readonly parent: string;
  readonly name: string;
  /** SpanKind; 0 when not said. */
  readonly kind: number;
  /** Nanoseconds since 1970; 0 when not said. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Attributes;
  /** Status code: 0 unset, 1 ok, 2 error. */
  readonly status: number;
}

/** The spans of one resource. */
export interface WireResource {
  readonly attributes: Attributes;
  readonly spans: readonly WireSpan[];
}

export interface TracesRequest {
  /** Those with spans. */
  readonly resources: readonly WireResource[];
  /** Spans past the limit, not decoded. */
  readonly excess: number;
}

export interface DecodeOptions {
  /** Names of attributes that are wanted, of spans and of resources. */
  readonly wanted: ReadonlySet<string>;
  /** Spans decoded at most. */
  readonly maxSpans: number;
}

/** Counts what is decoded against the limit. */
export class SpanBudget {
  excess = 0;
  #left: number;

  constructor(maxSpans: number) {
    this.#left = maxSpans;
  }

  /** Whether one more span may be decoded; it is counted either way. */
  take(): boolean {
    if (this.#left > 0) {
      this.#left--;
      return true;
    }
    this.excess++;
    return false;
  }
}
