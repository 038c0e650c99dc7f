// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of scenario files look like this.
/** Scenario files: what may be left out, what may be written shorter, and what is wrong, with its place. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WhystaleError } from '../../../src/errors.ts';
import {
  parseScenario,
  readScenario,
  type Scenario,
  scenarioJsonSchema,
} from '../../../src/race/scenario/index.ts';
import { formattedJson } from '../../support/json.ts';

const folder = mkdtempSync(join(tmpdir(), 'whystale-scenario-'));

beforeAll(() => {
  writeFileSync(join(folder, 'schema.sql'), 'create table items (id int);\n');
  writeFileSync(join(folder, 'reset.sql'), 'update items set id = 1;\n');
});

afterAll(() => rmSync(folder, { recursive: true }));

const ENV = { TOKEN: 'secret-token', EMPTY: '', SECRET: 'x y', SECONDS: '12' };

const parse = (text: string, env: Readonly<Record<string, string>> = ENV): Scenario =>
  parseScenario(text, join(folder, 'race.yaml'), env);

function facts(run: () => unknown): WhystaleError['facts'] {
  try {
    run();
  } catch (error) {
    if (error instanceof WhystaleError) return error.facts;
    throw error;
  }
  throw new Error('no error');
}

/** The least there can be. */
const LEAST = `service:
  command: node server.js
reset: reset.sql
actors:
  reader: GET /items/1
  writer: PUT /items/1
oracle: GET /items/1
`;

const FULL = `service:
  command: uvicorn app:app --port {port}
  cwd: app
  env: { REDIS_URL: "{redis}", DATABASE_URL: "{postgres}", SECRET: "\${SECRET}", VERSION: 1.10, DEBUG: true }
  ready: { request: GET /healthz, within: 5s }
stores: { redis: embedded, postgres: "postgresql://u@127.0.0.1/scratch" }
setup: { sql: schema.sql }
reset:
  sql: reset.sql
  redis: { delete: ["sets:*"] }
warmup: [GET /items/2]
actors:
  reader: GET /items/1
  writer:
    request: PUT /items/1
    headers: { Authorization: "Bearer \${TOKEN}" }
    json: { name: "new \${SECRET}", price: 3 }
    env: { WHO: writer }
start: [cold, warm]
oracle:
  { request: GET /items/1, headers: {}, path: $.name, sql: "select name from items where id = 1" }
silent: { redis: [publish], sql: [] }
faults: [crash, reset, reply-lost, expire]
faultBudget: 2
scripts: declared
settle: 250ms
limits: { executions: 100, seconds: "\${SECONDS}", execution: 2s }
`;

const REQUEST = { method: 'GET', path: '/items/1', headers: {}, body: null };

