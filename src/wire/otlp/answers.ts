/**
 * What a receiver answers: Export…ServiceResponse and google.rpc.Status, in the encoding of the request.
 *
 * Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
import { utf8 } from '../postgres/text.ts';
import { WireType } from './protobuf-reader.ts';

export type Encoding = 'protobuf' | 'json';

/** ExportTraceServiceResponse; with nothing rejected and nothing to say `partial_success` stays unset, and the same
 * bytes answer metrics, logs and profiles. */
export function encodeAccepted(encoding: Encoding, rejected = 0, message = ''): Uint8Array {
  const partial = rejected > 0 || message !== '';
  if (encoding === 'json') {
    const body = partial
      ? { partialSuccess: { rejectedSpans: String(rejected), errorMessage: message } }
      : {};
    return utf8(JSON.stringify(body));
  }
  if (!partial) return new Uint8Array(0);
  return delimited(1, Uint8Array.from([...varintField(1, rejected), ...delimited(2, utf8(message))]));
}

/** google.rpc.Status: only its message; OTLP does not use the code. */
export function encodeFailure(encoding: Encoding, message: string): Uint8Array {
  return encoding === 'json' ? utf8(JSON.stringify({ message })) : delimited(2, utf8(message));
}

function delimited(field: number, body: Uint8Array): Uint8Array {
  return Uint8Array.from([...varint(field * 8 + WireType.bytes), ...varint(body.length), ...body]);
}

/** Zero is the default and stays unwritten. */
function varintField(field: number, value: number): readonly number[] {
  return value === 0 ? [] : [...varint(field * 8 + WireType.varint), ...varint(value)];
}

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}
