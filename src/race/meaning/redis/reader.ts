/**
 * Follows one Redis connection: database, transaction, watched keys; says of each command what it means to others.
 *
 * MULTI and what is queued pass at once; EXEC carries the union, and reads the watched keys. State that a command sets is
 * taken for set when it is sent and taken back when its reply is an error: clients may ask for no replies.
 */
import type { CommandInfo } from '../../../observe/redis/key-positions.ts';
import { type Footprint, NOTHING, reads, redisKey, UNKNOWN_REDIS } from '../../explore/footprint.ts';
import type { Meaning, RedisReader } from '../../gate/contract.ts';
import { Accesses } from '../accesses.ts';
import { PUSHED } from '../pushes.ts';
import { texts } from './arguments.ts';
import { type Effect, effectOf } from './effects.ts';
import { commandLabel, execLabel } from './label.ts';
import { pushMeaning } from './push.ts';
import { type Asked, execResult, isError, replyTree, resultOf } from './result.ts';
import { isNamed, isSilent } from './silent.ts';

/** What the connections of an exploration share. */
export interface RedisExploration {
  /** True once any connection tracks keys, or the server tells of changes: then every write causes messages. An exploration
   * in which this becomes true must begin anew, since the same steps now have other footprints. */
  tracking: boolean;
}

export interface RedisReaderOptions {
  readonly exploration: RedisExploration;
  /** Command names that need no ordering, in upper case. */
  readonly silent?: readonly string[];
  readonly scripts?: 'anything' | 'declared';
  /** What the server's COMMAND says, for commands of modules. */
  readonly commands?: readonly CommandInfo[];
  /** The client has asked to be sent messages: it subscribes, or tracks keys. */
  readonly listens?: () => void;
  /** Masks secrets in names; see `Digester.key`. */
  readonly secret?: (name: string) => string;
}

/** Commands kept of one transaction; the effect of those beyond is all of Redis. */
const MAX_QUEUED = 1_000;

interface Queued extends Asked {
  readonly label: string;
  readonly footprint: Footprint;
}

interface State {
  database: number;
  /** Null outside MULTI. */
  queue: Queued[] | null;
  overflow: boolean;
  watched: readonly string[];
}

const SUBSCRIBES = /^[PS]?SUBSCRIBE$/;

const WHOLE: Footprint = [...UNKNOWN_REDIS, PUSHED];

class Reader implements RedisReader {
  readonly #options: Required<Omit<RedisReaderOptions, 'commands'>>;
  readonly #commands: ReadonlyMap<string, CommandInfo>;
  #state: State = { database: 0, queue: null, overflow: false, watched: [] };
  /** The state to go back to when the command fails. */
  #before: State = this.#state;
  #asked: Asked = { name: '', args: [], key: '' };
  #ran: readonly Queued[] | null = null;

  constructor(options: RedisReaderOptions) {
    const { exploration, silent = [], scripts = 'anything', listens = () => {} } = options;
    const { secret = (name) => name } = options;
    this.#options = { exploration, silent, scripts, listens, secret };
    this.#commands = new Map((options.commands ?? []).map((info) => [info.name.toUpperCase(), info]));
  }

