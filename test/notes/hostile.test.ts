// biome-ignore-all lint/suspicious/noControlCharactersInRegex: what must not come through.
/** Notes that try to become more than text: every page that is built of them is taken apart by a strict reader. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildNotes } from '../../src/notes/build.ts';
import type { Built } from '../../src/notes/contract.ts';
import { readFrontMatter } from '../../src/notes/front-matter.ts';
import { imagePath, safeLink } from '../../src/notes/links.ts';
import { svgProblem } from '../../src/notes/svg.ts';
import { ATTACKS, placeHostile } from './attacks.ts';
import { place, plot } from './generated.ts';
import { strictHtml } from './strict-html.ts';

const root = mkdtempSync(join(tmpdir(), 'whystale-hostile-'));
const notes = join(root, 'notes');
const site = join(root, 'site');
let built: Built;

beforeAll(async () => {
  placeHostile(notes);
  place(join(notes, '<img src=x onerror=alert(1)>.md'), '---\ntags: x\n---\ntext\n');
  place(
    join(notes, '\'";alert(1)', 'a.md'),
    '---\ntags: x\n---\n[up](../../../etc/passwd) [note](../note-0.md)\n',
  );
  place(join(root, 'secret.svg'), plot('secret'));
  place(
    join(notes, 'paths.md'),
    '---\nimages: [../secret.svg, link.svg, folder/../ok.svg, /etc/passwd, "%2e%2e/secret.svg", "..\\\\secret.svg", text.png]\n---\n![a](../secret.svg)\n',
  );
  symlinkSync(join(root, 'secret.svg'), join(notes, 'link.svg'));
  place(join(notes, 'text.png'), '<script>alert(1)</script>');
  place(
    join(notes, 'bomb.md'),
    `---\na: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(60)}]\nc: [${'*b,'.repeat(60)}]\n---\n`,
  );
  place(
    join(notes, 'huge.md'),
    `---\ntitle: ${'a'.repeat(50_000)}\ntags: [${'b,'.repeat(5_000)}]\n---\n${'c '.repeat(300_000)}`,
  );
  mkdirSync(join(notes, 'folder'));
  built = await buildNotes(
    { folder: notes, out: site, base: 'https://example.org/"><script>/', cwd: root, today: '2026-03-01' },
    { progress: () => undefined },
  );
}, 60_000);

afterAll(() => rmSync(root, { recursive: true }));

const files = (end: string) =>
  readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(end));

describe('hostile notes', () => {
  it('are all built, but for those that cannot be read', () => {
    expect(built.problems.map(({ file }) => file)).toEqual(['bomb.md']);
    expect(built.notes).toBe(2 * ATTACKS.length + 4);
  });

  it('become pages of nothing but our own elements, with one script of ours and addresses that lead nowhere odd', () => {
    for (const name of files('.html')) {
      const elements = strictHtml(readFileSync(join(site, name), 'utf8'));
      for (const { name: element, attributes } of elements) {
        if (element === 'script') expect(attributes.src).toMatch(/^(?:\.\.\/)?notes\.js$/);
        if (element === 'a') expect(safeLink(attributes.href!), name).not.toBeNull();
        if (element === 'img') expect(attributes.src).toMatch(/^\.\.\/assets\/[a-z0-9-]+\/[a-z0-9-]+\.svg$/);
      }
      const policy = elements.find(
        ({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy',
      );
      expect(policy?.attributes.content).toBe(
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'",
      );
    }
  });

  it.each(ATTACKS.map((attack, i) => [attack, i] as const))('%j is shown as it is written', (attack, i) => {
    const shown = attack.replace(/[\u0000\u202e]/g, '\ufffd');
    const page = (name: string) => strictHtml(readFileSync(join(site, 'notes', `${name}.html`), 'utf8'));
    const heading = (name: string) => page(name).find((element) => element.name === 'h1')?.text;
    expect(heading(`note-${i}`)).toBe(shown);
    expect(heading(`case-${i}`)).toBe(shown);
    const body = page(`case-${i}`).find(({ name }) => name === 'main')!.text;
    // Title, symptom, outline, change, assumption, plan, verdict and more.
    expect(body.split(shown).length).toBeGreaterThan(9);
  });

  it('leave no way out of the folder: pictures elsewhere, behind links, or of another kind are not copied', () => {
    const copied = files('.svg').map((name) => readFileSync(join(site, name), 'utf8'));
    expect(copied.length).toBeGreaterThan(0);
    for (const text of copied) expect(svgProblem(text)).toBeNull();
    expect(copied.some((text) => text.includes('secret'))).toBe(false);
    expect(files('.png')).toEqual([]);
    expect(existsSync(join(site, 'assets', 'paths'))).toBe(false);
    for (const name of files('')) expect(name).toMatch(/^[a-z0-9./-]+$/i);
  });

  it('cannot write front matter: the Markdown files have our fields alone', () => {
    for (const name of files('.md')) {
      const { fields, problem } = readFrontMatter(readFileSync(join(site, name), 'utf8'));
      expect(problem, name).toBeNull();
      expect(fields).toMatchObject({
        ref: expect.anything(),
        content_hash: expect.stringMatching(/^sha256:/),
      });
      expect(Object.keys(fields as object)).not.toContain('alert(1)');
    }
  });

  it('cannot break out of the script that carries the search index', () => {
    const script = readFileSync(join(site, 'search-data.js'), 'utf8');
    expect(script).toMatch(/^globalThis\.whystaleNotes=JSON\.parse\("(?:[^"\\\n\u2028\u2029<>]|\\.)*"\);\n$/);
    const index: unknown = JSON.parse(readFileSync(join(site, 'search.json'), 'utf8'));
    expect(JSON.parse(JSON.parse(script.slice('globalThis.whystaleNotes=JSON.parse('.length, -3)))).toEqual(
      index,
    );
  });

  it('are cut where they are huge, and that is said', () => {
    const said = built.notices.filter(({ file }) => file === 'huge.md').map(({ says }) => says);
    expect(said).toEqual([
      '"title" is longer than 4000 characters; it was cut',
      '"tags" has more than 200 items; the rest was left out',
      'its text is longer than 400000 characters; it was cut',
    ]);
  });
});

describe('addresses of pictures', () => {
  it.each([
    ['a.png', 'a.png'],
    ['a/b%20c.svg', 'a/b c.svg'],
    ['a..b.png', 'a..b.png'],
    ['../a.png', null],
    ['a/../../b.png', null],
    ['a%2f..%2fb.png', null],
    ['/a.png', null],
    ['https://x.org/a.png', null],
    ['a.png?b', null],
    ['a%00.png', null],
    ['a%5c..%5cb.png', null],
    ['%zz.png', null],
  ])('%j: %j', (address, path) => {
    expect(imagePath(address)).toBe(path);
  });
});

describe('drawings', () => {
  const svg = (inner: string, attributes = '') =>
    `<svg xmlns="http://www.w3.org/2000/svg"${attributes}>${inner}</svg>`;

  it.each([
    ['what whystale draws', plot('<a> & "b"')],
    ['shapes and text', svg('<g><path d="M0 0" fill="#fff"/><text x="1">a &amp; b</text></g>')],
    ['a head', `<?xml version="1.0" encoding="UTF-8"?>\n${svg('')}`],
  ])('%s is copied', (_, text) => {
    expect(svgProblem(text)).toBeNull();
  });

  it.each([
    ['a script', svg('<script>alert(1)</script>')],
    ['an event', svg('', ' onload="alert(1)"')],
    ['a link', svg('<a href="javascript:alert(1)"><text>x</text></a>')],
    ['another namespace', svg('<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>')],
    ['a default namespace', '<svg xmlns="http://www.w3.org/1999/xhtml"></svg>'],
    ['a use', svg('<use href="#a"/>')],
    ['an image', svg('<image href="https://x.org/a.png"/>')],
    ['a foreign object', svg('<foreignObject><p>a</p></foreignObject>')],
    ['an animation', svg('<set attributeName="href" to="javascript:alert(1)"/>')],
    ['a document type', `<!DOCTYPE svg [<!ENTITY a "b">]>${svg('&a;')}`],
    ['an entity', svg('<text>&a;</text>')],
    ['a stylesheet', `<?xml-stylesheet href="a.css"?>${svg('')}`],
    ['an import', svg('<style>@import "a.css";</style>')],
    ['an address in a style', svg('<style>a{fill:url(https://x.org)}</style>')],
    ['an escape in a style', svg('<style>a{fill:u\\72l(x)}</style>')],
    ['an address in a fill', svg('<rect fill="url(https://x.org)"/>')],
    ['a style attribute', svg('<rect style="fill:red"/>')],
    ['a comment', svg('<!-- --><g/>')],
    ['CDATA', svg('<![CDATA[<script>]]>')],
    ['no end', '<svg xmlns="http://www.w3.org/2000/svg"><g>'],
    ['two drawings', svg('') + svg('')],
    ['text beside it', `${svg('')}alert(1)`],
    ['nothing', ''],
    ['HTML', '<html><body>a</body></html>'],
  ])('%s is not', (_, text) => {
    expect(svgProblem(text)).not.toBeNull();
  });
});
