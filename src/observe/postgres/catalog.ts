/**
 * The database's own catalog, read over a connection of our own that bypasses the proxy. Look-ups are synchronous, from
 * the last reading; readings happen in the background. Each reading opens a connection (application_name `whystale`) and
 * closes it again, so that nothing of ours keeps a database from being dropped.
 *
 * When the catalog cannot be read, look-ups answer that nothing is known and analysis goes by names alone.
 */
import pg from 'pg';
import type { Names } from '../sql/names.ts';
import { readCatalog } from './catalog-queries.ts';
import {
  type CatalogSnapshot,
  type CatalogTable,
  EMPTY_SNAPSHOT,
  findRoutine,
  findTable,
  snapshotOf,
} from './catalog-snapshot.ts';

export type { CatalogTable, Reference, TableTrigger } from './catalog-snapshot.ts';

export const CATALOG_LIMITS = {
  /** Longest reading, in milliseconds; then it has failed. */
  readingMs: 5_000,
  /** Shortest time between the starts of two readings, in milliseconds. */
  betweenMs: 200,
  /** Readings fail at once for this long after one failed, in milliseconds. */
  afterFailureMs: 5_000,
  /** OIDs remembered as unknown. */
  unknown: 10_000,
  /** Search paths whose names are kept apart. */
  searchPaths: 256,
} as const;

/** OIDs below this belong to the system catalogs (FirstNormalObjectId in transam.h). */
const FIRST_USER_OID = 16_384;

export const APPLICATION_NAME = 'whystale';

/** Where the database is, as `pg` takes it: a URL or host, port, user, password, database, ssl. */
export type CatalogConnection = Pick<
  pg.ClientConfig,
  'connectionString' | 'host' | 'port' | 'user' | 'password' | 'database' | 'ssl'
>;

export interface Catalog {
  /** Whether the last reading succeeded. */
  readonly readable: boolean;
  /** Why not, without credentials. */
  readonly failure: string | null;
  /** Readings begun so far. */
  readonly begun: number;
  /** Which reading the answers come from (0: none); changes whenever an answer may have changed. */
  readonly version: number;
  /** Name of the database by the server's own account; null before the first reading. */
  readonly database: string | null;
  tableByOid(oid: number): CatalogTable | undefined;
  /** By the name shown (`items`, `sales.orders`). */
  tableByName(name: string): CatalogTable | undefined;
  tables(): Iterable<CatalogTable>;
  /** True when reading the catalog again may tell what this OID is. */
  mayLearn(oid: number): boolean;
  /** The names as a session with this search path sees them; without one, as the database sets it. */
  names(searchPath?: readonly string[]): Names;
  /** Reads the catalog again. Never rejects; resolves within {@link CATALOG_LIMITS}. Calls made before a reading starts share it. */
  refresh(): Promise<void>;
  /** Ends a running reading; later ones do nothing. */
  close(): Promise<void>;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}

class LiveCatalog implements Catalog {
  readable = false;
  failure: string | null = null;
  begun = 0;
  version = 0;
  readonly #connection: CatalogConnection;
  #snapshot: CatalogSnapshot = EMPTY_SNAPSHOT;
  readonly #unknown = new Set<number>();
  readonly #names = new Map<string, Names>();
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  #client: pg.Client | null = null;
  #started = Number.NEGATIVE_INFINITY;
  #failed = Number.NEGATIVE_INFINITY;
  #closed = false;

  readonly #now: () => number;
  readonly #home: () => string | null;

  constructor(connection: CatalogConnection, now: () => number, home: () => string | null) {
    this.#connection = connection;
    this.#now = now;
    this.#home = home;
  }

  get database(): string | null {
    return this.#snapshot.database;
  }

  tableByOid(oid: number): CatalogTable | undefined {
    return this.#snapshot.tables.get(oid);
  }

  tableByName(name: string): CatalogTable | undefined {
    return this.#snapshot.shown.get(name);
  }

  tables(): Iterable<CatalogTable> {
    return this.#snapshot.tables.values();
  }

