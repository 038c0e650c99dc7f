/** What is gathered while one statement's tree is walked. Mutable, private to one analysis. */
import type { EffectFacts, EqualityFacts, PredicateFacts, ValueRef } from './facts.ts';
import type { Names } from './names.ts';
import type { Parser } from './parser.ts';
import type { Instance, Resolved, Target } from './scope.ts';

/** Nesting of views and statements that is followed. */
export const MAX_DEPTH = 24;
/** Occurrences of tables in one statement that are followed. */
export const MAX_INSTANCES = 400;

/** Thrown when a statement is larger than the bounds; caught by `analyse`, which then answers `opaque`. */
export class TooLarge extends Error {}

/** Two columns that a statement requires to be equal. `both`: a requirement on one passes to the other; else only from `a`
 * to `b`, and back only a strong one when `back` is set. */
export interface Link {
  readonly a: Target;
  readonly b: Target;
  readonly kind: 'both' | 'outer-join' | 'inward';
}

/** Facts of the whole text, shared by the parts of one statement. */
export interface Whole {
  readonly names: Names;
  readonly parse: Parser;
  readonly effects: EffectFacts[];
  constantsKnown: boolean;
  opaque: boolean;
  trivialCalls: boolean;
  /** Views being read, one inside the other. */
  viewDepth: number;
}

/** One query or one data-changing statement with its subqueries. */
export interface Gathering {
  readonly whole: Whole;
  readonly depth: number;
  readonly instances: Instance[];
  readonly columns: Set<string>;
  /** Columns that a figure is computed from: a change of any value changes it. */
  readonly computed: Set<string>;
  readonly links: Link[];
  readonly same: (readonly [ValueRef, ValueRef])[];
  readonly single: number[];
  exact: boolean;
  limited: boolean;
  aggregate: boolean;
}

export function openGathering(whole: Whole, depth: number): Gathering {
  if (depth > MAX_DEPTH) throw new TooLarge();
  return {
    whole,
    depth,
    instances: [],
    columns: new Set(),
    computed: new Set(),
    links: [],
    same: [],
    single: [],
    exact: true,
    limited: false,
    aggregate: false,
  };
}

/** Takes over what a nested data-changing statement read. */
export function absorbReads(into: Gathering, from: Gathering, target: Instance | null): void {
  into.instances.push(...from.instances.filter((instance) => instance !== target));
  into.exact = false;
}

export function addInstance(into: Gathering, instance: Instance): Instance {
  if (into.instances.length >= MAX_INSTANCES) throw new TooLarge();
  into.instances.push(instance);
  return instance;
}

/** Notes that a clause looks at a column. */
export function lookAt(into: Gathering, resolved: Resolved | null): void {
  const target = resolved?.target;
  if (target?.instance && !target.instance.system)
    into.columns.add(`${target.instance.table}.${target.column}`);
}

/** Notes a requirement; the first stays, a strong one replaces a weak one. False when it could not be kept. */
export function demand(target: Target, values: readonly ValueRef[], strong: boolean): boolean {
  if (!target.instance || !target.pushable) return false;
  const known = target.instance.required.get(target.column);
  if (known && (known.strong || !strong)) return false;
  target.instance.required.set(target.column, { values, strong });
  return true;
}

function requirementOf(target: Target): { values: readonly ValueRef[]; strong: boolean } | undefined {
  if (target.values) return { values: target.values, strong: true };
  return target.pushable ? target.instance?.required.get(target.column) : undefined;
}

function pass(from: Target, to: Target, weaken: boolean): boolean {
  const known = requirementOf(from);
  return known !== undefined && demand(to, known.values, known.strong && !weaken);
}

function passLink(link: Link): boolean {
  const forward = pass(link.a, link.b, link.kind !== 'both');
  if (link.kind === 'both') return pass(link.b, link.a, false) || forward;
  if (link.kind === 'outer-join' && requirementOf(link.b)?.strong)
    return pass(link.b, link.a, false) || forward;
  return forward;
}

/** Passes requirements along the links until nothing changes. */
export function closeLinks(gathering: Gathering): void {
  for (let round = 0; round <= gathering.links.length; round++) {
    let changed = false;
    for (const link of gathering.links) changed = passLink(link) || changed;
    if (!changed) return;
  }
}

/** Requirements of a table that occurs several times: a column counts when every occurrence requires it. */
function tableEqualities(table: string, instances: readonly Instance[]): EqualityFacts[] {
  const [first, ...others] = instances;
  const found: EqualityFacts[] = [];
  for (const [column, requirement] of first?.required ?? []) {
    const all = [requirement, ...others.map((other) => other.required.get(column))];
    if (all.some((one) => one === undefined)) continue;
    const values = all.flatMap((one) => one!.values);
    found.push({ table, column, values: distinct(values) });
  }
  return found;
}

function distinct(values: readonly ValueRef[]): ValueRef[] {
  const seen = new Map(values.map((value) => [JSON.stringify(value), value]));
  return [...seen.values()];
}

function userInstances(gathering: Gathering): Instance[] {
  return gathering.instances.filter((instance) => !instance.system);
}

export function tablesRead(gathering: Gathering): string[] {
  return [...new Set(userInstances(gathering).map((instance) => instance.table))];
}

/** The predicate over all tables read, or over `target` only. */
export function predicateOf(gathering: Gathering, target?: Instance): PredicateFacts {
  closeLinks(gathering);
  const instances = userInstances(gathering);
  const tables = target ? [target.table] : tablesRead(gathering);
  const equal = tables.flatMap((table) =>
    tableEqualities(table, target ? [target] : instances.filter((instance) => instance.table === table)),
  );
  return {
    equal,
    columns: [...gathering.columns],
    complete: gathering.exact && !gathering.limited && gathering.instances.length === 1,
    limited: gathering.limited,
    same: gathering.same,
    single: gathering.single,
  };
}
