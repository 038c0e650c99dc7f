/** One execution as a read or write of the history. */
import type {
  Digest,
  SourceRead,
  SourceWrite,
  StatementFields,
  Status,
  WriteEffect,
} from '../../core/operation.ts';
import type { ObserveContext, Unnumbered } from '../context.ts';
import type { Analyser } from '../sql/analyse.ts';
import { allowedTexts, bindEffects, bindPredicate, type Execution } from '../sql/bind.ts';
import type { StatementFacts } from '../sql/facts.ts';
import type { Catalog } from './catalog.ts';
import type { StatementExchange } from './exchange.ts';
import { digestRows, hasUnknownCells, resultColumns, tagCount } from './operations-columns.ts';
import { withConsequences } from './operations-consequences.ts';

export interface Tools {
  readonly context: ObserveContext;
  readonly catalog: Catalog;
  readonly analyser: Analyser;
  /** True when the server is a standby. */
  readonly replica: boolean;
}

/** A statement that was run, with what is known of it. */
export interface Run {
  readonly exchange: StatementExchange;
  readonly facts: StatementFacts;
  readonly execution: Execution;
  readonly tx: number | null;
}

/** Parameters recorded of one statement. */
export const MAX_PARAMETERS = 1_000;

export function statusOf(exchange: StatementExchange): Status {
  if (exchange.return === null) return 'info';
  return exchange.sqlstate === null ? 'ok' : 'fail';
}

function fields(run: Run, tools: Tools): StatementFields {
  const { exchange, execution, facts } = run;
  const { digest } = tools.context;
  const params = execution.values
    .slice(0, MAX_PARAMETERS)
    .map((value): Digest | null => (typeof value === 'string' ? digest.scalar(value) : null));
  const truncated = exchange.truncated || hasUnknownCells(exchange);
  return {
    shape: execution.shape.shape,
    tx: run.tx,
    params,
    columns: resultColumns(exchange, tools.catalog, tools.analyser),
    rows: digestRows(exchange, digest),
    rowCount: exchange.tag === null ? 0 : tagCount(exchange.tag),
    ...(truncated ? { truncated } : {}),
    ...(facts.opaque || execution.shape.truncated ? { opaque: true } : {}),
  };
}

function base(run: Run): Pick<SourceRead, 'session' | 'tier' | 'invoke' | 'return' | 'status' | 'error'> {
  const { exchange } = run;
  return {
    session: exchange.session,
    tier: 'source',
    invoke: exchange.invoke,
    return: exchange.return,
    status: statusOf(exchange),
    ...(exchange.sqlstate === null || exchange.return === null ? {} : { error: exchange.sqlstate }),
  };
}

/** Primary key of a row as texts, from what a predicate requires; null when it is not exactly one row's. */
function requiredKey(
  run: Run,
  primaryKey: readonly string[],
  table: string,
  from: StatementFacts['where'],
): string[] | null {
  const allowed = allowedTexts(run.execution, from);
  const texts = primaryKey.map((column) => {
    const match = allowed.find((one) => one.table === table && one.column === column);
    return match?.texts.length === 1 ? match.texts[0]! : null;
  });
  return texts.every((text) => text !== null) ? texts : null;
}

/** Primary key of the one row that came back. */
function returnedKey(run: Run, primaryKey: readonly string[], table: string, tools: Tools): string[] | null {
  const [row] = run.exchange.rows;
  if (!row || run.exchange.rows.length !== 1) return null;
  const columns = resultColumns(run.exchange, tools.catalog, tools.analyser);
  const texts = primaryKey.map((column) => {
    const at = columns.findIndex((one) => one.table === table && one.column === column);
    return at < 0 ? null : (row[at] ?? null);
  });
  return texts.every((text) => text !== null) ? texts : null;
}

function keyName(table: string, texts: readonly string[], tools: Tools): string {
  return tools.context.digest.key(`${table}/${texts.join(',')}`);
}

function primaryKeyOf(table: string | undefined, tools: Tools): readonly string[] {
  return table === undefined ? [] : (tools.catalog.tableByName(table)?.primaryKey ?? []);
}

function readKey(run: Run, tools: Tools): string | null {
  const [table, ...others] = run.facts.tables;
  const primaryKey = primaryKeyOf(table, tools);
  if (table === undefined || others.length > 0 || primaryKey.length === 0) return null;
  if (run.facts.aggregate || tagCount(run.exchange.tag) !== 1) return null;
  const texts = requiredKey(run, primaryKey, table, run.facts.where);
  return texts && keyName(table, texts, tools);
}

function writeKey(run: Run, effects: readonly WriteEffect[], tools: Tools): string | null {
  const [first] = run.facts.effects;
  const primaryKey = primaryKeyOf(first?.table, tools);
  const own = effects.filter((effect) => effect.table === first?.table);
  if (!first || primaryKey.length === 0 || tagCount(run.exchange.tag) !== 1 || own.length !== effects.length)
    return null;
  const texts =
    returnedKey(run, primaryKey, first.table, tools) ??
    requiredKey(run, primaryKey, first.table, first.where) ??
    insertedKey(run, primaryKey);
  return texts && keyName(first.table, texts, tools);
}

function insertedKey(run: Run, primaryKey: readonly string[]): string[] | null {
  const [first] = run.facts.effects;
  if (first?.action !== 'insert') return null;
  const where = {
    ...first.where,
    equal: primaryKey.flatMap((column) => {
      const ref = first.set[column];
      return ref === undefined || ref === '?' ? [] : [{ table: first.table, column, values: [ref] }];
    }),
  };
  return requiredKey(run, primaryKey, first.table, where);
}

export function readOperation(run: Run, tools: Tools): Unnumbered<SourceRead> {
  const key = readKey(run, tools);
  return {
    ...base(run),
    ...fields(run, tools),
    kind: 'read',
    tables: run.facts.tables,
    where: bindPredicate(run.execution, run.facts.where, (text) => tools.context.digest.scalar(text)),
    aggregate: run.facts.aggregate,
    ...(run.facts.computed === undefined ? {} : { computed: run.facts.computed }),
    ...(tools.replica ? { replica: true } : {}),
    ...(key === null ? {} : { key }),
  };
}

export function writeOperation(run: Run, tools: Tools): Unnumbered<SourceWrite> {
  const own = bindEffects(run.execution, run.facts.effects, (text) => tools.context.digest.scalar(text));
  const cascade = new Set(run.facts.effects.flatMap((effect) => (effect.cascade ? [effect.table] : [])));
  const key = writeKey(run, own, tools);
  return {
    ...base(run),
    ...fields(run, tools),
    kind: 'write',
    effects: withConsequences(own, tools.catalog, cascade),
    ...(key === null ? {} : { key }),
  };
}
