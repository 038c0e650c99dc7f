/** How an audit is told: test/golden/audit*. Update with `npx vitest run --project unit test/audit/report.test.ts -u`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CATALOGUE, type ItemName, itemMaker } from '../../src/audit/catalogue.ts';
import {
  type AuditItem,
  type AuditReport,
  exitCodeOf,
  type ItemState,
  verdictOf,
} from '../../src/audit/contract.ts';
import { auditMarkdown, auditText } from '../../src/report/audit-text.ts';
import { PLAIN } from '../../src/report/style.ts';
import { whystale } from '../cli/frame.ts';
import { freePort } from '../support/engines.ts';

const redis = itemMaker('redis://app@cache.example:6379/0');
const http = itemMaker('http://127.0.0.1:8000');

function reportOf(items: readonly AuditItem[], unreachable: readonly string[] = []): AuditReport {
  const count = (state: ItemState) => items.filter((item) => item.state === state).length;
  return {
    format: 'whystale-audit/1',
    verdict: verdictOf(items),
    summary: {
      bad: count('bad'),
      warn: count('warn'),
      unknown: count('unknown'),
      ok: count('ok'),
      'not-applicable': count('not-applicable'),
    },
    unreachable,
    items,
    findings: [],
  };
}

const SAMPLE = reportOf([
  redis('redis.connection', { state: 'ok', evidence: 'it answers' }),
  redis('redis.login', {
    state: 'bad',
    evidence: 'the default user has no password, and other machines can reach it',
    mend: 'redis-cli -u "$REDIS_URL" ACL SETUSER default resetpass off',
  }),
  redis('redis.tls', { state: 'not-applicable', evidence: 'the connection stays on this machine' }),
  redis('redis.renamed', {
    state: 'unknown',
    evidence: 'COMMAND INFO may not be asked',
    mend: '--redis-admin URL',
  }),
  http('http.vary-accept', {
    state: 'warn',
    evidence: '/items/1|x differs by \u001b[31mAccept\n`and` more',
    mend: 'send Vary: Accept',
  }),
]);

test('text', async () => {
  await expect(auditText(SAMPLE, { width: 100, style: PLAIN })).toMatchFileSnapshot('../golden/audit.txt');
});

test('Markdown', async () => {
  await expect(auditMarkdown(SAMPLE)).toMatchFileSnapshot('../golden/audit.md');
});

describe('exit codes', () => {
  const of = (...states: readonly ItemState[]) =>
    reportOf(states.map((state) => redis('redis.login', { state, evidence: '' })));
  const minor = redis('redis.user', { state: 'ok', evidence: '' });

  test.each<[string, AuditReport, number, number, number]>([
    ['bad', of('ok', 'bad', 'unknown'), 1, 1, 0],
    ['warn', of('ok', 'warn'), 0, 1, 0],
    ['ok', of('ok', 'not-applicable'), 0, 0, 0],
    ['some unknown', of('ok', 'unknown'), 0, 0, 0],
    ['all unknown', of('unknown', 'not-applicable'), 3, 3, 3],
    ['all that matters unknown', { ...of('unknown'), items: [...of('unknown').items, minor] }, 3, 3, 3],
    ['nothing there', of('not-applicable'), 3, 3, 3],
    ['a store is gone', { ...of('ok'), unreachable: ['redis://x'] }, 4, 4, 4],
    ['a store is gone and another is bad', { ...of('bad'), unreachable: ['redis://x'] }, 1, 1, 4],
  ])('%s', (_, report, bad, warn, never) => {
    expect(exitCodeOf(report, 'bad')).toBe(bad);
    expect(exitCodeOf(report, 'warn')).toBe(warn);
    expect(exitCodeOf(report, 'never')).toBe(never);
  });
});

test('docs/audit.md has a row for every item, with its title', () => {
  const page = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z]+\.[a-z-]+)` \| ([^|]+) \|/gm)].map(([, id, title]) => [
    id,
    title,
  ]);
  expect(rows).toEqual(Object.keys(CATALOGUE).map((name) => [name, CATALOGUE[name as ItemName].title]));
});

describe('the command', () => {
  test.each([
    [[], 'WSE800'],
    [['--http', 'ftp://x'], 'WSE801'],
    [['--http', 'http://127.0.0.1:1', '--path', 'items'], 'WSE801'],
    [['--http', 'http://127.0.0.1:1', '--header', 'no field'], 'WSE801'],
    [['--http', 'http://127.0.0.1:1', '--upload', 'GET /x'], 'WSE801'],
    [['--path', '/x'], 'WSE802'],
    [['--redis-admin', 'redis://127.0.0.1:1'], 'WSE802'],
    [['--redis', 'embedded'], 'WSE803'],
    [['--log', '/no/such/file'], 'WSE804'],
    [['--log', 'x', '--fail-on', 'ok'], 'WSE001'],
  ])('%j is refused with %s', async (args, code) => {
    const { exitCode, out } = await whystale(['audit', ...args, '--json']);
    expect(exitCode).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code } });
  });

  test('a header that is not understood is not repeated', async () => {
    const { err } = await whystale([
      'audit',
      '--http',
      'http://127.0.0.1:1',
      '--header',
      'Authorization : s3cr3t-Pl4nt3d',
    ]);
    expect(err).toContain('WSE801');
    expect(err).not.toContain('Pl4nt3d');
  });

  test('writes reports beside the text', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whystale-audit-cli-'));
    try {
      writeFileSync(join(folder, 'service.log'), 'ready\n');
      const args = ['--log', 'service.log', '--report', 'markdown=a.md', '--report', 'json=a.json'];
      const { exitCode, out } = await whystale(['audit', ...args], folder);
      expect(exitCode).toBe(0);
      expect(out).toContain('  ok    Secrets in the log  1 line looked at\n');
      expect(readFileSync(join(folder, 'a.md'), 'utf8')).toContain('# Security checklist');
      expect(JSON.parse(readFileSync(join(folder, 'a.json'), 'utf8'))).toMatchObject({ verdict: 'ok' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('takes $REDIS_URL, prints one JSON document, and ends with 4 when nothing answers', async () => {
    const env = { REDIS_URL: `redis://:s3cr3t-Pl4nt3d@127.0.0.1:${await freePort()}` };
    const { exitCode, out } = await whystale(['audit', '--json'], '/', env);
    expect(exitCode).toBe(4);
    const document = JSON.parse(out);
    expect(document).toMatchObject({ format: 'whystale-audit/1', verdict: 'unknown' });
    expect(document.unreachable).toHaveLength(1);
    expect(out).not.toContain('Pl4nt3d');
  });
});
