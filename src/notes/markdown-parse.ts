/**
 * Markdown → blocks: CommonMark with tables and struck text, as markdown-it reads it, and nothing else: its tokens become our data, and
 * raw HTML is none of them. Depth, addresses and lookahead are bounded, so that odd texts take about linear time and stay text.
 *
 * @see CommonMark 0.31.2; GitHub Flavored Markdown 0.29, 4.10 and 6.5
 */
import MarkdownIt, { type MarkdownIt as Parser, type StateBlock, type Token } from 'markdown-it';
import { plainText } from './html.ts';
import { LONGEST_ADDRESS, safeLink } from './links.ts';
import type { Block } from './markdown-contract.ts';
import { readInlines } from './markdown-tokens.ts';

export const MARKDOWN_LIMITS = {
  /** Levels of quotes, lists and items within each other; what is deeper is paragraphs. */
  levels: 20,
  /** Links, pictures and brackets within each other; what is deeper is text. */
  brackets: 24,
  /** Characters of addresses that are given by name, `[text][name]`, in one text: one definition may be named any number of times. */
  named: 400_000,
  /** Lines without `>` that are looked at for whether a quote goes on with them: some for any text, more for a long one. A quote that
   * ends before it seemed to has them looked at again; once they are spent, quotes end where their signs do. */
  looks: 1_000,
  looksPerLine: 4,
} as const;

/** Lines that were looked at for quotes. */
interface Spent {
  looks: number;
  most: number;
}

const SPENT = Symbol('spent');

const parser = makeParser();

export function parseMarkdown(source: string): readonly Block[] {
  const text = plainText(source);
  const lines = text.match(/\n/g)?.length ?? 0;
  const { looks, looksPerLine } = MARKDOWN_LIMITS;
  const spent: Spent = { looks: 0, most: looks + looksPerLine * lines };
  return new Reader(parser.parse(text, { [SPENT]: spent })).blocks(null);
}

function makeParser(): Parser {
  const made = new MarkdownIt({
    html: false,
    linkify: true,
    typographer: false,
    maxNesting: MARKDOWN_LIMITS.brackets,
  });
  // Addresses that say what they are: no bare hosts, no other schemes.
  made.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false, maxLength: LONGEST_ADDRESS });
  made.linkify.add('ftp:', null).add('//', null);
  // What leads nowhere is left as it is written, so that whoever reads it sees where it would have led.
  made.validateLink = (address) => safeLink(address) !== null;
  const normalize = made.normalizeLink.bind(made);
  made.normalizeLink = (address) => (address.length > LONGEST_ADDRESS ? '' : normalize(address));
  // Texts are joined where they are read; until then it is known which of them was an entity.
  made.disable('text_join');
  made.block.ruler.before('table', 'deep', deepParagraph);
  made.block.ruler.before('fence', 'looks', looksSpent, { alt: ['blockquote'] });
  return made;
}

/** Too deep within quotes and lists: all lines up to an empty one are a paragraph. */
function deepParagraph(state: StateBlock, start: number, end: number): boolean {
  if (state.level < MARKDOWN_LIMITS.levels) return false;
  let next = start + 1;
  while (next < end && !state.isEmpty(next) && state.sCount[next]! >= state.blkIndent) next++;
  state.line = next;
  state.push('paragraph_open', 'p', 1);
  const inline = state.push('inline', '', 0);
  inline.content = state.getLines(start, next, state.blkIndent, false).trim();
  inline.children = [];
  state.push('paragraph_close', 'p', -1);
  return true;
}

/** Asked for each line without `>` that could go on with a quote; true ends it there. */
function looksSpent({ env }: StateBlock, _line: number, _end: number, silent: boolean): boolean {
  const spent = env[SPENT] as Spent;
  return silent && ++spent.looks > spent.most;
}

const LANGUAGE = /^[\p{L}\p{N}.+#_-]{1,40}/u;

/** Blocks out of tokens. As deep as the parser nests them. */
class Reader {
  readonly #tokens: readonly Token[];
  readonly #named = { left: MARKDOWN_LIMITS.named };
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** Up to a token, which is taken too; null: all. */
  blocks(end: string | null): readonly Block[] {
    const out: Block[] = [];
    for (;;) {
      const token = this.#tokens[this.#at++];
      if (token === undefined || token.type === end) return out;
      const block = this.#block(token);
      if (block !== null) out.push(block);
    }
  }

  #block(token: Token): Block | null {
    switch (token.type) {
      case 'heading_open':
        return { is: 'heading', level: Number(token.tag.slice(1)), of: this.#inlines('line') };
      case 'paragraph_open':
        return { is: 'paragraph', of: this.#inlines('lines') };
      case 'fence':
      case 'code_block':
        return { is: 'code', language: languageOf(token.info), text: token.content.replace(/\n$/, '') };
      case 'blockquote_open':
        return { is: 'quote', of: this.blocks('blockquote_close') };
      case 'bullet_list_open':
        return this.#list(null, 'bullet_list_close');
      case 'ordered_list_open':
        return this.#list(Number(token.attrGet('start') ?? 1), 'ordered_list_close');
      case 'table_open':
        return this.#table();
      case 'hr':
        return { is: 'rule' };
      default:
        return null;
    }
  }

  /** What stands between an opening token and its closing one. */
  #inlines(form: 'line' | 'lines'): Extract<Block, { is: 'paragraph' }>['of'] {
    const { children } = this.#tokens[this.#at]!;
    this.#at += 2;
    return readInlines(children ?? [], form, this.#named);
  }

  #list(start: number | null, end: string): Block {
    const items: (readonly Block[])[] = [];
    let tight = true;
    for (let open = this.#tokens[this.#at++]; open !== undefined && open.type !== end; ) {
      const first = this.#at;
      items.push(this.blocks('list_item_close'));
      tight &&= this.#isTight(first, open.level + 1);
      open = this.#tokens[this.#at++];
    }
    // Of one thing alone it cannot be told.
    const alone = items.length === 1 && items[0]!.length < 2;
    return { is: 'list', start, tight: tight || alone, items };
  }

  /** The parser hides the paragraphs of items that stand close. */
  #isTight(first: number, level: number): boolean {
    for (let at = first; at < this.#at; at++) {
      const { type, level: of, hidden } = this.#tokens[at]!;
      if (type === 'paragraph_open' && of === level) return hidden;
    }
    return true;
  }

  #table(): Block {
    const rows: Extract<Block, { is: 'paragraph' }>['of'][][] = [];
    for (;;) {
      const token = this.#tokens[this.#at++];
      if (token === undefined || token.type === 'table_close') break;
      if (token.type === 'tr_open') rows.push([]);
      if (token.type === 'th_open' || token.type === 'td_open') rows.at(-1)!.push(this.#inlines('line'));
    }
    const [head = [], ...body] = rows;
    return { is: 'table', head, rows: body };
  }
}

function languageOf(info: string): string {
  return LANGUAGE.exec(parser.utils.unescapeAll(info).trim())?.[0] ?? '';
}
