/** The audit of a real Redis: users of every kind, secrets in it, TLS; and that nothing is changed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { exitCodeOf } from '../../src/audit/index.ts';
import { freePort } from '../../src/engines/ports.ts';
import { startRedis } from '../../src/engines/redis.ts';
import { askRedis } from '../../src/engines/redis-probe.ts';
import { makeCertificates } from '../support/certificates.ts';
import { withRedis } from '../support/engines.ts';
import { audited, find, PLANTED, states } from './sample.ts';

const ADMIN_PASSWORD = 'admin-Pl4nt3d-1';
const redis = withRedis({ password: ADMIN_PASSWORD });

const asAdmin = (...commands: readonly (readonly string[])[]) =>
  askRedis(redis.port(), [['AUTH', ADMIN_PASSWORD], ['SELECT', String(redis.db())], ...commands]);
const url = (user: string, password: string) =>
  `redis://${user}:${password}@127.0.0.1:${redis.port()}/${redis.db()}`;
const admin = () => `redis://:${ADMIN_PASSWORD}@127.0.0.1:${redis.port()}`;

/** A user that may do what a cache needs, and no more. */
const GOOD = [
  'on',
  '>app-Pl4nt3d-1',
  '~item:*',
  '-@all',
  '+@read',
  '+@write',
  '+@connection',
  '+acl|whoami',
  '+scan',
  '+dbsize',
  '-@dangerous',
  '-@scripting',
];

beforeEach(async () => {
  await asAdmin(['ACL', 'SETUSER', 'app', 'reset', ...GOOD]);
});

describe('a store in order', () => {
  test('has every item ok, asked by an administrator for the rules', async () => {
    await asAdmin(
      ['SET', 'item:1', '{"id":1,"name":"lamp","price":12.5}'],
      ['HSET', 'item:2', 'name', 'shade'],
    );
    const report = await audited({ redis: [url('app', 'app-Pl4nt3d-1')], redisAdmin: admin() });
    const bad = report.items.filter(({ state }) => state !== 'ok' && state !== 'not-applicable');
    expect(bad).toEqual([]);
    expect(report.verdict).toBe('ok');
    expect(exitCodeOf(report, 'warn')).toBe(0);
    expect(find(report, 'redis.key-patterns').evidence).toBe('~item:*');
    expect(find(report, 'redis.value-secrets').evidence).toContain('values of 2 of 2 keys');
  });

  test('says unknown, not ok, where the application may not ask', async () => {
    await asAdmin(['SET', 'item:1', '1']);
    const report = await audited({ redis: [url('app', 'app-Pl4nt3d-1')] });
    expect(states(report)).toMatchObject({
      'redis.login': 'ok',
      'redis.user': 'ok',
      'redis.server-commands': 'unknown',
      'redis.keyspace-commands': 'unknown',
      'redis.scripts': 'ok',
      'redis.key-patterns': 'unknown',
      'redis.protected-mode': 'unknown',
    });
    expect(find(report, 'redis.server-commands')).toMatchObject({
      evidence: expect.stringMatching(/^ACL, CONFIG, MODULE refused; /),
      mend: expect.stringContaining('--redis-admin'),
    });
    expect(exitCodeOf(report, 'bad')).toBe(0);
  });
});

