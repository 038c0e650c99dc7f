/** Gates with plain readers, for the tests: what is held is told by label, and let go by label. */
import net from 'node:net';
import { onTestFinished } from 'vitest';
import type { ConnectionObserver } from '../../../src/proxy/observer.ts';
import { reads, UNKNOWN_REDIS, UNKNOWN_SQL } from '../../../src/race/explore/footprint.ts';
import type {
  Answered,
  ClientMessage,
  Gate,
  HeldMessage,
  Meaning,
  PostgresAnswer,
  PostgresReader,
  RedisReader,
  Release,
} from '../../../src/race/gate/contract.ts';
import {
  openPostgresGate,
  openRedisGate,
  type PostgresGateOptions,
  type RedisGateOptions,
} from '../../../src/race/gate/index.ts';
import { clock, until } from '../../proxy/support.ts';

export { sleep, until } from '../../proxy/support.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const silent = (label: string): Meaning => ({ silent: true, label, footprint: [] });

const QUIET = /^(HELLO|CLIENT|SELECT|PING|INFO|AUTH|MULTI|QUIT|RESET|CONFIG|.?(UN)?SUBSCRIBE)$/;

/** Follows MULTI; everything else by name alone. */
export class PlainRedisReader implements RedisReader {
  #multi = false;
  readonly #silent: RegExp;

  constructor(silentNames: RegExp = QUIET) {
    this.#silent = silentNames;
  }

  command(args: readonly Uint8Array[]): Meaning {
    const label = args.map((arg) => text(arg.subarray(0, 40))).join(' ');
    const name = text(args[0] ?? new Uint8Array(0)).toUpperCase();
    const queued = this.#multi && name !== 'EXEC';
    if (name === 'MULTI') this.#multi = true;
    if (name === 'EXEC' || name === 'DISCARD') this.#multi = false;
    return queued || this.#silent.test(name)
      ? silent(label)
      : { silent: false, label, footprint: UNKNOWN_REDIS };
  }

  replied(reply: Uint8Array): string | null {
    return text(reply.subarray(0, 60)).replace(/\r\n/g, ' ').trim();
  }

  push(message: Uint8Array): Meaning {
    const words = text(message)
      .split('\r\n')
      .filter((word) => !/^[>*$]/.test(word) && word !== '');
    return { silent: false, label: `push ${words.join(' ')}`, footprint: [reads('redis:*')] };
  }
}

const PASSING = /^\s*(BEGIN|START|SET|SHOW|SELECT 1\s*$|DISCARD|DEALLOCATE|$)/i;

/** SQL by its text; statements that were prepared by their names. */
export class PlainPostgresReader implements PostgresReader {
  parameters: ReadonlyMap<string, string> = new Map();
  readonly answers: PostgresAnswer[] = [];
  readonly #statements = new Map<string, string>();
  #open = false;

  started(parameters: ReadonlyMap<string, string>): void {
    this.parameters = parameters;
  }

  request(messages: readonly ClientMessage[]): Meaning {
    const label = messages.flatMap((message) => this.#sql(message)).join('; ');
    const runs = messages.some(({ type }) => type === 'Q' || type === 'E');
    if (!runs || PASSING.test(label)) return silent(runs ? label : messages.map(({ type }) => type).join(''));
    return { silent: false, label, footprint: UNKNOWN_SQL };
  }

  answered(answer: PostgresAnswer): string | null {
    this.answers.push(answer);
    if (answer.status !== null) this.#open = answer.status !== 'I';
    if (answer.error !== null) return `${answer.error.code} ${answer.status ?? ''}`.trim();
    const rows = answer.rows.map((row) => row.join(',')).join('|');
    return [...answer.tags, rows].filter(Boolean).join(' ') || null;
  }

  closing(): Meaning {
    return this.#open ? { silent: false, label: 'rollback', footprint: UNKNOWN_SQL } : silent('disconnect');
  }

  #sql({ type, body }: ClientMessage): string[] {
    const words = text(body).split('\0');
    if (type === 'Q') return [words[0] ?? ''];
    if (type === 'P') this.#statements.set(words[0] ?? '', words[1] ?? '');
    if (type === 'B') return [this.#statements.get(words[1] ?? '') ?? '?'];
    return [];
  }
}

/** What an observer was shown. */
export interface Seen {
  readonly session: string;
  client: string;
  server: string;
  ended: boolean;
}

export class Watched {
  readonly gate: Gate;
  readonly answers: Answered[];
  readonly degraded: string[];
  readonly seen: Seen[];
  readonly moves: () => number;