  command(bytes: readonly Uint8Array[]): Meaning {
    const args = texts(bytes);
    const name = args[0]?.toUpperCase() ?? '';
    const sub = args[1]?.toUpperCase() ?? '';
    this.#before = this.#state;
    this.#ran = null;
    this.#asked = { name, args, key: args[1] ?? '' };
    this.#noteTracking(name, sub, args);
    if (name === 'EXEC') return this.#exec();
    const control = this.#control(name, args);
    if (control !== null) return control;
    const named = isNamed(this.#options.silent, name, sub);
    if (named || isSilent(name, sub)) {
      const label = commandLabel(
        name,
        args,
        sub !== '' && isSilent(name, sub) && !named ? [sub] : [],
        (text) => text,
      );
      if (this.#state.queue !== null) this.#enqueue(label, NOTHING);
      return { silent: true, label, footprint: NOTHING };
    }
    return this.#ordinary(name, args);
  }

  replied(reply: Uint8Array): string | null {
    const failed = isError(reply);
    const ran = this.#ran;
    this.#ran = null;
    // A failed EXEC ends its transaction all the same.
    if (failed && this.#asked.name !== 'EXEC') this.#state = this.#before;
    const tree = replyTree(reply);
    return ran === null ? resultOf(tree, this.#asked) : execResult(tree, ran);
  }

  push(message: Uint8Array): Meaning {
    return pushMeaning(message, this.#options.secret);
  }

  #ordinary(name: string, args: readonly string[]): Meaning {
    const { scripts, secret } = this.#options;
    const context = { database: this.#state.database, scripts, commands: this.#commands };
    const effect = effectOf(name, args, context);
    const footprint = this.#pushing(effect);
    const label = commandLabel(name, args, effect.shown, secret);
    this.#asked = { name, args, key: effect.shown[0] ?? '' };
    if (this.#state.queue === null) return { silent: false, label, footprint };
    this.#enqueue(label, footprint);
    return { silent: true, label: `queue ${label}`, footprint: NOTHING };
  }

  /** A write of a tracked key tells its readers. */
  #pushing({ footprint }: Effect): Footprint {
    const changes = footprint.some(({ mode, resource }) => mode === 'write' && resource.startsWith('redis:'));
    const accesses = new Accesses().add(footprint);
    if (changes && this.#options.exploration.tracking) accesses.add([PUSHED]);
    return accesses.footprint(WHOLE);
  }

  #enqueue(label: string, footprint: Footprint): void {
    const queue = this.#state.queue ?? [];
    if (queue.length >= MAX_QUEUED) this.#state = { ...this.#state, overflow: true };
    else this.#state = { ...this.#state, queue: [...queue, { ...this.#asked, label, footprint }] };
  }

  #exec(): Meaning {
    const { queue, watched, overflow, database } = this.#state;
    const ran = queue ?? [];
    this.#ran = ran;
    this.#state = { database, queue: null, overflow: false, watched: [] };
    const accesses = new Accesses().read(...watched);
    for (const { footprint } of ran) accesses.add(footprint);
    const shown = ran.filter(({ footprint }) => footprint.length > 0);
    const label = execLabel((shown.length > 0 ? shown : ran).map((one) => one.label));
    const footprint = overflow ? WHOLE : accesses.footprint(WHOLE);
    return { silent: footprint.length === 0, label, footprint };
  }

  /** Commands that change the connection. Within MULTI, SELECT moves those queued after it. */
  #control(name: string, args: readonly string[]): Meaning | null {
    const silent: Meaning = { silent: true, label: name, footprint: NOTHING };
    switch (name) {
      case 'SELECT': {
        const database = Number(args[1]);
        if (Number.isInteger(database)) this.#state = { ...this.#state, database };
        const label = `SELECT ${args[1] ?? ''}`;
        if (this.#state.queue !== null) this.#enqueue(label, NOTHING);
        return { ...silent, label };
      }
      case 'MULTI':
        if (this.#state.queue === null) this.#state = { ...this.#state, queue: [], overflow: false };
        return silent;
      case 'DISCARD':
        this.#state = { ...this.#state, queue: null, overflow: false, watched: [] };
        return silent;
      case 'RESET':
        this.#state = { database: 0, queue: null, overflow: false, watched: [] };
        return silent;
      case 'WATCH':
        return this.#watch(args);
      case 'UNWATCH':
        if (this.#state.queue !== null) this.#enqueue(name, NOTHING);
        else this.#state = { ...this.#state, watched: [] };
        return silent;
      default:
        return null;
    }
  }

  #watch(args: readonly string[]): Meaning {
    const { database, watched } = this.#state;
    const keys = args.slice(1).map((key) => redisKey(database, key));
    this.#state = { ...this.#state, watched: [...new Set([...watched, ...keys])] };
    const label = commandLabel('WATCH', args, args.slice(1), this.#options.secret);
    return { silent: false, label, footprint: keys.map((key) => reads(key)) };
  }

  #noteTracking(name: string, sub: string, args: readonly string[]): void {
    const on = args[2]?.toUpperCase();
    const tracks = name === 'CLIENT' && sub === 'TRACKING' && on === 'ON';
    const notifies =
      name === 'CONFIG' &&
      sub === 'SET' &&
      args.some((arg) => arg.toLowerCase() === 'notify-keyspace-events');
    if (tracks || notifies) this.#options.exploration.tracking = true;
    if (tracks || SUBSCRIBES.test(name)) this.#options.listens();
  }
}

/** A reader for one connection, from its beginning. */
export function openRedisReader(options: RedisReaderOptions): RedisReader {
  return new Reader(options);
}
