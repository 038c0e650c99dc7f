/** Folders of cases to look at: files, measured runs and comparisons as they are kept. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { COMPARE_FORMAT } from '../../src/compare/contract.ts';
import { MEASURE_FORMAT } from '../../src/measure/contract.ts';

/** A case that lacks nothing but measurements. */
export const COMPLETE = `# who answers
owner: ada # since May
title: The old price is shown
route: GET /items/{id}
symptom: the page shows the old price for a minute
input:
  - GET /items/1
  - request: POST /items/search
    headers: { Authorization: "Bearer \${TOKEN}" }
    json: { q: "tea's" }
expected: { status: 200, path: $.price, value: 12 }
slow: { sql: "select price from items where id = $1", command: make probe }
change: { what: remove the key after the commit, kind: code }
rollback: { command: git revert fix, note: the cache may hold new values }
assumptions: [data as in production]
links: https://example.org/7
url: http://127.0.0.1:8000
checklist:
  - { step: the tests pass, command: make test }
# the end
`;

export function place(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

interface RunParts {
  readonly label?: string;
  readonly startedAt?: string;
  readonly complete?: boolean;
  readonly measured?: string;
}

/** A run, as `measure` leaves it; fields that a case does not look at are left out. */
export function placeRun(folder: string, name: string, parts: RunParts = {}): void {
  const run = {
    format: MEASURE_FORMAT,
    case: 'x',
    label: 'baseline',
    startedAt: '2026-01-31T09:30:15.000Z',
    complete: true,
    load: { rate: 50, seconds: 20, cold: 30, arrivals: 'poisson' },
    cold: { requests: 30, correctedMs: { p50: 48.2 } },
    warm: { requests: 1000, correctedMs: { p50: 2.4 } },
    ...parts,
  };
  place(join(folder, 'runs', name, 'run.json'), JSON.stringify(run));
}

export function placeComparison(
  folder: string,
  name: string,
  parts: Readonly<Record<string, unknown>> = {},
): void {
  const comparison = {
    format: COMPARE_FORMAT,
    startedAt: '2026-02-01T10:00:00.000Z',
    complete: true,
    verdict: 'better',
    because: 'warm p50 fell from 2.4 ms to 1.1 ms, and the answers stayed right',
    ...parts,
  };
  place(join(folder, 'comparisons', name, 'comparison.json'), JSON.stringify(comparison));
}
