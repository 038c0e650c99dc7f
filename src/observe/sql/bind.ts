/** Facts of a shape and the values of one execution, put together: predicates and effects as the history has them. */
import type { Digest, Equality, Predicate, WriteEffect } from '../../core/operation.ts';
import { arrayElements } from './array.ts';
import type { EffectFacts, EqualityFacts, PredicateFacts, ValueRef } from './facts.ts';
import { type Shape, valuesOf } from './shape.ts';

/** Values one equality may list; longer lists are left out, and the predicate is then not complete. */
export const MAX_EQUALITY_VALUES = 5_000;
/** Rows of one INSERT that get an effect of their own; the rest share one with unknown values. */
export const MAX_ROW_EFFECTS = 1_000;

/** A value as text: null is NULL, undefined is not known. */
export type Value = string | null | undefined;

export interface Execution {
  readonly shape: Shape;
  /** In the order of the text. */
  readonly values: readonly Value[];
}

export function execution(shape: Shape, params: readonly Value[]): Execution {
  return { shape, values: valuesOf(shape, params) };
}

function slotValues(run: Execution, slot: number): readonly Value[] {
  return (run.shape.slots[slot - 1] ?? []).map((index) => run.values[index]);
}

/** All values behind a reference; null when one is not known. NULL stays null. */
export function refValues(run: Execution, ref: ValueRef): readonly (string | null)[] | null {
  if ('constant' in ref) return [ref.constant];
  const values = slotValues(run, 'slot' in ref ? ref.slot : ref.array);
  if (values.length === 0 || values.some((value) => value === undefined)) return null;
  const known = values as readonly (string | null)[];
  if ('slot' in ref) return known;
  const elements: (string | null)[] = [];
  for (const text of known) {
    const inside = text === null ? [] : arrayElements(text);
    if (!inside) return null;
    elements.push(...inside);
  }
  return elements;
}

/** The one value behind a reference, in row `row` of a folded list. */
function rowValue(run: Execution, ref: ValueRef, row: number): Value {
  if ('constant' in ref) return ref.constant;
  if ('array' in ref) return undefined;
  const values = slotValues(run, ref.slot);
  return values.length === 1 ? values[0] : values[row];
}

/** Known texts an equality allows; null when they are not all known. NULL equals nothing, so it is left out. */
function allowed(run: Execution, equality: EqualityFacts, row: number | null): string[] | null {
  const texts: string[] = [];
  for (const ref of equality.values) {
    const one = row === null ? undefined : rowValue(run, ref, row);
    const values = row === null ? refValues(run, ref) : one === undefined ? null : [one];
    if (!values || texts.length + values.length > MAX_EQUALITY_VALUES) return null;
    for (const value of values) if (value !== null) texts.push(value);
  }
  return texts;
}

/** The texts that each equality of a predicate allows, where known. */
export function allowedTexts(
  run: Execution,
  facts: PredicateFacts,
): readonly { readonly table: string; readonly column: string; readonly texts: readonly string[] }[] {
  return facts.equal.flatMap((equality) => {
    const texts = allowed(run, equality, null);
    return texts ? [{ table: equality.table, column: equality.column, texts }] : [];
  });
}

/** A predicate of one execution; `row`: which of the inserted rows it is about. */
export function bindPredicate(
  run: Execution,
  facts: PredicateFacts,
  digest: (text: string) => Digest,
  row: number | null = null,
): Predicate {
  const equal: Equality[] = [];
  for (const equality of facts.equal) {
    const texts = allowed(run, equality, row);
    if (!texts) continue;
    const values = [...new Set(texts.map(digest))];
    equal.push({ table: equality.table, column: equality.column, values });
  }
  const same = facts.same.every(([a, b]) => sameValue(run, a, b, digest));
  const single = facts.single.every((slot) => slotValues(run, slot).length === 1);
  const complete = facts.complete && equal.length === facts.equal.length && same && single;
  return { equal, columns: facts.columns, complete, limited: facts.limited };
}

function sameValue(run: Execution, a: ValueRef, b: ValueRef, digest: (text: string) => Digest): boolean {
  const left = refValues(run, a);
  const right = refValues(run, b);
  if (left?.length !== 1 || right?.length !== 1) return false;
  const [one] = left;
  const [other] = right;
  return (
    one !== null &&
    one !== undefined &&
    other !== null &&
    other !== undefined &&
    digest(one) === digest(other)
  );
}

/** How many rows an effect stands for. */
function rowCount(run: Execution, effect: EffectFacts): number {
  if (!effect.perRow) return 1;
  let rows = 1;
  for (const ref of Object.values(effect.set)) {
    if (ref !== '?' && 'slot' in ref) rows = Math.max(rows, slotValues(run, ref.slot).length);
  }
  return rows;
}

function bindEffect(
  run: Execution,
  effect: EffectFacts,
  row: number | null,
  digest: (text: string) => Digest,
): WriteEffect {
  const set: Record<string, Digest | null | '?'> = {};
  for (const [column, ref] of Object.entries(effect.set)) {
    const value = ref === '?' ? undefined : rowValue(run, ref, row ?? 0);
    set[column] = value === undefined ? '?' : value === null ? null : digest(value);
  }
  const where = bindPredicate(run, effect.where, digest, effect.perRow ? row : null);
  return { table: effect.table, action: effect.action, set, where };
}

function unknownEffect(effect: EffectFacts): WriteEffect {
  const set = Object.fromEntries(Object.keys(effect.set).map((column) => [column, '?' as const]));
  const { columns, limited } = effect.where;
  return {
    table: effect.table,
    action: effect.action,
    set,
    where: { equal: [], columns, complete: false, limited },
  };
}

/** The effects of one execution: one per row of VALUES, in order; the two of an upserted row stand together. */
export function bindEffects(
  run: Execution,
  effects: readonly EffectFacts[],
  digest: (text: string) => Digest,
): WriteEffect[] {
  const bound: WriteEffect[] = [];
  for (let at = 0; at < effects.length; ) {
    const group = upsertGroup(effects, at);
    const rows = Math.max(...group.map((effect) => rowCount(run, effect)));
    for (let row = 0; row < Math.min(rows, MAX_ROW_EFFECTS); row++) {
      for (const effect of group) bound.push(bindEffect(run, effect, effect.perRow ? row : null, digest));
    }
    if (rows > MAX_ROW_EFFECTS) bound.push(...group.map(unknownEffect));
    at += group.length;
  }
  return bound;
}

/** The insert effect of a row with the update effect of its conflict, if it has one. */
function upsertGroup(effects: readonly EffectFacts[], at: number): readonly EffectFacts[] {
  const first = effects[at]!;
  const next = effects[at + 1];
  const upsert = first.perRow && first.action === 'insert' && next?.perRow && next.action === 'update';
  return upsert ? [first, next!] : [first];
}
