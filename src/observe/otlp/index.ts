/** OpenTelemetry in: the body of an OTLP request → spans of the history, and what to answer. Pure. */
export { type Encoding, encodeAccepted, encodeFailure } from '../../wire/otlp/index.ts';
export { createSpanReader, type ReadSpans, SPAN_SESSION, type SpanReader, type SpanStamps } from './spans.ts';
