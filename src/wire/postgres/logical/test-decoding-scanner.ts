/**
 * The words of `test_decoding`'s text: identifiers as `quote_identifier` writes them, types as `format_type` does, values
 * as the plugin's `print_literal` does.
 */
import type { DecodedColumn } from './messages.ts';
import { UNCHANGED } from './messages.ts';

/** The plugin writes this in place of a TOASTed value that did not change. */
const UNCHANGED_WORD = 'unchanged-toast-datum';
const NULL_WORD = 'null';
const BOOLEAN = 'boolean';
/** End an identifier that stands without quotes. */
const ENDS_NAME = new Set([' ', '[', ']', '"', "'", ':', '.', ',', '(', ')', '\n', '\r', '\t']);
/** What a value without quotes consists of: numbers, NaN, Infinity, the words above. */
const BARE_VALUE = /^[-+.\w]+$/;
/** No number is longer: numeric has at most 131072 digits before and 16383 after the point. */
const BARE_LIMIT = 150_000;

/** A cursor over one message. Methods give null, and leave the place undefined, where the text is not what they read. */
export class TestDecodingScanner {
  readonly text: string;
  at: number;

  constructor(text: string, at = 0) {
    this.text = text;
    this.at = at;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** Moves over `word` if it stands here. */
  take(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  sees(word: string): boolean {
    return this.text.startsWith(word, this.at);
  }

  /** What stands between two marks, where a doubled mark stands for one. */
  quoted(mark: '"' | "'"): string | null {
    if (!this.take(mark)) return null;
    const from = this.at;
    let doubled = false;
    for (let close = this.text.indexOf(mark, from); close >= 0; ) {
      if (this.text[close + 1] !== mark) {
        this.at = close + 1;
        const inner = this.text.slice(from, close);
        return doubled ? inner.replaceAll(mark + mark, mark) : inner;
      }
      doubled = true;
      close = this.text.indexOf(mark, close + 2);
    }
    return null;
  }

  /** An identifier without its quotes. */
  identifier(): string | null {
    if (this.sees('"')) return this.quoted('"');
    const from = this.at;
    while (!this.done && !ENDS_NAME.has(this.text[this.at] as string)) this.at++;
    return this.at === from ? null : this.text.slice(from, this.at);
  }

  /** A type between brackets, as written: `[character varying]`, `["My Type"[]]`. */
  typeName(): string | null {
    if (!this.take('[')) return null;
    const from = this.at;
    let depth = 0;
    while (!this.done) {
      const character = this.text[this.at];
      if (character === '"') {
        if (this.quoted('"') === null) return null;
        continue;
      }
      if (character === '[') depth++;
      if (character === ']' && depth-- === 0) return this.text.slice(from, this.at++);
      this.at++;
    }
    return null;
  }

  /** A value; undefined when there is none. */
  value(typeName: string): DecodedColumn['value'] | undefined {
    if (this.sees("'")) return this.quoted("'") ?? undefined;
    if (this.sees("B'")) {
      this.at++;
      return this.quoted("'") ?? undefined;
    }
    const space = this.text.indexOf(' ', this.at);
    const end = space < 0 ? this.text.length : space;
    if (end - this.at > BARE_LIMIT) return undefined;
    const word = this.text.slice(this.at, end);
    this.at = end;
    if (word === NULL_WORD) return null;
    if (word === UNCHANGED_WORD) return UNCHANGED;
    // The plugin spells booleans out; everywhere else PostgreSQL prints them as t and f.
    if (typeName === BOOLEAN && (word === 'true' || word === 'false')) return word === 'true' ? 't' : 'f';
    return BARE_VALUE.test(word) ? word : undefined;
  }

  /** One column, like `name[character varying]:'it''s'`. */
  column(): DecodedColumn | null {
    const name = this.identifier();
    if (name === null) return null;
    const typeName = this.typeName();
    if (typeName === null || !this.take(':')) return null;
    const value = this.value(typeName);
    return value === undefined ? null : { name, typeOid: null, typeName, value, key: false };
  }

  /** Columns, each after a space, up to `stop` or the end. */
  columns(stop: string | null): DecodedColumn[] | null {
    const columns: DecodedColumn[] = [];
    while (!this.done && !(stop !== null && this.sees(stop))) {
      if (!this.take(' ')) return null;
      const column = this.column();
      if (column === null) return null;
      columns.push(column);
    }
    return columns;
  }
}
