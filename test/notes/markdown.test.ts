// biome-ignore-all lint/suspicious/noControlCharactersInRegex: what must not come through.
/** Markdown: what it becomes, what stays text, and that it may be as long and as odd as it likes. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOTE_LIMITS } from '../../src/notes/contract.ts';
import { escapeHtml, html } from '../../src/notes/html.ts';
import { imagePath, safeLink } from '../../src/notes/links.ts';
import { absentImage, type Block, type Inline, text } from '../../src/notes/markdown-contract.ts';
import { blocksHtml } from '../../src/notes/markdown-html.ts';
import { parseMarkdown } from '../../src/notes/markdown-parse.ts';
import { blocksText } from '../../src/notes/markdown-text.ts';
import { THOROUGH } from '../support/thorough.ts';
import { strictHtml } from './strict-html.ts';

const addresses = { link: (to: string) => to, image: (from: string) => from };
const drawn = (source: string) => blocksHtml(parseMarkdown(source), addresses).markup.trim();

/** Blocks with the words of emphasis alone, and what stands for pictures that are not shown. */
function withoutMarks(blocks: readonly Block[]): readonly Block[] {
  return blocks.map((block): Block => {
    switch (block.is) {
      case 'heading':
      case 'paragraph':
        return { ...block, of: bare(block.of) };
      case 'quote':
        return { ...block, of: withoutMarks(block.of) };
      case 'list':
        return { ...block, items: block.items.map(withoutMarks) };
      case 'table':
        return { ...block, head: block.head.map(bare), rows: block.rows.map((row) => row.map(bare)) };
      default:
        return block;
    }
  });
}

function bare(of: readonly Inline[]): readonly Inline[] {
  const out: Inline[] = [];
  const add = (one: Inline) => {
    const last = out.at(-1);
    if (one.is === 'text' && last?.is === 'text') out[out.length - 1] = text(last.text + one.text);
    else out.push(one);
  };
  for (const one of of) {
    if (one.is === 'emphasis' || one.is === 'strong' || one.is === 'struck')
      for (const inner of bare(one.of)) add(inner);
    else if (one.is === 'link') add({ ...one, of: bare(one.of) });
    else add(one.is === 'image' && imagePath(one.from) === null ? text(absentImage(one.alt)) : one);
  }
  return out;
}

