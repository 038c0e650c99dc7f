/**
 * The simulated service's surroundings: one engine, one database, one cache, the connections between them, and the record of
 * all that crossed the wire. Beside the operations it keeps what no observer can know: which state every cached value was
 * read from, and which writes each request made.
 */
import { Database, type TableSpec, type Transaction } from './database.ts';
import { Engine, MS, Pool, type Process } from './engine.ts';
import { Random } from './random.ts';
import { Recorder } from './recorder.ts';
import { SpanRecorder } from './spans.ts';
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
  /** Whether the change stream is read. */
  readonly stream?: boolean;
  /** Whether the service sends spans. */
  readonly spans?: Instrumentation | undefined;
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
  /** Which request it is: 1, 2, 3…; 0: none, the work of a background process. */
  readonly ordinal: number;
}

/** How the service is instrumented: its clock against ours, by how much each stamp is off, and in what steps beginnings are
 * read (ends are as long after as the span lasted); ms. */
export interface Instrumentation {
  readonly skew: number;
  readonly jitter: number;
  readonly grain?: number;
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

/** How exactly a commit's time is known. */
const CLOCK_ERROR_MS = 0.3;

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
  /** Whose each operation is, by its id. */
  readonly owners = new Map<number, TrueRequest>();
  readonly spans: SpanRecorder | null;
  #requests = 0;
  readonly #streamRandom: Random;
  #streamAt = 0;
  readonly #lines = new Map<string, Line>();
  readonly #transactions = new Map<string, number>();

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.#streamRandom = new Random(options.seed + 1_000_003);
    this.database = new Database(options.tables);
    this.databasePool = new Pool('pg', options.databasePool);
    this.cachePool = options.cachePool === 'shared' ? null : new Pool('redis', options.cachePool);
    this.spans = options.spans === undefined ? null : new SpanRecorder(options.spans, options.seed);
    for (const table of options.tables) this.recorder.table(table);
    if (options.stream === true) {
      this.recorder.stream();
      this.database.onCommit = (txn) => this.#streamed(txn);
    }
  }

  /** A commit arrives by the change stream a little later; its time is known to a fraction of a millisecond. */
  #streamed(txn: Transaction): void {
    const { engine, recorder, database } = this;
    const invoke = Math.max(0, engine.now - CLOCK_ERROR_MS * MS);
    const delay = (0.1 + this.#streamRandom.exponential(0.8)) * MS;
    const xid = 700 + txn.seq;
    this.#streamAt = Math.max(this.#streamAt + 1, engine.now + delay);
    const at = this.#streamAt - engine.now;
    engine.spawn(
      (function* (): Process {
        yield at;
        recorder.changes(database, txn, { xid, invoke, returned: engine.now });
      })(),
    );
  }

  /** Number of the next request. */
  nextRequest(): number {
    return ++this.#requests;
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
