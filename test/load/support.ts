/** Servers under load and plans for them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { LoadPlan, LoadTools, Shot } from '../../src/load/index.ts';

export const clock = (): number => Number(process.hrtime.bigint());

export function tools(more: Partial<LoadTools> = {}): LoadTools {
  return { clock, random: Math.random, signal: new AbortController().signal, ...more };
}

export function plan(port: number, more: Partial<LoadPlan> = {}): LoadPlan {
  return {
    host: '127.0.0.1',
    port,
    tls: false,
    requests: [get('/')],
    rate: 200,
    count: 20,
    arrivals: 'constant',
    timeoutMs: 20_000,
    inFlight: 20,
    judge: () => null,
    ...more,
  };
}

export function get(path: string): LoadPlan['requests'][number] {
  return { method: 'GET', path, headers: {}, body: null };
}

export const correctedMs = ({ due, ended }: Shot): number => (ended - due) / 1e6;
export const uncorrectedMs = ({ sent, ended }: Shot): number => (ended - sent) / 1e6;

/** An HTTP server for one test; gives its port. */
export async function serve(answer: http.RequestListener, host = '127.0.0.1'): Promise<number> {
  return (await serving(http.createServer(answer), host)).port;
}

/** A server that says what it likes; gives its port. */
export async function serveRaw(talk: (socket: net.Socket) => void): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    talk(socket);
  });
  return (await serving(server)).port;
}

/** Listens until the test is over, then cuts what is still connected. */
export async function serving(server: net.Server, host = '127.0.0.1'): Promise<AddressInfo> {
  const sockets = new Set<net.Socket>();
  const keep = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  server.on('connection', keep);
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return server.address() as AddressInfo;
}

/** How often each error came; `null` for none. */
export function errors(shots: readonly Shot[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { error } of shots) counts[String(error)] = (counts[String(error)] ?? 0) + 1;
  return counts;
}

export interface Pauses {
  readonly serviceMs: number;
  readonly pauseMs: number;
  readonly periodMs: number;
}

export interface Counts {
  readonly asked: number;
  /** What was left of a pause for each request that met one, ms. */
  readonly waits: readonly number[];
}

export interface PausingServer {
  readonly child: ChildProcess;
  readonly port: number;
  /** What came for a path. */
  readonly counts: (path: string) => Promise<Counts>;
}

/** The server of pausing-server.mjs, in a process of its own, for one test. */
export async function pausingServer({ serviceMs, pauseMs, periodMs }: Pauses): Promise<PausingServer> {
  const program = join(import.meta.dirname, 'pausing-server.mjs');
  const args = [program, ...[serviceMs, pauseMs, periodMs].map(String)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(child.stdout!, 'data');
  const port = Number(line);
  const counts = async (path: string): Promise<Counts> => {
    const all = await (await fetch(`http://127.0.0.1:${port}/counts`)).json();
    return (all as Record<string, Counts>)[path] ?? { asked: 0, waits: [] };
  };
  return { child, port, counts };
}
