/**
 * What observing costs beyond scanning: the same conversations through the bare scanners and through the observer, on
 * one core, in commands a second of processor time.
 *
 *   npx rolldown bench/redis-observer.ts --platform node --file /tmp/redis-observer.mjs && node /tmp/redis-observer.mjs
 */
import { createDigester } from '../src/observe/payload/index.ts';
import { observeRedis } from '../src/observe/redis/index.ts';
import {
  CommandScanner,
  encodeCommand,
  encodeReply,
  join,
  type Reply,
  ReplyScanner,
} from '../src/wire/redis/index.ts';

const ROUND_MS = 200;
const ROUNDS = 9;
const DEPTHS = [1, 16];
const KEYS = 1000;

const payload = (size: number) =>
  Buffer.from(JSON.stringify({ id: 7, name: 'x'.repeat(Math.max(0, size - 20)) }));
const bulk = (value: Uint8Array): Reply => ({ type: 'bulk', value });
const ok: Reply = { type: 'simple', text: 'OK' };

interface Workload {
  readonly name: string;
  readonly exchange: (i: number) => readonly [command: readonly (string | Uint8Array)[], reply: Reply];
}

const small = payload(100);
const large = payload(4096);
const WORKLOADS: readonly Workload[] = [
  { name: 'PING', exchange: () => [['PING'], { type: 'simple', text: 'PONG' }] },
  { name: 'GET hit, 100 B', exchange: (i) => [['GET', `item:${i % KEYS}`], bulk(small)] },
  { name: 'GET hit, 4 KB', exchange: (i) => [['GET', `item:${i % KEYS}`], bulk(large)] },
  { name: 'GET miss', exchange: (i) => [['GET', `item:${i % KEYS}`], { type: 'null' }] },
  { name: 'SET EX, 100 B', exchange: (i) => [['SET', `item:${i % KEYS}`, small, 'EX', '60'], ok] },
  { name: 'DEL', exchange: (i) => [['DEL', `item:${i % KEYS}`], { type: 'integer', value: 1 }] },
];

type Feed = (client: Buffer, server: Buffer) => void;

function scanning(): Feed {
  const commands = new CommandScanner({ command: () => {}, unknown: fail });
  const replies = new ReplyScanner({ node: () => {}, close: () => {}, unknown: fail });
  return (client, server) => {
    commands.feed(client);
    replies.feed(server);
  };
}

let operations = 0;
function observing(): Feed {
  const sink = { emit: () => ++operations, reserve: () => fail('not used') };
  const context = { sink, digest: createDigester(Buffer.alloc(16, 7)), degrade: fail };
  const connection = observeRedis(context, { wall: Date.now })('redis:1');
  let at = 0;
  return (client, server) => {
    connection.client(client, ++at);
    connection.server(server, ++at);
  };
}

function fail(reason: string): never {
  throw new Error(reason);
}

function measure(
  feeds: readonly Feed[],
  batches: readonly (readonly [Buffer, Buffer])[],
  depth: number,
): number[] {
  const rates = feeds.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    feeds.forEach((feed, n) => {
      const start = process.cpuUsage();
      let commands = 0;
      let spent = 0;
      do {
        for (const [client, server] of batches) feed(client, server);
        commands += batches.length * depth;
        const { user, system } = process.cpuUsage(start);
        spent = user + system;
      } while (spent < ROUND_MS * 1e3);
      if (round > 0) rates[n]!.push((commands / spent) * 1e6);
    });
  }
  return rates.map((values) => values.sort((a, b) => a - b)[values.length >> 1]!);
}

console.log('workload              deep     scanned    observed   ratio   ns a command');
for (const { name, exchange } of WORKLOADS) {
  for (const depth of DEPTHS) {
    const batches = Array.from({ length: KEYS }, (_, batch) => {
      const exchanges = Array.from({ length: depth }, (_, i) => exchange(batch * depth + i));
      const client = Buffer.from(join(exchanges.map(([command]) => encodeCommand(command))));
      return [client, Buffer.from(join(exchanges.map(([, reply]) => encodeReply(reply, 2))))] as const;
    });
    const [scanned, observed] = measure([scanning(), observing()], batches, depth) as [number, number];
    const cost = (1e9 / observed - 1e9 / scanned).toFixed(0);
    const figures = [scanned, observed]
      .map((rate) => `${(rate / 1e6).toFixed(2).padStart(6)} M/s`)
      .join('  ');
    console.log(
      `${name.padEnd(20)}${String(depth).padStart(6)}  ${figures}  ${(observed / scanned).toFixed(2).padStart(6)}  ${cost.padStart(8)}`,
    );
  }
}
