/** Findings to draw: the stale fill race of the design, and shapes that strain the drawing. */
import type { Analysis, Finding, WitnessStep } from '../../src/core/finding.ts';

const step = (
  atMs: number,
  lane: WitnessStep['lane'],
  text: string,
  rest: Partial<WitnessStep> = {},
): WitnessStep => ({
  op: Math.round(atMs * 10) + 1,
  atMs,
  lane,
  session: lane === 'reader' ? 'redis:1' : 'redis:2',
  text,
  ...rest,
});

export const RACE: Finding = {
  id: 'F1',
  code: 'WS104',
  cause: 'stale-fill-race',
  template: 'item:{id}',
  key: 'item:1',
  db: 0,
  keys: 1,
  confidence: 'proved',
  staleForMs: 48_200,
  hits: 317,
  endedBy: 'expiry',
  writer: 'PUT /items/{id}',
  reader: 'GET /items/{id}',
  witness: [
    step(0, 'reader', 'GET item:1', { result: 'miss' }),
    step(0.4, 'reader', 'SELECT … items id=1', { result: 'price 10' }),
    step(1.1, 'writer', 'UPDATE items id=1', { result: 'price 12' }),
    step(1.9, 'writer', 'COMMIT', { note: 'the source changes here' }),
    step(2.2, 'writer', 'DEL item:1', { result: '0 removed' }),
    step(2.6, 'reader', 'SET item:1 EX 60', { result: 'price 10', note: 'stale from here', decisive: true }),
  ],
  summary: 'item:1 served a value older than the database for 48.2 s, 317 hits; it ended by TTL.',
  explanation: 'the fill carries a value read before the commit and arrives after the invalidation.',
  remedy: {
    title: 'make the fill refuse to overwrite a newer generation',
    steps: ['Read a generation counter with the miss.', 'Fill through a script that compares it.'],
    code: [
      {
        language: 'python',
        driver: 'redis-py + psycopg',
        lines: [
          'key, gen = f"item:{id}", f"gen:item:{id}"',
          'value, generation = r.mget(key, gen)  # before the SELECT',
          'if value is None:',
          '    row = conn.execute("SELECT id, name, price FROM items WHERE id = %s", (id,)).fetchone()',
          '    r.eval(FILL, 2, key, gen, generation or "", serialize(row), 60)',
        ],
      },
    ],
    recipe: 'docs/recipes/generation-fence.md',
    purge: 'whystale purge --key item:1',
  },
};

/** A witness with many hits between the fill and the end. */
export const LONG: Finding = {
  ...RACE,
  id: 'F2',
  code: 'WS101',
  cause: 'missing-invalidation',
  template: 'user:{id}:profile',
  key: 'user:7:profile',
  keys: 12,
  db: 3,
  confidence: 'likely',
  writer: 'UPDATE users SET name = $1, updated_at = now() WHERE id = $2 AND tenant_id = $3',
  reader: 'GET /tenants/{id}/users/{id}/profile',
  witness: [
    step(0, 'reader', 'GET user:7:profile', { result: 'miss' }),
    step(1.25, 'reader', 'SELECT name, email, avatar FROM users WHERE id = $1', {
      result: 'name h:1f2e3d4c5b6a',
    }),
    step(2.5, 'reader', 'SET user:7:profile EX 3600', { result: 'name h:1f2e3d4c5b6a' }),
    step(900, 'writer', 'UPDATE users id=7', { result: 'name h:aaaabbbbcccc' }),
    step(901, 'writer', 'COMMIT', { note: 'the source changes here', decisive: true }),
    step(
      902,
      'log',
      'INFO: 127.0.0.1 - "PUT /tenants/1/users/7 HTTP/1.1" 200 OK, profile of user 7 was updated by the nightly import',
    ),
    ...Array.from({ length: 60 }, (_, index) =>
      step(1000 + index * 2000, 'reader', 'GET user:7:profile', { result: 'hit' }),
    ),
    step(121_000, 'reader', 'GET user:7:profile', { result: 'hit', note: 'the last stale hit' }),
  ],
  summary:
    'user:7:profile served a value older than the database for 2 min, 61 hits; it was still stale at the end.',
  explanation:
    'the write changes users.name and removes no key; another write of the same table does remove it.',
  remedy: {
    title: 'remove the key after the commit',
    steps: [],
    code: [
      { language: 'sql', driver: 'PostgreSQL', lines: ['UPDATE items SET price = $1 WHERE id = $2;'] },
      { language: 'redis', driver: 'Redis', lines: Array.from({ length: 12 }, (_, i) => `DEL item:${i}`) },
    ],
  },
};

/** Wide characters, emoji, a terminal escape in a key, and only one lane. */
export const WIDE: Finding = {
  ...RACE,
  id: 'F3',
  code: 'WS202',
  cause: 'stampede',
  template: '商品:{id}',
  key: '商品:１２\u001b[31m',
  confidence: 'possible',
  endedBy: null,
  writer: null,
  reader: null,
  witness: [
    step(0, 'reader', 'GET 商品:１２', { result: 'miss', note: 'eight at once' }),
    step(0.5, 'reader', 'SET 商品:１２\u001b[31m 😀', { result: '価格 十', note: 'filled again' }),
  ],
  summary: 'the same statement ran 9 times at once for 商品:１２.',
  remedy: { title: 'fill under a lease', steps: [] },
};

export const ANALYSIS: Analysis = {
  summary: { requests: 1024, errorRate: 0.001, hits: 1800, misses: 20, staleHits: 378, sourceCalls: 64 },
  routes: [
    {
      route: 'GET /items/{id}',
      requests: 1000,
      p50Ms: 1.234,
      p95Ms: 6.5,
      p99Ms: 12.5,
      errorRate: 0,
      hitRatio: 0.9895,
      sourceCallsPerRequest: 0.05,
      hits: 1800,
      misses: 20,
      staleHits: 378,
      sourceCalls: 50,
      duplicateCallsPerRequest: 0,
      exactRequests: 900,
    },
    {
      route: 'PUT /items/{id}',
      requests: 24,
      p50Ms: 4,
      p95Ms: 8.5,
      p99Ms: 9.75,
      errorRate: 0.0416,
      hitRatio: 0,
      sourceCallsPerRequest: 2,
      hits: 0,
      misses: 0,
      staleHits: 0,
      sourceCalls: 48,
      duplicateCallsPerRequest: 0.5,
      exactRequests: 24,
    },
  ],
  templates: [
    {
      template: 'item:{id}',
      hits: 1700,
      misses: 10,
      fills: 10,
      invalidations: 24,
      staleHits: 317,
      maxStaleMs: 48_200,
      sources: ['items'],
    },
    {
      template: 'user:{id}:profile',
      hits: 100,
      misses: 10,
      fills: 10,
      invalidations: 0,
      staleHits: 61,
      maxStaleMs: 120_099,
      sources: ['users', 'avatars'],
    },
    {
      template: 'lock:{id}',
      hits: 0,
      misses: 0,
      fills: 3,
      invalidations: 3,
      staleHits: 0,
      maxStaleMs: 0,
      sources: [],
    },
  ],
  findings: [RACE, LONG, WIDE],
  coverage: {
    templates: 3,
    templatesWithLineage: 2,
    hits: 1800,
    hitsWithKnownFill: 1790,
    unattributed: 0.02,
    stream: false,
  },
};
