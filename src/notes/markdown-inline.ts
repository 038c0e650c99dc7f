/**
 * Markdown within a line of text: code, emphasis, links, images, addresses. Everything else, HTML and entities included, is text.
 * Takes time linear in its input: brackets and backticks are paired before, and open marks are bounded.
 *
 * @see CommonMark 0.31.2, chapter 6
 */
import { safeLink } from './links.ts';
import type { Inline } from './markdown-contract.ts';

/** Links and images within link texts. */
const DEEPEST = 6;
/** Marks of emphasis that wait for their end; more stay text. */
const OPEN_MARKS = 16;

const DESTINATION =
  /\([ \n]{0,99}(?:<([^<>\n]{0,2000})>|([^\s()<>]{0,2000}(?:\([^\s()<>]{0,500}\)[^\s()<>]{0,500}){0,9}))(?:[ \n]{1,99}(?:"[^"]{0,500}"|'[^']{0,500}'))?[ \n]{0,99}\)/y;
const ANGLED = /<((?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/iy;
const BARE = /https?:\/\/[^\s<>"'`|]{1,2000}/iy;
const ESCAPED = /\\([!-/:-@[-`{-~])/y;

interface Mark {
  readonly at: number;
  readonly sign: string;
}

export function inlines(source: string, depth = 0): readonly Inline[] {
  return new Scanner(source, depth).run();
}

class Scanner {
  readonly #source: string;
  readonly #depth: number;
  readonly #codeEnds: ReadonlyMap<number, number>;
  readonly #brackets: ReadonlyMap<number, number>;
  readonly #out: Inline[] = [];
  readonly #marks: Mark[] = [];
  #text = '';
  #at = 0;

  constructor(source: string, depth: number) {
    this.#source = source;
    this.#depth = depth;
    this.#codeEnds = codeEnds(source);
    this.#brackets = brackets(source, this.#codeEnds);
  }

  run(): readonly Inline[] {
    const source = this.#source;
    while (this.#at < source.length) {
      const handled = this.#special(source[this.#at]!);
      if (!handled) this.#text += source[this.#at++]!;
    }
    this.#flush();
    return joined(this.#out);
  }

  #special(sign: string): boolean {
    switch (sign) {
      case '\\':
        return this.#escape();
      case '`':
        return this.#code();
      case '!':
        return this.#source[this.#at + 1] === '[' && this.#image();
      case '[':
        return this.#link();
      case '<':
        return this.#address(ANGLED);
      case 'h':
      case 'H':
        return !/\w/.test(this.#source[this.#at - 1] ?? '') && this.#address(BARE);
      case '*':
      case '_':
        return this.#emphasis(sign);
      case '\n':
        return this.#lineEnd();
      default:
        return false;
    }
  }

  #flush(): void {
    if (this.#text !== '') this.#out.push({ is: 'text', text: this.#text });
    this.#text = '';
  }

  #add(inline: Inline, end: number): true {
    this.#flush();
    this.#out.push(inline);
    this.#at = end;
    return true;
  }

  #match(pattern: RegExp, at: number): RegExpExecArray | null {
    pattern.lastIndex = at;
    return pattern.exec(this.#source);
  }

  #escape(): boolean {
    if (this.#source[this.#at + 1] === '\n') return this.#add({ is: 'break' }, this.#at + 2);
    const escaped = this.#match(ESCAPED, this.#at);
    if (escaped === null) return false;
    this.#text += escaped[1]!;
    this.#at += 2;
    return true;
  }

  #code(): boolean {
    const end = this.#codeEnds.get(this.#at);
    const width = runLength(this.#source, this.#at);
    if (end === undefined) {
      this.#text += this.#source.slice(this.#at, this.#at + width);
      this.#at += width;
      return true;
    }
    const inner = this.#source.slice(this.#at + width, end).replaceAll('\n', ' ');
    const padded = inner.startsWith(' ') && inner.endsWith(' ') && inner.trim() !== '';
    return this.#add({ is: 'code', text: padded ? inner.slice(1, -1) : inner }, end + width);
  }

  /** Address and end of what follows a closing bracket; null: no address does. */
  #destination(close: number): { readonly address: string; readonly end: number } | null {
    if (this.#source[close + 1] !== '(') return null;
    const found = this.#match(DESTINATION, close + 1);
    if (found === null) return null;
    return { address: unescaped(found[1] ?? found[2] ?? ''), end: close + 1 + found[0].length };
  }

  #image(): boolean {
    const close = this.#brackets.get(this.#at + 1);
    const target = close === undefined ? null : this.#destination(close);
    if (target === null || close === undefined) return false;
    const alt = unescaped(this.#source.slice(this.#at + 2, close)).replaceAll('\n', ' ');
    return this.#add({ is: 'image', from: target.address, alt }, target.end);
  }

  #link(): boolean {
    const close = this.#brackets.get(this.#at);
    const target = close === undefined ? null : this.#destination(close);
    if (target === null || close === undefined || this.#depth >= DEEPEST) return false;
    const to = safeLink(target.address);
    // Left as it is written, so that whoever reads it sees where it would have led.
    if (to === null) return false;
    const of = inlines(this.#source.slice(this.#at + 1, close), this.#depth + 1);
    return this.#add({ is: 'link', to, of: withoutLinks(of) }, target.end);
  }

  #address(pattern: RegExp): boolean {
    const found = this.#match(pattern, this.#at);
    if (found === null) return false;
    const address = found[1] ?? found[0].replace(/[.,;:!?)\]*_]{1,20}$/, '');
    const to = safeLink(address);
    if (to === null) return false;
    const end = this.#at + (found[1] === undefined ? address.length : found[0].length);
    return this.#add({ is: 'link', to, of: [{ is: 'text', text: address }] }, end);
  }

  #lineEnd(): boolean {
    const hard = this.#text.endsWith('  ');
    let end = this.#text.length;
    while (this.#text[end - 1] === ' ') end--;
    this.#text = this.#text.slice(0, end);
    if (hard) return this.#add({ is: 'break' }, this.#at + 1);
    this.#text += '\n';
    this.#at++;
    return true;
  }

  #emphasis(sign: string): boolean {
    const source = this.#source;
    let end = this.#at;
    while (source[end] === sign) end++;
    const run = source.slice(this.#at, end);
    const before = source[this.#at - 1] ?? ' ';
    const after = source[end] ?? ' ';
    const within = sign === '_' && /[\p{L}\p{N}]/u.test(before) && /[\p{L}\p{N}]/u.test(after);
    this.#at = end;
    if (run.length <= 2 && !within && !/\s/.test(before) && this.#closeMark(run)) return true;
    if (run.length <= 2 && !within && !/\s/.test(after) && this.#marks.length < OPEN_MARKS) {
      this.#flush();
      this.#marks.push({ at: this.#out.length, sign: run });
      this.#out.push({ is: 'text', text: run });
      return true;
    }
    this.#text += run;
    return true;
  }

  #closeMark(run: string): boolean {
    const index = this.#marks.findLastIndex(({ sign }) => sign === run);
    if (index < 0) return false;
    this.#flush();
    const { at } = this.#marks[index]!;
    const of = joined(this.#out.splice(at).slice(1));
    this.#marks.length = index;
    if (of.length === 0) this.#text += run + run;
    else this.#out.push({ is: run.length === 2 ? 'strong' : 'emphasis', of });
    return true;
  }
}

function runLength(source: string, at: number): number {
  let end = at;
  while (source[end] === '`') end++;
  return end - at;
}

/** Where the code that begins at a run of backticks ends. */
function codeEnds(source: string): ReadonlyMap<number, number> {
  const runs = [...source.matchAll(/\\`|`+/g)]
    .filter(([run]) => run !== '\\`')
    .map(({ 0: run, index }) => ({ at: index, width: run.length }));
  const next = new Map<number, number>();
  const ends = new Map<number, number>();
  for (const { at, width } of runs.toReversed()) {
    const end = next.get(width);
    if (end !== undefined) ends.set(at, end);
    next.set(width, at);
  }
  return ends;
}

/** Opening bracket → its closing one. */
function brackets(source: string, ends: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < source.length; at++) {
    const sign = source[at];
    if (sign === '\\') at++;
    else if (sign === '`') {
      const width = runLength(source, at);
      at = (ends.get(at) ?? at) + width - 1;
    } else if (sign === '[') open.push(at);
    else if (sign === ']') {
      const start = open.pop();
      if (start !== undefined) pairs.set(start, at);
    }
  }
  return pairs;
}

function unescaped(text: string): string {
  return text.replace(/\\([!-/:-@[-`{-~])/g, '$1');
}

function withoutLinks(of: readonly Inline[]): readonly Inline[] {
  return of.flatMap((one) => (one.is === 'link' ? one.of : [one]));
}

/** Texts that stand beside each other as one. */
function joined(of: readonly Inline[]): readonly Inline[] {
  const out: Inline[] = [];
  let words: string[] = [];
  const flush = () => {
    if (words.length > 0) out.push({ is: 'text', text: words.join('') });
    words = [];
  };
  for (const one of of) {
    if (one.is === 'text') words.push(one.text);
    else {
      flush();
      out.push(one);
    }
  }
  flush();
  return out;
}
