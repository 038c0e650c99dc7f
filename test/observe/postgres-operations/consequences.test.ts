import { describe, expect, test } from 'vitest';
import type { WriteEffect } from '../../../src/core/operation.ts';
import { triggerFacts } from '../../../src/observe/postgres/catalog-triggers.ts';
import { withConsequences } from '../../../src/observe/postgres/operations-consequences.ts';
import { fixedCatalog, table } from './exchanges.ts';

function effect(one: string, action: WriteEffect['action'], set: WriteEffect['set'] = {}): WriteEffect {
  const equal = [{ table: one, column: 'id', values: ['h:1'] }];
  return {
    table: one,
    action,
    set,
    where: { equal, columns: [`${one}.id`], complete: true, limited: false },
  };
}

const reference = (
  child: string,
  onDelete: 'cascade' | 'set null' | 'none',
  onUpdate: 'cascade' | 'none' = 'none',
) => ({
  child,
  columns: ['parent_id'],
  referenced: ['id'],
  onDelete,
  onUpdate,
});

function told(
  effects: readonly WriteEffect[],
  tables: Parameters<typeof fixedCatalog>[0],
  cascade: string[] = [],
): string[] {
  return withConsequences(effects, fixedCatalog(tables), new Set(cascade)).map((one) => {
    const equal = one.where.equal.map((each) => `${each.column}=${each.values.join('|')}`);
    const set = Object.entries(one.set).map(([column, value]) => `${column}=${value}`);
    return `${one.action} ${one.table} [${equal}] {${set}}`;
  });
}

describe('foreign keys', () => {
  test('a cascade goes on, and ends when it meets itself', () => {
    const tables = [
      table('a', 'id parent_id', { referencedBy: [reference('b', 'cascade')] }),
      table('b', 'id parent_id', { referencedBy: [reference('c', 'set null'), reference('a', 'cascade')] }),
      table('c', 'id parent_id'),
    ];
    expect(told([effect('a', 'delete')], tables)).toEqual([
      'delete a [id=h:1] {}',
      'delete b [parent_id=h:1] {}',
      'update c [] {parent_id=null}',
      'delete a [] {}',
      'delete b [] {}',
    ]);
  });

  test('an update reaches the children only through the key', () => {
    const tables = [
      table('a', 'id n', { referencedBy: [reference('b', 'none', 'cascade')] }),
      table('b', 'id parent_id'),
    ];
    expect(told([effect('a', 'update', { n: 'h:2' })], tables)).toHaveLength(1);
    expect(told([effect('a', 'update', { id: 'h:2' })], tables)[1]).toBe(
      'update b [parent_id=h:1] {parent_id=h:2}',
    );
  });

  test('TRUNCATE CASCADE takes referencing tables along, plain TRUNCATE does not', () => {
    const tables = [table('a', 'id', { referencedBy: [reference('b', 'none')] }), table('b', 'id')];
    expect(told([effect('a', 'truncate')], tables)).toHaveLength(1);
    expect(told([effect('a', 'truncate')], tables, ['a'])).toHaveLength(2);
  });
});

test('generated columns and columns assigned by triggers are set to something unknown', () => {
  const trigger = { on: ['update' as const], facts: { writes: [], assigns: ['changed', 'not_ours'] } };
  const tables = [table('a', 'id n total changed', { generated: ['total'], triggers: [trigger] })];
  expect(told([effect('a', 'update', { n: 'h:2' })], tables)).toEqual([
    'update a [id=h:1] {n=h:2,total=?,changed=?}',
  ]);
});

test('what a trigger writes follows its statement', () => {
  const writes = [{ schema: undefined, table: 'log', action: 'insert' as const }];
  const tables = [
    table('a', 'id', { triggers: [{ on: ['delete'], facts: { writes, assigns: [] } }] }),
    table('log', 'id note'),
  ];
  expect(told([effect('a', 'delete')], tables)[1]).toBe('insert log [] {id=?,note=?}');
});

describe("a trigger's source", () => {
  test.each([
    ['BEGIN INSERT INTO log VALUES (1); RETURN NEW; END', ['insert log'], []],
    ['BEGIN UPDATE ONLY shop."My Items" SET n = 1; END', ['update shop.My Items'], []],
    ['BEGIN DELETE FROM x WHERE id = OLD.id; END', ['delete x'], []],
    [
      "BEGIN IF TG_OP = 'UPDATE' THEN NEW.at = now(); END IF; NEW.by := 'x'; RETURN NEW; END",
      [],
      ['at', 'by'],
    ],
    ['BEGIN SELECT 1 FROM x FOR UPDATE; IF NEW.a = 1 THEN RETURN NULL; END IF; END', [], []],
    ["BEGIN RAISE NOTICE 'DELETE FROM x'; -- DELETE FROM y\nRETURN NEW; END", [], []],
    ['BEGIN INSERT INTO a VALUES (1) ON CONFLICT DO UPDATE SET n = 1; END', ['insert a'], []],
  ])('%s', (source, writes, assigns) => {
    const facts = triggerFacts(source);
    const named = facts.writes.map(
      (one) => `${one.action} ${one.schema === undefined ? '' : `${one.schema}.`}${one.table}`,
    );
    expect(named).toEqual(writes);
    expect(facts.assigns).toEqual(assigns);
  });
});