  mayLearn(oid: number): boolean {
    if (oid < FIRST_USER_OID || this.#closed || this.#snapshot.tables.has(oid) || this.#unknown.has(oid))
      return false;
    if (this.#now() - this.#failed < CATALOG_LIMITS.afterFailureMs) return false;
    if (this.#unknown.size >= CATALOG_LIMITS.unknown) this.#unknown.clear();
    this.#unknown.add(oid);
    return true;
  }

  names(searchPath?: readonly string[]): Names {
    const key = searchPath ? JSON.stringify(searchPath) : '';
    const known = this.#names.get(key);
    if (known) return known;
    if (this.#names.size >= CATALOG_LIMITS.searchPaths) this.#names.clear();
    const made = this.#namesWith(searchPath);
    this.#names.set(key, made);
    return made;
  }

  #namesWith(searchPath: readonly string[] | undefined): Names {
    const path = (): readonly string[] => searchPath ?? this.#snapshot.searchPath;
    const version = (): number => this.version;
    return {
      get version() {
        return version();
      },
      table: (schema, name) => findTable(this.#snapshot, schema, name, path()),
      routine: (schema, name) => (this.readable ? findRoutine(this.#snapshot, schema, name, path()) : null),
    };
  }

  refresh(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    if (!this.#running) {
      this.#running = this.#readOnce().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    // A running reading may have taken its snapshot before the change that this call is about.
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.refresh();
    });
    return this.#next;
  }

  async #readOnce(): Promise<void> {
    if (this.#now() - this.#failed < CATALOG_LIMITS.afterFailureMs) return;
    const wait = this.#started + CATALOG_LIMITS.betweenMs - this.#now();
    if (wait > 0) await pause(wait);
    if (this.#closed) return;
    this.#started = this.#now();
    this.begun++;
    const client = new pg.Client({
      ...this.#connection,
      application_name: APPLICATION_NAME,
      connectionTimeoutMillis: CATALOG_LIMITS.readingMs,
    });
    // A connection that breaks between queries reports here; the query's own failure is what counts.
    client.on('error', () => undefined);
    this.#client = client;
    try {
      const rows = await within(CATALOG_LIMITS.readingMs, this.#read(client));
      this.#take(snapshotOf(rows, this.#home()));
    } catch (cause) {
      this.#fail(cause);
    } finally {
      this.#client = null;
      await within(CATALOG_LIMITS.betweenMs, client.end()).catch(() => destroy(client));
    }
  }

  async #read(client: pg.Client): ReturnType<typeof readCatalog> {
    await client.connect();
    return readCatalog(client, CATALOG_LIMITS.readingMs);
  }

  #take(snapshot: CatalogSnapshot): void {
    this.#snapshot = snapshot;
    this.readable = true;
    this.failure = null;
    this.version = this.begun;
    for (const oid of this.#unknown) if (snapshot.tables.has(oid)) this.#unknown.delete(oid);
  }

  #fail(cause: unknown): void {
    this.#failed = this.#now();
    this.#unknown.clear();
    this.failure = cause instanceof Error ? cause.message : String(cause);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#client) destroy(this.#client);
    await this.#running;
  }
}

/** The socket under a client, for when the protocol's own goodbye takes too long. */
function destroy(client: pg.Client): void {
  // Not in pg's types.
  const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
  connection?.stream?.destroy();
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}

/** Reads the catalog of a database for the first time. Never rejects: see {@link Catalog.readable}. `now`: a monotonic clock
 * in milliseconds. */
export async function openCatalog(
  connection: CatalogConnection,
  now: () => number = () => performance.now(),
): Promise<Catalog> {
  const catalog = new LiveCatalog(connection, now, () => null);
  await catalog.refresh();
  return catalog;
}

/**
 * The catalog of another database of the same server, read when it is first asked for. Its tables bear the name of the
 * database, unless it is `home` by another name (poolers have aliases).
 */
export function otherCatalog(connection: CatalogConnection, home: Catalog): Catalog {
  return new LiveCatalog(
    connection,
    () => performance.now(),
    () => home.database,
  );
}
