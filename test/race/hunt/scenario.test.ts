/** The scenario of a pair: what is taken from where, what is marked, and that it can be read. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../../src/core/operation.ts';
import { readBase } from '../../../src/race/hunt/base.ts';
import { type DraftOptions, draftScenario } from '../../../src/race/hunt/draft.ts';
import type { Pair } from '../../../src/race/hunt/pairs.ts';
import { chooseRequests } from '../../../src/race/hunt/requests.ts';
import { isEdited, scenarioName, signed, writeScenario } from '../../../src/race/hunt/scenario-file.ts';
import { fits, toldBody, toldHeader } from '../../../src/race/hunt/told.ts';
import { parseScenario } from '../../../src/race/scenario/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'whystale-hunt-'));
const out = join(folder, 'app', '.whystale', 'hunt');
const BASE = `service:
  command: \${SERVICE:-node server.js}
  env: { TOKEN: "\${TOKEN}" }
  ready: GET /healthz
setup: [schema.sql, { command: bash fill.sh }]
reset: { sql: [reset.sql], redis: flushdb }
warmup: GET /items/2
actors:
  reader: GET /items/1
  writer: { request: PUT /items/1, headers: { authorization: "Bearer \${TOKEN}" }, json: { price: 12 } }
oracle: { request: GET /items/1, path: $.price, sql: select price from items where id = 1 }
faults: [crash]
`;
const env = { TOKEN: 'secret', SERVICE: '' };

beforeAll(() => {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(folder, 'app', 'base.yaml'), BASE);
  for (const name of ['schema.sql', 'reset.sql']) writeFileSync(join(folder, 'app', name), 'select 1;');
});

afterAll(() => rmSync(folder, { recursive: true }));

let ordinal = 0;
const sample = (
  method: string,
  path: string,
  rows: readonly string[] = [],
  more: Partial<HttpRequest> = {},
) => ({
  request: {
    tier: 'http',
    kind: 'request',
    id: ++ordinal,
    session: 'http:1',
    invoke: 0,
    return: 1,
    status: 'ok',
    method,
    path,
    code: 200,
    size: 2,
    ...more,
  } as HttpRequest,
  rows: new Set(rows),
});

const pairWith = (more: Partial<Pair>): Pair => ({
  reader: 'GET /items/{id}',
  writer: 'PUT /items/{id}',
  score: 0.8,
  predictions: [
    { code: 'WS104', template: 'item:{id}', score: 0.8, needs: 'ordering', why: 'a fill may come late' },
  ],
  templates: [
    { template: 'item:{id}', db: 0, sources: ['items'], changes: ['items.price'], fills: 3, commits: 2 },
  ],
  samples: {
    reader: [sample('GET', '/items/7', ['items 7'])],
    writer: [sample('PUT', '/items/7', ['items 7'])],
  },
  ...more,
});

const NOTHING: DraftOptions = {
  base: null,
  folder: out,
  recording: 'rec',
  command: ['node', 'server.js'],
  bodies: [],
  headers: [],
};

const base = () => readBase(join(folder, 'app', 'base.yaml'), env);

async function drafted(pair: Pair, options: Partial<DraftOptions> = {}) {
  const all = { ...NOTHING, ...options };
  const chosen = chooseRequests(pair, { base: all.base, bodies: all.bodies, reveal: () => undefined });
  return { chosen: chosen!, ...draftScenario(pair, chosen!, all) };
}

describe('requests', () => {
  it('are about the same row', async () => {
    const { chosen } = await drafted(
      pairWith({
        samples: {
          reader: [sample('GET', '/items/3', ['items 3']), sample('GET', '/items/9', ['items 9'])],
          writer: [sample('PUT', '/items/5', ['items 5']), sample('PUT', '/items/9', ['items 9'])],
        },
      }),
    );
    expect([chosen.reader.path, chosen.writer.path, chosen.sameRow]).toEqual(['/items/9', '/items/9', true]);
  });

  it('share an id where rows are not known', async () => {
    const { chosen } = await drafted(
      pairWith({
        samples: {
          reader: [sample('GET', '/items/3'), sample('GET', '/items/9')],
          writer: [sample('PUT', '/items/5'), sample('PUT', '/items/9')],
        },
      }),
    );
    expect([chosen.reader.path, chosen.writer.path, chosen.sameRow]).toEqual(['/items/9', '/items/9', true]);
  });

  it('are those of the base where it has them: its data holds their rows', async () => {
    const { chosen } = await drafted(pairWith({}), { base: await base() });
    expect([chosen.reader.path, chosen.writer.path]).toEqual(['/items/1', '/items/1']);
  });

  it('are not those that the warm-up asks for', async () => {
    const samples = {
      reader: [sample('GET', '/goods/2'), sample('GET', '/goods/3')],
      writer: [sample('PUT', '/goods/2'), sample('PUT', '/goods/3')],
    };
    const warmed = { ...(await base()), warmed: new Set(['/goods/2']) };
    const pair = pairWith({ reader: 'GET /goods/{id}', writer: 'PUT /goods/{id}', samples });
    expect((await drafted(pair, { base: warmed })).chosen.reader.path).toBe('/goods/3');
  });

  it('with a masked secret cannot be sent', () => {
    const samples = { reader: [sample('GET', '/items/eyJh…h:9f2c')], writer: [sample('PUT', '/items/7')] };
    expect(
      chooseRequests(pairWith({ samples }), { base: null, bodies: [], reveal: () => undefined }),
    ).toBeNull();
  });

  it('have their query where the recording holds values', () => {
    const asked = [
      ['?lang', 'h:1'],
      ['?page', 'h:2'],
    ] as const;
    const samples = {
      reader: [sample('GET', '/items/7', [], { asked })],
      writer: [sample('PUT', '/items/7')],
    };
    const reveal = (digest: string) => (digest === 'h:1' ? 'de/at' : undefined);
    const chosen = chooseRequests(pairWith({ samples }), { base: null, bodies: [], reveal });
    expect(chosen?.reader).toMatchObject({ path: '/items/7?lang=de%2Fat', unknown: ['?page'] });
  });
});

describe('a draft', () => {
  it('without a base says what it lacks', async () => {
    const { text, missing } = await drafted(pairWith({}));
    expect(missing).toEqual(["the body of PUT /items/7, which is not recorded: --body 'PUT /items/{id}=…'"]);
    for (const part of ['ready', 'setup', 'reset', 'the body of PUT /items/7'])
      expect(text).toContain(`# MISSING: ${part}`);
    expect(text).toContain('#   WS104 item:{id} 0.8: a fill may come late.');
    expect(() => parseScenario(text, join(out, 'x.yaml'), {})).toThrow(
      /"reset" is missing, and writer writes/,
    );
  });

  it('with a base is a scenario, from another folder', async () => {
    const { text, missing } = await drafted(pairWith({}), { base: await base() });
    expect(missing).toEqual([]);
    expect(text).not.toContain('secret');
    const scenario = parseScenario(text, join(out, 'x.yaml'), env);
    expect(scenario).toMatchObject({
      service: {
        cwd: join(folder, 'app'),
        env: { TOKEN: 'secret' },
        ready: { request: { path: '/healthz' } },
      },
      setup: [
        { kind: 'sql', file: join(folder, 'app', 'schema.sql') },
        { kind: 'command', command: ['bash', 'fill.sh'] },
      ],
      reset: { steps: [{ file: join(folder, 'app', 'reset.sql') }], redis: { kind: 'flushdb' } },
      warmup: [{ path: '/items/2' }],
      actors: [
        { name: 'reader', role: 'reader', requests: [{ method: 'GET', path: '/items/1' }] },
        {
          name: 'writer',
          role: 'writer',
          requests: [{ path: '/items/1', body: '{"price":12}', headers: { authorization: 'Bearer secret' } }],
        },
      ],
      start: ['cold', 'warm'],
      oracle: { compare: { kind: 'path', path: '$.price' }, sql: 'select price from items where id = 1' },
      faults: ['crash'],
    });
  });

  it("compares the reader's whole answer where the base asks for something else", async () => {
    const samples = { reader: [sample('GET', '/goods/3')], writer: [sample('PUT', '/items/3')] };
    const { text } = await drafted(pairWith({ reader: 'GET /goods/{id}', samples }), { base: await base() });
    const { oracle, actors } = parseScenario(text, join(out, 'x.yaml'), env);
    expect(oracle).toMatchObject({ request: { path: '/goods/3' }, compare: { kind: 'body' }, sql: null });
    expect(actors[1]?.requests[0].body).toBe('{"price":12}');
  });

  it('keeps what looks like a variable', async () => {
    const path = ['/goods/$', 'HOME}'].join('{');
    const samples = { reader: [sample('GET', path)], writer: [sample('PUT', '/items/3')] };
    const { text } = await drafted(pairWith({ reader: 'GET /goods/{id}', samples }), { base: await base() });
    expect(parseScenario(text, join(out, 'x.yaml'), env).actors[0]?.requests[0].path).toBe(path);
  });

  it('does not hold the answer for one row against the truth of another', async () => {
    const told = toldBody('PUT /items/7={"price":5}');
    const samples = {
      reader: [sample('GET', '/items/7', ['r'])],
      writer: [sample('PUT', '/items/7', ['r'])],
    };
    const { text } = await drafted(pairWith({ samples }), { base: await base(), bodies: [told] });
    const { oracle, actors } = parseScenario(text, join(out, 'x.yaml'), env);
    expect(actors.map(({ requests }) => requests[0].path)).toEqual(['/items/7', '/items/7']);
    expect(oracle).toMatchObject({ compare: { path: '$.price' }, sql: null });
  });

  it('takes bodies and headers that are told', async () => {
    const bodies = [toldBody('put /items/{id}={"price": 99}'), toldBody('PUT /items/{id}={"price": 7}')];
    const headers = [toldHeader('X-Tenant: acme')];
    const { text } = await drafted(pairWith({}), { base: await base(), bodies, headers });
    const { actors, oracle } = parseScenario(text, join(out, 'x.yaml'), env);
    expect(actors.map(({ name }) => name)).toEqual(['reader', 'writer']);
    expect(actors[1]?.requests[0].body).toBe('{"price":99}');
    for (const { headers: own } of [oracle.request, ...actors.map(({ requests }) => requests[0])])
      expect(own).toMatchObject({ 'x-tenant': 'acme' });
  });

  it('has a second writer where two could meet and two bodies are told', async () => {
    const bodies = [toldBody('PUT /items/{id}={"price": 99}'), toldBody('PUT /items/{id}={"price": 7}')];
    const predictions = [
      { code: 'WS109', template: 'item:{id}', score: 0.4, needs: 'second-writer', why: 'x' },
    ] as const;
    const { text } = await drafted(pairWith({ predictions }), { base: await base(), bodies });
    const { actors } = parseScenario(text, join(out, 'x.yaml'), env);
    expect(actors.map(({ name, requests }) => [name, requests[0].body])).toEqual([
      ['reader', null],
      ['writer', '{"price":99}'],
      ['writer2', '{"price":7}'],
    ]);
  });
});

describe('what is told', () => {
  it.each([
    ['PUT /items/{id}={"a": "b=c"}', { method: 'PUT', path: '/items/{id}', body: '{"a": "b=c"}' }],
    ['post /orders/7/pay=', { method: 'POST', path: '/orders/7/pay', body: null }],
  ])('%s', (text, expected) => {
    expect(toldBody(text)).toEqual({ text, ...expected });
  });

  it.each(['PUT', 'PUT /items', 'items={}', ''])('%s is no body', (text) => {
    expect(() => toldBody(text)).toThrow(/cannot be read/);
  });

  it.each(['', 'authorization', 'a b: c', 'x:'])('%s is no header', (text) => {
    expect(() => toldHeader(text)).toThrow(/cannot be read/);
  });

  it.each([
    ['/items/{id}', '/items/7', true],
    ['/items/{id}', '/items/7?page=2', true],
    ['/items/:id', '/items/7', true],
    ['/items/{id}', '/items/7/pages', false],
    ['/items/{id}', '/goods/7', false],
  ])('%s fits %s: %s', (pattern, path, expected) => {
    expect(fits(pattern, path)).toBe(expected);
  });
});

describe('a file', () => {
  it('is written anew until somebody edits it', () => {
    const path = join(folder, 'deep', 'er', 'a.yaml');
    expect(writeScenario(path, 'a: 1\n').edited).toBe(false);
    expect(writeScenario(path, 'a: 2\n')).toEqual({ text: signed('a: 2\n'), edited: false });
    const edited = readFileSync(path, 'utf8').replace('a: 2', 'a: 3');
    writeFileSync(path, edited);
    expect(isEdited(edited)).toBe(true);
    expect(writeScenario(path, 'a: 4\n')).toEqual({ text: edited, edited: true });
    expect(readFileSync(path, 'utf8')).toBe(edited);
  });

  it('has a name that no other has', () => {
    const taken = new Set(['get-items-id--put-items-id']);
    expect(scenarioName('GET /items/{id}', 'PUT /items/{id}', new Set())).toBe('get-items-id--put-items-id');
    expect(scenarioName('GET /items/{id}', 'PUT /items/{id}', taken)).toBe('get-items-id--put-items-id-2');
  });
});
