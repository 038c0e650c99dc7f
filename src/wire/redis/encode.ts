/** Commands and replies as bytes. Replies are written in RESP2 or RESP3, as a server would after HELLO. */
import { utf8 } from './text.ts';

/** A reply as data. Texts are sent as UTF-8. */
export type Reply =
  | { readonly type: 'simple' | 'error' | 'double' | 'bigNumber'; readonly text: string }
  | { readonly type: 'integer'; readonly value: number | bigint }
  | { readonly type: 'bulk' | 'bulkError' | 'verbatim' | 'streamedBulk'; readonly value: string | Uint8Array }
  | { readonly type: 'null' }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'array' | 'set' | 'push'; readonly items: readonly Reply[]; readonly streamed?: boolean }
  | {
      readonly type: 'map';
      readonly entries: readonly (readonly [Reply, Reply])[];
      readonly streamed?: boolean;
    }
  | {
      readonly type: 'attribute';
      readonly entries: readonly (readonly [Reply, Reply])[];
      readonly of: Reply;
    };

const CRLF = Uint8Array.of(13, 10);

/** A command as an array of bulk strings. */
export function encodeCommand(args: readonly (string | number | Uint8Array)[]): Uint8Array {
  const parts = [utf8(`*${args.length}\r\n`)];
  for (const arg of args) parts.push(...bulk('$', typeof arg === 'number' ? String(arg) : arg));
  return join(parts);
}

/** A reply; `resp` 2 writes what RESP2 has instead of the kinds that RESP3 added. */
export function encodeReply(reply: Reply, resp: 2 | 3 = 3): Uint8Array {
  const parts: Uint8Array[] = [];
  write(parts, reply, resp);
  return join(parts);
}

/** All bytes in a row. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function write(parts: Uint8Array[], reply: Reply, resp: 2 | 3): void {
  switch (reply.type) {
    case 'array':
    case 'set':
    case 'push':
      writeAggregate(
        parts,
        resp === 3 ? { array: '*', set: '~', push: '>' }[reply.type] : '*',
        reply.items,
        resp,
        reply.streamed,
      );
      return;
    case 'map':
      writeMap(parts, reply.entries, resp, reply.streamed);
      return;
    case 'attribute':
      if (resp === 3) {
        parts.push(utf8(`|${reply.entries.length}\r\n`));
        for (const item of reply.entries.flat()) write(parts, item, resp);
      }
      write(parts, reply.of, resp);
      return;
    default:
      parts.push(...(resp === 3 ? scalar3(reply) : scalar2(reply)));
  }
}

function writeMap(
  parts: Uint8Array[],
  entries: readonly (readonly [Reply, Reply])[],
  resp: 2 | 3,
  streamed = false,
): void {
  const items = entries.flat();
  if (resp === 2 || streamed) {
    writeAggregate(parts, resp === 2 ? '*' : '%', items, resp, streamed);
    return;
  }
  parts.push(utf8(`%${entries.length}\r\n`));
  for (const item of items) write(parts, item, resp);
}

function writeAggregate(
  parts: Uint8Array[],
  mark: string,
  items: readonly Reply[],
  resp: 2 | 3,
  streamed = false,
): void {
  const open = streamed && resp === 3;
  parts.push(utf8(`${mark}${open ? '?' : items.length}\r\n`));
  for (const item of items) write(parts, item, resp);
  if (open) parts.push(utf8('.\r\n'));
}

type Scalar = Exclude<Reply, { readonly type: 'array' | 'set' | 'push' | 'map' | 'attribute' }>;

function scalar3(reply: Scalar): Uint8Array[] {
  switch (reply.type) {
    case 'null':
      return [utf8('_\r\n')];
    case 'boolean':
      return [utf8(reply.value ? '#t\r\n' : '#f\r\n')];
    case 'double':
      return [utf8(`,${reply.text}\r\n`)];
    case 'bigNumber':
      return [utf8(`(${reply.text}\r\n`)];
    case 'bulkError':
      return bulk('!', reply.value);
    case 'verbatim':
      return bulk('=', join([utf8('txt:'), bytesOf(reply.value)]));
    case 'streamedBulk':
      return streamedBulk(bytesOf(reply.value));
    default:
      return scalar2(reply);
  }
}

function scalar2(reply: Scalar): Uint8Array[] {
  switch (reply.type) {
    case 'null':
      return [utf8('$-1\r\n')];
    case 'boolean':
      return [utf8(reply.value ? ':1\r\n' : ':0\r\n')];
    case 'integer':
      return [utf8(`:${reply.value}\r\n`)];
    case 'simple':
      return [utf8(`+${reply.text}\r\n`)];
    case 'error':
      return [utf8(`-${reply.text}\r\n`)];
    case 'bulkError':
      return [utf8('-'), bytesOf(reply.value), CRLF];
    case 'double':
    case 'bigNumber':
      return bulk('$', reply.text);
    default:
      return bulk('$', reply.value);
  }
}

function bulk(mark: string, value: string | Uint8Array): Uint8Array[] {
  const bytes = bytesOf(value);
  return [utf8(`${mark}${bytes.length}\r\n`), bytes, CRLF];
}

/** Two parts, so that joining them is exercised; none when there is nothing to send. */
function streamedBulk(bytes: Uint8Array): Uint8Array[] {
  const half = bytes.length >> 1;
  const halves = [bytes.subarray(0, half), bytes.subarray(half)].filter((part) => part.length > 0);
  return [utf8('$?\r\n'), ...halves.flatMap((part) => bulk(';', part)), utf8(';0\r\n')];
}

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? utf8(value) : value;
}
