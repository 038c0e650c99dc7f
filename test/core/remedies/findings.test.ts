/** Remedies of whole histories: what stands in a finding when connections have shown the libraries behind them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { analyse } from '../../../src/core/analyse.ts';
import type { Finding } from '../../../src/core/finding.ts';
import type { ClientSession, Operation } from '../../../src/core/operation.ts';
import { pythonWith } from '../../support/engines.ts';
import { parseHistory } from '../../support/history.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'histories');

type Signs = ClientSession['signs'];
interface Service {
  readonly redis: Signs;
  readonly postgres: Signs;
}

const PYTHON: Service = {
  redis: [['lib-name', 'redis-py']],
  postgres: [
    ['startup', 'user database'],
    ['begin', 'extended BEGIN'],
  ],
};
const NODE: Service = {
  redis: [['lib-name', 'ioredis']],
  postgres: [
    ['startup', 'user database client_encoding'],
    ['client_encoding', 'UTF8'],
    ['values', 'extended'],
  ],
};

/** The shapes of test histories as SQL: `write items set price where items.id`. */
function sqlOf(shape: string): string {
  let next = 0;
  const marked = (columns: string, between: string) =>
    columns
      .split(/, ?/)
      .map((column) => `${column} = $${++next}`)
      .join(between);
  const [, verb = '', table = '', set = '', where = ''] =
    /^(write|insert) (\w+) set (.*?) where ?(.*)$/.exec(shape) ?? [];
  const condition = (columns: string) => (columns === '' ? '' : ` WHERE ${marked(columns, ' AND ')}`);
  if (verb === 'write') return `UPDATE ${table} SET ${marked(set, ', ')}${condition(where)}`;
  if (verb === 'insert')
    return `INSERT INTO ${table} (${set}) VALUES (${set
      .split(',')
      .map(() => `$${++next}`)
      .join(', ')})`;
  return shape.replace(/ where ([\w., ]+)$/, (_, columns: string) => condition(columns));
}

/** A history as it would be recorded of such a service. */
function told(operations: readonly Operation[], service: Service): Operation[] {
  const seen = new Set<string>();
  const all: Operation[] = [];
  for (const op of operations) {
    const store = op.tier === 'cache' ? 'redis' : 'postgres';
    if ((op.tier === 'cache' || op.tier === 'source') && !seen.has(op.session)) {
      seen.add(op.session);
      const at = op.invoke;
      const base = { id: op.id, session: op.session, invoke: at, return: at, status: 'ok' } as const;
      all.push({ ...base, tier: 'client', kind: 'session', store, signs: service[store] });
    }
    const statement = op.tier === 'source' && (op.kind === 'read' || op.kind === 'write');
    all.push(statement ? { ...op, shape: sqlOf(op.shape) } : op);
  }
  return all;
}

function findingsOf(file: string, service: Service): readonly Finding[] {
  const history = parseHistory(readFileSync(join(FOLDER, file), 'utf8'));
  return analyse(told(history.operations, service), { reveal: history.reveal }).findings;
}

const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.history'));
/** Causes whose remedy is no few lines of code: memory of the process, secrets, configuration, silence. */
const WITHOUT_CODE = /^WS(?:108|204|30\d)$/;

/** Words of a template that are no place. */
function literalOf(template: string): string {
  return (template.split(/\{id\}|\{hash\}/)[0] ?? '').replace(/[:|]$/, '');
}

function snippets(service: Service, language: string): string[] {
  return FILES.flatMap((file) =>
    findingsOf(file, service)
      .filter(({ code }) => !WITHOUT_CODE.test(code))
      .flatMap(({ remedy, template, code }) => {
        expect(remedy.code, `${file}: ${code}`).toBeDefined();
        const text = (remedy.code ?? []).map(({ lines }) => lines.join('\n')).join('\n');
        expect(text, file).toContain(literalOf(template));
        // A writer past the proxies is given a trigger.
        return (remedy.code ?? [])
          .filter((block) => block.language === language)
          .map(({ lines }) => lines.join('\n'));
      }),
  );
}

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'whystale-remedies-'));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('every finding of every history has code that parses, in Python', () => {
  const texts = snippets(PYTHON, 'python');
  expect(texts.length).toBeGreaterThan(40);
  inFolder((folder) => {
    const file = join(folder, 'snippets.json');
    writeFileSync(file, JSON.stringify(texts));
    // Compiled, not only parsed: a name that is given twice parses.
    const program =
      'import ast, json, sys\nfor t in json.load(open(sys.argv[1])): compile(t, t, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)';
    execFileSync(pythonWith('json'), ['-c', program, file], { encoding: 'utf8' });
  });
});

test('and in JavaScript', () => {
  const texts = snippets(NODE, 'javascript');
  expect(texts.length).toBeGreaterThan(40);
  inFolder((folder) => {
    const file = join(folder, 'snippets.mjs');
    writeFileSync(file, texts.map((text) => `async () => {\n${text}\n};\n`).join('\n'));
    execFileSync(process.execPath, ['--check', file], { encoding: 'utf8' });
  });
});

test('without signs the same findings come, with commands in place of code', () => {
  for (const file of FILES) {
    const history = parseHistory(readFileSync(join(FOLDER, file), 'utf8'));
    const bare = analyse(history.operations, { reveal: history.reveal }).findings;
    expect(findingsOf(file, PYTHON).map(({ code, key }) => `${code} ${key}`)).toEqual(
      bare.map(({ code, key }) => `${code} ${key}`),
    );
    for (const { remedy } of bare)
      for (const { language } of remedy.code ?? []) expect(['sql', 'redis']).toContain(language);
  }
});

test('the steps name the statements and the key', () => {
  const [race] = findingsOf('ws104-stale-fill-race.history', PYTHON);
  expect(race?.code).toBe('WS104');
  expect(race?.remedy.steps.join('\n')).toContain('UPDATE items SET price = $1 WHERE items.id = $2');
  expect(race?.remedy.steps.join('\n')).toContain('item:{id}');
  expect(race?.remedy.code?.[0]?.lines).toContain(
    '    row = conn.execute("select id, name, price from items WHERE items.id = %s", (id,)).fetchone()',
  );
  const [database] = findingsOf('ws102-wrong-database.history', PYTHON);
  expect(database?.remedy.steps[0]).toMatch(/remove item:\{id\} in place of item:1 in database \d/);
});
