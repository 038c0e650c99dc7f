/**
 * Asks a Redis on loopback a few commands over one connection, for readiness only: it understands simple strings,
 * errors, integers and bulk strings (RESP2), which is what AUTH, PING and INFO answer.
 */
import { connect } from 'node:net';
import { LOOPBACK } from './engine.ts';

const PROBE_LIMIT_MS = 1_000;

/** The replies as text, in order. Rejects on a refused connection, an error reply or after {@link PROBE_LIMIT_MS}. */
export function askRedis(port: number, commands: readonly (readonly string[])[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: LOOPBACK, port });
    let received = Buffer.alloc(0);
    const end = (act: () => void): void => {
      socket.destroy();
      act();
    };
    socket.setTimeout(PROBE_LIMIT_MS, () => end(() => reject(new Error('no answer in time'))));
    socket.once('error', (error) => end(() => reject(error)));
    socket.once('close', () => reject(new Error('the connection was closed')));
    socket.once('connect', () => socket.write(commands.map(encode).join('')));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const replies = decode(received);
      const failed = replies.find((reply) => reply.startsWith('-'));
      if (failed !== undefined) end(() => reject(new Error(failed.slice(1))));
      else if (replies.length >= commands.length) end(() => resolve(replies));
    });
  });
}

function encode(command: readonly string[]): string {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return `*${command.length}\r\n${parts.join('')}`;
}

/** Complete replies at the start of the bytes; an error keeps its leading minus sign. */
function decode(bytes: Buffer): readonly string[] {
  const replies: string[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return replies;
    const line = bytes.toString('latin1', at, lineEnd);
    at = lineEnd + 2;
    if (line.startsWith('$')) {
      const length = Math.max(0, Number(line.slice(1)));
      if (bytes.length < at + length + 2) return replies;
      replies.push(bytes.toString('utf8', at, at + length));
      at += length + 2;
    } else {
      replies.push(line.startsWith('-') ? line : line.slice(1));
    }
  }
}
