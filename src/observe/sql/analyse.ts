/**
 * What a statement reads and changes, from its text alone. The result holds references to values (`$1`), so one analysis
 * serves all executions of a shape.
 */
import type { CopyStmt, Node, RangeVar, TruncateStmt } from 'libpg-query';
import { settingFacts, transactionFacts } from './control.ts';
import { visit } from './expression.ts';
import {
  type EffectFacts,
  type NamedFacts,
  NO_PREDICATE,
  plainFacts,
  type StatementFacts,
  type ValueRef,
} from './facts.ts';
import { instanceOf } from './from.ts';
import { type Gathering, openGathering, predicateOf, tablesRead, type Whole } from './gathering.ts';
import { guessedFacts } from './guess.ts';
import { type Names, NO_NAMES, type TableInfo } from './names.ts';
import { loadParser, type ParsedStatement, type Parser } from './parser.ts';
import { nameParts, openScope } from './scope.ts';
import { select } from './select.ts';
import { valueRef } from './values.ts';
import { viewRelation } from './view.ts';
import { isWriteNode, nestedWrite, openTarget } from './write.ts';

/** Shapes whose facts are kept per set of names; the least recently used goes first. */
export const MAX_CACHED_SHAPES = 2_000;

export interface Analyser {
  /** Facts of a shape (or any text of one statement). Never fails: what cannot be read is `opaque`. */
  analyse(shape: string, names?: Names): StatementFacts;
  /** The base column behind each of a view's columns, where it is simply passed on. */
  origins(view: TableInfo, names: Names): ReadonlyMap<string, Origin>;
}

export interface Origin {
  readonly table: string;
  readonly column: string;
}

function openWhole(parse: Parser, names: Names, constantsKnown: boolean): Whole {
  return { names, parse, effects: [], constantsKnown, opaque: false, trivialCalls: true, viewDepth: 0 };
}

function readFacts(gathering: Gathering): StatementFacts {
  const { whole, instances } = gathering;
  const system = instances.every((instance) => instance.system);
  const write = whole.effects.length > 0;
  return plainFacts(write ? 'write' : 'read', {
    trivial: !write && system && !whole.opaque && (instances.length > 0 || whole.trivialCalls),
    opaque: whole.opaque,
    tables: tablesRead(gathering),
    where: predicateOf(gathering),
    aggregate: gathering.aggregate,
    ...(gathering.aggregate && gathering.computed.size > 0 ? { computed: [...gathering.computed] } : {}),
    effects: whole.effects,
  });
}

function truncate(statement: TruncateStmt, into: Gathering): StatementFacts {
  const effects = (statement.relations ?? []).flatMap((node): EffectFacts[] => {
    if (!('RangeVar' in node)) return [];
    const { table } = instanceOf(node.RangeVar, into);
    // TRUNCATE means every row: the empty conjunction.
    const where = { ...NO_PREDICATE, complete: true };
    const cascade = statement.behavior === 'DROP_CASCADE';
    return [{ table, action: 'truncate', set: {}, where, perRow: false, cascade }];
  });
  return plainFacts('write', { effects });
}

/** REFRESH MATERIALIZED VIEW: every row may be another one now. */
function refreshed(relation: RangeVar | undefined, into: Gathering): StatementFacts {
  const target = openTarget(relation ?? {}, openScope(null), into);
  const set = Object.fromEntries((target.relation.columns ?? []).map((column) => [column, '?' as const]));
  const where = { ...NO_PREDICATE, complete: true };
  const { table } = target.instance;
  return plainFacts('write', { effects: [{ table, action: 'update', set, where, perRow: false }] });
}

function copy(statement: CopyStmt, into: Gathering): StatementFacts {
  const { query, relation } = statement;
  if (query) {
    const facts = dataFacts(query, into);
    return facts ? { ...facts, kind: facts.kind === 'read' ? 'copy' : facts.kind } : opaqueFacts('copy');
  }
  if (!relation) return opaqueFacts('copy');
  const scope = openScope(null);
  const target = openTarget(relation, scope, into);
  if (!statement.is_from)
    return { ...readFacts(into), kind: 'copy', where: { ...NO_PREDICATE, complete: true } };
  const listed = nameParts(statement.attlist) ?? [];
  const columns = listed.length > 0 ? listed : (target.relation.columns ?? []);
  const set = Object.fromEntries(columns.map((column) => [target.column(column), '?' as const]));
  const effect: EffectFacts = {
    table: target.instance.table,
    action: 'insert',
    set,
    where: NO_PREDICATE,
    perRow: false,
  };
  return plainFacts('copy', { effects: [effect] });
}

function opaqueFacts(kind: 'read' | 'write' | 'copy' | 'other'): StatementFacts {
  return plainFacts(kind, { opaque: true });
}

/** Facts of a statement that reads or changes rows; null when it is none. */
function dataFacts(node: Node, into: Gathering): StatementFacts | null {
  if ('SelectStmt' in node) {
    if (node.SelectStmt.intoClause) return plainFacts('ddl');
    select(node.SelectStmt, null, into, 'strong');
    return readFacts(into);
  }
  if (!isWriteNode(node)) return null;
  nestedWrite(node, null, into);
  return { ...readFacts(into), where: NO_PREDICATE, aggregate: false };
}

function named(
  role: NamedFacts['role'],
  name: string | undefined,
  more: Partial<NamedFacts> = {},
): StatementFacts {
  return plainFacts('other', { named: { role, name: name ?? '*', ...more } });
}

