// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of case files look like this.
/** Case files: what may be left out, what may be written shorter, and what is wrong, with its place. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Case,
  caseJsonSchema,
  parseCase,
  parseWrittenCase,
  readCase,
  type StoredCase,
} from '../../src/case/index.ts';
import { WhystaleError } from '../../src/errors.ts';
import { formattedJson } from '../support/json.ts';

const root = mkdtempSync(join(tmpdir(), 'whystale-case-'));
const folder = join(root, 'old-price');
const file = join(folder, 'case.yaml');

beforeAll(() => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'schema.sql'), 'create table items (id int);\n');
});

afterAll(() => rmSync(root, { recursive: true }));

const ENV = { TOKEN: 'secret-token' };
const parse = (text: string, env: Readonly<Record<string, string>> = ENV): StoredCase =>
  parseCase(text, file, env);

function facts(run: () => unknown): WhystaleError['facts'] {
  try {
    run();
  } catch (error) {
    if (error instanceof WhystaleError) return error.facts;
    throw error;
  }
  throw new Error('no error');
}

const FULL = `title: Old price
status: closed
closed: 2026-01-31
outcome: better
owner: ada
route: get /items/{id}
symptom: the page
input:
  - GET /items/1
  - { request: POST /search, headers: { Authorization: "Bearer \${TOKEN}" }, json: { q: tea } }
expected: { note: cheap, status: 200, path: $.price, value: 12 }
slow: { sql: select 1, command: make "slow test" }
change: { what: fence, kind: code, before: main, after: fix }
rollback: { command: git revert fix, note: tell them }
assumptions: one
links: [https://example.org/1]
finding: { id: F1, code: WS104, template: "item:{id}", key: "item:1", recording: ../rec }
race: ../race.yaml
service:
  command: uvicorn app:app --port {port}
  cwd: app
  env: { REDIS_URL: "{redis}" }
  ready: GET /healthz
stores: { redis: embedded, postgres: "postgresql://u@127.0.0.1/scratch" }
setup: schema.sql
warmup: GET /items/2
load: { rate: 300/m, seconds: 5, cold: 0, warmup: 3, timeout: 2s }
checklist:
  - looks right
  - { step: tests pass, command: make test }
  - { step: seen, signed: { by: ada, at: 2026-01-30 } }
allow: LOG_LEVEL
`;

const REQUEST = { method: 'GET', path: '/items/1', headers: {}, body: null };

describe('a case', () => {
  it('with everything', () => {
    expect(parse(FULL)).toEqual({
      rehearsed: expect.stringMatching(/^[0-9a-f]{64}$/),
      ...{ file, folder, name: 'old-price', title: 'Old price', status: 'closed' },
      ...{
        closed: '2026-01-31',
        outcome: 'better',
        owner: 'ada',
        route: 'GET /items/{id}',
        symptom: 'the page',
      },
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      measured: expect.stringMatching(/^[0-9a-f]{64}$/),
      requests: [
        REQUEST,
        {
          method: 'POST',
          path: '/search',
          headers: { authorization: 'Bearer secret-token', 'content-type': 'application/json' },
          body: '{"q":"tea"}',
        },
      ],
      expected: { note: 'cheap', status: 200, path: '$.price', value: 12 },
      slow: { sql: 'select 1', command: ['make', 'slow test'] },
      change: { what: 'fence', kind: 'code', before: 'main', after: 'fix' },
      rollback: { command: ['git', 'revert', 'fix'], note: 'tell them' },
      assumptions: ['one'],
      links: ['https://example.org/1'],
      finding: {
        id: 'F1',
        code: 'WS104',
        template: 'item:{id}',
        key: 'item:1',
        recording: join(root, 'rec'),
      },
      race: join(root, 'race.yaml'),
      service: {
        command: ['uvicorn', 'app:app', '--port', '{port}'],
        cwd: join(folder, 'app'),
        env: { REDIS_URL: '{redis}' },
        ready: { request: { ...REQUEST, path: '/healthz' }, withinMs: 30_000 },
      },
      url: null,
      stores: { redis: 'embedded', postgres: 'postgresql://u@127.0.0.1/scratch' },
      setup: [{ kind: 'sql', file: join(folder, 'schema.sql'), text: 'create table items (id int);\n' }],
      warmup: [{ ...REQUEST, path: '/items/2' }],
      load: { rate: 5, seconds: 5, cold: 0, warmup: 3, timeoutMs: 2_000 },
      checklist: [
        { kind: 'judgement', step: 'looks right', signed: null },
        { kind: 'command', step: 'tests pass', command: ['make', 'test'] },
        { kind: 'judgement', step: 'seen', signed: { by: 'ada', at: '2026-01-30', note: null } },
      ],
      allow: ['LOG_LEVEL'],
      rehearse: null,
    });
  });

  it('with nothing but its name', () => {
    expect(parse('{}')).toMatchObject({
      ...{
        title: 'old-price',
        status: 'open',
        owner: null,
        route: null,
        requests: [],
        service: null,
        url: null,
      },
      expected: { note: null, status: null, path: null, value: null },
      change: { what: null, kind: null, before: null, after: null },
      rollback: { command: null, note: null },
      stores: { redis: 'embedded', postgres: 'embedded' },
      load: { rate: 50, seconds: 20, cold: 30, warmup: 20, timeoutMs: 10_000 },
      checklist: [],
    });
  });

  it.each<[string, Partial<Case>]>([
    ['input: GET /items/1', { requests: [REQUEST] }],
    ['expected: 200', { expected: { note: null, status: 200, path: null, value: null } }],
    ['expected: "404"', { expected: { note: null, status: 404, path: null, value: null } }],
    [
      'expected: the new price',
      { expected: { note: 'the new price', status: null, path: null, value: null } },
    ],
    [
      'expected: {path: $.a, value: null}',
      { expected: { note: null, status: null, path: '$.a', value: null } },
    ],
    ['rollback: git revert X', { rollback: { command: ['git', 'revert', 'X'], note: null } }],
    ['rollback: [git, revert, X Y]', { rollback: { command: ['git', 'revert', 'X Y'], note: null } }],
    ['rollback: a && b', { rollback: { command: ['sh', '-c', 'a && b'], note: null } }],
    ['slow: select 1', { slow: { sql: 'select 1', command: null } }],
    ['load: {rate: 0.5}', { load: { rate: 0.5, seconds: 20, cold: 30, warmup: 20, timeoutMs: 10_000 } }],
    ['url: http://127.0.0.1:8000/', { url: 'http://127.0.0.1:8000' }],
    ['owner: "${WHO:-nobody}"', { owner: 'nobody' }],
    ['owner: "$${WHO}"', { owner: '${WHO}' }],
  ])('%s', (text, expected) => {
    expect(parse(text)).toMatchObject(expected);
  });

  it('is read from its file or its folder', async () => {
    writeFileSync(file, 'owner: ada\n');
    expect((await readCase(file, {})).owner).toBe('ada');
    expect((await readCase(folder, {})).file).toBe(file);
  });
});

/** A section that lacks nothing but its end. */
const REHEARSE =
  'rehearse: {deploy: x, url: "http://127.0.0.1:1", ready: {request: GET /r, within: 5s}, rollback: y, before: GET /b, check: GET /c';

