import {
  type CommandHandler,
  CommandScanner,
  type CommandScannerOptions,
  REPLY,
  type Reply,
  ReplyScanner,
  type ReplyScannerOptions,
} from '../../../src/wire/redis/index.ts';

/** Cuts bytes at the given places. */
export function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [0, ...[...at].map((n) => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const parts: Uint8Array[] = [];
  for (let i = 1; i < places.length; i++) parts.push(bytes.subarray(places[i - 1], places[i]));
  return parts;
}

/** Feeds each chunk from one reused buffer, as the relay does: what was kept by reference would be overwritten. */
export function feedReused(scanner: { feed(chunk: Uint8Array): void }, chunks: readonly Uint8Array[]): void {
  for (const chunk of chunks) {
    const copy = Uint8Array.from(chunk);
    scanner.feed(copy);
    copy.fill(0xee);
  }
}

export interface SeenCommand {
  readonly args: readonly string[];
  readonly lengths: readonly number[];
  readonly argc: number;
  readonly name: number;
}

export function scanCommands(
  chunks: readonly Uint8Array[],
  options: CommandScannerOptions = {},
): { commands: SeenCommand[]; unknown: string[] } {
  const commands: SeenCommand[] = [];
  const unknown: string[] = [];
  const handler: CommandHandler = {
    command(s) {
      const args: string[] = [];
      for (let i = 0; i < s.recorded; i++) {
        args.push(Buffer.from(s.bytes.subarray(s.starts[i], s.ends[i])).toString('latin1'));
      }
      commands.push({ args, lengths: [...s.lengths.subarray(0, s.recorded)], argc: s.argc, name: s.name });
    },
    unknown: (reason) => unknown.push(reason),
  };
  feedReused(new CommandScanner(handler, options), chunks);
  return { commands, unknown };
}

/** What the handler saw, one line an event. */
export function scanReplies(
  chunks: readonly Uint8Array[],
  options: ReplyScannerOptions = {},
): { events: string[]; unknown: string[] } {
  const events: string[] = [];
  const unknown: string[] = [];
  const scanner = new ReplyScanner(
    {
      node(s) {
        events.push(`${s.depth}${s.push ? 'p' : ''} ${describe(s)}`);
      },
      close(s) {
        events.push(`${s.depth}${s.push ? 'p' : ''} close ${String.fromCharCode(s.type)}`);
      },
      unknown: (reason) => unknown.push(reason),
    },
    options,
  );
  feedReused(scanner, chunks);
  return { events, unknown };
}

function describe(s: ReplyScanner): string {
  const mark = String.fromCharCode(s.type);
  switch (s.type) {
    case REPLY.null:
      return mark;
    case REPLY.integer:
    case REPLY.boolean:
      return `${mark}${s.integer}`;
    case REPLY.array:
    case REPLY.set:
    case REPLY.map:
    case REPLY.push:
      return `${mark}${s.count}`;
    default:
      return `${mark}${s.length} ${Buffer.from(s.bytes.subarray(s.start, s.end)).toString('latin1')}`;
  }
}

/** The events that a reply must give, derived from the data and not from its bytes. */
export function expectedEvents(reply: Reply, depth = 0, push = false): string[] {
  const at = `${depth}${push ? 'p' : ''}`;
  switch (reply.type) {
    case 'attribute':
      return expectedEvents(reply.of, depth, push);
    case 'array':
    case 'set':
    case 'push':
    case 'map': {
      const mark = { array: '*', set: '~', push: '>', map: '%' }[reply.type];
      const items = reply.type === 'map' ? reply.entries.flat() : reply.items;
      const inPush = push || (depth === 0 && reply.type === 'push');
      const here = `${depth}${inPush ? 'p' : ''}`;
      return [
        `${here} ${mark}${reply.streamed ? -1 : items.length}`,
        ...items.flatMap((item) => expectedEvents(item, depth + 1, inPush)),
        `${here} close ${mark}`,
      ];
    }
    case 'null':
      return [`${at} _`];
    case 'boolean':
      return [`${at} #${reply.value ? 1 : 0}`];
    case 'integer':
      return [`${at} :${Number(reply.value)}`];
    default: {
      const mark = {
        simple: '+',
        error: '-',
        double: ',',
        bigNumber: '(',
        bulk: '$',
        bulkError: '-',
        verbatim: '$',
        streamedBulk: '$',
      }[reply.type];
      const bytes = 'text' in reply ? Buffer.from(reply.text) : Buffer.from(reply.value);
      return [`${at} ${mark}${bytes.length} ${bytes.toString('latin1')}`];
    }
  }
}