describe('Markdown', () => {
  it.each([
    ['one\ntwo', '<p>one\ntwo</p>'],
    ['one\n\ntwo', '<p>one</p>\n<p>two</p>'],
    ['one  \ntwo\\\nthree', '<p>one<br>two<br>three</p>'],
    ['# One\n\n### Two ##', '<h2 id="one">One</h2>\n<h4 id="two">Two</h4>'],
    ['One\n===\n\nTwo\n---', '<h2 id="one">One</h2>\n<h3 id="two">Two</h3>'],
    ['#hash', '<p>#hash</p>'],
    ['*a* _b_ **c** __d__', '<p><em>a</em> <em>b</em> <strong>c</strong> <strong>d</strong></p>'],
    ['**a *b* c**', '<p><strong>a <em>b</em> c</strong></p>'],
    ['a * b * c, snake_case_name, 2*3*4', '<p>a * b * c, snake_case_name, 2<em>3</em>4</p>'],
    ['*open and **open', '<p>*open and **open</p>'],
    ['`a*b*` and ``c`d``', '<p><code>a*b*</code> and <code>c`d</code></p>'],
    ['`open', '<p>`open</p>'],
    ['\\*a\\* \\<b\\>', '<p>*a* &lt;b&gt;</p>'],
    ['- a\n- b\n  - c\n\n1. d', '<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>\n<ol><li>d</li></ol>'],
    ['- a\n\n- b', '<ul><li><p>a</p></li><li><p>b</p></li></ul>'],
    ['3. a\n4. b', '<ol start="3"><li>a</li><li>b</li></ol>'],
    ['> a\nb\n\nc', '<blockquote><p>a\nb</p></blockquote>\n<p>c</p>'],
    ['```sh\na <b>\n\n  c\n```\nd', '<pre tabindex="0"><code>a &lt;b&gt;\n\n  c</code></pre>\n<p>d</p>'],
    ['~~~\nopen', '<pre tabindex="0"><code>open</code></pre>'],
    ['    code\n      more', '<pre tabindex="0"><code>code\n  more</code></pre>'],
    ['***\n---\n- - -', '<hr>\n<hr>\n<hr>'],
    [
      '| a | b |\n|:--|--:|\n| 1 | x \\| y |\n| 2',
      '<div class="wide" tabindex="0"><table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead><tbody>\n<tr><td class="figure">1</td><td>x | y</td></tr>\n<tr><td class="figure">2</td><td></td></tr>\n</tbody></table></div>',
    ],
    ['[a](b.md) [c](<d.md> "e")', '<p><a href="b.md">a</a> <a href="d.md">c</a></p>'],
    [
      '[**a** `b`](https://x.org/?c=d&e)',
      '<p><a href="https://x.org/?c=d&amp;e" rel="noopener noreferrer nofollow"><strong>a</strong> <code>b</code></a></p>',
    ],
    [
      '<https://x.org> and https://y.org/z.',
      '<p><a href="https://x.org" rel="noopener noreferrer nofollow">https://x.org</a> and <a href="https://y.org/z" rel="noopener noreferrer nofollow">https://y.org/z</a>.</p>',
    ],
    ['~~a~~ ~b~', '<p><s>a</s> ~b~</p>'],
    ['&eacute; `&lt;`', '<p>é <code>&amp;lt;</code></p>'],
    ['a&#10;b&nbsp;c', '<p>a\u00a0b\u00a0c</p>'],
    ['[a] [b][A] [c][]\n\n[a]: x.md "t"', '<p><a href="x.md">a</a> <a href="x.md">b</a> [c][]</p>'],
    ['[](a.md) [[b](c.md)](d.md)', '<p><a href="a.md">a.md</a> [<a href="c.md">b</a>](d.md)</p>'],
    ['[<https://x.org>](d.md)', '<p><a href="d.md">https://x.org</a></p>'],
    ['a\\\nb\n===', '<h2 id="a-b">a b</h2>'],
    ['![a "b"](c/d.png)', '<figure><img src="c/d.png" alt="a &quot;b&quot;" loading="lazy"></figure>'],
    [
      '![a](b.png)\\\nwhat it *shows*',
      '<figure><img src="b.png" alt="a" loading="lazy"><figcaption>what it <em>shows</em></figcaption></figure>',
    ],
    ['![a](b.png) beside', '<p><img src="b.png" alt="a" loading="lazy"> beside</p>'],
    [
      '# A\n\n# A\n\n# A 2\n\n# Pictures\n\n# !',
      '<h2 id="a">A</h2>\n<h2 id="a-2">A</h2>\n<h2 id="a-2-2">A 2</h2>\n<h2 id="pictures-2">Pictures</h2>\n<h2 id="part">!</h2>',
    ],
  ])('%j', (source, expected) => {
    expect(drawn(source)).toBe(expected);
  });

  it.each([
    ['<script>alert(1)</script>'],
    ['<img src=x onerror=alert(1)>'],
    ['<!-- a --> <![CDATA[ b ]]> <?c?>'],
    ['[a](javascript:alert(1))'],
    ['[a](JaVaScRiPt:alert(1))'],
    ['[a](java\\script:alert)'],
    ['[a](<java\tscript:alert(1)>)'],
    ['[a](data:text/html,x)'],
    ['[a](vbscript:x)'],
    ['[a](//evil.example/x)'],
    ['[a](javascript%3aalert)'],
    ['<javascript:alert(1)>'],
    ['![a](javascript:alert(1))'],
    ['![a](data:image/png;base64,AA)'],
    ['ftp://x.org //x.org x.org a@x.org'],
    ['[a]: javascript:alert(1)'],
  ])('%s stays text', (source) => {
    const [only, ...more] = strictHtml(drawn(source));
    expect(more).toEqual([]);
    expect(only?.text).toBe(source);
  });

  it.each([
    ['&lt;script&gt; &#x3c;b&#x3e; &amp;', '<script> <b> &'],
    ['[a](javascript&colon;alert)', '[a](javascript:alert)'],
    ['[a](&#x6a;avascript:alert)', '[a](javascript:alert)'],
    ['&#0; &#x202e; &unknown; &', '\ufffd \ufffd &unknown; &'],
  ])('%s is the text %s', (source, text) => {
    const [only, ...more] = strictHtml(drawn(source));
    expect(more).toEqual([]);
    expect(only?.text).toBe(text);
  });

  it.each([
    ['![x](https://x.org/a.png)'],
    ['![x](../../etc/passwd)'],
    ['![x](a.svg#b)'],
    ['![x](%2e%2e/a.png)'],
  ])('%s shows no picture', (source) => {
    const elements = strictHtml(drawn(source));
    expect(elements.map(({ name }) => name)).toEqual(['figure', 'span']);
    expect(elements[1]?.text).toBe('[image: x]');
  });

  const signs = fc.constantFrom(
    ...[
      '*',
      '**',
      '_',
      '`',
      '``',
      '[',
      ']',
      '(',
      ')',
      '![',
      '<',
      '>',
      '\\',
      '\n',
      '\n\n',
      '# ',
      '- ',
      '1. ',
      '> ',
      '    ',
      '|',
    ],
    ...[
      '\n|-|\n',
      '---',
      '```',
      '~~~',
      '&lt;',
      '"',
      "'",
      '<script>',
      'javascript:',
      'https://x.org',
      'a',
      ' ',
      '\t',
      '\u0000',
    ],
    ...['</p>', '<!--', '\u202e', 'a.png', '../', '](', '](https://x.org)', 'é'],
  );
  const odd = fc.array(signs, { maxLength: 80 }).map((parts) => parts.join(''));

  it('is drawn from nothing but our own elements, whatever it says', () => {
    fc.assert(
      fc.property(fc.oneof(odd, fc.string({ unit: 'binary' })), (source) => {
        const elements = strictHtml(drawn(source));
        for (const { name, attributes } of elements) {
          if (name === 'a') expect(safeLink(attributes.href!)).not.toBeNull();
          if (name === 'img') expect(imagePath(attributes.src!)).not.toBeNull();
        }
      }),
      { numRuns: 150 },
    );
  });

  // But for emphasis: not every one that can be read can be written, and its words are then without it.
  it('is the same blocks when it is written and read again', () => {
    fc.assert(
      fc.property(odd, (source) => {
        const once = parseMarkdown(source);
        const again = parseMarkdown(blocksText(once));
        expect(withoutMarks(again)).toEqual(withoutMarks(once));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['*a* **b** ~~c~~ *__d__ e* **f *g***'],
    ['*a*_b_ **c**__d__.'],
    ['- a\n- b\n\n  c\n\n1. d\n\n2) e\n\n* f\n\n+ g\n\n-\n  - h'],
    ['> a\n>\n> > b\n>\n> - c\n>   ```js\n>   d\n>   ```'],
    ['| a\\|b | `c\\|d` |\n|---|---|\n| *e* | |'],
    ['# a # \\#\n\n\\# b\n\\- c\n1\\. d\n\n***\n\n&lt; &amp;lt; `` ` `` !\\[e](f)'],
    ['[a *b*](<c d.md>) https://x.org <mailto:a@x.org> ![e](f.png)'],
  ])('%j is the same blocks, marks and all', (source) => {
    const once = parseMarkdown(source);
    expect(parseMarkdown(blocksText(once))).toEqual(once);
  });

  it.each([
    ['> ', 'blockquote', 20],
    ['- ', 'ul', 10],
  ])('nests %j as deep as it may; what is deeper is text', (sign, name, depth) => {
    const [, ...deep] = [...drawn(`${sign.repeat(50)}deep`).matchAll(new RegExp(`<${name}>`, 'g'))];
    expect(deep.length).toBe(depth - 1);
    expect(strictHtml(`<div>${drawn(`${sign.repeat(50)}deep`)}</div>`)[0]?.text).toBe(
      `${sign.repeat(50 - depth)}deep`,
    );
  });

  it('shows signs of marks that are nested too deep, and no address without end', () => {
    const marks = drawn(`${'*a '.repeat(40)}${'b* '.repeat(40)}`);
    expect(marks.match(/<em>/g)?.length).toBe(16);
    expect(strictHtml(marks)[0]?.text).toContain('*a *a b* b* ');
    const named = drawn(`[a]: https://x.org/${'b'.repeat(1900)}\n\n${'[a] '.repeat(10_000)}`);
    expect(named.length).toBeLessThan(600_000);
    expect(strictHtml(named)[0]?.text.trim()).toBe('a '.repeat(10_000).trim());
  });

  /** Each was slow in some reader of Markdown. */
  const LONG = ['[', '`a``b', "'", '"', '<a@', 'mailto:a@', '> \n|-|\n>', '[a]: b "\n', '   ', '# #'];
  const LONGER = [
    '![',
    '*_',
    '[a](b) ',
    '[a](<b',
    '[a](b (c',
    '[a\n',
    '*a **b ',
    'a**bc* ',
    '~~~a',
    '> ',
    '- ',
    '- a\n',
    'a|b\n-|-\n',
    '|',
    'a  \n',
    'https://',
    '![a',
    '&#',
    '**x [a*b**c*](d)',
  ];

  it.each([...LONG, ...(THOROUGH ? LONGER : [])])('takes 400,000 characters of %j', (part) => {
    const source = part.repeat(NOTE_LIMITS.body / part.length);
    const blocks = parseMarkdown(source);
    blocksHtml(blocks, addresses);
    blocksText(blocks);
  });

  it('takes brackets, pictures and marks within each other', () => {
    const nested = (open: string, close: string) => {
      const times = NOTE_LIMITS.body / (open.length + close.length);
      return `${open.repeat(times)}a${close.repeat(times)}`;
    };
    for (const source of [nested('[', ']'), nested('![', '](b)'), nested('*a ', ' b*')])
      blocksText(parseMarkdown(source));
  });
});

describe('HTML', () => {
  it('escapes whatever is put into a template', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [element] = strictHtml(html`<p class="${text}">${text}</p>`.markup);
        expect(element?.text).toBe(element?.attributes.class);
        expect(element?.text).not.toMatch(/[\u0000-\u0008\u202e]/);
      }),
    );
  });

  it('shows controls and marks that turn the direction as U+FFFD', () => {
    expect(escapeHtml('a\u0000b\u202ec\r\nd\te')).toBe('a\ufffdb\ufffdc\nd\te');
  });
});

describe('addresses', () => {
  it.each([
    ['https://x.org/a?b=c#d', true],
    ['http://[::1]/', true],
    ['mailto:a@x.org', true],
    ['a/b.html', true],
    ['../a.html', true],
    ['#a', true],
    ['?a=b', true],
    ['', false],
    ['/a', false],
    ['//x.org', false],
    ['https:x', false],
    ['https://', false],
    ['file:///etc/passwd', false],
    ['javascript:1', false],
    [' javascript:1', false],
    ['\u0001javascript:1', false],
    ['java\nscript:1', false],
    ['a:b', false],
    ['a%3Ab', false],
    ['https://x.org/"onclick="', false],
    ['https://x.org/\\', false],
    [`https://x.org/${'a'.repeat(3000)}`, false],
  ])('%j: %s', (address, safe) => {
    expect(safeLink(address) !== null).toBe(safe);
  });
});