describe('a scenario', () => {
  it('with everything', () => {
    expect(parse(FULL)).toEqual({
      file: join(folder, 'race.yaml'),
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      service: {
        command: ['uvicorn', 'app:app', '--port', '{port}'],
        cwd: join(folder, 'app'),
        env: {
          REDIS_URL: '{redis}',
          DATABASE_URL: '{postgres}',
          SECRET: 'x y',
          VERSION: '1.10',
          DEBUG: 'true',
        },
        ready: { request: { ...REQUEST, path: '/healthz' }, withinMs: 5_000 },
      },
      stores: { redis: 'embedded', postgres: 'postgresql://u@127.0.0.1/scratch' },
      setup: [{ kind: 'sql', file: join(folder, 'schema.sql'), text: 'create table items (id int);\n' }],
      reset: {
        steps: [{ kind: 'sql', file: join(folder, 'reset.sql'), text: 'update items set id = 1;\n' }],
        redis: { kind: 'delete', patterns: ['sets:*'] },
      },
      warmup: [{ ...REQUEST, path: '/items/2' }],
      actors: [
        { name: 'reader', role: 'reader', requests: [REQUEST], env: {} },
        {
          name: 'writer',
          role: 'writer',
          requests: [
            {
              method: 'PUT',
              path: '/items/1',
              headers: { authorization: 'Bearer secret-token', 'content-type': 'application/json' },
              body: '{"name":"new x y","price":3}',
            },
          ],
          env: { WHO: 'writer' },
        },
      ],
      start: ['cold', 'warm'],
      oracle: {
        request: REQUEST,
        compare: { kind: 'path', path: '$.name' },
        sql: 'select name from items where id = 1',
        model: 'final-state',
        deltaMs: null,
      },
      silent: { redis: ['PUBLISH'], sql: [] },
      scripts: 'declared',
      faults: ['crash', 'reset', 'reply-lost', 'expire'],
      faultBudget: 2,
      limits: { executions: 100, seconds: 12, executionMs: 2_000 },
      settleMs: 250,
    } satisfies Scenario);
  });

  it('with as little as there can be', () => {
    const { file, digest, ...scenario } = parse(LEAST);
    expect(scenario).toEqual({
      service: { command: ['node', 'server.js'], cwd: folder, env: {}, ready: null },
      stores: { redis: 'embedded', postgres: 'embedded' },
      setup: [],
      reset: {
        steps: [{ kind: 'sql', file: join(folder, 'reset.sql'), text: 'update items set id = 1;\n' }],
        redis: { kind: 'flushdb' },
      },
      warmup: [],
      actors: [
        { name: 'reader', role: 'reader', requests: [REQUEST], env: {} },
        { name: 'writer', role: 'writer', requests: [{ ...REQUEST, method: 'PUT' }], env: {} },
      ],
      start: ['cold'],
      oracle: {
        request: REQUEST,
        compare: { kind: 'body' },
        sql: null,
        model: 'final-state',
        deltaMs: null,
      },
      silent: { redis: [], sql: [] },
      scripts: 'anything',
      faults: [],
      faultBudget: 1,
      limits: { executions: 20_000, seconds: 300, executionMs: 30_000 },
      settleMs: 0,
    });
  });

  it('is the same as JSON', () => {
    const json = {
      service: { command: 'node server.js' },
      reset: 'reset.sql',
      actors: { reader: 'GET /items/1', writer: 'PUT /items/1' },
      oracle: 'GET /items/1',
    };
    const { digest, ...scenario } = parse(LEAST);
    expect(parse(JSON.stringify(json, null, '\t'))).toMatchObject(scenario);
    expect(digest).not.toBe('');
  });

  it('is read from its folder', async () => {
    writeFileSync(join(folder, 'least.yaml'), LEAST);
    const read = await readScenario(join(folder, 'least.yaml'), {});
    expect(read).toMatchObject({ file: join(folder, 'least.yaml'), service: { cwd: folder } });
  });
});

/** LEAST with some lines in place of others. */
function but(lines: Readonly<Record<string, string>>): string {
  let text = LEAST;
  for (const [field, by] of Object.entries(lines)) {
    const line = new RegExp(`^ *${field}:.*\n`, 'm');
    text = line.test(text) ? text.replace(line, () => `${by}\n`) : `${text}${by}\n`;
  }
  return text;
}

