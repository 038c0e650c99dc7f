/**
 * The gates of an exploration: of every actor one in front of each store, with the readers that tell what messages mean, and with
 * the observers of `watch`, so that what passes becomes a history.
 */
import type { Catalog } from '../../observe/postgres/catalog.ts';
import { sourceOperations } from '../../observe/postgres/operations.ts';
import { MetTables } from '../../observe/postgres/operations-tables.ts';
import { observePostgresSession } from '../../observe/postgres/session.ts';
import { observeRedis } from '../../observe/redis/index.ts';
import { type Analyser, openAnalyser } from '../../observe/sql/analyse.ts';
import type { ConnectionObserverFactory } from '../../proxy/observer.ts';
import { connectPostgres } from '../../watch/bypass.ts';
import { readCatalog, tlsPolicyOf, toldBy } from '../../watch/links.ts';
import type { Store } from '../../watch/stores.ts';
import type { GateEvents } from '../gate/contract.ts';
import { openPostgresGate, openRedisGate } from '../gate/index.ts';
import {
  loadSql,
  openPostgresReader,
  openRedisReader,
  type PostgresExploration,
  type RedisExploration,
  readSchema,
  type Schema,
} from '../meaning/index.ts';
import type { ActorSpec, Scenario } from '../scenario/contract.ts';
import type { GatePair } from '../world/contract.ts';
import { sessionPrefix, type Witness } from './witness.ts';

export interface WiresOptions {
  readonly scenario: Scenario;
  readonly witness: Witness;
  readonly clock: () => number;
  readonly events: GateEvents;
  readonly env: NodeJS.ProcessEnv;
}

/** What all gates to the database share; read once set-up has made the schema. */
interface Source {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly observe: ConnectionObserverFactory;
  readonly exploration: PostgresExploration;
}

export class Wires {
  readonly #options: WiresOptions;
  readonly #redis: RedisExploration = { tracking: false };
  /** Actors that are sent messages: a reply on one connection may reach them after a later message on another. */
  readonly #listeners = new Set<string>();
  /** Last number of the sessions with a prefix. */
  readonly #numbers = new Map<string, number>();
  #source: Promise<Source> | null = null;
  #lastId = 0;

  constructor(options: WiresOptions) {
    this.#options = options;
  }

  async open(actor: ActorSpec, redis: Store, postgres: Store): Promise<GatePair> {
    const { scenario, clock, events, env, witness } = this.#options;
    this.#source ??= this.#openSource(postgres);
    const { observe, exploration } = await this.#source;
    const { name } = actor;
    const common = {
      actor: name,
      clock,
      events,
      ids: () => ++this.#lastId,
      holdsReplies: () => this.#listeners.has(name),
    };
    const listens = () => void this.#listeners.add(name);
    const { silent, scripts } = scenario;
    const secret = (name: string) => witness.context.digest.key(name);
    const pair = await Promise.all([
      openRedisGate({
        ...common,
        ...this.#sessions('redis', name),
        target: redis.endpoint,
        tls: tlsPolicyOf(redis, env),
        observe: observeRedis(witness.context, {
          wall: () => Date.now(),
          replica: false,
          onClient: toldBy('redis', witness.context),
        }),
        reader: () =>
          openRedisReader({ exploration: this.#redis, silent: silent.redis, scripts, listens, secret }),
      }),
      openPostgresGate({
        ...common,
        ...this.#sessions('pg', name),
        target: postgres.endpoint,
        tls: tlsPolicyOf(postgres, env),
        observe,
        reader: () => openPostgresReader({ exploration, silent: silent.sql }),
      }),
    ]);
    return { redis: pair[0], postgres: pair[1] };
  }

  /** An actor's spare has gates of its own, and its sessions other numbers. */
  #sessions(
    store: 'redis' | 'pg',
    actor: string,
  ): { readonly prefix: string; readonly number: () => number } {
    const prefix = sessionPrefix(store, actor);
    return {
      prefix,
      number: () => {
        const number = (this.#numbers.get(prefix) ?? 0) + 1;
        this.#numbers.set(prefix, number);
        return number;
      },
    };
  }

  /** Reads the schema once more: a service may make its tables when it starts. */
  async reread(): Promise<void> {
    const source = await this.#source;
    if (source === undefined || source === null) return;
    source.exploration.schema = await schemaOf(source.store);
    await source.catalog.refresh();
  }

  /** What was learned that changes the footprints of steps: while it stays the same, so do they. */
  async learned(): Promise<string> {
    const source = await this.#source;
    const listeners = [...this.#listeners].sort();
    return `${this.#redis.tracking} ${source?.exploration.tableLocks === true} ${listeners.join()}`;
  }

  async close(): Promise<void> {
    const source = await this.#source?.catch(() => null);
    await source?.catalog.close();
  }

  async #openSource(store: Store): Promise<Source> {
    await loadSql();
    const analyser: Analyser = await openAnalyser();
    const { catalog } = await readCatalog(store);
    const { context } = this.#options.witness;
    const take = sourceOperations(context, catalog, analyser, new MetTables(catalog), false);
    const observe = observePostgresSession({
      onExchange: take,
      onClient: toldBy('postgres', context),
      degrade: context.degrade,
    });
    return { store, catalog, observe, exploration: { schema: await schemaOf(store), tableLocks: false } };
  }
}

async function schemaOf(store: Store): Promise<Schema> {
  const { client } = await connectPostgres(store);
  try {
    return await readSchema(async (sql) => (await client.query<Record<string, unknown>>(sql)).rows);
  } finally {
    await client.end();
  }
}
