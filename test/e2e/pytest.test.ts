/** `whystale watch -- pytest`: tests that pass although the cache is stale, and what watching them says. */
import { cpSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type FindingsDocument, FindingsSchema } from '../../src/report/findings-document.ts';
import { type CliEnd, withWhystale } from '../support/cli.ts';
import { pythonWith, withPostgres, withRedis } from '../support/engines.ts';

const whystale = withWhystale();
const redis = withRedis();
const postgres = withPostgres();
const EXAMPLE = resolve(import.meta.dirname, '../../examples/pytest-shop');

/** A copy of the project, so that nothing is written into the examples. */
function project(): string {
  const folder = join(whystale.folder('pytest'), 'shop');
  cpSync(EXAMPLE, folder, { recursive: true });
  return folder;
}

async function watchTests(
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<CliEnd & { readonly document: FindingsDocument }> {
  const python = pythonWith('pytest', 'httpx', 'fastapi', 'psycopg', 'redis');
  const stores = ['--redis', redis.url(), '--postgres', postgres.url()];
  const end = await whystale.run(['watch', '--json', ...stores, '--', python, '-m', 'pytest'], {
    cwd: folder,
    env: { PYTHONDONTWRITEBYTECODE: '1', ...env },
  });
  return { ...end, document: FindingsSchema.parse(JSON.parse(end.stdout)) as FindingsDocument };
}

/** Puts into the project what test runners do: a database of its own, made before the tests and dropped after them. */
function withOwnDatabase(folder: string): string {
  const file = join(folder, 'conftest.py');
  const own = `
import os
from urllib.parse import urlsplit

import psycopg

ADMIN = os.environ["DATABASE_URL"]
os.environ["DATABASE_URL"] = urlsplit(ADMIN)._replace(path="/test_own").geturl()


def administer(statement):
    with psycopg.connect(ADMIN, autocommit=True) as connection:
        connection.execute(statement)


def pytest_sessionstart(session):
    administer("CREATE DATABASE test_own")


def pytest_sessionfinish(session, exitstatus):
    administer("DROP DATABASE test_own")
`;
  const fixtures = `\nfrom fixtures import client, database\n`;
  cpSync(file, join(folder, 'fixtures.py'));
  writeFileSync(file, own + fixtures);
  return folder;
}

const FINDING = {
  code: 'WS101',
  template: 'product:{id}',
  key: 'product:1',
  confidence: 'proved',
  hits: 1,
  writer: expect.stringMatching(/^UPDATE products SET price = /),
};

describe('tests that pass although the cache is stale', () => {
  test('end with 1 and the finding', async () => {
    const end = await watchTests(project());
    expect(end.document.findings, end.stderr).toMatchObject([FINDING]);
    expect(end.document.child).toEqual({ exitCode: 0, signal: null });
    expect(end.stderr).toContain('4 passed');
    expect(end.exitCode).toBe(1);
  });

  test('of the mended service end with 0', async () => {
    const end = await watchTests(project(), { SHOP_FIXED: '1' });
    expect(end.document.findings, end.stderr).toEqual([]);
    expect(end.document.coverage).toMatchObject({ templates: 1, templatesWithLineage: 1 });
    expect(end.exitCode).toBe(0);
  });

  test('are understood in a database that they make and drop, and what is not seen there is said', async () => {
    const end = await watchTests(withOwnDatabase(project()));
    expect(end.document.findings, end.stderr).toMatchObject([FINDING]);
    expect(end.document.templates).toMatchObject([{ sources: ['test_own.public.products'] }]);
    expect(end.stderr).toContain('4 passed');
    expect(end.stderr).toMatch(/uses the database test_own, besides test_\d+\..*change stream is not read/);
    expect(end.exitCode).toBe(1);
    expect(await postgres.sql(`SELECT FROM pg_database WHERE datname = 'test_own'`)).toEqual([]);
  });
});
