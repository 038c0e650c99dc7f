/**
 * A gate on the wire between a recipe and a store: messages can be held until released, lost, or counted, so that a schedule
 * happens as written. A message is what the driver writes at once, which is one call for the small calls of the recipes.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Hold {
  /** Settles when the message has arrived at the gate. It has not been sent on then. */
  readonly reached: Promise<void>;
  readonly release: () => void;
}

export interface Gate {
  /** The store's URL, leading through the gate. */
  readonly url: string;
  /** Holds the nth message that matches, and what its connection sends after it. */
  readonly hold: (pattern: RegExp, nth?: number) => Hold;
  /** Ends the connection in place of forwarding the next message that matches. */
  readonly lose: (pattern: RegExp) => void;
  /** Until `back`, connections end as soon as they begin, as those to a store that restarts. */
  readonly away: () => void;
  readonly back: () => void;
  /** Messages that matched so far. */
  readonly count: (pattern: RegExp) => number;
  readonly close: () => Promise<void>;
}

interface Rule {
  readonly pattern: RegExp;
  left: number;
  /** Whether the message goes on, once it may. */
  readonly admit: () => Promise<boolean>;
}

export async function openGate(store: string): Promise<Gate> {
  const target = new URL(store);
  const rules: Rule[] = [];
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  let isAway = false;

  const admitted = async (message: string): Promise<boolean> => {
    seen.push(message);
    for (const rule of rules.filter((each) => each.pattern.test(message))) {
      rule.left -= 1;
      if (rule.left === 0 && !(await rule.admit())) return false;
    }
    return true;
  };

  const server = createServer({ noDelay: true }, (client) => {
    client.on('error', () => undefined);
    if (isAway) return void client.destroy();
    const upstream = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    upstream.pipe(client);
    let last: Promise<void> = Promise.resolve();
    client.on('data', (bytes) => {
      last = last.then(async () => {
        if (!(await admitted(bytes.toString('latin1')))) client.destroy();
        // What was held for a client that is gone never arrives.
        else if (!client.destroyed) upstream.write(bytes);
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(store);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);

  return {
    url: url.href,
    hold: (pattern, nth = 1) => {
      let release = (): void => undefined;
      const released = new Promise<boolean>((done) => {
        release = () => done(true);
      });
      const reached = new Promise<void>((arrived) => {
        const admit = (): Promise<boolean> => {
          arrived();
          return released;
        };
        rules.push({ pattern, left: nth, admit });
      });
      return { reached, release };
    },
    lose: (pattern) => void rules.push({ pattern, left: 1, admit: async () => false }),
    away: () => {
      isAway = true;
      for (const socket of sockets) socket.destroy();
    },
    back: () => {
      isAway = false;
    },
    count: (pattern) => seen.filter((message) => pattern.test(message)).length,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
