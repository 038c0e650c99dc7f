/** Folders of many notes, the same for the same number: cases with a run, a comparison and drawings, and Markdown files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { COMPARE_FORMAT } from '../../src/compare/contract.ts';
import { FINGERPRINT_FORMAT } from '../../src/fingerprint/contract.ts';
import { MEASURE_FORMAT, type MeasuredRun } from '../../src/measure/contract.ts';
import { boxSvg } from '../../src/report/plot-box.ts';

export function place(file: string, content: string | Buffer): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

export function latency(p50: number): NonNullable<NonNullable<MeasuredRun['warm']>['correctedMs']> {
  return {
    count: 1000,
    min: p50 / 2,
    mean: p50 * 1.1,
    p50,
    p90: p50 * 2,
    p95: p50 * 2.5,
    p99: p50 * 4,
    p999: p50 * 8,
    max: p50 * 12,
  };
}

export function measuredRun(label: string, p50: number): MeasuredRun {
  const figures = (times: number, hits: number) => ({
    requests: 1000,
    errors: 2,
    errorRate: 0.002,
    correctedMs: latency(times),
    uncorrectedMs: latency(times * 0.9),
    hits,
    misses: 1000 - hits,
    sourceCallsPerRequest: (1000 - hits) / 1000,
    cacheCallsPerRequest: 1,
    attributed: 1000,
  });
  return {
    format: MEASURE_FORMAT,
    case: 'x',
    label,
    startedAt: '2026-01-31T09:30:15.000Z',
    ranMs: 21_000,
    complete: true,
    ended: null,
    engine: { redis: '7.0.15', postgres: '15.8', emulated: false },
    load: { rate: 50, seconds: 20, cold: 30, arrivals: 'constant' },
    cold: figures(p50 * 20, 0),
    warm: figures(p50, 940),
    keys: [{ key: 'item:1', db: 0, removed: true, why: 'its value was read from items' }],
    queries: [
      {
        shape: 'select price from items where id = $1',
        calls: 60,
        callsPerRequest: 0.06,
        totalMs: 123,
        p50Ms: 1.5,
        maxMs: 9.5,
        plan: 'Index Scan using items_pkey on items (actual rows=1)',
      },
    ],
    findings: [],
    fingerprint: {
      format: FINGERPRINT_FORMAT,
      at: '2026-01-31T09:30:15.000Z',
      entries: [{ kind: 'runtime', name: 'node', value: '20.19.0' }],
      unknown: [],
    },
    notices: [],
  };
}

export function comparison(parts: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  const effect = (phase: 'cold' | 'warm', before: number, after: number) => ({
    phase,
    metric: 'p50',
    among: 'all',
    before,
    after,
    scale: 'ratio',
    effect: after / before,
    interval: { low: (after / before) * 0.9, high: (after / before) * 1.1 },
    verdict: 'better',
    detectable: 0.95,
    samples: { before: 500, after: 500 },
  });
  return {
    format: COMPARE_FORMAT,
    case: 'x',
    startedAt: '2026-02-01T10:00:00.000Z',
    ranMs: 60_000,
    complete: true,
    ended: null,
    verdict: 'better',
    because: 'warm p50 fell from 2.4 ms to 1.1 ms, and the answers stayed right',
    gain: 'faster-work',
    confidence: 0.95,
    blocks: 8,
    effects: [effect('cold', 48, 31), effect('warm', 2.4, 1.1)],
    sides: {
      before: { ...measuredRun('before', 2.4), source: 'main' },
      after: { ...measuredRun('after', 1.1), source: 'fix' },
    },
    differences: [
      { kind: 'code', name: 'src', before: 'a'.repeat(40), after: 'b'.repeat(40), allowed: 'the change' },
    ],
    race: {
      before: { verdict: 'invalid', complete: true, causes: ['WS104'] },
      after: { verdict: 'valid', complete: true, causes: [] },
    },
    notices: [],
    ...parts,
  };
}

export function plot(title: string): string {
  const values = Array.from({ length: 40 }, (_, i) => 1 + i / 10);
  const drawn = boxSvg(title, [{ name: 'before', values }]);
  if (drawn === null) throw new Error('no drawing');
  return drawn;
}

const TABLES = 'items prices orders users carts stocks rates offers'.split(' ');
const CAUSES = 'fill removal commit replica deploy stampede expiry eviction'.split(' ');

function pick<T>(of: readonly T[], n: number): T {
  return of[n % of.length]!;
}

/** Words that differ from note to note, some of them shared by few. */
function words(n: number): string {
  const own = Array.from({ length: 120 }, (_, i) => `w${((n * 7919 + i * 104_729) % 30_011).toString(36)}x`);
  return own.map((word, i) => (i % 12 === 11 ? `${word}.` : word)).join(' ');
}

