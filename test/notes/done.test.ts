// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a variable must not become one.
/** What was done of a case, on its page: rehearsals, steps of the checklist, signatures; and that no credential of it is published. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commandDigest } from '../../src/case/done.ts';
import { readWrittenCase } from '../../src/case/index.ts';
import { readCaseNote } from '../../src/notes/case-note.ts';
import type { Draft } from '../../src/notes/contract.ts';
import { counted } from '../../src/notes/figures.ts';
import { blocksText } from '../../src/notes/markdown-text.ts';
import { maskedText } from '../../src/notes/masked.ts';
import { scoresOf } from '../../src/notes/scores.ts';
import { place } from './generated.ts';

const root = mkdtempSync(join(tmpdir(), 'whystale-notes-done-'));
afterAll(() => rmSync(root, { recursive: true }));

const CASE = `title: The old price
route: GET /items/{id}
symptom: the page shows the old price
input: GET /items/1
expected: 200
change: { what: remove the key after the commit, kind: code }
rollback: git revert fix
url: http://127.0.0.1:8000
checklist:
  - { step: run linting, command: make lint }
  - { step: run unit tests, command: make test }
  - { step: verify staging, command: make verify }
  - { step: check permissions, signed: { by: ada, at: 2026-02-02, note: no FLUSHALL } }
  - review the failure mode
`;

type Parts = Readonly<Record<string, unknown>>;

function ran(command: string, parts: Parts = {}): Parts {
  const ended = { exitCode: 0, signal: null, stopped: null, failure: null, output: [] };
  return { command, startedAt: '2026-02-03T10:00:00.000Z', ranMs: 1500, ...ended, ...parts };
}

function step(name: string, parts: Parts = {}): Parts {
  const nothing = { why: null, commands: [], checks: [], configuration: null, figures: null };
  return {
    step: name,
    outcome: 'held',
    startedAt: '2026-02-03T10:00:00.000Z',
    ranMs: 250,
    ...nothing,
    ...parts,
  };
}

const STEPS = [
  step('deploy', { commands: [ran('./deploy fix', { output: ['building', 'deployed <b>'] })] }),
  step('check', {
    checks: [
      {
        name: 'GET /items/1',
        kind: 'request',
        outcome: 'held',
        why: null,
        ranMs: 5,
        status: 200,
        freshAfterMs: 40,
      },
    ],
  }),
  step('rollback', { commands: [ran('git revert fix', { ranMs: 900 })] }),
  step('restored'),
];

function rehearsal(rehearsed: string, parts: Parts = {}): string {
  return JSON.stringify({
    format: 'whystale-rehearsal/1',
    case: 'price',
    rehearsed,
    startedAt: '2026-02-03T10:00:00.000Z',
    ranMs: 12_000,
    complete: true,
    ended: null,
    on: { commit: 'a'.repeat(40), dirty: false },
    url: 'http://staging.example:8000',
    verdict: 'held',
    because: 'everything held, and the rollback brought the old behaviour back',
    deployed: true,
    rollbackConfirmed: true,
    tellsApart: true,
    steps: STEPS,
    notices: [],
    ...parts,
  });
}

const told: string[] = [];

async function read(name: string, files: Readonly<Record<string, string>>): Promise<Draft> {
  const file = join(root, name, 'case.yaml');
  place(file, CASE);
  for (const [path, text] of Object.entries(files)) place(join(dirname(file), path), text);
  told.length = 0;
  return readCaseNote({ kind: 'case', source: name, file }, root, (says) => told.push(says));
}

async function digestOfCase(name: string): Promise<string> {
  const file = join(root, name, 'case.yaml');
  place(file, CASE);
  return (await readWrittenCase(file)).rehearsed;
}

/** A section of the page, as Markdown. */
function sectionOf({ body }: Draft, title: string): string {
  const first = body.findIndex(
    (block) => block.is === 'heading' && block.level === 2 && JSON.stringify(block).includes(`"${title}"`),
  );
  const after = body.findIndex((block, i) => i > first && block.is === 'heading' && block.level === 2);
  return first < 0 ? '' : blocksText(body.slice(first, after < 0 ? undefined : after));
}

function reproducible(draft: Draft): number {
  return scoresOf({ ...draft, counted: counted(draft.body), pictures: 0 }, '2026-03-01').reproducible.points;
}

