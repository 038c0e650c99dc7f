/**
 * One notation for statements as spans write them and as they were on the wire. Drivers differ in the marks of parameters
 * (`$1`, `%s`, `%(id)s`, `:id`, `?`, `@p1`) and a span's text may be the one before the driver's substitution; what
 * remains when those are taken out is equal.
 */

/** Texts whose notation is remembered. */
const MAX_TEXTS = 20_000;

const PLACEHOLDER = /\$\d+|%\(\w+\)s|%s|(?<![:\w]):[A-Za-z_]\w*|@\w+|\?/g;
const LIST = /\(\s*\?(?:\s*,\s*\?)+\s*\)/g;
const ROWS = /\(\?\)(?:\s*,\s*\(\?\))+/g;

/** Commands that begin and end a transaction block, as their span says them. */
const BORDERS: Readonly<Record<string, string>> = {
  begin: 'begin',
  'begin transaction': 'begin',
  'begin work': 'begin',
  'start transaction': 'begin',
  commit: 'commit',
  'commit transaction': 'commit',
  end: 'commit',
  rollback: 'rollback',
  abort: 'rollback',
};

function canonical(text: string): string {
  const folded = text
    .replace(PLACEHOLDER, '?')
    .replace(LIST, '(?)')
    .replace(ROWS, '(?)')
    .replace(/\s+/g, ' ')
    .replace(/ ?([(),=<>]) ?/g, '$1')
    .replace(/[; ]+$/, '')
    .trim()
    .toLowerCase();
  const border = BORDERS[folded] ?? (/^(?:begin|start transaction) /.test(folded) ? 'begin' : null);
  return border ?? folded;
}

export class Statements {
  readonly #known = new Map<string, string>();

  /** The notation of a statement; equal for the span and the wire. */
  of(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const notation = canonical(text);
    if (this.#known.size < MAX_TEXTS) this.#known.set(text, notation);
    return notation;
  }
}

/** The first word of a statement: all that some spans tell. */
export function verbOf(statement: string): string {
  return /^[a-z]+/i.exec(statement)?.[0].toLowerCase() ?? '';
}

export type Store = 'cache' | 'source';

const CACHE = /redis|valkey|keydb|dragonfly/i;
const SOURCE = /postgres|cockroach|redshift|timescale|yugabyte|^other_sql$|^sql$/i;

/** Which of the stores a span's `system` is; null: neither. */
export function storeOf(system: string): Store | null {
  return CACHE.test(system) ? 'cache' : SOURCE.test(system) ? 'source' : null;
}

const SQL_VERB =
  /^(?:select|insert|update|delete|merge|with|truncate|begin|commit|rollback|values|copy|call|set|show)$/;

/** What to look for on the wire for a span: its statement, or only the verb in its name. */
export function soughtOf(store: Store, statement: string | undefined, name: string): string | null {
  const text = statement ?? /^[\w.:-]*?(\w+)(?:\s|$)/.exec(name)?.[1] ?? '';
  if (text === '') return null;
  if (store === 'cache') return text.toUpperCase();
  return statement !== undefined || SQL_VERB.test(text.toLowerCase()) ? text : null;
}