export function placeGeneratedCase(folder: string, n: number): void {
  const [table, cause] = [pick(TABLES, n), pick(CAUSES, n >> 3)];
  const name = `case-${String(n).padStart(5, '0')}`;
  place(
    join(folder, name, 'case.yaml'),
    `title: Stale ${table} after ${cause} ${n}
owner: ada
route: GET /${table}/{id}
symptom: the page of ${table} shows an old value for a minute after ${cause}
input: GET /${table}/${n}
expected: { status: 200, path: $.price, value: ${n} }
change: { what: remove the key of ${table} after the ${cause}, kind: code, before: main, after: fix-${n} }
rollback: git revert fix-${n}
assumptions: [data as in production, one replica]
url: http://127.0.0.1:8000
checklist:
  - { step: the tests pass, command: make test }
  - { step: permissions are looked at, signed: { by: ada, at: 2026-02-02 } }
note:
  topic: ${cause}
  tags: [${table}, ${cause}]
  difficulty: ${pick(['easy', 'middling', 'hard'], n)}
  language: ${pick(['Python', 'TypeScript'], n)}
`,
  );
  place(join(folder, name, 'note.md'), `---\ntools: [redis-cli]\n---\n${words(n)}\n`);
  place(
    join(folder, name, 'runs', 'baseline', 'run.json'),
    JSON.stringify(measuredRun('baseline', 2 + (n % 7))),
  );
  place(join(folder, name, 'comparisons', 'one', 'comparison.json'), JSON.stringify(comparison()));
  place(join(folder, name, 'comparisons', 'one', 'box.svg'), plot(name));
}

export function placeGeneratedNote(folder: string, n: number): void {
  const [table, cause] = [pick(TABLES, n), pick(CAUSES, n >> 3)];
  const name = `note-${String(n).padStart(5, '0')}`;
  place(
    join(folder, name.slice(0, 7), `${name}.md`),
    `---
title: What ${cause} does to ${table} ${n}
topic: ${cause}
summary: How a key of ${table} outlived its row after ${cause}.
tags: [${table}, ${cause}]
date: 2026-01-${String(1 + (n % 28)).padStart(2, '0')}
stack: [Redis, PostgreSQL]
outline: { context: the ${table} page, problem: an old value, recommended_action: remove it after the commit }
---
# What ${cause} does to ${table} ${n}

${words(n)}

## What was seen

| when | key | value |
|---|---|---|
| before | ${table}:${n} | ${n} |
| after | ${table}:${n} | ${n + 1} |

\`\`\`sh
redis-cli get ${table}:${n}
\`\`\`

- **first** the row
- *then* the key, see [another](note-${String(Math.max(1, n - 2)).padStart(5, '0')}.md) and [what is gone](gone.md)

${words(n + 1)}
`,
  );
}

/** Every other one is a case. */
export function placeGenerated(folder: string, count: number): void {
  for (let n = 0; n < count; n++) (n % 2 === 0 ? placeGeneratedCase : placeGeneratedNote)(folder, n);
}