describe('what is rehearsed', () => {
  const of = (text: string) => parse(text).rehearse;
  const request = (path: string) => ({ method: 'GET', path, headers: {}, body: null });

  it('has short forms and defaults', () => {
    const text =
      'input: GET /items/1\nexpected: 200\nurl: http://127.0.0.1:1\nrollback: back\nrehearse: {deploy: go, ready: "http://h:2/up?a=1", before: GET /b}';
    expect(of(text)).toEqual({
      config: null,
      deploy: { command: ['go'], withinMs: 1_800_000 },
      ready: { url: 'http://h:2', request: request('/up?a=1'), withinMs: 60_000 },
      url: 'http://127.0.0.1:1',
      postgres: null,
      before: [
        {
          ...{ kind: 'request', name: 'GET /b', request: request('/b') },
          expect: { note: null, status: null, path: null, value: null },
        },
      ],
      check: [
        {
          ...{ kind: 'request', name: 'GET /items/1 with status 200', request: request('/items/1') },
          expect: { note: null, status: 200, path: null, value: null },
        },
      ],
      figures: null,
      rollback: { command: ['back'], withinMs: 1_800_000 },
    });
  });

  it('may say everything', () => {
    const text = `input: GET /items/1
rehearse:
  config: { staging: s.env, production: { command: ssh prod env }, names: DB_*, allow: [A, B] }
  deploy: { command: go now, within: 5m }
  ready: { request: GET /r, headers: { Host: a }, within: 5s }
  url: https://staging.example.org/
  postgres: postgres://db/app
  before: [GET /b, { request: GET /b, expect: { path: $.v, value: [a] } }, { name: rows, sql: select 1, expect: 1 }]
  check:
    - { write: { request: PUT /a, json: { v: "{unique}" } }, read: GET /a, path: $.v, value: "{unique}", within: 2s }
  figures: { rate: 60/m, seconds: 3, p50: 5ms, timesBaseline: 1.5 }
  rollback: [back, now]
`;
    expect(of(text)).toMatchObject({
      config: {
        staging: { kind: 'file', file: join(folder, 's.env') },
        production: { kind: 'command', command: ['ssh', 'prod', 'env'] },
        ...{ names: ['DB_*'], allow: ['A', 'B'] },
      },
      deploy: { command: ['go', 'now'], withinMs: 300_000 },
      ready: { url: null, request: { headers: { host: 'a' } }, withinMs: 5_000 },
      url: 'https://staging.example.org',
      before: [
        { kind: 'request', name: 'GET /b' },
        { kind: 'request', name: 'GET /b with $.v ["a"]' },
        { kind: 'sql', name: 'rows', value: 1 },
      ],
      check: [{ kind: 'freshness', name: 'PUT /a, then GET /a', value: '{unique}', withinMs: 2_000 }],
      figures: { rate: 1, seconds: 3, p50Ms: 5, p99Ms: null, timesBaseline: 1.5 },
      rollback: { command: ['back', 'now'] },
    });
  });

  it.each<[string, string, string, RegExp]>([
    ['check: GET /c', 'check: [{sql: select 1, expect: 1}]', '{deploy', /asks a database that is not named/],
    ['check: GET /c', 'check: {request: GET /, expect: fine}', 'fine', /a sentence cannot be checked/],
    [
      'check: GET /c',
      'check: {write: PUT /a, read: GET /a, path: price, value: 1}',
      'price',
      /no path to one value/,
    ],
    ['check: GET /c', 'figures: {rate: 5/s}, check: GET /c', '{rate', /no request to measure/],
    ['check: GET /c', 'checks: GET /c', 'checks', /unknown field "checks"; did you mean "check"/],
    ['rollback: y, ', '', '{deploy', /no command takes the change back/],
    ['url: "http://127.0.0.1:1", ', '', '{deploy', /not said where staging answers/],
    ['within: 5s', 'within: 0s', '0s', /leaves no time/],
    ['request: GET /r', 'url: "http://a/", request: GET /r', '{url', /both say what is asked/],
    ['deploy: x', "deploy: 'a \"b'", "'a", /no command/],
  ])('may not have %s replaced by %s', (part, by, at, problem) => {
    const text = `${REHEARSE.replace(part, by)}}`;
    const error = facts(() => parse(text));
    expect(error.what).toMatch(problem);
    expect(error.what).toContain(`case.yaml:1:${text.indexOf(at) + 1}: `);
  });

  it('has a digest of its own', () => {
    const digest = (text: string) => parse(text).rehearsed;
    expect(digest(`owner: a\n${REHEARSE}}`)).toBe(digest(`owner: b\n${REHEARSE}}`));
    expect(digest(`${REHEARSE}}`)).not.toBe(digest(`${REHEARSE.replace('deploy: x', 'deploy: z')}}`));
  });
});