describe('a store in disorder', () => {
  test('has what the default user may do, and every key pattern', async () => {
    const report = await audited({ redis: [admin()] });
    expect(states(report)).toMatchObject({
      'redis.login': 'ok',
      'redis.user': 'warn',
      'redis.server-commands': 'bad',
      'redis.keyspace-commands': 'bad',
      'redis.scripts': 'warn',
      'redis.key-patterns': 'warn',
      'redis.tls': 'not-applicable',
      'redis.unprotected-store': 'not-applicable',
    });
    expect(find(report, 'redis.keyspace-commands').evidence).toBe(
      'user default may run FLUSHALL, FLUSHDB, KEYS',
    );
    expect(find(report, 'redis.server-commands').evidence).toContain('SHUTDOWN');
    expect(exitCodeOf(report, 'bad')).toBe(1);
  });

  test.each([
    ['+keys', 'redis.keyspace-commands', 'warn', 'KEYS'],
    ['+flushdb', 'redis.keyspace-commands', 'bad', 'FLUSHDB'],
    ['+replicaof', 'redis.server-commands', 'bad', 'REPLICAOF'],
    ['+eval', 'redis.scripts', 'warn', 'EVAL'],
    ['%R~*', 'redis.key-patterns', 'warn', '%R~*'],
  ])('%s makes %s %s', async (rule, id, state, said) => {
    await asAdmin(['ACL', 'SETUSER', 'app', rule]);
    const report = await audited({ redis: [url('app', 'app-Pl4nt3d-1')], redisAdmin: admin() });
    expect(find(report, id)).toMatchObject({ state, evidence: expect.stringContaining(said) });
  });

  test('the mend of the commands mends them', async () => {
    await asAdmin(['ACL', 'SETUSER', 'app', '+@all']);
    const flags = { redis: [url('app', 'app-Pl4nt3d-1')], redisAdmin: admin() };
    for (const id of ['redis.server-commands', 'redis.keyspace-commands', 'redis.scripts']) {
      const { mend } = find(await audited(flags), id);
      const words = /ACL SETUSER .*/.exec(mend ?? '')?.[0].split(' ');
      if (words !== undefined) await asAdmin(words);
      expect(find(await audited(flags), id).state, id).toBe('ok');
    }
  });
});

describe('secrets in it', () => {
  const plant = () =>
    asAdmin(
      ['SET', 'item:1', JSON.stringify({ name: 'a', password_hash: PLANTED.hash })],
      ['SET', `item:${PLANTED.jwt}`, '1'],
      ['HSET', 'item:h', 'api_key', PLANTED.apiKey],
      ['RPUSH', 'item:l', 'x', JSON.stringify({ card_number: PLANTED.card })],
      ['SADD', 'item:s', PLANTED.jwt],
      ['ZADD', 'item:z', '1', PLANTED.jwt],
      ['XADD', 'item:x', '*', 'payload', JSON.stringify({ token: PLANTED.jwt })],
    );

  test('are found in names, strings and collections, and never shown', async () => {
    await plant();
    const report = await audited({ redis: [url('app', 'app-Pl4nt3d-1')] });
    expect(find(report, 'redis.key-secrets')).toMatchObject({
      state: 'bad',
      evidence: expect.stringContaining('a JWT in its name'),
    });
    const { state, evidence } = find(report, 'redis.value-secrets');
    expect(state).toBe('bad');
    expect(report.findings.every(({ code }) => code === 'WS301')).toBe(true);
    expect(evidence).toContain('item:{id} holds ');
    expect(evidence).toContain('and 1 more');
    expect(evidence).toContain('values of 7 of 7 keys looked at');
    const shown = JSON.stringify(report);
    for (const secret of [...Object.values(PLANTED), 'app-Pl4nt3d-1']) expect(shown).not.toContain(secret);
  });

  test.each<[string, readonly string[]]>([
    ['a password hash at password_hash', ['SET', 'item:1', JSON.stringify({ password_hash: PLANTED.hash })]],
    ['an API key at api_key', ['HSET', 'item:1', 'api_key', PLANTED.apiKey]],
    ['a card number at card_number', ['RPUSH', 'item:1', JSON.stringify({ card_number: PLANTED.card })]],
    ['a JWT', ['ZADD', 'item:1', '1', PLANTED.jwt]],
    ['a JWT at token', ['XADD', 'item:1', '*', 'payload', JSON.stringify({ token: PLANTED.jwt })]],
  ])('%s', async (what, command) => {
    await asAdmin(command);
    const report = await audited({ redis: [url('app', 'app-Pl4nt3d-1')] });
    expect(find(report, 'redis.value-secrets').evidence).toBe(
      `item:1 holds ${what}. (values of 1 of 1 key looked at)`,
    );
  });

  test('what may not be read is told', async () => {
    await asAdmin(['SET', 'other:1', 'x'], ['SET', 'other:2', 'x']);
    const report = await audited({ redis: [url('app', 'app-Pl4nt3d-1')] });
    expect(find(report, 'redis.value-secrets')).toMatchObject({
      state: 'unknown',
      evidence: 'values of 0 of 2 keys looked at, 2 more could not be read',
    });
    await asAdmin(['ACL', 'SETUSER', 'app', '-scan']);
    const blind = await audited({ redis: [url('app', 'app-Pl4nt3d-1')] });
    expect(find(blind, 'redis.key-secrets')).toMatchObject({
      state: 'unknown',
      evidence: expect.stringContaining('NOPERM'),
    });
  });

  test('looking changes nothing, and asks for nothing that would', async () => {
    await plant();
    const facts = async () => {
      const [, , all, persistence] = await asAdmin(['INFO', 'commandstats'], ['INFO', 'persistence']);
      return { calls: String(all), changes: /changes_since_last_save:\d+/.exec(String(persistence))?.[0] };
    };
    await asAdmin(['CONFIG', 'RESETSTAT']);
    const before = (await facts()).changes;
    await audited({ redis: [admin()] });
    const { calls, changes } = await facts();
    expect(changes).toBe(before);
    const called = [...calls.matchAll(/cmdstat_([\w|-]+):/g)].map(([, name]) => name);
    const allowed =
      /^(auth|hello|select|ping|info|client\|.*|acl\|(whoami|getuser)|config\|(get|resetstat)|command\|info|module\|list|evalsha|scan|dbsize|type|getrange|hscan|lrange|sscan|zrange|xrange|memory\|usage)$/;
    expect(called.filter((name) => !allowed.test(name ?? ''))).toEqual([]);
  });
});

