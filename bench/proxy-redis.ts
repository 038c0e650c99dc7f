/**
 * The relay against haproxy in TCP mode, in front of the same Redis, measured with redis-benchmark.
 *
 * Each proxy runs in a process of its own; rounds are interleaved and their order rotates, so that a slow spell of the
 * machine hits all alike. Figures are medians of requests per second, their ratio to haproxy, and the proxy's own
 * processor time per request, which other load on the machine disturbs less.
 *
 *   npx rolldown bench/proxy-redis.ts --platform node --file /tmp/proxy-redis.mjs && node /tmp/proxy-redis.mjs [rounds]
 *
 * Needs redis-server, redis-benchmark and haproxy on PATH.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ObserveContext } from '../src/observe/context.ts';
import { createDigester } from '../src/observe/payload/index.ts';
import { observeRedis } from '../src/observe/redis/index.ts';
import type { ConnectionObserverFactory } from '../src/proxy/observer.ts';
import { startRelay } from '../src/proxy/relay.ts';

const run = promisify(execFile);
const HOST = '127.0.0.1';

interface Workload {
  readonly name: string;
  readonly requests: number;
  readonly flags: readonly string[];
}

interface Proxy {
  readonly name: string;
  readonly port: number;
  readonly pid: number | null;
}

interface Measured {
  readonly name: string;
  /** Requests per second, one figure a round. */
  readonly rates: number[];
  /** µs of the proxy's processor time per request, one figure a round. */
  readonly cpu: number[];
}

const WORKLOADS: readonly Workload[] = [
  { name: 'GET', requests: 40_000, flags: ['-t', 'get', '-d', '100'] },
  { name: 'SET', requests: 40_000, flags: ['-t', 'set', '-d', '100'] },
  { name: 'GET, 16 deep', requests: 200_000, flags: ['-t', 'get', '-d', '100', '-P', '16'] },
  { name: 'SET, 16 deep', requests: 200_000, flags: ['-t', 'set', '-d', '100', '-P', '16'] },
  { name: 'SET of 4 KB, 16 deep', requests: 40_000, flags: ['-t', 'set', '-d', '4096', '-P', '16'] },
  { name: 'GET of 4 KB, 16 deep', requests: 40_000, flags: ['-t', 'get', '-d', '4096', '-P', '16'] },
  { name: 'GET of 256 KB', requests: 4_000, flags: ['-t', 'get', '-d', '262144', '-c', '10'] },
];

const clock = () => Math.round(performance.now() * 1e6);

const OBSERVERS: Readonly<Record<string, () => ConnectionObserverFactory>> = {
  'no observer': () => () => ({ client() {}, server() {}, end() {} }),
  'Redis observer': () => observeRedis(countingContext(), { wall: Date.now }),
};

/** The real digests, and a sink that only counts. */
function countingContext(): ObserveContext {
  let count = 0;
  return {
    sink: { emit: () => ++count, reserve: () => () => {} },
    digest: createDigester(randomBytes(16)),
    degrade: (code, text) => console.error(code, text),
  };
}

if (process.argv[2] === 'relay') await relayProcess();
else await compare(Number(process.argv[2] ?? 5));

/** `relay TARGET-PORT OBSERVER`: prints its port and runs until its input ends. */
async function relayProcess(): Promise<void> {
  const observer = OBSERVERS[process.argv[4] ?? ''];
  if (!observer) throw new Error(`no observer ${process.argv[4]}`);
  const relay = await startRelay({
    prefix: 'redis',
    listen: { host: HOST, port: 0 },
    target: { host: HOST, port: Number(process.argv[3]) },
    clock,
    observe: observer(),
    degrade: (code, text) => console.error(code, text),
  });
  console.log((relay.endpoint as { port: number }).port);
  process.stdin.resume().on('end', () => process.exit());
}

