/**
 * A replication connection made with `pg`, and the little of that package that its types do not declare: the connection
 * under a client, which hands out CopyData messages and sends them.
 */
import type pg from 'pg';

/** The part of pg's `Connection` that is used here. */
interface PgConnection {
  on(event: 'copyData', listener: (message: { readonly chunk: Uint8Array }) => void): unknown;
  once(event: 'replicationStart' | 'end', listener: () => void): unknown;
  sendCopyFromChunk(chunk: Buffer): void;
  /** Terminate, then the end of the socket. */
  end(): void;
  readonly stream: { destroy(): void; readonly destroyed: boolean };
}

/** Longest wait for the server to hang up after our goodbye, ms. */
const GOODBYE_LIMIT_MS = 500;

export interface CopyBothEvents {
  /** One CopyData message; the bytes are valid during the call only. */
  readonly data: (chunk: Uint8Array) => void;
  /** The stream is over; `error` when the server said why. */
  readonly ended: (error: Error | null) => void;
}

function connectionOf(client: pg.Client): PgConnection {
  // pg hands CopyData out on this object only, and its types leave the object out.
  return (client as unknown as { readonly connection: PgConnection }).connection;
}

/** Process id of the server's side; null when it was not told. */
export function serverProcess(client: pg.Client): number | null {
  // Set from BackendKeyData; not in pg's types.
  return (client as unknown as { readonly processID: number | null }).processID;
}

/** Sends START_REPLICATION; resolves once the stream runs, rejects when the server refuses. */
export function startCopyBoth(client: pg.Client, sql: string, events: CopyBothEvents): Promise<void> {
  const connection = connectionOf(client);
  return new Promise((resolve, reject) => {
    let running = false;
    let over = false;
    const end = (error: Error | null) => {
      if (over) return;
      over = true;
      if (running) events.ended(error);
      else reject(error ?? new Error('the connection ended'));
    };
    connection.once('replicationStart', () => {
      running = true;
      resolve();
    });
    connection.on('copyData', ({ chunk }) => events.data(chunk));
    connection.once('end', () => end(null));
    // The query answers only when the stream ends.
    client.query(sql).then(
      () => end(null),
      (error: Error) => end(error),
    );
  });
}

/** Sends one CopyData message; nothing happens on a connection that is gone. */
export function sendCopyData(client: pg.Client, bytes: Uint8Array): void {
  connectionOf(client).sendCopyFromChunk(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

/** Says goodbye; a server that does not hang up soon is hung up on. */
export function endStreaming(client: pg.Client): Promise<void> {
  const connection = connectionOf(client);
  if (connection.stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      connection.stream.destroy();
      resolve();
    }, GOODBYE_LIMIT_MS);
    connection.once('end', () => {
      clearTimeout(timer);
      resolve();
    });
    connection.end();
  });
}
