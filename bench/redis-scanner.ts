/**
 * The RESP scanners on one core, against redis-parser where it can be compared (replies; it reads no commands). Each
 * contender reads the same 64 KB chunks; rounds alternate, and the median round counts.
 *
 *   npx rolldown bench/redis-scanner.ts --platform node --file /tmp/redis-scanner.mjs && node /tmp/redis-scanner.mjs
 */
import { createRequire } from 'node:module';
import {
  CommandScanner,
  encodeCommand,
  encodeReply,
  join,
  NameTable,
  type Reply,
  ReplyScanner,
} from '../src/wire/redis/index.ts';

interface ParserOptions {
  returnReply(reply: unknown): void;
  returnError(error: Error): void;
  returnBuffers?: boolean;
}
type Parser = new (options: ParserOptions) => { execute(chunk: Buffer): void };
const RedisParser = createRequire(`${process.cwd()}/package.json`)('redis-parser') as Parser;

const CHUNK = 64 * 1024;
const ROUND_MS = 150;
const ROUNDS = 15;

type Contender = () => (chunks: readonly Buffer[]) => number;

/** The stream in chunks as a socket would give them: frames are cut anywhere. */
function chunksOf(stream: Uint8Array, bytes: number): Buffer[] {
  const repeated = Buffer.alloc(Math.ceil(bytes / stream.length) * stream.length, stream);
  const chunks: Buffer[] = [];
  for (let at = 0; at < repeated.length; at += CHUNK) chunks.push(repeated.subarray(at, at + CHUNK));
  return chunks;
}

/** Frames a second of processor time, in one round: what else the machine does hardly counts. */
function round(run: (chunks: readonly Buffer[]) => number, chunks: readonly Buffer[]): number {
  let frames = 0;
  const start = process.cpuUsage();
  let spent = 0;
  do {
    frames += run(chunks);
    const { user, system } = process.cpuUsage(start);
    spent = user + system;
  } while (spent < ROUND_MS * 1e3);
  return (frames / spent) * 1e6;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function measure(chunks: readonly Buffer[], contenders: readonly Contender[]): number[] {
  const runs = contenders.map((make) => make());
  const rates = runs.map((): number[] => []);
  for (let i = 0; i <= ROUNDS; i++) {
    runs.forEach((run, n) => {
      const rate = round(run, chunks);
      if (i > 0) rates[n]!.push(rate);
    });
  }
  return rates.map(median);
}

const scanReplies: Contender = () => {
  let frames = 0;
  const count = (s: ReplyScanner) => {
    if (s.depth === 0) frames++;
  };
  const scanner = new ReplyScanner({
    node: (s) => {
      if (s.depth === 0 && s.type !== 0x2a) frames++;
    },
    close: count,
    unknown: fail,
  });
  return (chunks) => {
    frames = 0;
    for (const chunk of chunks) scanner.feed(chunk);
    return frames;
  };
};

const parseReplies =
  (returnBuffers: boolean): Contender =>
  () => {
    let frames = 0;
    const parser = new RedisParser({
      returnReply: () => {
        frames++;
      },
      returnError: () => {
        frames++;
      },
      returnBuffers,
    });
    return (chunks) => {
      frames = 0;
      for (const chunk of chunks) parser.execute(chunk);
      return frames;
    };
  };

const scanCommands: Contender = () => {
  let frames = 0;
  const names = new NameTable(['GET', 'SET', 'DEL', 'MGET', 'HGETALL', 'EXPIRE']);
  const scanner = new CommandScanner(
    {
      command: (s) => {
        frames += s.name > 0 ? 1 : 0;
      },
      unknown: fail,
    },
    { names },
  );
  return (chunks) => {
    frames = 0;
    for (const chunk of chunks) scanner.feed(chunk);
    return frames;
  };
};

function fail(reason: string): never {
  throw new Error(reason);
}

const bulk = (size: number): Reply => ({ type: 'bulk', value: Buffer.alloc(size, 'v') });
const REPLIES: readonly (readonly [string, readonly Reply[]])[] = [
  ['+OK', [{ type: 'simple', text: 'OK' }]],
  ['integer', [{ type: 'integer', value: 1 }]],
  ['miss', [{ type: 'null' }]],
  ['bulk 100 B', [bulk(100)]],
  ['bulk 4 KB', [bulk(4096)]],
  ['array of 10 × 100 B', [{ type: 'array', items: Array.from({ length: 10 }, () => bulk(100)) }]],
  [
    'mixed',
    [{ type: 'simple', text: 'OK' }, bulk(200), { type: 'null' }, { type: 'integer', value: 12 }, bulk(1000)],
  ],
];
const COMMANDS: readonly (readonly [string, readonly (readonly (string | Uint8Array)[])[]])[] = [
  ['GET item:1234', [['GET', 'item:1234']]],
  ['SET … EX, 100 B', [['SET', 'item:1234', Buffer.alloc(100, 'v'), 'EX', '60']]],
  ['SET, 4 KB', [['SET', 'item:1234', Buffer.alloc(4096, 'v')]]],
  ['MGET of 10', [['MGET', ...Array.from({ length: 10 }, (_, i) => `item:${i}`)]]],
];

const million = (rate: number) => `${(rate / 1e6).toFixed(2).padStart(7)} M/s`;
const ratio = (a: number, b: number) => `${(a / b).toFixed(1).padStart(5)}×`;

console.log(
  `${'replies'.padEnd(22)}${'whystale'.padStart(11)}${'redis-parser'.padStart(14)}${'ratio'.padStart(8)}   as buffers   ratio`,
);
for (const [name, replies] of REPLIES) {
  const chunks = chunksOf(join(replies.map((reply) => encodeReply(reply, 2))), 4 << 20);
  const [own, strings, buffers] = measure(chunks, [scanReplies, parseReplies(false), parseReplies(true)]) as [
    number,
    number,
    number,
  ];
  console.log(
    `${name.padEnd(22)}${million(own)}   ${million(strings)}  ${ratio(own, strings)}  ${million(buffers)}  ${ratio(own, buffers)}`,
  );
}
console.log(
  `\n${'commands'.padEnd(22)}${'64 KB chunks'.padStart(13)}${'1 KB chunks'.padStart(13)}${'ratio'.padStart(8)}`,
);
for (const [name, commands] of COMMANDS) {
  const stream = join(commands.map(encodeCommand));
  const chunks = chunksOf(stream, 4 << 20);
  const small = chunks.flatMap((chunk) =>
    Array.from({ length: CHUNK / 1024 }, (_, i) => chunk.subarray(i * 1024, (i + 1) * 1024)),
  );
  const [large] = measure(chunks, [scanCommands]) as [number];
  const [cut] = measure(small, [scanCommands]) as [number];
  console.log(`${name.padEnd(22)}${million(large)}  ${million(cut)}  ${ratio(large, cut)}`);
}
