/** Sites: what is written, what stays, what goes, and that it is the same every time. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WhystaleError } from '../../src/errors.ts';
import { buildNotes } from '../../src/notes/build.ts';
import type { Built } from '../../src/notes/contract.ts';
import { importNotes } from '../../src/notes/import.ts';
import { comparison, measuredRun, place, placeGenerated, plot } from './generated.ts';
import { strictHtml } from './strict-html.ts';

const root = mkdtempSync(join(tmpdir(), 'whystale-notes-test-'));
afterAll(() => rmSync(root, { recursive: true }));

const TODAY = '2026-03-01';

function build(folder: string, out: string, more: { base?: string; today?: string } = {}): Promise<Built> {
  const request = { folder: join(root, folder), out: join(root, out), base: more.base ?? null, cwd: root };
  return buildNotes({ ...request, today: more.today ?? TODAY }, { progress: () => undefined });
}

async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (error instanceof WhystaleError) return error.facts.code;
    throw error;
  }
  return 'none';
}

function contents(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => statSync(join(root, folder, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(root, folder, name), 'latin1')]));
}

const CASE = `title: The old price is shown
status: closed
closed: 2026-02-03
outcome: the page shows the new price at once
owner: ada
route: GET /items/{id}
symptom: the page shows the old price for a minute
input: { request: POST /items/search, headers: { Authorization: "Bearer \${TOKEN}" }, json: { q: tea } }
expected: { status: 200, path: $.price, value: 12 }
slow: { sql: "select price from items where id = $1" }
change: { what: remove the key after the commit, kind: code, before: main, after: fix }
rollback: { command: git revert fix, note: the cache may hold new values }
assumptions: [data as in production, one replica]
links: [https://example.org/7]
finding: { id: F1, code: WS104, template: "item:{id}", key: "item:1" }
race: race.yaml
url: http://127.0.0.1:8000
checklist:
  - { step: the tests pass, command: make test }
  - { step: permissions are looked at, signed: { by: ada, at: 2026-02-02, note: as agreed } }
note:
  topic: stale fills
  tags: [races]
  difficulty: hard
  outline: { context: the page of an item }
`;

function placeCase(folder: string, text = CASE): void {
  const at = join(root, folder, 'old-price');
  place(join(at, 'case.yaml'), text);
  place(
    join(at, 'note.md'),
    '---\nlanguage: Python\ntools: [redis-cli, psql]\nrevision: { version: "1.1" }\nimages: [{ src: map.svg, alt: keys and rows, caption: Keys, source: drawn by hand }]\n---\n# What we learned\n\nA fill may *arrive late*. See [the other](../other.md).\n',
  );
  place(join(at, 'map.svg'), plot('map'));
  place(join(at, 'race.yaml'), 'actors: {}\n');
  place(
    join(at, 'runs', '2026-01-31T09-30-15Z-baseline', 'run.json'),
    JSON.stringify(measuredRun('baseline', 2.4)),
  );
  place(join(at, 'runs', '2026-01-31T09-30-15Z-baseline', 'warm-ecdf.svg'), plot('warm'));
  place(join(at, 'comparisons', 'one', 'comparison.json'), JSON.stringify(comparison()));
  place(join(at, 'comparisons', 'one', 'box.svg'), plot('box'));
  place(join(at, 'comparisons', 'one', 'before', 'schedules', 'ws104-cold.json'), '{}');
  place(join(root, folder, 'other.md'), '---\ntitle: The other\ntags: races\n---\nA fill may arrive late.\n');
  place(join(root, folder, 'README.md'), '# No note\n');
}

describe('the page of a case', () => {
  beforeAll(async () => {
    placeCase('golden');
    await build('golden', 'golden-site', { base: 'https://example.org/notes/' });
  });
  const page = () => readFileSync(join(root, 'golden-site/notes/old-price.html'), 'utf8');

  it('looks like this', async () => {
    await expect(page()).toMatchFileSnapshot('../golden/notes-case.html');
    strictHtml(page());
  });

  it('is Markdown with front matter too', async () => {
    const text = readFileSync(join(root, 'golden-site/notes/old-price.md'), 'utf8');
    await expect(text).toMatchFileSnapshot('../golden/notes-case.md');
  });

  it('shows the plots of the comparison and of the run as they were drawn', () => {
    const shown = strictHtml(page()).filter(({ name }) => name === 'img');
    expect(shown.map(({ attributes }) => attributes.src)).toEqual([
      '../assets/old-price/2-warm-ecdf.svg',
      '../assets/old-price/1-box.svg',
      '../assets/old-price/3-map.svg',
    ]);
    expect(readFileSync(join(root, 'golden-site/assets/old-price/1-box.svg'), 'utf8')).toBe(plot('box'));
  });

  it('has a feed of JSON Feed 1.1', () => {
    const feed = JSON.parse(readFileSync(join(root, 'golden-site/feed.json'), 'utf8'));
    expect(feed).toMatchObject({
      version: 'https://jsonfeed.org/version/1.1',
      title: 'Field notes',
      home_page_url: 'https://example.org/notes/',
      feed_url: 'https://example.org/notes/feed.json',
    });
    for (const item of feed.items) {
      expect(item.id).toBe(item.url);
      expect(existsSync(join(root, 'golden-site', new URL(item.url).pathname.replace('/notes/', '')))).toBe(
        true,
      );
      expect(item.content_text).toEqual(expect.any(String));
      for (const date of [item.date_published, item.date_modified])
        if (date !== undefined) expect(date).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(item.tags.every((tag: unknown) => typeof tag === 'string')).toBe(true);
    }
    expect(feed.items.map(({ title }: { title: string }) => title)).toEqual([
      'The old price is shown',
      'The other',
    ]);
  });

  it('needs human review until a person signed every judgement', async () => {
    const flagged = (name: string) => readFileSync(join(root, name), 'utf8').includes('needs human review');
    expect(flagged('golden-site/notes/old-price.html')).toBe(false);
    expect(flagged('golden-site/notes/other.html')).toBe(true);
    placeCase('unsigned', CASE.replace(/, signed: .*\}\s*\}/, ' }'));
    placeCase('nobody', CASE.replace(/\n {2}- \{ step: permissions.*\n/, '\n'));
    for (const folder of ['unsigned', 'nobody']) {
      await build(folder, `${folder}-site`);
      expect(flagged(`${folder}-site/notes/old-price.html`), folder).toBe(true);
    }
  });
});

describe('a site of 300 notes', () => {
  let first: Built;
  beforeAll(async () => {
    placeGenerated(join(root, 'many'), 300);
    first = await build('many', 'site');
  }, 60_000);

  it('has a page for each, and every address in it leads somewhere', () => {
    expect(first).toMatchObject({
      notes: 300,
      cases: 150,
      markdown: 150,
      problems: [],
      notices: [],
      removed: 0,
    });
    const pages = readdirSync(join(root, 'site'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.html'),
    );
    for (const name of pages) {
      const elements = strictHtml(readFileSync(join(root, 'site', name), 'utf8'));
      for (const { attributes } of elements) {
        const to = attributes.href ?? attributes.src ?? '#';
        if (to.startsWith('#') || to.startsWith('http')) continue;
        expect(existsSync(join(root, 'site', name, '..', to)), `${name}: ${to}`).toBe(true);
      }
    }
  });

  it('lists all of them without a script, page by page', () => {
    const listed = [1, 2, 3].flatMap((page) => {
      const file = page === 1 ? 'index.html' : `page-${page}.html`;
      const links = strictHtml(readFileSync(join(root, 'site', file), 'utf8'));
      return links
        .filter(({ name, inside }) => name === 'a' && inside.includes('ol'))
        .map(({ attributes }) => attributes.href);
    });
    expect(new Set(listed).size).toBe(300);
    expect(existsSync(join(root, 'site', 'page-4.html'))).toBe(false);
    expect(existsSync(join(root, 'site', 'tags/topic-stampede.html'))).toBe(true);
    const page = readFileSync(join(root, 'site/notes/note-00-note-00101.html'), 'utf8');
    expect(page).toContain('<a href="note-00-note-00099.html">another</a> and what is gone');
  });

  it('names notes that are alike', () => {
    const elements = strictHtml(readFileSync(join(root, 'site/notes/note-00-note-00101.html'), 'utf8'));
    const section = elements.find(({ attributes }) => attributes['aria-labelledby'] === 'similar');
    const [first = '', ...more] = section!.text.split('\n').slice(1).join('').split('.').filter(Boolean);
    expect(first).toMatch(/^What deploy does to stocks \d+:/);
    expect(more.length).toBeLessThanOrEqual(4);
    expect(section?.text).not.toContain('stocks 101:');
  });

  it('is left alone by a build in which nothing changed', async () => {
    const times = () =>
      [...contents('site').keys()].map((name) => statSync(join(root, 'site', name)).mtimeMs);
    const before = times();
    const again = await build('many', 'site');
    expect(again).toMatchObject({ notes: 300, written: 0, removed: 0, unchanged: first.written });
    expect(times().filter((time, i) => time !== before[i]).length).toBeLessThanOrEqual(1);
  });
});

describe('a site that is built elsewhere', () => {
  it('is the same, byte for byte', async () => {
    placeCase('here/many');
    placeGenerated(join(root, 'here/many'), 30);
    cpSync(join(root, 'here/many'), join(root, 'elsewhere/many'), { recursive: true });
    for (const place of ['here', 'elsewhere']) {
      const request = { folder: join(root, place, 'many'), out: join(root, place, 'site'), base: null };
      await buildNotes({ ...request, cwd: join(root, place), today: TODAY }, { progress: () => undefined });
    }
    const [here, there] = [contents('here/site'), contents('elsewhere/site')];
    expect([...there.keys()]).toEqual([...here.keys()]);
    for (const [name, text] of here) expect(there.get(name) === text, name).toBe(true);
  });

  it('loses the pages of notes that are gone, and nothing else', async () => {
    rmSync(join(root, 'here/many/case-00000'), { recursive: true });
    writeFileSync(join(root, 'here/site/CNAME'), 'example.org\n');
    appendFileSync(join(root, 'here/site/notes/note-00-note-00001.md'), 'a line of somebody\n');
    rmSync(join(root, 'here/many/note-00/note-00001.md'));
    const after = await build('here/many', 'here/site');
    expect(existsSync(join(root, 'here/site/notes/case-00000.html'))).toBe(false);
    expect(existsSync(join(root, 'here/site/assets/case-00000'))).toBe(false);
    expect(existsSync(join(root, 'here/site/notes/note-00-note-00001.html'))).toBe(false);
    expect(readFileSync(join(root, 'here/site/CNAME'), 'utf8')).toBe('example.org\n');
    expect(after.notices).toEqual([
      { file: 'notes/note-00-note-00001.md', says: expect.stringContaining('somebody changed it') },
    ]);
  });
});

describe('the folder of a site', () => {
  beforeAll(() => placeCase('few'));
  const place1 = (name: string, text = '') => place(join(root, name), text);

  it('is refused where it holds other things', async () => {
    place1('full/precious.txt', 'mine');
    expect(await codeOf(() => build('few', 'full'))).toBe('WSE833');
    expect([...contents('full')]).toEqual([['precious.txt', 'mine']]);
  });

  it('is refused where it would hold its notes', async () => {
    expect(await codeOf(() => build('few', 'few'))).toBe('WSE832');
    expect(await codeOf(() => build('few', '.'))).toBe('WSE832');
  });

  it('may stand among the notes, and is none of them', async () => {
    placeCase('with-site');
    const once = await build('with-site', 'with-site/site');
    expect((await build('with-site', 'with-site/site')).notes).toBe(once.notes);
  });

  it('keeps what is not ours', async () => {
    await build('few', 'own');
    place1('few/new.md', '---\ntitle: New\n---\n');
    place1('own/notes/new.html', 'mine');
    expect(await codeOf(() => build('few', 'own'))).toBe('WSE834');
    expect(readFileSync(join(root, 'own/notes/new.html'), 'utf8')).toBe('mine');
    rmSync(join(root, 'few/new.md'));
  });

  it('is not written through links', async () => {
    await build('few', 'linked');
    rmSync(join(root, 'linked/notes'), { recursive: true });
    mkdirSync(join(root, 'outside'));
    symlinkSync(join(root, 'outside'), join(root, 'linked/notes'));
    expect(await codeOf(() => build('few', 'linked'))).toBe('WSE834');
    expect(readdirSync(join(root, 'outside'))).toEqual([]);
  });

  it.each([
    ['no JSON', '{'],
    [
      'a path out of it',
      JSON.stringify({ format: 'whystale-notes-site/1', files: { '../../precious.txt': 'a'.repeat(64) } }),
    ],
    ['another form', '{"format":"x"}'],
  ])('is refused where its manifest is damaged: %s', async (name, text) => {
    const folder = `damaged-${name.length}`;
    place1(`${folder}/.whystale-notes.json`, text);
    expect(await codeOf(() => build('few', folder))).toBe('WSE838');
  });

  it('is cleaned of what a build left that was cut short', async () => {
    await build('few', 'cut');
    place1('cut/notes/gone.html', 'half');
    place1('cut/notes/.old-price.html.123.tmp', 'ha');
    place1('cut/.whystale-notes.journal', 'notes/gone.html\n../precious.txt\nnotes/cut-o');
    expect((await build('few', 'cut')).removed).toBe(1);
    expect(existsSync(join(root, 'cut/notes/gone.html'))).toBe(false);
    expect(existsSync(join(root, 'cut/.whystale-notes.journal'))).toBe(false);
    expect([...contents('cut').keys()].filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('needs notes', async () => {
    mkdirSync(join(root, 'empty'));
    expect(await codeOf(() => build('empty', 'nothing'))).toBe('WSE831');
    expect(await codeOf(() => build('absent', 'nothing'))).toBe('WSE830');
    expect(existsSync(join(root, 'nothing'))).toBe(false);
  });
});

describe('importing', () => {
  const from = () => join(root, 'import-from');
  const files = (...names: string[]) => names.map((name) => [name, join(from(), name)] as const);
  beforeAll(() => {
    place(
      join(from(), 'My Note.md'),
      '---\ntitle: Mine\ntags: a\ncolour: red\n---\n# Mine\n\nSome **text** ![p](p.svg)\n',
    );
    place(join(from(), 'p.svg'), plot('p'));
    place(join(from(), 'plain.md'), '# No front matter\n');
    place(join(from(), 'my-note.md'), '---\ntitle: Another\n---\n');
  });

  it('brings notes and their pictures, in a form that builds and imports to the same', async () => {
    const imported = importNotes(files('My Note.md'), join(root, 'imported'));
    expect(imported.notices).toEqual([
      { file: 'My Note.md', says: '"colour" is no field of a note; it was left out' },
    ]);
    const text = readFileSync(join(root, 'imported/my-note.md'), 'utf8');
    expect(text).toContain('Some **text** ![p](<assets/my-note/1-p.svg>)');
    const built = await build('imported', 'imported-site');
    expect(built).toMatchObject({ notes: 1, problems: [], notices: [] });
    expect(existsSync(join(root, 'imported-site/assets/my-note/1-1-p.svg'))).toBe(true);
    expect(importNotes(files('My Note.md'), join(root, 'imported')).notes[0]?.written).toBe(false);
  });

  it.each([
    ['what has no front matter', ['plain.md']],
    ['what is not there', ['absent.md']],
    ['two of one name', ['My Note.md', 'my-note.md']],
  ])('refuses %s, and writes nothing', async (_, names) => {
    const folder = join(root, `import-${names[0]}`);
    expect(await codeOf(() => importNotes(files(...names), folder))).toBe('WSE837');
    expect(existsSync(folder)).toBe(false);
  });

  it('writes over no other note', async () => {
    expect(await codeOf(() => importNotes(files('my-note.md'), join(root, 'imported')))).toBe('WSE837');
  });
});