  constructor(parts: Pick<Watched, 'gate' | 'answers' | 'degraded' | 'seen' | 'moves'>) {
    this.gate = parts.gate;
    this.answers = parts.answers;
    this.degraded = parts.degraded;
    this.seen = parts.seen;
    this.moves = parts.moves;
  }

  labels(): string[] {
    return this.gate.held().map(({ meaning }) => meaning.label);
  }

  /** Waits until a message with this beginning is on offer. */
  async offered(label: string): Promise<HeldMessage> {
    const find = () => this.gate.held().find(({ meaning }) => meaning.label.startsWith(label));
    await until(() => find() !== undefined).catch(() => {
      throw new Error(`${label} was not offered; held: ${this.labels().join(', ')}`);
    });
    return find()!;
  }

  async release(label: string, how: Release = 'forward'): Promise<number> {
    const { id } = await this.offered(label);
    this.gate.release(id, how);
    return id;
  }

  /** Releases and waits for the answer; gives its result. */
  async pass(label: string, how: Release = 'forward'): Promise<string | null> {
    return this.result(await this.release(label, how));
  }

  async result(id: number): Promise<string | null> {
    await until(() => this.answers.some((answer) => answer.id === id));
    return this.answers.find((answer) => answer.id === id)?.result ?? null;
  }

  /** Nothing is on its way. */
  async quiet(): Promise<void> {
    await until(() => this.gate.unanswered().length === 0);
  }

  /** Sessions of those whose bytes match. */
  shown(client: string): Seen | undefined {
    return this.seen.find((one) => one.client.includes(client));
  }
}

type Shared = Pick<RedisGateOptions, 'actor' | 'tls' | 'observe' | 'clock' | 'events' | 'ids'>;

function recorder(): { parts: Omit<ConstructorParameters<typeof Watched>[0], 'gate'>; shared: Shared } {
  const answers: Answered[] = [];
  const degraded: string[] = [];
  const seen: Seen[] = [];
  let id = 0;
  let moves = 0;
  const observe = (session: string): ConnectionObserver => {
    const one: Seen = { session, client: '', server: '', ended: false };
    seen.push(one);
    return {
      client: (chunk) => {
        one.client += text(chunk);
      },
      server: (chunk) => {
        one.server += text(chunk);
      },
      end: () => {
        one.ended = true;
      },
    };
  };
  const events = {
    moved: () => void moves++,
    answered: (answer: Answered) => void answers.push(answer),
    degrade: (code: string) => void degraded.push(code),
  };
  const shared = { actor: 'reader', tls: null, observe, clock, events, ids: () => ++id };
  return { parts: { answers, degraded, seen, moves: () => moves }, shared };
}

export async function redisGate(
  target: { readonly host: string; readonly port: number },
  options: Partial<RedisGateOptions> = {},
): Promise<Watched> {
  const { parts, shared } = recorder();
  const gate = await openRedisGate({ ...shared, target, reader: () => new PlainRedisReader(), ...options });
  onTestFinished(() => gate.close());
  return new Watched({ ...parts, gate });
}

export async function postgresGate(
  target: { readonly host: string; readonly port: number },
  options: Partial<PostgresGateOptions> = {},
): Promise<Watched> {
  const { parts, shared } = recorder();
  const gate = await openPostgresGate({
    ...shared,
    target,
    reader: () => new PlainPostgresReader(),
    ...options,
  });
  onTestFinished(() => gate.close());
  return new Watched({ ...parts, gate });
}

/** The message of what a promise fails with; taken now, so that it may fail before it is looked at. */
export function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'did not fail',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

/** A raw client whose replies pile up as text. */
export interface RawClient {
  readonly socket: net.Socket;
  send(bytes: string | Uint8Array): void;
  received(): string;
  /** Waits until what was received since the last call ends like this, and gives it. */
  until(end: string): Promise<string>;
  closed(): boolean;
}

export async function rawClient(endpoint: {
  readonly host: string;
  readonly port: number;
}): Promise<RawClient> {
  const socket = net.connect(endpoint);
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return rawOver(socket);
}

/** A raw client over a socket that nobody else reads. */
export function rawOver(socket: net.Socket): RawClient {
  onTestFinished(() => void socket.destroy());
  let all = '';
  let from = 0;
  let closed = false;
  socket.on('data', (chunk) => {
    all += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    received: () => all,
    closed: () => closed,
    until: async (end) => {
      await until(() => all.slice(from).endsWith(end)).catch(() => {
        const received = JSON.stringify(all.slice(from));
        throw new Error(`expected an end like ${JSON.stringify(end)}, received ${received}`);
      });
      const part = all.slice(from);
      from = all.length;
      return part;
    },
  };
}

/** A command as clients write it. */
export function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
