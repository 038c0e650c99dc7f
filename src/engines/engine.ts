/**
 * What a started engine offers. Engines are throw-away stores on 127.0.0.1 for demo, tests and examples: they lose
 * their data at {@link Engine.stop}, trade durability for speed, and never outlive the process that started them.
 */
export interface Engine {
  /** `postgresql`, `redis`, `valkey`, or `js-redis-server` when emulated. */
  readonly product: string;
  /** Version as the engine reports it, e.g. `18.4`, `7.0.15`. */
  readonly version: string;
  /** True when this is not the real engine; every output that names it must say so. */
  readonly emulated: boolean;
  /** URL with credentials; never print it, see `displayUrl` in watch/stores. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Process id of the engine's main process. */
  readonly pid: number;
  /** Folder with data, log and socket; gone after `stop`. */
  readonly dataFolder: string;
  /** Last lines of the engine's own log. */
  readonly logTail: () => string;
  /** Resolves when the engine's process is gone, stopped or not. */
  readonly ended: Promise<void>;
  /** Ends the process, within {@link STOP_LIMIT_MS}, and removes the folder. May be called more than once. */
  readonly stop: () => Promise<void>;
}

/** Options common to both engines. */
export interface EngineOptions {
  /** Existing folder in which the engine's private folder is made; default: the temporary folder. */
  readonly parentFolder?: string;
  /** Fixed port; default: a free one. */
  readonly port?: number;
  /** Environment used to find programs and folders (PATH, HOME, XDG_CACHE_HOME); default: the process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Bound for the start, in milliseconds; default {@link START_LIMIT_MS}. */
  readonly timeoutMs?: number;
  /** Further settings of the engine: `-c name=value` of PostgreSQL, `--name value` of Redis. */
  readonly settings?: Readonly<Record<string, string>>;
}

export const START_LIMIT_MS = 30_000;
export const STOP_LIMIT_MS = 5_000;
/** How often an engine is started again when another process took the free port in between. */
export const PORT_ATTEMPTS = 5;
/** Bytes of an engine's log that are shown. */
export const LOG_TAIL_BYTES = 4_000;

export const LOOPBACK = '127.0.0.1';
