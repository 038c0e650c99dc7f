// biome-ignore-all lint/suspicious/noControlCharactersInRegex: what must not come through.
/** Markdown: what it becomes, what stays text, and that it may be as long and as odd as it likes. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeHtml, html } from '../../src/notes/html.ts';
import { imagePath, safeLink } from '../../src/notes/links.ts';
import { parseMarkdown } from '../../src/notes/markdown-blocks.ts';
import { blocksHtml } from '../../src/notes/markdown-html.ts';
import { blocksText } from '../../src/notes/markdown-text.ts';
import { strictHtml } from './strict-html.ts';

const addresses = { link: (to: string) => to, image: (from: string) => from };
const drawn = (source: string) => blocksHtml(parseMarkdown(source), addresses).markup.trim();

describe('Markdown', () => {
  it.each([
    ['one\ntwo', '<p>one\ntwo</p>'],
    ['one\n\ntwo', '<p>one</p>\n<p>two</p>'],
    ['one  \ntwo\\\nthree', '<p>one<br>two<br>three</p>'],
    ['# One\n\n### Two ##', '<h2>One</h2>\n<h4>Two</h4>'],
    ['One\n===\n\nTwo\n---', '<h2>One</h2>\n<h3>Two</h3>'],
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
      '<div class="wide" tabindex="0"><table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead><tbody>\n<tr><td>1</td><td>x | y</td></tr>\n<tr><td>2</td><td></td></tr>\n</tbody></table></div>',
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
    ['![a "b"](c/d.png)', '<p><img src="c/d.png" alt="a &quot;b&quot;" loading="lazy"></p>'],
  ])('%j', (source, expected) => {
    expect(drawn(source)).toBe(expected);
  });

  it.each([
    ['<script>alert(1)</script>'],
    ['<img src=x onerror=alert(1)>'],
    ['<!-- a --> <![CDATA[ b ]]> <?c?>'],
    ['&lt;script&gt; &#x3c;b&#x3e; &amp;'],
    ['[a](javascript:alert(1))'],
    ['[a](JaVaScRiPt:alert(1))'],
    ['[a](java\\script:alert)'],
    ['[a](<java\tscript:alert(1)>)'],
    ['[a](data:text/html,x)'],
    ['[a](vbscript:x)'],
    ['[a](//evil.example/x)'],
    ['[a](javascript&colon;alert)'],
    ['[a](javascript%3aalert)'],
    ['<javascript:alert(1)>'],
  ])('%s stays text', (source) => {
    const [only, ...more] = strictHtml(drawn(source));
    expect(more).toEqual([]);
    expect(only?.text).toBe(source.replace('\\s', '\\s'));
  });

  it.each([
    ['![x](https://x.org/a.png)'],
    ['![x](../../etc/passwd)'],
    ['![x](data:image/png;base64,AA)'],
    ['![x](a.svg#b)'],
    ['![x](%2e%2e/a.png)'],
  ])('%s shows no picture', (source) => {
    const elements = strictHtml(drawn(source));
    expect(elements.map(({ name }) => name)).toEqual(['p', 'span']);
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

  it('says the same when it is written and read again', () => {
    fc.assert(
      fc.property(odd, (source) => {
        const words = (markup: string) => strictHtml(`<div>${markup}</div>`)[0]!.text.replace(/\s+/g, '');
        const once = parseMarkdown(source);
        const again = parseMarkdown(blocksText(once));
        expect(words(blocksHtml(again, addresses).markup)).toBe(words(blocksHtml(once, addresses).markup));
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ['brackets', '['],
    ['pictures', '!['],
    ['links', '[a]('],
    ['whole links', '[a](b) '],
    ['emphasis', '*a '],
    ['mixed emphasis', '*a **b '],
    ['backticks', '`a``b'],
    ['quotes', '> '],
    ['lists', '- '],
    ['angles', '<https://'],
    ['spaces', '   '],
    ['lines with ends', 'a  \n'],
    ['bars', '|'],
    ['hashes', '# #'],
    ['items', '- a\n'],
  ])('takes long %s', (_, part) => {
    const source = part.repeat(40_000 / part.length);
    strictHtml(drawn(source));
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