describe('a store with TLS, without protected mode, with a renamed command', () => {
  let folder = '';
  let stop: () => Promise<void> = async () => {};
  let port = 0;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'whystale-audit-tls-'));
    const { ca, cert, key } = makeCertificates(folder);
    port = await freePort();
    const renamed = join(folder, 'renamed.conf');
    writeFileSync(renamed, 'rename-command FLUSHALL ""\n');
    const settings = {
      'tls-port': String(port),
      'tls-cert-file': cert,
      'tls-key-file': key,
      'tls-ca-cert-file': ca,
      'tls-auth-clients': 'no',
      'protected-mode': 'no',
      include: renamed,
    };
    const engine = await startRedis({ emulate: false, parentFolder: folder, settings });
    stop = () => engine.stop();
  });
  afterAll(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is in order with a certificate that is checked, and worth a look without', async () => {
    const base = `rediss://127.0.0.1:${port}/0`;
    const checked = await audited({ redis: [`${base}?ssl_ca_certs=${join(folder, 'ca.pem')}`] });
    expect(find(checked, 'redis.tls').state).toBe('ok');
    const unchecked = await audited({ redis: [`${base}?ssl_cert_reqs=none`] });
    expect(find(unchecked, 'redis.tls')).toMatchObject({
      state: 'warn',
      mend: expect.stringContaining('ssl_ca_certs'),
    });
    expect(states(unchecked)).toMatchObject({
      'redis.login': 'warn',
      'redis.protected-mode': 'bad',
      'redis.exposure': 'ok',
      'redis.renamed': 'ok',
    });
    expect(find(unchecked, 'redis.keyspace-commands').evidence).toBe('user default may run FLUSHDB, KEYS');
  });
});

test('a store that does not answer ends with 4, unless something is bad', async () => {
  const port = await freePort();
  const report = await audited({ redis: [`redis://:${PLANTED.password}@127.0.0.1:${port}`] });
  expect(states(report)).toEqual({ 'redis.connection': 'unknown' });
  expect(find(report, 'redis.connection').mend).toContain('redis-server --port');
  expect(exitCodeOf(report, 'bad')).toBe(4);
  const both = await audited({ redis: [`gone=redis://127.0.0.1:${port}`, `here=${admin()}`] });
  expect(states(both)).toMatchObject({
    'redis[gone].connection': 'unknown',
    'redis[here].server-commands': 'bad',
  });
  expect(exitCodeOf(both, 'bad')).toBe(1);
  expect(JSON.stringify([report, both])).not.toMatch(new RegExp(`${PLANTED.password}|${ADMIN_PASSWORD}`));
});
