/**
 * The world of an exploration: stores, one instance of the service per actor behind gates of its own, the requests, and the
 * oracle. The runner (src/race/run) decides; the world does, and says when nothing moves any more.
 */
import type { Store } from '../../watch/stores.ts';
import type { Gate } from '../gate/contract.ts';
import type { ActorSpec, RequestSpec, Scenario, Start } from '../scenario/contract.ts';

export interface Response {
  readonly status: number;
  readonly body: string;
}

/** `broken`: the connection ended without an answer. */
export type Reply =
  | { readonly kind: 'response'; readonly response: Response }
  | { readonly kind: 'broken'; readonly reason: string };

/** One request of an actor, as it goes. */
export interface Flight {
  readonly actor: string;
  readonly request: RequestSpec;
  /** Null while it is on its way. */
  readonly reply: Reply | null;
}

export interface OracleAnswer {
  readonly actor: string;
  /** What was compared, as JSON text: an absent path is `null`. */
  readonly value: string;
  readonly status: number | null;
  /** Whether it is not the truth. */
  readonly stale: boolean;
}

export interface Judgement {
  readonly stale: boolean;
  /** The truth as JSON text. */
  readonly truth: string;
  readonly answers: readonly OracleAnswer[];
}

/** What is started, what it runs on, and what must be said about it. */
export interface WorldFacts {
  readonly redis: { readonly version: string; readonly embedded: boolean };
  readonly postgres: { readonly version: string; readonly embedded: boolean };
  /** How quiescence is told: from the kernel's task states, or by a pause without movement. */
  readonly quiescence: 'tasks' | 'settle';
  readonly startedMs: number;
}

/** An actor's two gates. */
export interface GatePair {
  readonly redis: Gate;
  readonly postgres: Gate;
}

export interface WorldOptions {
  readonly scenario: Scenario;
  /** What the service inherits. */
  readonly env: NodeJS.ProcessEnv;
  /** Clock of the history, integer ns. */
  readonly clock: () => number;
  /** Opens an actor's gates in front of the stores. The world closes them. */
  readonly openGates: (actor: ActorSpec, redis: Store, postgres: Store) => Promise<GatePair>;
  /** What must be said at once. */
  readonly notice: (text: string) => void;
  /** A line that an instance printed. */
  readonly line?: (actor: string, stream: 'stdout' | 'stderr', text: string) => void;
  /** Told of every request as it goes out (those of the oracle, of warm-up and of a warm start too); the result is told of its end. */
  readonly sent?: (actor: string, request: RequestSpec) => (reply: Reply) => void;
  readonly signal: AbortSignal;
  /** Reset a database although it does not look like scratch. */
  readonly ownDatabase: boolean;
}

/** Starts stores, set-up, gates and instances. Throws WhystaleErrors, or the signal's reason; then nothing is left running. */
export type OpenWorld = (options: WorldOptions) => Promise<World>;

export interface World {
  readonly scenario: Scenario;
  readonly facts: WorldFacts;
  /** Of the instances that run now: crashed ones come back behind others. */
  readonly gates: readonly Gate[];
  /** Puts stores and instances back to the beginning: gates open, instances that died are restarted, left-over requests are waited
   * for, reset steps on fresh connections past the gates, warm-up, the readers' request when the start is warm; then waits until quiet. */
  reset(start: Start): Promise<void>;
  /** Sends an actor's next request. It is an error to have two under way. */
  send(actor: string): Flight;
  /** Flights since the last reset, by actor, in order. */
  flights(): readonly Flight[];
  /**
   * Waits until nothing moves: every instance sleeps, no silent message is unanswered, no reply is on its way to an instance.
   * False: something still moved after `limitMs`.
   */
  quiet(limitMs: number): Promise<boolean>;
  /** Of these server processes, those that wait for a lock now, with what they wait for. Asked on a connection past the gates. */
  blocked(backendPids: readonly number[]): Promise<ReadonlyMap<number, readonly number[]>>;
  /** Kills an actor's instance; its connections break. */
  crash(actor: string): Promise<void>;
  /** Starts crashed instances again and waits until they are ready. */
  restore(): Promise<void>;
  /** Redis past the gates: the fault's own hand (expire, evict, empty). */
  redis(command: readonly string[]): Promise<unknown>;
  /** What the oracle's SQL says now, as JSON text; null where the oracle has none. */
  truth(): Promise<string | null>;
  /** Asks the oracle past all holds (gates must be open) and compares. */
  judge(): Promise<Judgement>;
  close(): Promise<void>;
}
