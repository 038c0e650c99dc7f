/** The recipe pages: the code on them is the code that is tested, and every page that a finding points to is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recipeFile } from './recipe-process.ts';
import { RECIPES } from './recipes.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const HEADINGS = ['## When', '## How', '## Cost', '## What it does not cover'];

const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Files below a folder, as paths from the root. */
function filesIn(folder: string, ending: string, recursive: boolean): readonly string[] {
  const names = readdirSync(join(ROOT, folder), { recursive, encoding: 'utf8' });
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

/** Code and recipe of every cause and cost that names both. */
function recipesOfCodes(): readonly (readonly [code: string, recipe: string])[] {
  return filesIn('src/core', '.ts', true).flatMap((path) =>
    [...text(path).matchAll(/recipe: '(docs\/recipes\/[a-z-]+\.md)'/g)].flatMap((match) => {
      // The code that stands last before the recipe is the one whose remedy it belongs to.
      const code = text(path)
        .slice(0, match.index)
        .match(/code: '(WS\d+)'/g)
        ?.at(-1)
        ?.slice(7, 12);
      return code === undefined ? [] : [[code, match[1] ?? ''] as const];
    }),
  );
}

describe('recipe pages', () => {
  // What holds is on the first page, in a table: see table.test.ts.
  const pages = filesIn('docs/recipes', '.md', false).filter((path) => !path.endsWith('/README.md'));

  test.each(pages)('%s has the same parts as the others', (path) => {
    expect(text(path).match(/^## .*$/gm)).toEqual(HEADINGS);
    expect(text(path)).toMatch(/^# .+\n\nRemedy for WS\d+/);
  });

  test.each(RECIPES)('the code on the page of %s is in its files', (name) => {
    const page = text(`docs/recipes/${name}.md`);
    for (const [language, tag] of [
      ['node', 'js'],
      ['python', 'python'],
    ] as const) {
      const file = readFileSync(recipeFile(language, name), 'utf8');
      const blocks = [...page.matchAll(new RegExp(`^\`\`\`${tag}\n(.*?)^\`\`\``, 'gms'))];
      expect(blocks.length).toBeGreaterThan(0);
      for (const [, block] of blocks) expect(file).toContain(block);
    }
  });

  test('the table of the outbox is the one that the tests create', () => {
    const [, statement = ''] = /```sql\n(.*?)```/s.exec(text('docs/recipes/transactional-outbox.md')) ?? [];
    expect(text('examples/recipes/schema.sql')).toContain(statement);
  });

  test('every page that a finding names exists and says that it is its remedy', () => {
    const sources = filesIn('src', '.ts', true).map(text);
    const named = new Set(sources.flatMap((source) => source.match(/docs\/recipes\/[a-z-]+\.md/g) ?? []));
    expect([...named].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    for (const [code, recipe] of recipesOfCodes()) {
      expect(/^Remedy for (.*?)\. /ms.exec(text(recipe))?.[1], recipe).toContain(code);
    }
  });

  test('every link between the pages leads somewhere', () => {
    for (const path of ['docs/recipes', 'examples', 'examples/recipes'].flatMap((folder) =>
      filesIn(folder, '.md', false),
    )) {
      const links = [...text(path).matchAll(/\]\(([^):]+)\)/g)].map((match) =>
        join(ROOT, path, '..', match[1] ?? ''),
      );
      const broken = links.filter((target) => !existsSync(target));
      expect(broken, path).toEqual([]);
    }
  });
});