describe('short forms', () => {
  const sql = (name: string) => ({ kind: 'sql', file: join(folder, name), text: expect.any(String) });
  const command = (...words: string[]) => ({ kind: 'command', command: words });

  it.each<[string, string, Partial<Scenario>]>([
    ['setup as a file', 'setup: schema.sql', { setup: [sql('schema.sql')] } as never],
    ['setup as SQL', 'setup: { sql: schema.sql }', { setup: [sql('schema.sql')] } as never],
    [
      'setup as a command',
      'setup: { command: bash boot.sh }',
      { setup: [command('bash', 'boot.sh')] } as never,
    ],
    [
      'setup as a list',
      'setup: [schema.sql, { command: [make, "a b"] }, { sql: [reset.sql] }]',
      { setup: [sql('schema.sql'), command('make', 'a b'), sql('reset.sql')] } as never,
    ],
    ['warmup as one request', 'warmup: GET /items/1', { warmup: [REQUEST] }],
    ['start as a text', 'start: warm', { start: ['warm'] }],
    ['one fault', 'faults: crash', { faults: ['crash'] }],
    ['a fault twice', 'faults: [crash, crash]', { faults: ['crash'] }],
    ['no settling', 'settle: 0', { settleMs: 0 }],
    ['minutes', 'settle: 1.5m', { settleMs: 90_000 }],
    ['no budget', 'faultBudget: 0', { faultBudget: 0 }],
    [
      'silent as texts',
      'silent: { redis: publish, sql: NOTIFY }',
      { silent: { redis: ['PUBLISH'], sql: ['NOTIFY'] } },
    ],
    [
      'one store',
      'stores: { redis: "redis://127.0.0.1:1/3" }',
      { stores: { redis: 'redis://127.0.0.1:1/3', postgres: 'embedded' } },
    ],
  ])('%s', (_, line, expected) => {
    expect(parse(`${LEAST}${line}\n`)).toMatchObject(expected);
  });

  it.each([
    ['a file', 'reset: reset.sql', [sql('reset.sql')], { kind: 'flushdb' }],
    [
      'steps',
      'reset: [reset.sql, {command: make}]',
      [sql('reset.sql'), command('make')],
      { kind: 'flushdb' },
    ],
    [
      'SQL, then a command',
      'reset: { command: make, sql: reset.sql, redis: flushdb }',
      [sql('reset.sql'), command('make')],
      { kind: 'flushdb' },
    ],
    ['Redis alone', 'reset: { redis: flushdb }', [], { kind: 'flushdb' }],
    ['one pattern', 'reset: { redis: { delete: "a:*" } }', [], { kind: 'delete', patterns: ['a:*'] }],
    [
      'commands of Redis',
      `reset: { redis: ['set "a b" 1', [SET, c, 1.10], "del 'x\\"y'"] }`,
      [],
      {
        kind: 'commands',
        commands: [
          ['set', 'a b', '1'],
          ['SET', 'c', '1.10'],
          ['del', 'x"y'],
        ],
      },
    ],
  ])('reset as %s', (_, line, steps, redis) => {
    expect(parse(but({ reset: line })).reset).toEqual({ steps, redis });
  });

  it.each([
    ['a request', 'writer: post  /a?b=c', 'writer', [{ ...REQUEST, method: 'POST', path: '/a?b=c' }]],
    ['HEAD', 'writer: HEAD /a', 'reader', [{ ...REQUEST, method: 'HEAD', path: '/a' }]],
    ['fields', 'writer: {request: GET /items/1, role: writer}', 'writer', [REQUEST]],
    [
      'a POST that reads',
      'writer: {request: POST /search, role: reader}',
      'reader',
      [{ ...REQUEST, method: 'POST', path: '/search' }],
    ],
    [
      'a list',
      'writer: [GET /items/1, {request: PUT /items/1, body: x}]',
      'writer',
      [REQUEST, { ...REQUEST, method: 'PUT', body: 'x' }],
    ],
    [
      'requests with headers in common',
      'writer: {headers: {A: 1}, requests: [GET /items/1, {request: GET /items/1, headers: {a: 2, b: 3}}]}',
      'reader',
      [
        { ...REQUEST, headers: { a: '1' } },
        { ...REQUEST, headers: { a: '2', b: '3' } },
      ],
    ],
    [
      'a form',
      'writer: {request: POST /a, form: {name: a b, n: 1.50, many: [x, 2]}}',
      'writer',
      [
        {
          method: 'POST',
          path: '/a',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: 'name=a+b&n=1.50&many=x&many=2',
        },
      ],
    ],
    [
      'a type of its own',
      'writer: {request: POST /a, headers: {Content-Type: application/vnd.a+json}, json: [1]}',
      'writer',
      [{ method: 'POST', path: '/a', headers: { 'content-type': 'application/vnd.a+json' }, body: '[1]' }],
    ],
    [
      'JSON that is null',
      'writer: {request: POST /a, json: null}',
      'writer',
      [{ method: 'POST', path: '/a', headers: { 'content-type': 'application/json' }, body: 'null' }],
    ],
  ])('an actor as %s', (_, line, role, requests) => {
    expect(parse(but({ '  writer': `  ${line}` })).actors[1]).toEqual({
      name: 'writer',
      role,
      requests,
      env: {},
    });
  });

  it.each([
    ['a request', 'oracle: GET /items/1', { compare: { kind: 'body' }, sql: null }],
    ['the status', 'oracle: {request: GET /items/1, status: true}', { compare: { kind: 'status' } }],
    ['the body', 'oracle: {request: GET /items/1, body: true}', { compare: { kind: 'body' } }],
    [
      'a path',
      'oracle: {request: GET /items/1, path: "$[\'a b\'][0].c"}',
      { compare: { kind: 'path', path: "$['a b'][0].c" } },
    ],
    [
      'the whole document',
      'oracle: {request: GET /items/1, path: $}',
      { compare: { kind: 'path', path: '$' } },
    ],
    [
      'a bound',
      'oracle: {request: GET /items/1, model: bounded-staleness, delta: 2s}',
      { model: 'bounded-staleness', deltaMs: 2000 },
    ],
    [
      'a model',
      'oracle: {request: GET /items/1, model: read-your-writes}',
      { model: 'read-your-writes', deltaMs: null },
    ],
    [
      'a query',
      'oracle: {request: POST /q, json: {q: 1}}',
      {
        request: {
          method: 'POST',
          path: '/q',
          headers: { 'content-type': 'application/json' },
          body: '{"q":1}',
        },
      },
    ],
  ])('the oracle by %s', (_, line, expected) => {
    expect(parse(but({ oracle: line })).oracle).toMatchObject(expected);
  });

  it.each([
    ['a word', 'ready: GET /h', { request: { method: 'GET', path: '/h' }, withinMs: 30_000 }],
    ['headers', 'ready: {request: GET /h, headers: {A: b}}', { request: { headers: { a: 'b' } } }],
  ])('ready as %s', (_, line, expected) => {
    expect(parse(but({ '  command': `  command: x\n  ${line}` })).service.ready).toMatchObject(expected);
  });
});

