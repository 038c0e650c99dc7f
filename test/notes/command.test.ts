/** `notes` as a command line: what it prints, its exit codes, what it refuses. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whystale } from '../cli/frame.ts';
import { place } from './generated.ts';

const root = mkdtempSync(join(tmpdir(), 'whystale-notes-command-'));
beforeAll(() => {
  place(join(root, 'notes/a.md'), '---\ntitle: A\ndate: 2026-01-01\n---\ntext\n');
  place(join(root, 'broken/a.md'), '---\ntitle: A\n---\ntext\n');
  place(join(root, 'broken/b.md'), '---\ntitle: [\n---\ntext\n');
  place(join(root, 'broken/c/case.yaml'), 'colour: red\n');
  mkdirSync(join(root, 'empty'));
});
afterAll(() => rmSync(root, { recursive: true }));

describe('notes build', () => {
  test('says what it did, and what comes next', async () => {
    const { exitCode, out } = await whystale(['notes', 'build', 'notes', '--date', '2026-03-01'], root);
    expect(exitCode).toBe(0);
    expect(out).toMatch(
      /^1 note \(0 cases, 1 from Markdown\) in site: \d+ files written, 0 unchanged, 0 removed\n/,
    );
    expect(out).toContain('Next: open site/index.html\n');
  });

  test('goes on past what cannot be read, names it, and ends with 3', async () => {
    const { exitCode, out } = await whystale(['notes', 'build', 'broken', '--out', 'b'], root);
    expect(exitCode).toBe(3);
    expect(out).toMatch(/^not built {2}b\.md: line \d+ of its front matter: .+\.$/m);
    expect(out).toMatch(/^not built {2}c: .*unknown field "colour"/m);
    expect(out).toContain('1 note (0 cases, 1 from Markdown) in b');
  });

  test('counts freshness from SOURCE_DATE_EPOCH', async () => {
    const env = { SOURCE_DATE_EPOCH: String(Date.UTC(2031, 0, 1) / 1000) };
    expect((await whystale(['notes', 'build', 'notes', '--out', 'old'], root, env)).exitCode).toBe(0);
    expect(readFileSync(join(root, 'old/notes/a.md'), 'utf8')).toContain('"fresh":0');
  });

  test.each([
    ['a folder that is not there', ['build', 'absent'], 'WSE830'],
    ['a folder without notes', ['build', 'empty'], 'WSE831'],
    ['a site over its notes', ['build', 'notes', '--out', '.'], 'WSE832'],
    ['a folder of other things', ['build', 'notes', '--out', 'broken'], 'WSE833'],
    ['an address that is none', ['build', 'notes', '--base', 'example.org'], 'WSE836'],
    ['an address with a password', ['build', 'notes', '--base', 'https://a:b@example.org/'], 'WSE836'],
    ['a day that is none', ['build', 'notes', '--date', '2026-02-30'], 'WSE839'],
    ['a file that is no note', ['import', 'absent.md'], 'WSE837'],
  ])('refuses %s', async (_, args, code) => {
    const { exitCode, out } = await whystale(['notes', ...args, '--json'], root);
    expect(exitCode).toBe(2);
    expect(JSON.parse(out).error.code).toBe(code);
  });

  test('refuses a SOURCE_DATE_EPOCH that is none', async () => {
    const env = { SOURCE_DATE_EPOCH: 'yesterday' };
    const { out } = await whystale(['notes', 'build', 'notes', '--json'], root, env);
    expect(JSON.parse(out).error.code).toBe('WSE839');
  });
});
