/** The documentation says what the code does: codes, names, errors, help. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { cliReference } from '../../src/cli/reference.ts';
import { CODES } from '../../src/core/codes.ts';
import { testFrame } from './frame.ts';

const root = new URL('../../', import.meta.url).pathname;
const page = (name: string) => readFileSync(join(root, 'docs', name), 'utf8');

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith('.ts') ? [readFileSync(path, 'utf8')] : [];
  });
}

describe('docs/findings.md', () => {
  const text = page('findings.md');
  const sections = text.split(/^### /m).slice(1);

  test('has one section for every code, in its group, and none for another', () => {
    const named = sections.map((section) => section.split('\n')[0]);
    expect(named).toEqual(Object.entries(CODES).map(([code, { name }]) => `${code} ${name}`));
  });

  test.each(
    sections.map((section) => [section.slice(0, 5), section]),
  )('%s says what it means, how it is decided, how it looks and what to do', (_, section) => {
    expect(section).toContain('**Means.**');
    expect(section).toContain('**Decided.**');
    expect(section).toMatch(/```text\n {4,}ms {3}(reader|writer)/);
    expect(section).toContain('**Do.**');
  });
});

describe('docs/errors.md', () => {
  test('lists every error code of the sources, and none else', () => {
    const used = sources(join(root, 'src')).flatMap((text) =>
      [...text.matchAll(/'(WSE\d{3})'/g)].map((match) => match[1]),
    );
    const listed = (page('errors.md').match(/^\| WSE\d{3}/gm) ?? []).map((row) => row.slice(2));
    expect(listed).toEqual([...listed].sort());
    expect(listed).toEqual([...new Set(used)].sort());
  });
});

describe('docs/cli.md', () => {
  test('is what --help prints; update with: npx vitest run --project unit test/cli/docs.test.ts -u', async () => {
    const reference = cliReference(await createProgram(testFrame().frame));
    await expect(reference).toMatchFileSnapshot('../../docs/cli.md');
  });
});

test('every command has an example in its help', async () => {
  const program = await createProgram(testFrame().frame);
  const reference = cliReference(program);
  for (const command of program.commands)
    expect(reference).toMatch(new RegExp(`\\$ whystale ${command.name()}\\b`));
});