describe('a command', () => {
  it.each<[string, readonly string[]]>([
    ['uvicorn app:app --port {port}', ['uvicorn', 'app:app', '--port', '{port}']],
    [`python3 -c "print('a b')" 'c d' e\\ f ""`, ['python3', '-c', "print('a b')", 'c d', 'e f', '']],
    ['"a\\"b\\n" x', ['a"b\\n', 'x']],
    ['FOO=1 BAR="a b" node server.js', ['sh', '-c', 'FOO=1 BAR="a b" exec node server.js']],
    ['node $SCRIPT > log', ['sh', '-c', 'exec node $SCRIPT > log']],
    ['cd app && node server.js', ['sh', '-c', 'cd app && node server.js']],
    ['FOO=1 a | b', ['sh', '-c', 'FOO=1 a | b']],
    ['cd app', ['sh', '-c', 'cd app']],
    ["echo 'a && b'", ['echo', 'a && b']],
    ['echo "$HOME"', ['sh', '-c', 'exec echo "$HOME"']],
    ['~/bin/serve', ['sh', '-c', 'exec ~/bin/serve']],
    ['java -Dx={redis.host}', ['java', '-Dx={redis.host}']],
  ])('%s', (text, words) => {
    const quoted = JSON.stringify(text);
    expect(parse(but({ '  command': `  command: ${quoted}` })).service.command).toEqual(words);
  });

  it('is left as it is when it is a list', () => {
    const { command } = parse(but({ '  command': '  command: [sh, -c, "a && b"]' })).service;
    expect(command).toEqual(['sh', '-c', 'a && b']);
  });
});

describe('variables', () => {
  const body = (text: string) =>
    parse(but({ '  writer': `  writer: {request: PUT /a, body: ${JSON.stringify(text)}}` })).actors[1]!
      .requests[0].body;
  it.each([
    ['${TOKEN}', 'secret-token'],
    ['a ${TOKEN} b ${TOKEN}', 'a secret-token b secret-token'],
    ['${NONE:-x y}', 'x y'],
    ['${NONE:-}', ''],
    ['${EMPTY}', ''],
    ['${EMPTY:-z}', 'z'],
    ['$${TOKEN}', '${TOKEN}'],
    ['$TOKEN $', '$TOKEN $'],
  ])('%s', (text, expected) => {
    expect(body(text)).toBe(expected);
  });
});

