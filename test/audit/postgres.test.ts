/** The audit of a real PostgreSQL: roles of every kind, logins with and without a password. */
import { expect, test } from 'vitest';
import { exitCodeOf } from '../../src/audit/index.ts';
import { withPostgres } from '../support/engines.ts';
import { audited, find, states } from './sample.ts';

const postgres = withPostgres();

async function loginAs(role: string, attributes: string): Promise<string> {
  await postgres.sql(`DROP ROLE IF EXISTS ${role}`);
  await postgres.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'Pl4nt3d-role-1' ${attributes}`);
  const url = new URL(postgres.url());
  url.username = role;
  url.password = 'Pl4nt3d-role-1';
  return url.href;
}

test('a plain role over loopback is in order; what only superusers see is unknown', async () => {
  const report = await audited({ postgres: [await loginAs('plain_app', '')] });
  expect(states(report)).toEqual({
    'postgres.connection': 'ok',
    'postgres.login': 'ok',
    'postgres.password': 'ok',
    'postgres.role': 'ok',
    'postgres.access-rules': 'unknown',
    'postgres.exposure': 'ok',
    'postgres.tls': 'not-applicable',
    'postgres.unprotected-store': 'not-applicable',
  });
  expect(exitCodeOf(report, 'warn')).toBe(0);
  expect(JSON.stringify(report)).not.toContain('Pl4nt3d');
});

test('a superuser is bad, and sees the rules', async () => {
  const report = await audited({ postgres: [postgres.url()] });
  expect(states(report)).toMatchObject({ 'postgres.role': 'bad', 'postgres.access-rules': 'ok' });
  expect(find(report, 'postgres.role').mend).toContain('NOSUPERUSER');
  expect(exitCodeOf(report, 'bad')).toBe(1);
  expect(exitCodeOf(report, 'never')).toBe(0);
  expect(JSON.stringify(report)).not.toContain(postgres.password());
});

test.each([
  ['CREATEROLE CREATEDB', 'warn', 'CREATEROLE, CREATEDB'],
  ['BYPASSRLS', 'warn', 'BYPASSRLS'],
  ['IN ROLE pg_execute_server_program', 'bad', 'pg_execute_server_program'],
])('a role with %s is %s', async (attributes, state, said) => {
  const report = await audited({ postgres: [await loginAs('more_app', attributes)] });
  expect(find(report, 'postgres.role')).toMatchObject({ state, evidence: expect.stringContaining(said) });
});

test('a wrong password ends with 4', async () => {
  const report = await audited({ postgres: [postgres.url().replace(postgres.password(), 'Pl4nt3d-wrong')] });
  expect(states(report)).toEqual({ 'postgres.connection': 'unknown' });
  expect(exitCodeOf(report, 'bad')).toBe(4);
  expect(JSON.stringify(report)).not.toContain('Pl4nt3d');
});
