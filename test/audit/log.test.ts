/** Secrets in what a service logs, and in recordings; whatever is planted, it is never shown. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { itemMaker } from '../../src/audit/catalogue.ts';
import { auditLog } from '../../src/audit/log-file.ts';
import { searchLog } from '../../src/audit/log-secrets.ts';
import { secretsIn } from '../../src/audit/sample-items.ts';
import type { LogLine } from '../../src/core/operation.ts';
import { createRecording } from '../../src/recording/writer.ts';
import { auditMarkdown, auditText } from '../../src/report/audit-text.ts';
import { PLAIN } from '../../src/report/style.ts';
import { audited, find, PLANTED, states } from './sample.ts';

const root = mkdtempSync(join(tmpdir(), 'whystale-audit-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function judged(...lines: readonly string[]) {
  const search = searchLog();
  for (const line of lines) search.add(line);
  return search.judge('never');
}

describe('a line with a secret is bad', () => {
  test.each<[string, string]>([
    [`GET /me 200 Authorization: Bearer ${PLANTED.jwt}`, 'a JWT'],
    [`login failed password=${PLANTED.password} user=ada`, 'a password under password'],
    [`{"level":30,"req":{"headers":{"x-api-key":"${PLANTED.apiKey}"}}}`, 'an API key'],
    [`2026-01-31 INFO {"user":{"password":"${PLANTED.password}"}}`, 'a password under user.password'],
    [`connecting to postgresql://app:${PLANTED.password}@db:5432/shop`, 'a password under a URL'],
    [`row: (1, 'ada', '${PLANTED.hash}')`, 'a password hash'],
    [`charge {"card_number": "${PLANTED.card}"}`, 'a card number under card_number'],
    ['-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw', 'a private key'],
  ])('%s', (line, what) => {
    const { state, evidence } = judged('starting', line);
    expect(state).toBe('bad');
    expect(evidence).toContain(what);
    expect(evidence).toContain('(line 2)');
    for (const secret of Object.values(PLANTED)) expect(evidence).not.toContain(secret);
  });
});

test.each([
  ['GET /items/1 200 3ms'],
  ['invalid token: expired'],
  ['password=*** user=ada'],
  ['connecting to postgresql://app:***@db:5432/shop'],
  ['listening on http://127.0.0.1:8000/@vite/client'],
  ['request 9f86d081884c7d659a2feaa0c55ad015 took 4 ms'],
  ['order 4111-2222 for user 17: password changed'],
  ['trace 01890a5d-ac96-774b-bcce-b302099a8057 key=item:1 token=none'],
])('a line without one is in order: %s', (line) => {
  expect(judged(line)).toEqual({ state: 'ok', evidence: '1 line looked at' });
});

describe('a log file', () => {
  const file = (text: string) => {
    const path = join(root, 'service.log');
    writeFileSync(path, text);
    return path;
  };

  test('is read whole, its last line without an end as well', () => {
    const path = file(`one\r\ntwo\r\npassword=${PLANTED.password}`);
    expect(auditLog(path, itemMaker(path))).toMatchObject({
      state: 'bad',
      evidence: '1 line of 3 holds secrets: a password under password (line 3)',
    });
  });

  test('of which only the end is read, that is said', () => {
    const path = file(`password=${PLANTED.password}\n${'x'.repeat(80)}\nlast line\n`);
    expect(auditLog(path, itemMaker(path), 64)).toMatchObject({
      state: 'ok',
      evidence: expect.stringContaining('1 line looked at; of its last'),
    });
  });

  test('that is empty says nothing; one that is not there is an error', async () => {
    const path = file('');
    expect(auditLog(path, itemMaker(path)).state).toBe('unknown');
    await expect(audited({ log: [join(root, 'none.log')] })).rejects.toMatchObject({
      facts: { code: 'WSE804' },
    });
  });
});

test('a recording: its log lines were masked as they were written, and that is said', async () => {
  const folder = join(root, 'rec');
  const writer = await createRecording(folder, {
    version: '0.1.0',
    command: null,
    engines: { redis: null, postgres: null, emulated: false },
    stores: [
      {
        kind: 'redis',
        address: 'redis://cache:6379',
        loopback: false,
        tls: false,
        open: true,
        protectedMode: false,
        dangerous: null,
      },
    ],
    startedAt: new Date('2026-01-31T09:30:15Z'),
    values: 'hashed',
  });
  const line = (id: number, text: string): LogLine => ({
    id,
    tier: 'client',
    kind: 'log',
    session: 'child',
    stream: 'stdout',
    invoke: id,
    return: id,
    status: 'ok',
    text,
  });
  writer.append(line(1, 'ready'));
  writer.append(line(2, `connecting with password=${PLANTED.password}`));
  await writer.close({});
  const report = await audited({ recording: folder });
  expect(states(report)).toEqual({
    'recording.secrets': 'unknown',
    'recording.unprotected-stores': 'bad',
    'recording.private-responses': 'unknown',
    'recording.log-secrets': 'warn',
  });
  expect(find(report, 'recording.log-secrets').evidence).toMatch(/^1 line of 2 /);
  expect(report.findings.map(({ id, code }) => `${id} ${code}`)).toEqual(['F1 WS302']);
});

test('no planted secret is ever shown', async () => {
  const secret = fc.constantFrom(...Object.values(PLANTED));
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  const name = fc.constantFrom('password', 'api_key', 'token', 'authorization', 'user.secret', 'x');
  const around = fc.constantFrom(
    (n: string, s: string) => `${n}=${s}`,
    (n: string, s: string) => `{"${n}":"${s}","${s}":"${n}"}`,
    (n: string, s: string) => `${n}: Bearer ${s}`,
    (n: string, s: string) => `http://${n}:${s}@host/${s}`,
    (n: string, s: string) => `${s}:${n}:${s}`,
    (_: string, s: string) => `"${s}" ${s}=${s}`,
  );
  const path = join(root, 'planted.log');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(around, name, secret, word), { minLength: 1, maxLength: 6 }),
      async (all) => {
        const texts = all.map(([form, n, s, w]) => `${w} ${form(n, s)}`);
        writeFileSync(path, texts.join('\n'));
        const report = await audited({ log: [path] });
        // What has a form is told anywhere; a password only by what stands before it.
        const names = all
          .filter(([, n, s]) => s !== PLANTED.password || n === 'password')
          .map(([form, n, s]) => (s === PLANTED.password ? `${n}:${s}` : form(n, s)));
        const values = texts.map((text, at) => ({
          key: `item:${at}`,
          parts: [Buffer.from(text)],
          fields: null,
        }));
        const fields = new Map(texts.map((text, at) => [`f${at}`, Buffer.from(text)]));
        const found = secretsIn(
          {
            names: [...names, 'h:1', ...values.map(({ key }) => key)],
            size: null,
            values: [...values, { key: 'h:1', parts: [], fields }],
            unread: 0,
            refused: null,
          },
          0,
          Buffer.alloc(16, 7),
        );
        const shown = [
          JSON.stringify([report, found]),
          auditText(report, { width: 100, style: PLAIN }),
          auditMarkdown(report),
        ].join('\n');
        for (const planted of [PLANTED.jwt, PLANTED.apiKey, PLANTED.hash, PLANTED.password])
          expect(shown).not.toContain(planted);
      },
    ),
    { numRuns: 50 },
  );
});