describe('the rehearsal of a case', () => {
  it('is told with its steps, commands, exit codes, durations and the end of what they printed', async () => {
    const digest = await digestOfCase('good');
    const draft = await read('good', {
      'rehearsals/2026-02-01/rehearsal.json': rehearsal(digest, {
        startedAt: '2026-02-01',
        verdict: 'failed',
      }),
      'rehearsals/2026-02-03/rehearsal.json': rehearsal(digest),
      'rehearsals/other/notes.txt': 'mine',
    });
    expect(told).toEqual([]);
    expect(sectionOf(draft, 'Rehearsal')).toBe(`## Rehearsal

**held**: everything held, and the rollback brought the old behaviour back

- **Rollback**: confirmed: it was run, and the old behaviour was seen again after it
- **On**: http\\://staging.example:8000
- **Commit**: aaaaaaaaaa
- **Begun**: 2026-02-03T10:00:00.000Z
- **Took**: 12 s

| step | outcome | command | exit code | took |
|---|---|---|---|---|
| deploy | held | \`./deploy fix\` | 0 | 1.5 s |
| check | held | \\- | \\- | 250 ms |
| rollback | held | \`git revert fix\` | 0 | 900 ms |
| restored | held | \\- | \\- | 250 ms |

| step | check | outcome | seen |
|---|---|---|---|
| check | GET /items/1 | held | fresh after 40 ms |

### Output of deploy

\`\`\`text
building
deployed <b>
\`\`\``);
    expect(draft.facts).toMatchObject({ rollback: true, confirmed: true });
    expect(reproducible(draft)).toBe(30 + 15);
  });

  it.each<[string, Parts, string]>([
    [
      'failing',
      {
        steps: STEPS.map((one) =>
          one.step === 'restored' ? step('restored', { outcome: 'failed', why: 'status 500' }) : one,
        ),
      },
      'not confirmed',
    ],
    [
      'cut-short',
      { complete: false, ended: 'it was interrupted', steps: STEPS.slice(0, 2) },
      'It was cut short: it was interrupted.',
    ],
    ['outdated', { rehearsed: 'b'.repeat(64) }, 'The case was edited since'],
  ])('confirms no rollback that is %s, whatever it says of itself', async (name, parts, says) => {
    const digest = await digestOfCase(name);
    const draft = await read(name, { 'rehearsals/one/rehearsal.json': rehearsal(digest, parts) });
    expect(sectionOf(draft, 'Rehearsal')).toContain(says);
    expect(draft.facts.confirmed).toBe(false);
    expect(reproducible(draft)).toBe(30 + 8);
  });

  it('is left out, and that is said, where it cannot be read', async () => {
    const draft = await read('damaged', { 'rehearsals/one/rehearsal.json': '{' });
    expect(sectionOf(draft, 'Rehearsal')).toBe('');
    expect(told).toEqual(['the rehearsal one was left out: it has another form']);
  });
});

describe('the checklist of a case', () => {
  it('tells which command ran when and how it ended, and who signed what', async () => {
    const kept = (step: string, command: string, parts: Parts = {}) => ({
      step,
      digest: commandDigest([command]),
      on: { commit: 'c'.repeat(40), dirty: true },
      ...ran(command, parts),
    });
    const file = join(root, 'checked', 'case.yaml');
    place(file, CASE);
    const { checklist } = await readWrittenCase(file);
    const [lint, test] = checklist.flatMap((one) =>
      one.kind === 'command' ? [commandDigest(one.command)] : [],
    );
    const steps = [
      { ...kept('run linting', 'make lint'), digest: lint },
      { ...kept('run unit tests', 'make test', { exitCode: 2, output: ['1 failed'] }), digest: test },
      kept('verify staging', 'make other'),
    ];
    const record = { format: 'whystale-checklist/1', case: 'checked', steps };
    const draft = await read('checked', { 'checklist.json': JSON.stringify(record) });
    expect(sectionOf(draft, 'Checklist')).toBe(`## Checklist

| step | command | result | when | on |
|---|---|---|---|---|
| run linting | \`make lint\` | passed | 2026-02-03T10:00:00.000Z, 1.5 s | cccccccccc, with changes that are in no commit |
| run unit tests | \`make test\` | exit code 2 | 2026-02-03T10:00:00.000Z, 1.5 s | cccccccccc, with changes that are in no commit |
| verify staging | \`make verify\` | not run yet: another command was | \\- | \\- |
| check permissions | \\- | signed by ada: no FLUSHALL | 2026-02-02 | \\- |
| review the failure mode | \\- | to be signed | \\- | \\- |

### Output of run unit tests

\`\`\`text
1 failed
\`\`\``);
  });
});

describe('credentials in a case', () => {
  it('are not published, and that is said', async () => {
    const secrets = ['s3cretPassw0rd', 'ghp_abcdefghijklmnopqrstuvwxyz0123456789', 'Tr0ub4dor-and-3'];
    const [password, token, other] = secrets;
    const draft = await read('secrets', {
      'case.yaml': CASE.replace('git revert fix', `psql postgres://app:${password}@db/shop -f back.sql`)
        .replace('make lint', `GITHUB=${token} make lint`)
        .replace('the page shows', `PGPASSWORD=${other}; the page of \${HOST} shows`),
      'note.md': `Log in with \`--password ${other}\`, or https://app:${password}@example.org/.\n`,
    });
    const published = JSON.stringify([draft.title, draft.fields, draft.body]);
    for (const secret of secrets) expect(published).not.toContain(secret);
    expect(published).toContain('postgres://app:***@db/shop');
    expect(published).toContain('${HOST}');
    expect(told).toEqual([
      'what looks like a credential was masked as *** in 1 line of the text: write a variable in its place',
      expect.stringMatching(/^what looks like a credential was masked as \*\*\* in \d+ texts:/),
    ]);
  });

  it.each([
    ["curl -H 'Authorization: Bearer ${TOKEN}' http://127.0.0.1:8000/x"],
    ['psql postgres://app:${PGPASSWORD}@db/x'],
    ['password: see the vault; the token: none; secret = "changeme"'],
    ['http://127.0.0.1:3000/@client and key: item:1'],
    ['git show 3f9a8b7c6d5e4f3a2b1c3f9a8b7c6d5e4f3a2b1c'],
  ])('%s has none', (text) => {
    expect(maskedText(text)).toBe(text);
  });
});
