import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ConnectionObserverFactory } from '../../../src/proxy/observer.ts';

export interface Engine {
  readonly port: number;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a redis-server of its own; fails with a message when there is none. */
export async function startRedis(): Promise<Engine> {
  const folder = await mkdtemp(path.join(tmpdir(), 'whystale-redis-'));
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await ready(child);
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw cause;
  }
  return {
    port,
    async stop() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new Error('these tests need redis-server on the PATH', { cause })));
    child.once('exit', (code) => reject(new Error(`redis-server ended at once with code ${code}`)));
    child.stdout?.on('data', (text) => {
      if (String(text).includes('Ready to accept connections')) resolve();
    });
  });
}

/** A relay that forwards first and shows the bytes to an observer after. */
export async function startRelay(target: number, factory: ConnectionObserverFactory): Promise<Engine> {
  const sockets = new Set<net.Socket>();
  let sessions = 0;
  const clock = () => Number(process.hrtime.bigint() % 1_000_000_000_000n);
  const server = net.createServer((client) => {
    const observer = factory(`redis:${++sessions}`);
    const store = net.connect(target, '127.0.0.1');
    for (const socket of [client, store]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => {
      const at = clock();
      store.write(Buffer.from(chunk));
      observer.client(chunk, at);
      chunk.fill(0);
    });
    store.on('data', (chunk) => {
      const at = clock();
      client.write(Buffer.from(chunk));
      observer.server(chunk, at);
      chunk.fill(0);
    });
    client.on('close', () => {
      store.destroy();
      observer.end(clock());
    });
    store.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
