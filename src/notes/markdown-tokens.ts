/** What stands within a line of text, out of the parser's tokens: code, emphasis, links, pictures. */
import type { Token } from 'markdown-it';
import { plainText } from './html.ts';
import { safeLink } from './links.ts';
import { type Inline, text } from './markdown-contract.ts';

/** Marks within each other; the signs of those that are deeper are text. */
const DEEPEST = 16;

const MARKS: Readonly<Record<string, 'emphasis' | 'strong' | 'struck'>> = {
  em_open: 'emphasis',
  strong_open: 'strong',
  s_open: 'struck',
};

/** Characters of addresses given by name that may still be used. */
export interface Named {
  left: number;
}

/** A mark that is open. */
interface Frame {
  /** What it holds. */
  readonly of: Inline[];
  /** Null: it is none of ours, and what it holds stands by itself. */
  readonly close: ((of: readonly Inline[]) => Inline) | null;
  /** Signs that stand in the place of a mark that is none. */
  readonly sign: string;
}

/** @param form `line`: where a line cannot end, as in a heading or a cell */
export function readInlines(
  tokens: readonly Token[],
  form: 'line' | 'lines',
  named: Named,
): readonly Inline[] {
  const reader = new InlineReader(form, named);
  for (const token of tokens) reader.read(token);
  return reader.all;
}

class InlineReader {
  readonly all: Inline[] = [];
  readonly #frames: Frame[] = [{ of: this.all, close: null, sign: '' }];
  readonly #form: 'line' | 'lines';
  readonly #named: Named;
  #marks = 0;
  /** Links that are open: what is one within a link is its text. */
  #links = 0;

  constructor(form: 'line' | 'lines', named: Named) {
    this.#form = form;
    this.#named = named;
  }

  read(token: Token): void {
    const { type, markup } = token;
    const mark = MARKS[type];
    if (mark !== undefined) this.#open(markup, (of) => ({ is: mark, of }));
    else if (type === 'link_open') this.#openLink(token);
    else if (token.nesting < 0) this.#close(type);
    else if (type === 'code_inline') this.#add({ is: 'code', text: token.content });
    else if (type === 'image') this.#add(this.#image(token));
    else if (type === 'hardbreak' && this.#form === 'lines') this.#add({ is: 'break' });
    else if (type === 'softbreak' && this.#form === 'lines') this.#text('\n');
    else if (!isLineEnd(token)) this.#text(textOf(token));
    else if (this.all.length > 0) this.#text(' ');
  }

  #add(inline: Inline): void {
    this.#frames.at(-1)!.of.push(inline);
  }

  /** Texts that stand beside each other are one. */
  #text(text: string): void {
    const { of } = this.#frames.at(-1)!;
    const last = of.at(-1);
    if (last?.is === 'text') of[of.length - 1] = { is: 'text', text: last.text + text };
    else if (text !== '') of.push({ is: 'text', text });
  }

  #open(sign: string, close: Frame['close']): void {
    const deep = this.#marks >= DEEPEST;
    if (deep || close === null) {
      this.#text(sign);
      this.#frames.push({ of: this.#frames.at(-1)!.of, close: null, sign });
      return;
    }
    this.#marks++;
    this.#frames.push({ of: [], close, sign });
  }

  #close(type: string): void {
    if (type === 'link_close') this.#links--;
    if (this.#frames.length === 1) return;
    const { of, close, sign } = this.#frames.pop()!;
    if (close === null) this.#text(sign);
    else {
      this.#marks--;
      const inline = close(of);
      if (!('of' in inline) || inline.of.length > 0) this.#add(inline);
    }
  }

  #openLink(token: Token): void {
    const to = this.#address(token, 'href');
    const leads = to !== null && safeLink(to) !== null && this.#links === 0;
    this.#links++;
    // A link without a text shows where it leads.
    this.#open('', leads ? (of) => ({ is: 'link', to, of: of.length > 0 ? of : [text(to)] }) : null);
  }

  #image(token: Token): Inline {
    const alt = wordsOf(token.children ?? []);
    const from = this.#address(token, 'src');
    return from === null ? { is: 'text', text: alt } : { is: 'image', from, alt };
  }

  /** Null: too much is said by name already. */
  #address(token: Token, attribute: 'href' | 'src'): string | null {
    const address = String(token.attrGet(attribute) ?? '');
    if (token.meta?.label === undefined) return address;
    this.#named.left -= address.length;
    return this.#named.left < 0 ? null : address;
  }
}

function wordsOf(tokens: readonly Token[]): string {
  let words = '';
  for (const token of tokens) {
    if (isLineEnd(token)) words += ' ';
    else words += token.type === 'image' ? wordsOf(token.children ?? []) : textOf(token);
  }
  return words;
}

function isLineEnd({ type }: Token): boolean {
  return type === 'softbreak' || type === 'hardbreak';
}

/** Space that is written as an entity is meant to stay, also where plain space would end a line or begin one. */
function textOf({ content, info }: Token): string {
  return info === 'entity' ? plainText(content).replace(/[\t\n ]/g, '\u00a0') : content;
}
