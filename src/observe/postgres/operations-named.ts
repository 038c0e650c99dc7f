/** PREPARE and EXECUTE, DECLARE and FETCH at the level of SQL: what a statement that names another one does. */
import { execution, refValues, type Value } from '../sql/bind.ts';
import type { NamedFacts } from '../sql/facts.ts';
import { forget, remember, type SessionState } from './operations-session.ts';
import type { Run } from './operations-statement.ts';

/** The run that really took place; null when nothing was run. Remembers what is prepared or declared. */
export function resolveNamed(session: SessionState, run: Run): Run | null {
  const { named } = run.facts;
  if (!named) return run;
  switch (named.role) {
    case 'prepare':
    case 'declare':
      define(session, run, named);
      return null;
    case 'execute':
      return executed(session, run, named);
    case 'fetch':
      return fetched(session, run, named);
    case 'deallocate':
      forget(session, 'prepare', named.name);
      return null;
    case 'close':
      forget(session, 'declare', named.name);
      return null;
  }
}

function define(session: SessionState, run: Run, named: NamedFacts): void {
  if (!named.inner || run.exchange.tag === null) return;
  const { shape, values } = run.execution;
  remember(session, `${named.role} ${named.name}`, { shape, facts: named.inner, values });
}

function executed(session: SessionState, run: Run, named: NamedFacts): Run | null {
  const known = session.named.get(`prepare ${named.name}`);
  if (!known) return { ...run, facts: { ...run.facts, kind: 'write', opaque: true } };
  const args = (named.args ?? []).map((arg): Value => {
    const values = refValues(run.execution, arg);
    return values?.length === 1 ? values[0] : undefined;
  });
  return { ...run, facts: known.facts, execution: execution(known.shape, args) };
}

/** Rows of a cursor: a part of its query's. */
function fetched(session: SessionState, run: Run, named: NamedFacts): Run | null {
  const known = session.named.get(`declare ${named.name}`);
  if (!known) return { ...run, facts: { ...run.facts, kind: 'read', opaque: true } };
  const where = { ...known.facts.where, complete: false, limited: true };
  return {
    ...run,
    facts: { ...known.facts, where },
    execution: { shape: known.shape, values: known.values },
  };
}
