/** The client's side of a connection: bytes in, commands with their plans out, in the order in which they were sent. */
import { CommandScanner } from '../../wire/redis/index.ts';
import type { ObserveContext } from '../context.ts';
import { Arguments } from './arguments.ts';
import type { Catalog } from './catalog.ts';
import { NOTHING, type Pending, type Plan } from './effects.ts';
import { COMMAND_CAP, MAX_PENDING_WEIGHT, VALUE_CAP } from './limits.ts';
import type { RedisObserverOptions } from './observe-redis.ts';
import { leavesOf, type PayloadStore } from './payload-store.ts';
import { type KnownCommand, UNSEEN } from './planning.ts';
import { planCommand } from './plans.ts';
import { ReplyMode } from './reply-mode.ts';
import { RedisSigns, type Signs } from './signs.ts';

/** What all connections of an observer share. */
export interface Shared {
  readonly context: ObserveContext;
  readonly catalog: Catalog;
  readonly store: PayloadStore;
  /** Whether the server is a replica. */
  readonly replica: boolean;
  readonly wall: () => number;
  readonly onClient: RedisObserverOptions['onClient'];
}

export interface IntakeHandler {
  /** A command was sent. */
  sent(pending: Pending): void;
  /** What the connection shows of the library behind it. */
  told?(signs: Signs, at: number): void;
  /** The connection cannot be followed from here on. */
  lost(code: string, text: string): void;
}

export class Intake {
  readonly #shared: Shared;
  readonly #handler: IntakeHandler;
  readonly #scanner: CommandScanner;
  readonly #args: Arguments;
  readonly #mode = new ReplyMode();
  readonly #signs: RedisSigns;
  /** Database after all commands sent so far. */
  #db = 0;
  #at = 0;
  readonly #idles = new Map<KnownCommand, Pending>();
  /** What the commands that wait hold: keys, leaves of payloads. */
  #weight = 0;

  constructor(shared: Shared, handler: IntakeHandler) {
    this.#shared = shared;
    this.#handler = handler;
    this.#scanner = new CommandScanner(
      {
        command: () => this.#command(),
        unknown: (reason) => handler.lost('redis-protocol', `unknown protocol from the client: ${reason}`),
      },
      { names: shared.catalog.names, bodyCap: VALUE_CAP, commandCap: COMMAND_CAP },
    );
    this.#args = new Arguments(this.#scanner);
    this.#signs = new RedisSigns((signs) => handler.told?.(signs, this.#at));
  }

  feed(chunk: Uint8Array, at: number): void {
    this.#at = at;
    this.#scanner.feed(chunk);
  }

  stop(): void {
    this.#scanner.stop();
  }

  /** The command does not wait any more. */
  release(pending: Pending): void {
    this.#weight -= pending.weight;
  }

  #command(): void {
    const { name, recorded, argc } = this.#scanner;
    const command = this.#shared.catalog.commands[name]!;
    const { control } = command.semantics;
    if (control === 'replicate') {
      this.#handler.lost('redis-replication', 'a replica is fed over this connection');
      return;
    }
    if (recorded < argc) {
      this.#shared.context.degrade('redis-oversized', 'a command has more arguments than are looked at');
    }
    this.#notice(command);
    const silent = this.#mode.silences(command, this.#args);
    if (!silent && command.semantics.plan === 'none' && control === undefined) {
      this.#handler.sent(this.#idle(command));
      return;
    }
    const argument = control === undefined ? 0 : this.#controlArgument(control);
    if (control === 'select' && !Number.isNaN(argument)) this.#db = argument;
    if (control === 'reset') this.#db = 0;
    this.#send(command, this.#planOf(command), argument, silent);
  }

  #notice({ name, semantics }: KnownCommand): void {
    const { control, plan } = semantics;
    if (control === 'hello' || control === 'client') this.#signs.introduction(name, this.#args);
    else if (this.#signs.looking) this.#signs.command(name, this.#args, plan !== 'none');
  }

  /** A command without effects is the same each time, so one record serves for all. */
  #idle(command: KnownCommand): Pending {
    const known = this.#idles.get(command);
    if (known !== undefined) return known;
    const { name, semantics } = command;
    const { reads, rule } = semantics;
    const pending = {
      command: name,
      semantics,
      plan: NOTHING,
      reads,
      rule,
      invoke: 0,
      argument: 0,
      silent: false,
      weight: 0,
    };
    this.#idles.set(command, pending);
    return pending;
  }

  #planOf(command: KnownCommand): Plan {
    if (command.semantics.plan === 'none') return NOTHING;
    const { store, wall } = this.#shared;
    return planCommand({ command, args: this.#args, store, db: this.#db, wall });
  }

  #controlArgument(control: string): number {
    if (control === 'subscribe' || control === 'unsubscribe') return this.#args.count - 1;
    return this.#args.integer(1);
  }

  #send(command: KnownCommand, planned: Plan, argument: number, silent: boolean): void {
    const full = this.#weight + weightOf(planned) > MAX_PENDING_WEIGHT;
    const plan = full ? withoutPayloads(planned) : planned;
    const weight = weightOf(plan);
    this.#weight += weight;
    if (this.#weight > MAX_PENDING_WEIGHT) {
      this.#handler.lost('redis-backlog', 'the commands that wait for a reply are too many to remember');
      return;
    }
    const { name, semantics } = command;
    const reads = plan.reads ?? semantics.reads;
    const rule = plan.rule ?? semantics.rule;
    this.#handler.sent({
      command: name,
      semantics,
      plan,
      reads,
      rule,
      invoke: this.#at,
      argument,
      silent,
      weight,
    });
  }
}

/** A command that waits among very many goes without what its payloads hold. */
function withoutPayloads(plan: Plan): Plan {
  const effects = plan.effects.map((effect) => {
    if (effect.kind === 'script') return { ...effect, candidates: [] };
    return effect.kind === 'write' && effect.payload !== undefined ? { ...effect, payload: UNSEEN } : effect;
  });
  return { ...plan, effects };
}

/** What a plan holds, in units of a few dozen bytes; every command counts one. */
function weightOf(plan: Plan): number {
  let weight = 1 + plan.effects.length + (plan.names?.length ?? 0);
  for (const effect of plan.effects) {
    if (effect.kind === 'write' && effect.payload !== undefined) weight += leavesOf(effect.payload);
    if (effect.kind !== 'script') continue;
    weight += effect.keys.length;
    for (const { payload } of effect.candidates)
      weight += 1 + (payload === undefined ? 0 : leavesOf(payload));
  }
  return weight;
}
