/** The stream's bytes as messages, whichever output plugin wrote them. */
import {
  type DecodedTable,
  type IdentityLookup,
  type LogicalMessage,
  PgOutputDecoder,
  parseTestDecoding,
  type RowMessage,
} from '../../wire/postgres/logical/index.ts';
import { TestDecodingScanner } from '../../wire/postgres/logical/test-decoding-scanner.ts';
import { readUtf8 } from '../../wire/postgres/text.ts';

export type StreamPlugin = 'test_decoding' | 'pgoutput';

/** Longest message that is read in full, bytes. */
const MESSAGE_LIMIT = 8 * 1024 * 1024;
/** Bytes in which the names of schema and table and the action stand: two names of 63 bytes, each quoted, doubled. */
const HEAD_BYTES = 600;

/** A change of which only the table was read. */
export interface HeadMessage extends DecodedTable {
  readonly kind: 'head';
  readonly action: RowMessage['action'];
}

/** Reads one message. `whole` false: of a row, its table is enough. */
export type StreamDecoder = (payload: Uint8Array, whole: boolean) => LogicalMessage | HeadMessage;

/** Makes the decoder of one stream; it never throws. `identity` is asked for `test_decoding` only. */
export function streamDecoder(plugin: StreamPlugin, identity: IdentityLookup): StreamDecoder {
  if (plugin === 'pgoutput') {
    const decoder = new PgOutputDecoder();
    return (payload) => decoder.decode(payload);
  }
  return (payload, whole) => {
    if (!whole || payload.length > MESSAGE_LIMIT) {
      const head = headOf(readUtf8(payload, 0, Math.min(payload.length, HEAD_BYTES)));
      if (head !== null) return head;
    }
    if (payload.length > MESSAGE_LIMIT) return { kind: 'other', what: 'a change too long to be read' };
    return parseTestDecoding(readUtf8(payload, 0, payload.length), identity);
  };
}

const ACTIONS = [
  [': INSERT:', 'insert'],
  [': UPDATE:', 'update'],
  [': DELETE:', 'delete'],
] as const;

function headOf(text: string): HeadMessage | null {
  if (!text.startsWith('table ')) return null;
  const scanner = new TestDecodingScanner(text, 'table '.length);
  const schema = scanner.identifier();
  if (schema === null || !scanner.take('.')) return null;
  const table = scanner.identifier();
  const action = ACTIONS.find(([word]) => scanner.sees(word))?.[1];
  return table === null || action === undefined ? null : { kind: 'head', schema, table, action };
}
