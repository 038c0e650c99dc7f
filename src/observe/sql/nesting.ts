/**
 * How deeply a text nests once it is parsed, estimated from its tokens: brackets, chains of operators (each of which
 * nests one deeper), CASE, joins and set operations. The parser works on a stack of fixed size and does not recover when
 * that overflows, so texts beyond a bound are not given to it.
 */
import { type Token, tokens } from './lexer.ts';

/** Words that join two expressions, or wrap one, like an operator. */
const CHAINING = new Set(
  'not is isnull notnull like ilike similar between in collate at operator overlaps'.split(' '),
);
/** Words after which another expression begins. AND and OR do not nest: the grammar folds them into one node. */
const SEPARATING = new Set(
  'and or when then else select from where set values on returning group order having limit offset by as using'.split(
    ' ',
  ),
);
/** Words that nest what stands before them, whatever separates its parts. */
const STACKING = new Set(['join', 'union', 'intersect', 'except']);

interface Level {
  chain: number;
  stacked: number;
  /** Whether CASE opened it; then END closes it. */
  readonly byWord: boolean;
}

class Depth {
  readonly #levels: Level[] = [{ chain: 0, stacked: 0, byWord: false }];
  #total = 0;
  deepest = 0;

  chain(): void {
    this.#levels.at(-1)!.chain++;
    this.#grow();
  }

  stack(): void {
    this.separate();
    this.#levels.at(-1)!.stacked++;
    this.#grow();
  }

  separate(): void {
    const level = this.#levels.at(-1)!;
    this.#total -= level.chain;
    level.chain = 0;
  }

  open(byWord: boolean): void {
    this.#levels.push({ chain: 0, stacked: 0, byWord });
    this.#grow();
  }

  close(byWord: boolean): void {
    const level = this.#levels.at(-1)!;
    if (this.#levels.length === 1 || level.byWord !== byWord) return;
    this.#levels.pop();
    this.#total -= level.chain + level.stacked + 1;
  }

  #grow(): void {
    this.#total++;
    this.deepest = Math.max(this.deepest, this.#total);
  }
}

function countWord(depth: Depth, word: string): void {
  if (word === 'case') depth.open(true);
  else if (word === 'end') depth.close(true);
  else if (STACKING.has(word)) depth.stack();
  else if (SEPARATING.has(word)) depth.separate();
  else if (CHAINING.has(word)) depth.chain();
}

function countMark(depth: Depth, mark: string): void {
  if (mark === '(' || mark === '[') depth.open(false);
  else if (mark === ')' || mark === ']') depth.close(false);
  else if (mark === ',' || mark === ';') depth.separate();
  else if (mark === '::') depth.chain();
}

/** Estimated depth of the tree of a text; rather too high than too low. */
export function nesting(sql: string): number {
  const depth = new Depth();
  const text = (token: Token): string => sql.slice(token.start, token.end);
  for (const token of tokens(sql)) {
    if (token.kind === 'operator') depth.chain();
    else if (token.kind === 'mark') countMark(depth, text(token));
    else if (token.kind === 'word') countWord(depth, text(token).toLowerCase());
  }
  return depth.deepest;
}
