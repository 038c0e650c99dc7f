/**
 * The simulated service's surroundings: one engine, one database, one cache, the connections between them, and the record of
 * all that crossed the wire. Beside the operations it keeps what no observer can know: which state every cached value was
 * read from, and which writes each request made.
 */
import { Database, type TableSpec, type Transaction } from './database.ts';
import { Engine, MS, Pool, type Process } from './engine.ts';
import { Random } from './random.ts';
import { Recorder } from './recorder.ts';
import { Store, type Stored } from './store.ts';

export interface WorldOptions {
  readonly seed: number;
  /** Whether HTTP requests are seen. */
  readonly http: boolean;
  readonly tables: readonly TableSpec[];
  readonly databasePool: number;
  /** `shared`: one pipelined connection for all. */
  readonly cachePool: number | 'shared';
  /** Mean one-way latency, ms. */
  readonly latency: number;
  /** Share of messages that stall, and the mean of such a stall, ms. */
  readonly stall: readonly [share: number, mean: number];
}

/** A committed (or rolled back) transaction that wrote. */
export interface TrueWrite {
  readonly txn: Transaction;
  readonly commit: { readonly invoke: number; readonly return: number };
  readonly request: TrueRequest;
  /** Keys that this write removed or rewrote afterwards (or tried to): when the last of it returned. */
  readonly after: Map<string, number>;
}

export interface TrueRequest {
  /** The HTTP response's return; null while under way, or not seen. */
  returned: number | null;
}

/** A read of the cache that found something. */
export interface TrueHit {
  readonly op: number;
  readonly key: string;
  readonly db: number;
  readonly invoke: number;
  /** Numbers of the source's states at its invocation and its return. */
  readonly from: number;
  readonly until: number;
  readonly value: Stored;
}

/** Time of one message, with its order on a connection. */
interface Line {
  arrived: number;
  returned: number;
}

export class World {
  readonly engine = new Engine();
  readonly store = new Store();
  readonly recorder = new Recorder();
  readonly database: Database;
  readonly random: Random;
  readonly options: WorldOptions;
  readonly databasePool: Pool;
  readonly cachePool: Pool | null;
  readonly writes: TrueWrite[] = [];
  readonly hits: TrueHit[] = [];
  readonly #lines = new Map<string, Line>();
  readonly #transactions = new Map<string, number>();

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.database = new Database(options.tables);
    this.databasePool = new Pool('pg', options.databasePool);
    this.cachePool = options.cachePool === 'shared' ? null : new Pool('redis', options.cachePool);
    for (const table of options.tables) this.recorder.table(table);
  }

  /** Number of the next transaction on a connection. */
  nextTransaction(session: string): number {
    const next = (this.#transactions.get(session) ?? 0) + 1;
    this.#transactions.set(session, next);
    return next;
  }

  #latency(): number {
    const { latency, stall } = this.options;
    const extra = this.random.chance(stall[0]) ? this.random.exponential(stall[1]) : 0;
    return (0.02 + this.random.exponential(latency) + extra) * MS;
  }

  /** What a program does between two messages. */
  *pause(): Process {
    const { stall } = this.options;
    const extra = this.random.chance(stall[0]) ? this.random.exponential(stall[1]) : 0;
    yield (0.01 + this.random.exponential(0.1) + extra) * MS;
  }

  *sleep(ms: number): Process {
    yield ms * MS;
  }

  /**
   * One message and its reply. `run` is what the server does, at one moment unless it waits for locks; `seen` is called at
   * the reply with the two stamps. Messages of one connection are served and answered in order.
   */
  *call<T>(
    session: string,
    run: () => T | Process<T>,
    seen: (result: T, invoke: number, returned: number, from: number) => void,
  ): Process<T> {
    const { engine } = this;
    const line = this.#lines.get(session) ?? { arrived: 0, returned: 0 };
    this.#lines.set(session, line);
    const invoke = engine.now;
    const from = this.database.seq;
    line.arrived = Math.max(line.arrived + 1000, invoke + this.#latency());
    yield line.arrived - invoke;
    const outcome = run();
    const result = isProcess(outcome) ? yield* outcome : outcome;
    line.returned = Math.max(line.returned + 1000, engine.now + this.#latency());
    yield line.returned - engine.now;
    seen(result, invoke, engine.now, from);
    yield 0.01 * MS;
    return result;
  }
}

function isProcess<T>(outcome: T | Process<T>): outcome is Process<T> {
  return typeof outcome === 'object' && outcome !== null && Symbol.iterator in outcome && 'next' in outcome;
}
