/** A gate that knows nothing of protocols: what the client sends at once is one message. */
import { connect, createServer, type Socket } from 'node:net';
import type { Gate, GateStore, HeldMessage } from '../../../src/race/gate/contract.ts';
import type { Store } from '../../../src/watch/stores.ts';

interface Line {
  readonly client: Socket;
  readonly store: Socket;
  readonly waiting: { readonly id: number; readonly chunk: Buffer }[];
  open: number | null;
  /** Of PostgreSQL: what BackendKeyData says. */
  pid: number | null;
}

let ids = 0;

export async function passThrough(actor: string, store: Store): Promise<Gate> {
  const lines = new Set<Line>();
  let holding = false;
  let activity = 0;
  const forward = (line: Line, id: number, chunk: Buffer): void => {
    line.open = id;
    line.store.write(chunk);
  };
  const server = createServer((client) => {
    activity++;
    const line: Line = { client, store: connect(addressOf(store)), waiting: [], open: null, pid: null };
    lines.add(line);
    client.setNoDelay(true);
    line.store.setNoDelay(true);
    client.on('data', (chunk) => {
      activity++;
      const id = ++ids;
      if (holding) line.waiting.push({ id, chunk });
      else forward(line, id, chunk);
    });
    line.store.on('data', (chunk) => {
      activity++;
      line.open = null;
      if (store.kind === 'postgres') line.pid ??= backendPid(chunk);
      client.write(chunk);
    });
    const end = (): void => {
      if (!lines.delete(line)) return;
      activity++;
      client.destroy();
      line.store.destroy();
    };
    for (const socket of [client, line.store]) socket.on('close', end).on('error', end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    actor,
    store: store.kind satisfies GateStore,
    endpoint: { host: '127.0.0.1', port },
    hold(on) {
      holding = on;
      if (on) return;
      for (const line of lines) for (const { id, chunk } of line.waiting.splice(0)) forward(line, id, chunk);
    },
    held: () =>
      [...lines].flatMap((line) => line.waiting.slice(0, 1).map(({ id }) => heldMessage(actor, store, id))),
    unanswered: () =>
      [...lines].flatMap(({ open, pid }) =>
        open === null ? [] : [{ id: open, session: 'x', label: '?', silent: false, backendPid: pid }],
      ),
    activity: () => activity,
    connections: () => lines.size,
    release(id) {
      for (const line of lines) {
        if (line.waiting[0]?.id !== id) continue;
        forward(line, id, line.waiting.shift()!.chunk);
      }
    },
    closing: () => [],
    deliver: () => undefined,
    reset() {
      for (const { client } of lines) client.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const { client, store: end } of lines) {
          client.destroy();
          end.destroy();
        }
      }),
  };
}

function heldMessage(actor: string, store: Store, id: number): HeldMessage {
  const meaning = { silent: false, label: '?', footprint: [] };
  return { id, actor, store: store.kind, session: 'x', kind: 'message', meaning };
}

/** `K`, its length of 12, process id, secret. */
function backendPid(chunk: Buffer): number | null {
  const at = chunk.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
  return at < 0 ? null : chunk.readInt32BE(at + 5);
}

function addressOf({ endpoint }: Store) {
  return 'path' in endpoint ? { path: endpoint.path } : endpoint;
}
