/**
 * The databases of one server that the service uses besides the one its URL names: test runners make their own
 * (`test_app`), tenants have one each. Each has its catalog; its tables bear its name. No change stream is read of them,
 * because a database whose stream is read cannot be dropped.
 */

import type { Operation } from '../core/operation.ts';
import type { ObserveContext, OperationSink, Unnumbered } from '../observe/context.ts';
import { type Catalog, type CatalogConnection, otherCatalog } from '../observe/postgres/catalog.ts';
import type { StatementExchange } from '../observe/postgres/exchange.ts';
import { sourceOperations } from '../observe/postgres/operations.ts';
import { MetTables } from '../observe/postgres/operations-tables.ts';
import type { SessionStart } from '../observe/postgres/session.ts';
import type { Analyser } from '../observe/sql/analyse.ts';

/** Databases whose catalog is read; statements in further ones are told by names alone. */
const MAX_DATABASES = 64;
/** Sessions whose database is remembered; the oldest go first. */
const MAX_SESSIONS = 10_000;

type Take = (exchange: StatementExchange) => void;

export interface DatabasesOptions {
  readonly context: ObserveContext;
  readonly analyser: Analyser;
  /** Of the database that the URL names, and how it is reached. */
  readonly catalog: Catalog;
  readonly connection: CatalogConnection;
  /** Takes the exchanges of that database. */
  readonly take: Take;
  readonly replica: boolean;
}

export class Databases {
  readonly #options: DatabasesOptions;
  readonly #others = new Map<string, { readonly catalog: Catalog; readonly take: Take }>();
  readonly #sessions = new Map<string, Take>();

  constructor(options: DatabasesOptions) {
    this.#options = options;
  }

  /** A session states its database; without one, PostgreSQL takes the user's name. */
  began({ session, parameters }: SessionStart): void {
    const { connection, catalog } = this.#options;
    const name = parameters.get('database') ?? parameters.get('user');
    const home = connection.database ?? connection.user ?? catalog.database;
    if (name === undefined || name === home || name === catalog.database) return;
    const other = this.#other(name);
    if (other === null) return;
    if (this.#sessions.size >= MAX_SESSIONS) this.#sessions.delete(this.#sessions.keys().next().value!);
    this.#sessions.set(session, other);
  }

  take(exchange: StatementExchange): void {
    (this.#sessions.get(exchange.session) ?? this.#options.take)(exchange);
  }

  #other(name: string): Take | null {
    const known = this.#others.get(name);
    if (known !== undefined) return known.take;
    const { connection, catalog: home, context, analyser, replica } = this.#options;
    if (this.#others.size >= MAX_DATABASES) {
      context.degrade(
        'databases',
        `More than ${MAX_DATABASES} databases are used: tables of later ones are known by name only.`,
      );
      return null;
    }
    const catalog = otherCatalog({ ...connection, database: name }, home);
    const met = new MetTables(catalog);
    const used = () => {
      // A pooler's other name for the same database.
      if (catalog.database !== home.database)
        context.degrade('other-database', otherText(name, home.database));
    };
    const take = sourceOperations(noticing(context, used), catalog, analyser, met, replica);
    this.#others.set(name, { catalog, take });
    return take;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#others.values()].map(({ catalog }) => catalog.close()));
  }
}

/** The context, with a call at the first statement that uses a table. */
function noticing(context: ObserveContext, used: () => void): ObserveContext {
  let noticed = false;
  const look = (op: Unnumbered<Operation>): void => {
    if (noticed || op.tier !== 'source' || op.kind !== 'table') return;
    noticed = true;
    used();
  };
  const sink: OperationSink = {
    emit: (op) => {
      look(op);
      return context.sink.emit(op);
    },
    reserve: () => {
      const fill = context.sink.reserve();
      return (ops) => {
        for (const op of ops) look(op);
        fill(ops);
      };
    },
  };
  return { ...context, sink };
}

function otherText(name: string, home: string | null): string {
  const besides = home === null ? '' : `, besides ${home}`;
  return `The service uses the database ${name}${besides}. What passes the proxy is seen there, too. Its change stream is not read, for then it could not be dropped: changes past the proxy (psql, cron jobs, other services) and what triggers change are not seen there. To have them, watch with a URL that names ${name}.`;
}
