/**
 * The table of docs/recipes/README.md again, in part: what is measured here and now is what is committed. Cheap cells only; all of
 * it is `npm run recipes -- --write`.
 */
import { describe, expect, test } from 'vitest';
import { type Fault, LANGUAGES } from '../../scripts/recipes/catalogue.ts';
import { type Cell, measure } from '../../scripts/recipes/measure.ts';
import { readVerdicts } from '../../scripts/recipes/table.ts';
import { THOROUGH } from '../support/thorough.ts';

const LIMIT_MS = 400_000;
const SECONDS = 300;
const SCENARIOS = ['invalidate-after-commit', 'transactional-outbox'];
const FAULTS: readonly Fault[] = ['none', 'crash'];
const CASES = FAULTS.flatMap((fault) =>
  SCENARIOS.flatMap((scenario) => LANGUAGES.map((language) => [scenario, language, fault] as const)),
);

/** How many executions it takes may change with a driver; what comes of them must not. */
const told = (cells: readonly Cell[]) =>
  cells.map(({ start, verdict, complete, causes }) => ({ start, verdict, complete, causes }));

describe('the recipes', () => {
  const { cells } = readVerdicts();

  test.each(THOROUGH ? CASES : CASES.slice(0, 1))(
    '%s in %s, fault %s',
    { timeout: LIMIT_MS },
    async (scenario, language, fault) => {
      const measured = await measure(scenario, language, fault, SECONDS);
      const committed = cells.filter(
        (cell) => cell.scenario === scenario && cell.language === language && cell.fault === fault,
      );
      expect(told(measured.cells)).toEqual(told(committed));
    },
  );
});
