/** The OpenTelemetry protocol 1.x as a receiver needs it, bytes ↔ messages; no I/O. */
export { type Encoding, encodeAccepted, encodeFailure } from './answers.ts';
export type {
  Attributes,
  AttributeValue,
  DecodeOptions,
  TracesRequest,
  WireResource,
  WireSpan,
} from './messages.ts';
export { decodeTracesJson } from './traces-json.ts';
export { decodeTraces } from './traces-protobuf.ts';
