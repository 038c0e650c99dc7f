/** Parts of maps for tests, with what does not matter filled in. */
import type {
  CoverageMap,
  MappedTemplate,
  MappedWrite,
  WriteStatus,
} from '../../../src/core/map/coverage-map.ts';

export function write(
  status: WriteStatus,
  route: string,
  changes: readonly string[],
  rest: Partial<MappedWrite> = {},
): MappedWrite {
  const covered = status === 'covered' || status === 'partial';
  return {
    by: { kind: 'route', name: route },
    statements: [`UPDATE items SET x = $1 -- ${route}`],
    changes,
    status,
    confidence: 'certain',
    seen: 5,
    cached: 4,
    stale: status === 'uncovered' ? 3 : 0,
    invalidated: covered ? 5 : 0,
    unclear: 0,
    failed: 0,
    invalidations: covered ? [{ how: 'DEL', when: 'after-commit', times: 5 }] : [],
    removes: [],
    ...rest,
  };
}

export function template(
  name: string,
  writes: readonly MappedWrite[],
  rest: Partial<MappedTemplate> = {},
): MappedTemplate {
  return {
    template: name,
    db: 0,
    keys: 7,
    hits: 100,
    misses: 7,
    key: name.replace('{id}', '{items.id}'),
    segments: name.includes('{id}') ? [['items.id']] : [],
    formats: ['json'],
    ttl: { minMs: 60_000, maxMs: 60_000, unbounded: 0 },
    sources: [
      {
        table: 'items',
        rows: 'one',
        where: ['id'],
        columns: ['id', 'name', 'price'],
        unused: ['seen'],
        absent: false,
        certain: true,
        statements: ['SELECT * FROM items WHERE id = $1'],
      },
    ],
    filledBy: [{ by: { kind: 'route', name: 'GET /items/{id}' }, fills: 7 }],
    writes,
    ...rest,
  };
}

export function coverageMap(
  templates: readonly MappedTemplate[],
  unexplained: CoverageMap['unexplained'] = [],
): CoverageMap {
  const writes = templates.flatMap((one) => one.writes);
  const count = (status: WriteStatus) => writes.filter((one) => one.status === status).length;
  return {
    templates,
    unexplained,
    summary: {
      templates: templates.length,
      writes: writes.length,
      uncovered: count('uncovered'),
      partial: count('partial'),
    },
    commits: { seen: 20, judged: 20 },
  };
}
