/** The script and the style of a site: the search finds, as far as a page without a browser can tell, and every text has contrast. */
import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../src/notes/catalogue.ts';
import { searchScript, searchText } from '../../src/notes/data-files.ts';
import { SCRIPT } from '../../src/notes/script.ts';
import { STYLE } from '../../src/notes/style.ts';

/** As much of an element as the script touches. It takes texts and elements, and has no way to take markup. */
class FakeElement {
  readonly name: string;
  children: FakeElement[] = [];
  textContent = '';
  value = '';
  href = '';
  src = '';
  hidden = true;
  dataset: Record<string, string> = {};
  onload: (() => void) | null = null;
  selects: FakeElement[] = [];
  readonly heard = new Map<string, () => void>();
  constructor(name: string) {
    this.name = name;
  }
  get childNodes(): readonly FakeElement[] {
    return this.children;
  }
  append(...more: FakeElement[]): void {
    this.children.push(...more);
  }
  replaceChildren(...only: FakeElement[]): void {
    this.children = only;
  }
  getAttribute(): string {
    return '1';
  }
  setAttribute(): void {}
  addEventListener(event: string, run: () => void): void {
    this.heard.set(event, run);
  }
  focus(): void {}
  querySelectorAll(): readonly FakeElement[] {
    return this.selects;
  }
}

const entry = (slug: string, title: string, topic: string): Entry => ({
  ...{
    slug,
    title,
    source: slug,
    ref: slug,
    summary: '',
    day: '2026-01-01',
    published: null,
    lang: null,
    hash: '',
  },
  facets: [{ kind: 'topic', name: topic }],
  needsReview: false,
});

function opened(entries: readonly Entry[], hash = '') {
  const byId = new Map(
    ['search', 'words', 'list', 'count', 'pages', 'clear'].map((id) => [id, new FakeElement(id)]),
  );
  const element = (id: string) => byId.get(id)!;
  const select = new FakeElement('select');
  select.dataset = { kind: 'topic' };
  element('search').selects = [select];
  element('list').children = [new FakeElement('li')];
  element('count').textContent = 'all';
  const address = { hash };
  const context = createContext({
    ...{ document: null, location: address, URLSearchParams, addEventListener: () => undefined },
    ...{ clearTimeout: () => undefined, setTimeout: (run: () => void) => run() },
    history: {
      replaceState: (_state: null, _title: string, to: string) => Object.assign(address, { hash: to }),
    },
  });
  const head = new FakeElement('head');
  head.append = (script) => {
    runInContext(searchScript(searchText(entries)), context);
    script?.onload?.();
  };
  context.document = {
    getElementById: (id: string) => byId.get(id) ?? null,
    createElement: (name: string) => new FakeElement(name),
    head,
  };
  runInContext(SCRIPT, context);
  const shown = () => element('list').children.map((line) => line.children[0]?.href);
  return { element, select, shown, address };
}

describe('the search', () => {
  const entries = [
    entry('a', 'Stale <b>fill</b>', 'races'),
    entry('b', 'Lost removal', 'races'),
    entry('c', 'Stale list', '</script>'),
  ];

  it('appears with the script', () => {
    expect(opened(entries).element('search').hidden).toBe(false);
  });

  it('finds words in titles and facets, and goes back to the whole list', () => {
    const { element, shown } = opened(entries);
    const asks = (words: string) => {
      element('words').value = words;
      element('words').heard.get('input')!();
    };
    asks('stale');
    expect(shown()).toEqual(['notes/a.html', 'notes/c.html']);
    expect(element('list').children[0]?.children[0]?.textContent).toBe('Stale <b>fill</b>');
    expect(element('count').textContent).toBe('2 notes');
    asks('RACES removal');
    expect(shown()).toEqual(['notes/b.html']);
    asks('nothing');
    expect(element('count').textContent).toMatch(/^No note has all of this/);
    asks(' ');
    expect(element('count').textContent).toBe('all');
  });

  it('filters', () => {
    const { select, shown } = opened(entries);
    select.value = '</script>';
    select.heard.get('change')!();
    expect(shown()).toEqual(['notes/c.html']);
  });

  it('stands in the address, and is taken from there', () => {
    const { element, select, shown, address } = opened(entries, '#?words=stale&topic=races');
    expect(shown()).toEqual(['notes/a.html']);
    element('words').value = 'a&b=c #';
    element('words').heard.get('input')!();
    expect(opened(entries, address.hash).element('words').value).toBe('a&b=c #');
    element('clear').heard.get('click')!();
    expect([element('words').value, select.value, address.hash]).toEqual(['', '', '#?']);
    expect(element('count').textContent).toBe('all');
  });

  it('never takes markup', () => {
    expect(SCRIPT).not.toMatch(
      /innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(|setAttribute\('on/,
    );
  });
});

describe('the style', () => {
  const [light, dark] = [...STYLE.matchAll(/:root\{(?:color-scheme:light dark;)?(--page[^}]*)\}/g)].map(
    ([, colours = '']) =>
      new Map([...colours.matchAll(/--(\w+):(#[0-9a-f]{3,6})/g)].map(([, name, value]) => [name!, value!])),
  );

  /** WCAG 2.2: relative luminance and contrast ratio. */
  function luminance(colour: string): number {
    const full = colour.length === 4 ? colour.replace(/[0-9a-f]/g, '$&$&') : colour;
    const [r, g, b] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(full.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  }
  const contrast = (a: string, b: string) => {
    const [most, least] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (most! + 0.05) / (least! + 0.05);
  };

  it.each(['text', 'faint', 'link', 'flag'])('%s stands out from page and box, light and dark', (name) => {
    for (const colours of [light!, dark!])
      for (const ground of ['page', 'box'])
        expect(contrast(colours.get(name)!, colours.get(ground)!)).toBeGreaterThanOrEqual(4.5);
  });

  it('has rules for print and for the dark', () => {
    expect(STYLE).toContain('@media print');
    expect(STYLE).toContain('prefers-color-scheme:dark');
    expect(STYLE).not.toMatch(/url\(|@import/);
  });
});