function namedFacts(node: Node, into: Gathering): StatementFacts | null {
  const known = into.whole.constantsKnown;
  if ('PrepareStmt' in node) {
    const inner = node.PrepareStmt.query ? dataFacts(node.PrepareStmt.query, into) : null;
    return named('prepare', node.PrepareStmt.name, { inner: inner ?? opaqueFacts('other') });
  }
  if ('DeclareCursorStmt' in node) {
    const inner = node.DeclareCursorStmt.query ? dataFacts(node.DeclareCursorStmt.query, into) : null;
    return named('declare', node.DeclareCursorStmt.portalname, { inner: inner ?? opaqueFacts('read') });
  }
  if ('ExecuteStmt' in node) {
    const args = (node.ExecuteStmt.params ?? []).map((arg): ValueRef | null => valueRef(arg, known));
    return named('execute', node.ExecuteStmt.name, { args: args.map((arg) => arg ?? { slot: 0 }) });
  }
  if ('FetchStmt' in node) {
    const moved = node.FetchStmt.ismove === true;
    return moved ? plainFacts('other', { trivial: true }) : named('fetch', node.FetchStmt.portalname);
  }
  if ('DeallocateStmt' in node) return named('deallocate', node.DeallocateStmt.name);
  if ('ClosePortalStmt' in node) return named('close', node.ClosePortalStmt.portalname);
  return null;
}

function explain(
  query: Node | undefined,
  options: readonly Node[] | undefined,
  into: Gathering,
): StatementFacts {
  const run = (options ?? []).some((node) => 'DefElem' in node && node.DefElem.defname === 'analyze');
  const facts = run && query ? dataFacts(query, into) : null;
  return facts?.kind === 'write' ? facts : plainFacts('other', { trivial: true });
}

/** Kinds of utility statement that change neither rows nor the schema. */
const NEUTRAL = new Set([
  'VariableShowStmt',
  'ListenStmt',
  'NotifyStmt',
  'UnlistenStmt',
  'LockStmt',
  'ConstraintsSetStmt',
  'CheckPointStmt',
  'LoadStmt',
  'VacuumStmt',
  'ReindexStmt',
  'ClusterStmt',
]);

function utilityFacts(node: Node, into: Gathering): StatementFacts {
  if ('TransactionStmt' in node) return transactionFacts(node.TransactionStmt);
  if ('VariableSetStmt' in node) return settingFacts(node.VariableSetStmt, into.whole.constantsKnown);
  if ('DiscardStmt' in node) {
    const all = node.DiscardStmt.target === 'DISCARD_ALL';
    const facts = plainFacts('set', { trivial: true });
    return all ? { ...facts, setting: { name: '*', scope: 'session', values: [] } } : facts;
  }
  if ('TruncateStmt' in node) return truncate(node.TruncateStmt, into);
  if ('RefreshMatViewStmt' in node) return refreshed(node.RefreshMatViewStmt.relation, into);
  if ('CopyStmt' in node) return copy(node.CopyStmt, into);
  if ('ExplainStmt' in node) return explain(node.ExplainStmt.query, node.ExplainStmt.options, into);
  if ('CallStmt' in node || 'DoStmt' in node) {
    visit(node, openScope(null), into, false);
    return opaqueFacts('write');
  }
  const kind = Object.keys(node)[0] ?? '';
  return NEUTRAL.has(kind) ? plainFacts('other', { trivial: true }) : plainFacts('ddl');
}

function factsOf(statement: ParsedStatement, parse: Parser, names: Names): StatementFacts {
  const whole = openWhole(parse, names, statement.constantsKnown);
  const into = openGathering(whole, 0);
  const { node } = statement;
  return dataFacts(node, into) ?? namedFacts(node, into) ?? utilityFacts(node, into);
}

function originsOf(view: TableInfo, parse: Parser, names: Names): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  try {
    const into = openGathering(openWhole(parse, names, true), 0);
    const relation = viewRelation(view, into, 'strong');
    for (const name of view.columns) {
      const target = relation?.resolve(name);
      if (target?.instance) origins.set(name, { table: target.instance.table, column: target.column });
    }
  } catch {
    // Too deeply nested: the columns then have no known origin.
  }
  return origins;
}

function analyseWith(parse: Parser, shape: string, names: Names): StatementFacts {
  try {
    const statement = parse(shape);
    return statement ? factsOf(statement, parse, names) : guessedFacts(shape, names);
  } catch {
    // Too large or too deeply nested to be walked.
    return guessedFacts(shape, names);
  }
}

interface Cached {
  readonly facts: StatementFacts;
  readonly version: number;
}

/** An analyser over a parser, with a cache per set of names. */
export function analyserWith(parse: Parser): Analyser {
  const caches = new WeakMap<Names, Map<string, Cached>>();
  const origins = new WeakMap<TableInfo, ReadonlyMap<string, Origin>>();
  return {
    analyse: (shape, names = NO_NAMES) => {
      const cache = caches.get(names) ?? new Map<string, Cached>();
      caches.set(names, cache);
      const known = cache.get(shape);
      if (known) cache.delete(shape);
      const fresh = known?.version === names.version;
      const entry = fresh ? known : { facts: analyseWith(parse, shape, names), version: names.version };
      cache.set(shape, entry);
      if (cache.size > MAX_CACHED_SHAPES) cache.delete(cache.keys().next().value!);
      return entry.facts;
    },
    origins: (view, names) => {
      const known = origins.get(view) ?? originsOf(view, parse, names);
      origins.set(view, known);
      return known;
    },
  };
}

/** Loads the SQL parser and opens an analyser. Synchronous from then on. */
export async function openAnalyser(): Promise<Analyser> {
  return analyserWith(await loadParser());
}
