/**
 * Readers and writers on two processes of a recipe that share a cache, as one command for whystale:
 * `node load.mjs COMMAND… ++ COMMAND…`. What comes after a further `++` is a helper (a relay) that runs meanwhile.
 *
 * Each product has one writer, whose prices rise. So whoever begins to read after a write has returned must get its price or
 * a later one. The last line printed says what was seen, as JSON.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

const SERVERS = 2;
const READERS = 50;
const READS_EACH = 8;
const WRITERS = 5;
const WRITES_EACH = 10;
const PRODUCTS = 10;

const commands = process.argv.slice(2).join('\n').split('\n++\n').map((command) => command.split('\n'));
const start = ([command, ...args]) => spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });

function serve(command) {
  const child = start(command);
  const waiting = new Map();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [tag, ...answer] = line.split(' ');
    waiting.get(tag)?.(answer.join(' '));
    waiting.delete(tag);
  });
  let tags = 0;
  return {
    child,
    ask: (call) =>
      new Promise((done) => {
        tags += 1;
        waiting.set(`c${tags}`, done);
        child.stdin.write(`c${tags} ${call}\n`);
      }),
  };
}

const servers = commands.slice(0, SERVERS).map(serve);
const helpers = commands.slice(SERVERS).map(start);
const errors = [];
const stale = [];
/** Price that was returned to a writer last, per product. */
const written = new Map();

async function ask(server, call) {
  const answer = await server.ask(call);
  if (answer.startsWith('error')) errors.push(`${call}: ${answer}`);
  return answer;
}

async function read(server, id) {
  const least = written.get(id) ?? 0;
  const price = Number(await ask(server, `read ${id}`));
  if (price < least) stale.push({ id, price, least });
  return price;
}

async function reader(number) {
  for (let count = 0; count < READS_EACH; count += 1) {
    await read(servers[number % SERVERS], 1 + Math.floor(Math.random() * PRODUCTS));
    await pause(Math.random() * 20);
  }
}

async function writer(number) {
  for (let count = 1; count <= WRITES_EACH; count += 1) {
    const id = 1 + number + (count % 2) * WRITERS;
    await ask(servers[number % SERVERS], `write ${id} ${count * 100 + number}`);
    written.set(id, count * 100 + number);
    await pause(Math.random() * 10);
  }
}

await Promise.all([
  ...Array.from({ length: READERS }, (_, number) => reader(number)),
  ...Array.from({ length: WRITERS }, (_, number) => writer(number)),
]);
const prices = {};
for (let id = 1; id <= PRODUCTS; id += 1) prices[id] = await read(servers[id % SERVERS], id);
for (const { child } of servers) child.stdin.end();
for (const helper of helpers) helper.kill('SIGTERM');
await Promise.all(
  [...servers.map(({ child }) => child), ...helpers].map(
    (child) => child.exitCode ?? child.signalCode ?? once(child, 'exit'),
  ),
);
console.log(JSON.stringify({ prices, stale, errors }));