async function compare(rounds: number): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'proxy-redis-'));
  const children: ChildProcess[] = [];
  try {
    const redis = await startRedis(children);
    const proxies: Proxy[] = [
      { name: 'no proxy', port: redis, pid: null },
      await startHaproxy(children, folder, redis),
    ];
    for (const observer of Object.keys(OBSERVERS)) {
      proxies.push(await startRelayProcess(children, redis, observer));
    }
    for (const workload of WORKLOADS) print(workload, await measure(workload, proxies, rounds));
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(workload: Workload, proxies: readonly Proxy[], rounds: number): Promise<Measured[]> {
  const measured = proxies.map(({ name }) => ({ name, rates: [] as number[], cpu: [] as number[] }));
  // A read finds a value of the right size.
  const size = workload.flags[workload.flags.indexOf('-d') + 1]!;
  await benchmark(proxies[0]!.port, { ...workload, requests: 1, flags: ['-t', 'set', '-d', size] });
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < proxies.length; place++) {
      const at = (place + round) % proxies.length;
      const { port, pid } = proxies[at]!;
      const before = cpuMicros(pid);
      measured[at]!.rates.push(await benchmark(port, workload));
      measured[at]!.cpu.push((cpuMicros(pid) - before) / workload.requests);
    }
  }
  return measured;
}

/** User and system time of a process so far, µs; 0 where the system does not tell. Linux counts in ticks of 10 ms. */
function cpuMicros(pid: number | null): number {
  if (pid === null) return 0;
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return 0;
  }
}

async function benchmark(port: number, { requests, flags }: Workload): Promise<number> {
  const args = ['-h', HOST, '-p', String(port), '-n', String(requests), '--csv', ...flags];
  const { stdout } = await run('redis-benchmark', args);
  const rate = /^"(?:GET|SET)","([\d.]+|inf)"/m.exec(stdout)?.[1];
  if (!rate) throw new Error(`redis-benchmark said: ${stdout}`);
  return Number(rate);
}

function print(workload: Workload, measured: readonly Measured[]): void {
  const base = measured.find(({ name }) => name === 'haproxy')!;
  console.log(`\n${workload.name}`);
  for (const { name, rates, cpu } of measured) {
    const ratio = (median(rates) / median(base.rates)).toFixed(2);
    const rate = median(rates).toFixed(0).padStart(8);
    const spread = `${Math.round(Math.min(...rates))}…${Math.round(Math.max(...rates))}`;
    const own = median(cpu) > 0 ? `${median(cpu).toFixed(2)} µs` : '';
    console.log(`  ${name.padEnd(22)} ${rate}/s  ${ratio} × haproxy  ${own.padStart(9)}  ${spread}`);
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function startRedis(children: ChildProcess[]): Promise<number> {
  const port = await freePort();
  const flags = ['--port', String(port), '--bind', HOST, '--save', '', '--appendonly', 'no'];
  children.push(spawn('redis-server', flags, { stdio: 'ignore' }));
  await reachable(port);
  return port;
}

async function startHaproxy(children: ChildProcess[], folder: string, target: number): Promise<Proxy> {
  const port = await freePort();
  const file = path.join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    [
      'global',
      '  maxconn 4096',
      '  nbthread 1',
      'defaults',
      '  mode tcp',
      '  timeout connect 5s',
      '  timeout client 60s',
      '  timeout server 60s',
      'listen redis',
      `  bind ${HOST}:${port}`,
      `  server redis ${HOST}:${target}`,
      '',
    ].join('\n'),
  );
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  children.push(child);
  await reachable(port);
  return { name: 'haproxy', port, pid: child.pid ?? null };
}

function startRelayProcess(children: ChildProcess[], target: number, observer: string): Promise<Proxy> {
  const child = spawn(process.execPath, [process.argv[1]!, 'relay', String(target), observer], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the relay ended with ${code}`)));
    child.stdout!.once('data', (line: Buffer) => {
      resolve({ name: `relay, ${observer}`, port: Number(line.toString()), pid: child.pid ?? null });
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, HOST, () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function reachable(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, HOST);
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on port ${port}`);
}
