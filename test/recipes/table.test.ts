/** The table of docs/recipes/README.md is what was measured, has a row for every recipe, and says what the pages promise. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  FAULTS,
  type Fault,
  LANGUAGES,
  RECIPES,
  ROOT,
  SCENARIOS,
  scenarioNames,
} from '../../scripts/recipes/catalogue.ts';
import { type Cell, cellsOf } from '../../scripts/recipes/measure.ts';
import { cellText, merged, PAGE, readVerdicts, withTables } from '../../scripts/recipes/table.ts';

/** What every recipe must have been measured under. */
const MEASURED: readonly Fault[] = FAULTS;

const verdicts = readVerdicts();
const recipeCells = verdicts.cells.filter(({ scenario }) => [...RECIPES.values()].includes(scenario));
const shown = (cells: readonly Cell[]) =>
  cells.map(({ scenario, language, start, fault, causes }) =>
    [scenario, language, start, fault, ...causes].join(' '),
  );

describe('the committed table', () => {
  test('is drawn from what was measured', () => {
    const page = readFileSync(PAGE, 'utf8');
    expect(withTables(page, verdicts), 'npm run recipes -- --missing --write').toBe(page);
    expect(merged(verdicts, [], null)).toEqual(verdicts);
  });

  test('has a row for every recipe page, in both languages, from both starts, without a fault and with a crash', () => {
    const pages = readdirSync(join(ROOT, 'docs/recipes'))
      .filter((name) => name.endsWith('.md') && name !== 'README.md')
      .map((name) => name.slice(0, -'.md'.length));
    expect([...RECIPES.keys()].sort()).toEqual(pages.sort());
    const wanted = [...RECIPES.values()].flatMap((scenario) =>
      LANGUAGES.flatMap((language) =>
        ['cold', 'warm'].flatMap((start) =>
          MEASURED.map((fault) => [scenario, language, start, fault].join(' ')),
        ),
      ),
    );
    const measured = recipeCells.map(({ scenario, language, start, fault }) =>
      [scenario, language, start, fault].join(' '),
    );
    expect(wanted.filter((id) => !measured.includes(id))).toEqual([]);
  });

  test('has every scenario without a fault', () => {
    const files = readdirSync(SCENARIOS).filter((name) => name.endsWith('.yaml'));
    expect([...scenarioNames()].sort()).toEqual(files.map((name) => name.slice(0, -'.yaml'.length)).sort());
    const plain = verdicts.cells.filter(({ fault }) => fault === 'none');
    for (const scenario of scenarioNames())
      for (const language of LANGUAGES)
        expect(
          plain.filter((cell) => cell.scenario === scenario && cell.language === language),
          `${scenario} ${language}`,
        ).toHaveLength(2);
  });

  test('calls nothing valid that was not explored to its end', () => {
    for (const { verdict, complete, causes, executions } of verdicts.cells) {
      expect(executions > 0 || verdict === 'unknown').toBe(true);
      expect(verdict).toBe(causes.length > 0 ? 'invalid' : complete ? 'valid' : 'unknown');
    }
  });

  test('says the same of both languages, as long as no fault strikes: what is tried again is up to the driver', () => {
    const of = (language: string) =>
      verdicts.cells
        .filter((cell) => cell.language === language && cell.fault === 'none' && cell.complete)
        .map(({ scenario, start, verdict, causes }) => ({ scenario, start, verdict, causes }));
    const others = of('node');
    for (const cell of of('python')) {
      const other = others.find(({ scenario, start }) => scenario === cell.scenario && start === cell.start);
      if (other !== undefined) expect(other).toEqual(cell);
    }
  });
});

describe('what the pages promise', () => {
  test('every recipe holds without a fault', () => {
    expect(
      shown(recipeCells.filter(({ fault, verdict }) => fault === 'none' && verdict !== 'valid')),
    ).toEqual([]);
  });

  test('under a fault only two things open one: a removal that was cut off, a guard that expires before its reader', () => {
    const known = /^(?:WS105 .*|WS104 expire)$/;
    const others = recipeCells.filter(({ causes }) => causes.some((cause) => !known.test(cause)));
    expect(shown(others)).toEqual([]);
  });

  test.each(['tombstone', 'transactional-outbox'])('%s holds when its writer dies', (name) => {
    const cells = recipeCells.filter(({ scenario, fault }) => scenario === name && fault === 'crash');
    expect(cells.map(({ verdict }) => verdict)).toEqual(['valid', 'valid', 'valid', 'valid']);
  });
});

describe('a cell', () => {
  const figures = { executions: 9, pruned: 0, classes: 9, stale: 1, divergences: 0 };
  const at = { scenario: 'lease', language: 'node', fault: 'crash' } as const;
  const found = (start: 'cold' | 'warm', cause: 'WS104' | 'WS105', fault: 'crash' | null) =>
    ({ start, cause, fault }) as Parameters<typeof cellsOf>[0]['counterexamples'][number];
  const texts = (result: Parameters<typeof cellsOf>[0]) => cellsOf(result, at).map(cellText);

  test.each<[string, Parameters<typeof cellsOf>[0], string[]]>([
    [
      'is valid where all was explored',
      {
        starts: [
          { ...figures, start: 'cold', complete: true },
          { ...figures, start: 'warm', complete: true },
        ],
        counterexamples: [],
        gaps: [],
      },
      ['valid 9', 'valid 9'],
    ],
    [
      'names its causes, each start for itself',
      {
        starts: [
          { ...figures, start: 'cold', complete: true },
          { ...figures, start: 'warm', complete: false },
        ],
        counterexamples: [found('cold', 'WS105', 'crash'), found('cold', 'WS104', null)],
        gaps: ['warm: the limit of 9 s is reached'],
      },
      ['**WS104, WS105** 9', 'unknown 9+'],
    ],
    [
      'is unknown where something may have been missed in all',
      {
        starts: [{ ...figures, start: 'cold', complete: true }],
        counterexamples: [],
        gaps: ['a connection could not be read'],
      },
      ['unknown 9+'],
    ],
  ])('%s', (_, result, expected) => {
    expect(texts(result)).toEqual(expected);
  });

  test('that was not measured is empty', () => {
    expect(cellText(undefined)).toBe('');
  });
});

test('every fault of the table can be asked for', () => {
  const faults: readonly Fault[] = FAULTS;
  expect(faults).toEqual(['none', 'crash', 'reset', 'reply-lost', 'error', 'expire']);
});