describe('what is wrong', () => {
  it.each<[string, Record<string, string>, string, RegExp]>([
    [
      'an unknown field',
      { setup: 'setpu: schema.sql' },
      '8:1',
      /unknown field "setpu"; did you mean "setup"/,
    ],
    ['an unknown field within', { '  command': '  comand: x' }, '2:3', /did you mean "command"/],
    [
      'an unknown field of one form of several',
      { '  writer': '  writer: { request: PUT /a, header: {} }' },
      '6:30',
      /did you mean "headers"/,
    ],
    [
      'an unknown field of the oracle',
      { oracle: 'oracle: {request: GET /a, modle: x}' },
      '7:27',
      /did you mean "model"/,
    ],
    ['a field that resembles none', { x: 'zzzzzzz: 1' }, '8:1', /unknown field "zzzzzzz"$/],
    ['no service', { service: '# none', '  command': '# none' }, '3:1', /"service" is missing/],
    ['no command', { '  command': '  cwd: .' }, '1:1', /"command" is missing/],
    ['no oracle', { oracle: '# none' }, '1:1', /"oracle" is missing/],
    ['no reset for a writer', { reset: '# none' }, '1:1', /"reset" is missing, and writer writes/],
    [
      'an empty command',
      { '  command': '  command: ""' },
      '2:12',
      /"command" has a value that is not possible/,
    ],
    ['an open quote', { '  command': "  command: run 'it" }, '2:12', /is no command/],
    ['a wrong type', { warmup: 'warmup: 5' }, '8:9', /"warmup" has the wrong type/],
    [
      'a path without a method',
      { '  reader': '  reader: /items/1' },
      '5:11',
      /"reader" has a value that is not possible/,
    ],
    ['a request within a list', { '  reader': '  reader: [GET /a, GET]' }, '5:20', /"reader" has a value/],
    [
      'a path that cannot be sent',
      { '  reader': '  reader: GET /ä' },
      '5:11',
      /characters that cannot be sent/,
    ],
    [
      'no actor',
      { actors: 'actors: {}', '  reader': '# none', '  writer': '# none' },
      '4:9',
      /there is no actor/,
    ],
    [
      'an actor that sends nothing',
      { '  reader': '  reader: { env: {A: b} }' },
      '5:11',
      /the actor "reader" sends nothing/,
    ],
    [
      'an actor with both',
      { '  reader': '  reader: { request: GET /a, requests: [GET /b] }' },
      '5:11',
      /say the same/,
    ],
    ['a name of an actor', { '  reader': '  "a#b": GET /a' }, '5:3', /the name "a#b" is not possible/],
    [
      'two bodies',
      { '  writer': '  writer: { request: PUT /a, json: 1, body: x }' },
      '6:45',
      /json and body both give a body/,
    ],
    [
      'a body of a list of requests',
      { '  writer': '  writer: { requests: [PUT /a], json: 1 }' },
      '6:39',
      /"json" belongs to one request/,
    ],
    [
      'a header',
      { '  writer': '  writer: { request: PUT /a, headers: { "a b": 1 } }' },
      '6:48',
      /no name of a header/,
    ],
    [
      'a warm start without reader',
      { '  reader': '# none', start: 'start: [cold, warm]' },
      '8:15',
      /a warm start needs a reader/,
    ],
    ['no such start', { start: 'start: hot' }, '8:8', /"start" has a value/],
    ['no such fault', { faults: 'faults: [crash, explode]' }, '8:17', /"faults" has a value/],
    [
      'no such model',
      { oracle: 'oracle: {request: GET /a, model: eventual}' },
      '7:34',
      /"model" has a value/,
    ],
    [
      'a bound that is missing',
      { oracle: 'oracle: {request: GET /a, model: bounded-staleness}' },
      '7:1',
      /"delta" is missing/,
    ],
    [
      'a bound without meaning',
      { oracle: 'oracle: {request: GET /a, delta: 2s}' },
      '7:34',
      /"delta" has no meaning for final-state/,
    ],
    [
      'two ways to compare',
      { oracle: 'oracle: {request: GET /a, path: $.a, status: true}' },
      '7:46',
      /path and status both say/,
    ],
    [
      'a path with a wildcard',
      { oracle: 'oracle: {request: GET /a, path: "$.a[*]"}' },
      '7:33',
      /is no path to one value/,
    ],
    ['a duration without a unit', { settle: 'settle: 5' }, '8:9', /"settle"/],
    ['a duration with a wrong unit', { settle: 'settle: 5 parsecs' }, '8:9', /"settle" has a value/],
    ['a number below', { limits: 'limits: { executions: 0 }' }, '8:23', /"executions"/],
    ['a fraction', { limits: 'limits: { seconds: 1.5 }' }, '8:20', /"seconds"/],
    [
      'a file that is not there',
      { setup: 'setup: [schema.sql, nowhere.sql]' },
      '8:21',
      /nowhere.sql could not be read: it does not exist/,
    ],
    ['a step that does nothing', { setup: 'setup: {}' }, '8:8', /nothing is done here/],
    [
      'a store of another kind',
      { stores: 'stores: { redis: "mysql://x" }' },
      '8:18',
      /"redis" is no store of this kind/,
    ],
    [
      'a variable',
      { '  writer': '  writer:\n    request: PUT /a\n    headers: { a: "x ${NOPE} y" }' },
      '8:22',
      /the variable NOPE is not set/,
    ],
    [
      'a variable in a block',
      { '  writer': '  writer:\n    request: PUT /a\n    body: |\n      one\n      two ${NOPE}' },
      '10:11',
      /NOPE is not set/,
    ],
    ['a variable without a name', { '  reader': '  reader: GET /${1}' }, '5:16', /names no variable/],
    [
      'a variable that is not closed',
      { '  reader': '  reader: "GET /${TOKEN"' },
      '5:17',
      /names no variable/,
    ],
    ['nothing of Redis', { reset: 'reset: { redis: [""] }' }, '3:18', /"redis" has a value/],
  ])('%s', (_, lines, place, what) => {
    const error = facts(() => parse(but(lines)));
    expect(error.code).toBe('WSE603');
    expect(error.problems ?? []).toEqual([]);
    expect(error.what).toContain(`race.yaml:${place}: `);
    expect(error.what.replace(/\.$/, '')).toMatch(what);
    expect(error.expected).not.toBe('');
  });

  it('is told all at once, in the order of the file', () => {
    const error = facts(() =>
      parse(
        but({
          '  command': '  command: [x]\n  cwf: .',
          '  reader': '  reader: items',
          settle: 'settle: soon',
          '  writer': '  writer: PUT /${NOPE}',
        }),
      ),
    );
    expect(error.problems?.map((text) => text.replace(/^.*race\.yaml:/, '').split('. ')[0])).toEqual([
      '3:3: unknown field "cwf"; did you mean "cwd"? One of command, cwd, env, ready.',
      '6:11: "reader" has a value that is not possible',
      '7:16: the variable NOPE is not set',
      '9:9: "settle" has a value that is not possible',
    ]);
    expect(error.next).toContain('lines 3, 6, 7, 9');
  });

  it('is bounded', () => {
    const lines = Array.from({ length: 60 }, (_, i) => `  bad${i}: x`);
    const { problems } = facts(() => parse(`${LEAST}stores:\n${lines.join('\n')}\n`));
    expect(problems).toHaveLength(21);
    expect(problems?.at(-1)).toBe('…and 40 more.');
  });

  it('is no YAML', () => {
    const error = facts(() => parse('service: [\n'));
    expect(error.code).toBe('WSE602');
    expect(error.what).toMatch(/race\.yaml:\d+:\d+: /);
  });

  it('is not there', async () => {
    await expect(readScenario(join(folder, 'none.yaml'), {})).rejects.toMatchObject({
      facts: { code: 'WSE601', exitCode: 2 },
    });
  });

  it('is said of anything else, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(facts(() => parse(text)).code).toMatch(/^WSE60[23]$/);
      }),
      { numRuns: 200 },
    );
  });

  it('is refused or read, whatever stands in place of a value', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.jsonValue(), (line, value) => {
        const lines = FULL.split('\n');
        lines[line] = (lines[line] ?? '').replace(/: .*$/, `: ${JSON.stringify(value)}`);
        try {
          parse(lines.join('\n'));
        } catch (error) {
          if (!(error instanceof WhystaleError)) throw error;
          expect(error.facts.code).toMatch(/^WSE60[23]$/);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('schemas/whystale.scenario.schema.json', () => {
  it('is the form that is read; update with: npx vitest run --project unit test/race/scenario -u', async () => {
    const text = formattedJson(scenarioJsonSchema());
    await expect(text).toMatchFileSnapshot('../../../schemas/whystale.scenario.schema.json');
  });
});
