/** ExportTraceServiceRequest from its binary form. Field numbers are those of opentelemetry-proto 1.x. */
import { LIMITS } from './limits.ts';
import {
  type AttributeValue,
  type DecodeOptions,
  SpanBudget,
  type TracesRequest,
  type WireResource,
  type WireSpan,
} from './messages.ts';
import { ProtobufReader, WireType } from './protobuf-reader.ts';

/** Longer ids are no ids; they are not worth keeping to say so. */
const LONGEST_ID = 16;

/** Reads a request; null when it is damaged. Unknown fields, and known ones of another wire type, are passed over. */
export function decodeTraces(bytes: Uint8Array, options: DecodeOptions): TracesRequest | null {
  const decoder = new TracesDecoder(options);
  return decoder.request(new ProtobufReader(bytes));
}

class TracesDecoder {
  readonly #wanted: ReadonlySet<string>;
  readonly #budget: SpanBudget;
  /** Some message inside was damaged; the whole request is then refused. */
  #damaged = false;

  constructor({ wanted, maxSpans }: DecodeOptions) {
    this.#wanted = wanted;
    this.#budget = new SpanBudget(maxSpans);
  }

  request(reader: ProtobufReader): TracesRequest | null {
    const resources: WireResource[] = [];
    this.#fields(reader, (field) => {
      if (!field.holds(1)) return false;
      const resource = this.#resourceSpans(reader.message());
      if (resource.spans.length > 0) resources.push(resource);
      return true;
    });
    return this.#damaged ? null : { resources, excess: this.#budget.excess };
  }

  #resourceSpans(reader: ProtobufReader): WireResource {
    const attributes = new Map<string, AttributeValue>();
    const spans: WireSpan[] = [];
    this.#fields(reader, (field) => {
      if (field.holds(1)) this.#resource(reader.message(), attributes);
      else if (field.holds(2)) this.#scopeSpans(reader.message(), spans);
      else return false;
      return true;
    });
    return { attributes, spans };
  }

  #resource(reader: ProtobufReader, attributes: Map<string, AttributeValue>): void {
    this.#fields(reader, (field) => {
      if (!field.holds(1)) return false;
      this.#keyValue(reader.message(), attributes);
      return true;
    });
  }

  #scopeSpans(reader: ProtobufReader, spans: WireSpan[]): void {
    this.#fields(reader, (field) => {
      if (!field.holds(2) || !this.#budget.take()) return false;
      spans.push(this.#span(reader.message()));
      return true;
    });
  }

  #span(reader: ProtobufReader): WireSpan {
    const attributes = new Map<string, AttributeValue>();
    const span = { trace: '', span: '', parent: '', name: '', kind: 0, start: 0n, end: 0n, status: 0 };
    this.#fields(reader, (field) => {
      if (field.holds(1)) span.trace = reader.hex(LONGEST_ID);
      else if (field.holds(2)) span.span = reader.hex(LONGEST_ID);
      else if (field.holds(4)) span.parent = reader.hex(LONGEST_ID);
      else if (field.holds(5)) span.name = reader.text();
      else if (field.holds(6, WireType.varint)) span.kind = reader.signed();
      else if (field.holds(7, WireType.fixed64)) span.start = reader.fixed64();
      else if (field.holds(8, WireType.fixed64)) span.end = reader.fixed64();
      else if (field.holds(9)) this.#keyValue(reader.message(), attributes);
      else if (field.holds(15)) span.status = this.#status(reader.message(), span.status);
      else return false;
      return true;
    });
    return { ...span, attributes };
  }

  #status(reader: ProtobufReader, before: number): number {
    let code = before;
    this.#fields(reader, (field) => {
      if (!field.holds(3, WireType.varint)) return false;
      code = reader.signed();
      return true;
    });
    return code;
  }

  #keyValue(reader: ProtobufReader, into: Map<string, AttributeValue>): void {
    let key = '';
    let value: ProtobufReader | null = null;
    this.#fields(reader, (field) => {
      if (field.holds(1)) key = reader.text();
      else if (field.holds(2)) value = reader.message();
      else return false;
      return true;
    });
    if (value === null || key.length > LIMITS.key || !this.#wanted.has(key)) return;
    const read = this.#anyValue(value);
    if (read !== undefined) into.set(key, read);
  }

  /** Undefined for an empty value, a list, a map, and bytes. Of several the last one counts, as in every `oneof`. */
  #anyValue(reader: ProtobufReader): AttributeValue | undefined {
    let value: AttributeValue | undefined;
    this.#fields(reader, (field) => {
      if (field.holds(1)) value = reader.text();
      else if (field.holds(2, WireType.varint)) value = reader.unsigned() !== 0;
      else if (field.holds(3, WireType.varint)) value = reader.signed();
      else if (field.holds(4, WireType.fixed64)) value = reader.double();
      else {
        if (field.holds(5) || field.holds(6) || field.holds(7)) value = undefined;
        return false;
      }
      return true;
    });
    return value;
  }

  /** Calls `read` for each field; where it says false, the field is passed over. */
  #fields(reader: ProtobufReader, read: (field: Field) => boolean): void {
    const field = new Field(reader);
    while (!this.#damaged && reader.next()) if (!read(field)) reader.skip();
    if (reader.failed) this.#damaged = true;
  }
}

/** The current field of a reader. */
class Field {
  readonly #reader: ProtobufReader;

  constructor(reader: ProtobufReader) {
    this.#reader = reader;
  }

  /** Whether it has this number and this wire type; a known number with another wire type is an unknown field. */
  holds(number: number, type: number = WireType.bytes): boolean {
    return this.#reader.field === number && this.#reader.type === type;
  }
}
