/**
 * What a write changes beyond its own statement: rows of referencing tables (ON DELETE and ON UPDATE actions), what
 * triggers write, columns that triggers assign or the server computes. Taken from the catalog; nothing of it is on the
 * wire, so values are `?` and predicates never complete.
 */
import type { Equality, Predicate, WriteEffect } from '../../core/operation.ts';
import type { Catalog, CatalogTable, Reference } from './catalog.ts';

/** How far consequences of consequences are followed. */
export const MAX_STEPS = 6;
/** Effects added to one write. */
export const MAX_CONSEQUENCES = 200;

function without(equal: readonly Equality[]): Predicate {
  return { equal, columns: [], complete: false, limited: false };
}

function unknownSet(columns: readonly string[]): WriteEffect['set'] {
  return Object.fromEntries(columns.map((column) => [column, '?' as const]));
}

/** Requirements on the parent's key as requirements on the child's columns. */
function inherited(reference: Reference, where: Predicate): Equality[] {
  return reference.columns.flatMap((column, index) => {
    const parent = where.equal.find((equality) => equality.column === reference.referenced[index]);
    return parent ? [{ table: reference.child, column, values: parent.values }] : [];
  });
}

function referenceEffect(reference: Reference, effect: WriteEffect): WriteEffect | null {
  const where = without(inherited(reference, effect.where));
  const table = reference.child;
  if (effect.action === 'delete') {
    if (reference.onDelete === 'none') return null;
    if (reference.onDelete === 'cascade') return { table, action: 'delete', set: {}, where };
    const value = reference.onDelete === 'set null' ? null : ('?' as const);
    return {
      table,
      action: 'update',
      set: Object.fromEntries(reference.columns.map((one) => [one, value])),
      where,
    };
  }
  if (effect.action !== 'update' || reference.onUpdate === 'none') return null;
  if (!reference.referenced.some((column) => column in effect.set)) return null;
  const set = Object.fromEntries(
    reference.columns.map((column, index) => {
      if (reference.onUpdate === 'set null') return [column, null];
      const value =
        reference.onUpdate === 'cascade' ? effect.set[reference.referenced[index] ?? ''] : undefined;
      return [column, value === undefined ? ('?' as const) : value];
    }),
  );
  return { table, action: 'update', set, where };
}

function triggerEffects(table: CatalogTable, effect: WriteEffect, catalog: Catalog): WriteEffect[] {
  const found: WriteEffect[] = [];
  for (const trigger of table.triggers) {
    if (!trigger.on.includes(effect.action)) continue;
    for (const write of trigger.facts.writes) {
      const info = catalog.names().table(write.schema, write.table);
      if (!info) continue;
      const set = write.action === 'delete' ? {} : unknownSet(info.columns);
      found.push({ table: info.name, action: write.action, set, where: without([]) });
    }
  }
  return found;
}

/** The effect with the columns that the server or a trigger sets along with it. */
function completed(effect: WriteEffect, table: CatalogTable | undefined): WriteEffect {
  if (!table || (effect.action !== 'update' && effect.action !== 'insert')) return effect;
  const assigned = table.triggers
    .filter((trigger) => trigger.on.includes(effect.action))
    .flatMap((trigger) => trigger.facts.assigns)
    .filter((column) => table.columns.includes(column));
  const more = [...table.generated, ...assigned];
  return more.length === 0 ? effect : { ...effect, set: { ...effect.set, ...unknownSet(more) } };
}

function truncated(effect: WriteEffect, table: CatalogTable): WriteEffect[] {
  return table.referencedBy.map((reference) => ({ ...effect, table: reference.child }));
}

/** All effects of a write: its own, each followed by those it brings about. `cascade`: tables truncated with CASCADE. */
export function withConsequences(
  effects: readonly WriteEffect[],
  catalog: Catalog,
  cascade: ReadonlySet<string>,
): WriteEffect[] {
  const all: WriteEffect[] = effects.map((effect) => completed(effect, catalog.tableByName(effect.table)));
  const seen = new Set<string>();
  let from = [...all];
  for (let step = 0; step < MAX_STEPS && from.length > 0; step++) {
    const next: WriteEffect[] = [];
    for (const effect of from) {
      const table = catalog.tableByName(effect.table);
      if (!table) continue;
      const caused = [
        ...table.referencedBy.flatMap((reference) => referenceEffect(reference, effect) ?? []),
        ...triggerEffects(table, effect, catalog),
        ...(effect.action === 'truncate' && cascade.size > 0 ? truncated(effect, table) : []),
      ];
      for (const one of caused) {
        const key = JSON.stringify([one.table, one.action, one.where.equal]);
        if (seen.has(key) || all.length >= effects.length + MAX_CONSEQUENCES) continue;
        seen.add(key);
        const whole = completed(one, catalog.tableByName(one.table));
        all.push(whole);
        next.push(whole);
      }
    }
    from = next;
  }
  return all;
}
