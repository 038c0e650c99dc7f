/** A sink that keeps operations in order, with places reserved for later ones. */
import type { Operation } from '../../../src/core/operation.ts';
import type { ObserveContext, Unnumbered } from '../../../src/observe/context.ts';
import { READABLE_DIGEST } from '../../support/digest.ts';

type Recorded = Unnumbered<Operation>;

export interface TestHistory {
  readonly context: ObserveContext;
  readonly degradations: string[];
  /** All operations so far; throws while a place is still empty. */
  operations(): readonly Recorded[];
  /** Resolves once no reserved place is empty. */
  settled(): Promise<void>;
}

export function testHistory(): TestHistory {
  const places: (readonly Recorded[] | null)[] = [];
  const degradations: string[] = [];
  const context: ObserveContext = {
    sink: {
      emit: (op) => places.push([op]),
      reserve: () => {
        const place = places.push(null) - 1;
        return (ops) => {
          if (places[place] !== null) throw new Error('a reserved place was filled twice');
          places[place] = ops;
        };
      },
    },
    digest: READABLE_DIGEST,
    degrade: (code) => degradations.push(code),
  };
  return {
    context,
    degradations,
    operations: () =>
      places.flatMap((place) => {
        if (place === null) throw new Error('a reserved place is empty');
        return place;
      }),
    settled: async () => {
      while (places.includes(null)) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

/** Operations in few words: `write tx1 update items {price=h:5} items.id=h:1 complete`. */
export function told(op: Recorded): string {
  switch (op.tier === 'source' ? op.kind : '') {
    case 'read':
    case 'write': {
      const one = op as Extract<Recorded, { kind: 'read' | 'write'; tier: 'source' }>;
      const what =
        one.kind === 'read'
          ? `${one.tables.join('+')} ${where(one.where)}`.trim()
          : one.effects.map(effect).join(', ');
      return words([
        one.kind,
        one.status === 'ok' ? '' : one.status,
        one.tx === null ? '' : `tx${one.tx}`,
        one.opaque ? 'opaque' : '',
        what,
        one.key === undefined ? '' : `key ${one.key}`,
      ]);
    }
    case 'begin':
    case 'commit':
    case 'rollback': {
      const one = op as Extract<Recorded, { kind: 'begin' | 'commit' | 'rollback' }>;
      return words([one.kind, one.status === 'ok' ? '' : one.status, `tx${one.tx}`, one.isolation ?? '']);
    }
    case 'table': {
      const one = op as Extract<Recorded, { kind: 'table' }>;
      return `table ${one.table} (${one.columns.join(' ')}) key ${one.primaryKey.join(' ')}`;
    }
    default:
      return op.kind;
  }
}

function words(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

type Where = Extract<Recorded, { kind: 'read'; tier: 'source' }>['where'];

function where(predicate: Where): string {
  const equal = predicate.equal.map((one) => `${one.table}.${one.column}=${one.values.join('|')}`).sort();
  return words([...equal, predicate.complete ? 'complete' : '', predicate.limited ? 'limited' : '']);
}

function effect(one: Extract<Recorded, { kind: 'write'; tier: 'source' }>['effects'][number]): string {
  const set = Object.entries(one.set).map(([column, value]) => `${column}=${value}`);
  return words([one.action, one.table, `{${set.join(' ')}}`, where(one.where)]);
}