describe('what is wrong', () => {
  it.each<[string, string, RegExp]>([
    ['ower: ada', '1:1', /unknown field "ower"; did you mean "owner"\?/],
    ['route: /items', '1:8', /"route" has a value that is not possible/],
    ['input: items', '1:8', /"input"/],
    ['input: [GET /a, "GET /a b c"]', '1:17', /"input"|no request/],
    ['expected: {path: price, value: 1}', '1:18', /no path to one value/],
    ['expected: {path: $.price}', '1:18', /"value" is missing/],
    ['expected: {value: 1}', '1:19', /"path" is missing/],
    ['change: {kind: magic}', '1:16', /"kind" has a value/],
    ['change: [{what: a}, {what: b}]', '1:9', /"change" has the wrong type/],
    ['rollback: git "revert', '1:11', /no command/],
    ['finding: {id: F1, code: 104}', '1:25', /"code"/],
    ['url: http://127.0.0.1/items', '1:6', /"url"/],
    ['service: {command: x}\nurl: http://127.0.0.1:1', '2:6', /service and url/],
    ['stores: {redis: mysql://x}', '1:17', /no store of this kind/],
    ['setup: none.sql', '1:8', /none\.sql could not be read/],
    ['load: {rate: fast}', '1:14', /"rate"/],
    ['load: {rate: 0/s}', '1:14', /"rate" is no number above 0/],
    ['load: {timeout: 0s}', '1:17', /leaves no time/],
    ['checklist: [{step: a, command: b, signed: {by: x, at: 2026-01-01}}]', '1:43', /run, and not signed/],
    ['checklist: [{step: a, signed: {by: x, at: monday}}]', '1:43', /"at"/],
    ['owner: "${NOBODY}"', '1:9', /the variable NOBODY is not set/],
    ['- a', '1:1', /the case has the wrong type/],
  ])('%s', (text, place, problem) => {
    const error = facts(() => parse(text));
    expect(error.code).toBe('WSE703');
    expect(error.what).toContain(`case.yaml:${place}: `);
    expect(error.what).toMatch(problem);
    expect(error.next).toContain('docs/case.md');
  });

  it('is told all at once', () => {
    const error = facts(() => parse('ower: a\nroute: x\nload: {cold: -1}\n'));
    expect(error.problems).toHaveLength(3);
    expect(error.next).toContain('lines 1, 2, 3');
  });

  it('is no YAML, or not there', async () => {
    expect(facts(() => parse('a: [')).code).toBe('WSE702');
    await expect(readCase(join(root, 'none'), {})).rejects.toMatchObject({ facts: { code: 'WSE701' } });
  });

  it('is refused or read, whatever stands in place of a value', () => {
    const count = FULL.split('\n').length - 2;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: count }), fc.jsonValue(), (line, value) => {
        const lines = FULL.split('\n');
        lines[line] = (lines[line] ?? '').replace(/: .*$/, `: ${JSON.stringify(value)}`);
        try {
          parse(lines.join('\n'));
        } catch (error) {
          if (!(error instanceof WhystaleError)) throw error;
          expect(error.facts.code).toMatch(/^WSE70[23]$/);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a case that is shown', () => {
  it('keeps its variables, set or not', () => {
    const item = parseWrittenCase(
      'input: {request: GET /a, headers: {X: "${TOKEN}"}}\nowner: "${WHO:-me}"\n',
      file,
    );
    expect(item.requests[0]?.headers).toEqual({ x: '${TOKEN}' });
    expect([item.owner, item.variables]).toEqual(['me', ['TOKEN']]);
  });

  it('is not refused for what a variable stands for', () => {
    const item = parseWrittenCase(
      'load: {seconds: "${S}", rate: "${R}"}\nstores: {redis: "${REDIS_URL}"}\n',
      file,
    );
    expect(item.variables).toEqual(['R', 'REDIS_URL', 'S']);
  });

  it('is refused for everything else', () => {
    expect(facts(() => parseWrittenCase('owner: "${}"\nload: {timeout: 0s}', file)).problems).toBeUndefined();
    expect(facts(() => parseWrittenCase('load: {timeout: 0s}', file)).code).toBe('WSE703');
  });
});

describe('what was measured', () => {
  const of = (text: string, env = ENV) => parse(text, env).measured;
  const base = 'input: GET /a\nload: {cold: 3, rate: 5/s}\n';

  it('is the same whoever answers for it, in any order, whatever variables stand for', () => {
    expect(of(`owner: ada\n${base}`)).toBe(of(base));
    expect(of('load: {rate: 5/s, cold: 3}\ninput: GET /a\n')).toBe(of(base));
    const secret = 'input: {request: GET /a, headers: {x: "${TOKEN}"}}';
    expect(of(secret, { TOKEN: 'other' })).toBe(of(secret));
  });

  it.each([
    'input: GET /b',
    'expected: 201',
    'warmup: GET /c',
    'setup: schema.sql',
    'url: http://x',
  ])('%s', (more) => {
    const lines = more.startsWith('input') ? 'load: {cold: 3, rate: 5/s}\n' : base;
    expect(of(`${lines}${more}\n`)).not.toBe(of(base));
  });
});

describe('schemas/whystale.case.schema.json', () => {
  it('is the form that is read; update with: npx vitest run --project unit test/case -u', async () => {
    const text = formattedJson(caseJsonSchema());
    await expect(text).toMatchFileSnapshot('../../schemas/whystale.case.schema.json');
  });
});
