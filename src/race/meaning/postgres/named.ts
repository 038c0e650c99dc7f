/** What SQL itself names and runs later: PREPARE and EXECUTE, cursors. */
import type { Node } from 'libpg-query';
import type { Draft } from './draft.ts';
import { statementLabel } from './label.ts';
import { type DataPlan, opaque, type Plan } from './plan.ts';
import type { Unit } from './unit.ts';
import { argumentValues, NO_PARAMETERS, type ParameterValues } from './values.ts';

/** Statements, cursors and portals remembered by name. */
const MAX_NAMED = 2_000;

/** Keeps a value by name; the oldest goes when there are too many. */
export function remember<T>(map: Map<string, T>, name: string, value: T): void {
  map.delete(name);
  map.set(name, value);
  if (map.size > MAX_NAMED) map.delete(map.keys().next().value!);
}

interface Prepared {
  readonly node: Node;
  readonly text: string;
}

/** The session that runs statements. */
export interface Runner {
  plan(node: Node, text: string, parameters: ParameterValues): Plan;
  run(node: Node, text: string, parameters: ParameterValues, unit: Unit): void;
  runData(plan: DataPlan, text: string, unit: Unit): void;
  runUnknown(text: string, unit: Unit): void;
  look(plan: Plan, unit: Unit, reads: boolean): void;
}

export class NamedStatements {
  readonly #prepared = new Map<string, Prepared>();
  readonly #cursors = new Map<string, Draft>();

  clear(): void {
    this.#prepared.clear();
    this.#cursors.clear();
  }

  /** Cursors end with their transaction. */
  closeCursors(): void {
    this.#cursors.clear();
  }

  /** Runs a statement that names another. */
  run(plan: Extract<Plan, { kind: 'named' }>, text: string, unit: Unit, runner: Runner): void {
    const { role, name, query } = plan;
    switch (role) {
      case 'prepare':
        if (query !== null) {
          remember(this.#prepared, name, { node: query, text });
          runner.look(runner.plan(query, text, NO_PARAMETERS), unit, false);
        }
        unit.add('PREPARE', false);
        return;
      case 'deallocate':
        if (name === '*') this.#prepared.clear();
        else this.#prepared.delete(name);
        unit.add('DEALLOCATE', false);
        return;
      case 'execute': {
        const prepared = this.#prepared.get(name);
        if (prepared === undefined) runner.runUnknown('EXECUTE', unit);
        else runner.run(prepared.node, prepared.text, argumentValues(plan.args), unit);
        return;
      }
      case 'declare': {
        const inner = query === null ? opaque('DECLARE') : runner.plan(query, text, NO_PARAMETERS);
        if (inner.kind !== 'data') return;
        remember(this.#cursors, name, inner.draft);
        runner.runData({ ...inner, verb: 'DECLARE' }, text, unit);
        return;
      }
      case 'fetch':
        this.#fetch(name, text, unit, runner);
        return;
      case 'close':
        unit.add('CLOSE', false);
    }
  }

  /** Rows of a cursor are as of its declaration, unless reading them takes locks or calls what may do anything. */
  #fetch(name: string, text: string, unit: Unit, runner: Runner): void {
    const draft = this.#cursors.get(name);
    if (draft === undefined) {
      runner.runUnknown('FETCH', unit);
      return;
    }
    if (draft.holds || !draft.now.footprint([]).every(({ mode }) => mode === 'read'))
      runner.runData({ kind: 'data', verb: 'FETCH', draft, snapshot: true }, text, unit);
    else unit.add(statementLabel('FETCH', draft), false);
  }
}
