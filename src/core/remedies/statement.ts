/**
 * The finding's own statement as text: shortened to be named in a sentence, and with names for its parameters to stand in
 * code. A shape holds `$1`, `$2`… for parameters and literals alike (see observe/sql/shape.ts).
 */

/** A statement as a remedy speaks of it. */
export interface Statement {
  /** Its shape, white space folded. */
  readonly shape: string;
  /** Whether it ran in a transaction block; otherwise it commits by itself. */
  readonly block: boolean;
}

/** Longest statement named in a sentence or written out in code. */
export const LONGEST = { sentence: 72, code: 88 } as const;

const SIMPLE_NAME = '(?:"([^"]+)"|(\\w+))';
/** `price = $1`, `"id" IN ($2`, `stock - $3`: the column that a parameter stands beside. */
const BESIDE = new RegExp(
  `${SIMPLE_NAME}\\s*(?:=|<>|!=|<=|>=|<|>|\\+|-|\\*|\\|\\||~~?\\*?|\\b(?:i?like|in|between)\\b)\\s*(?:any\\s*)?\\(?\\s*\\$(\\d+)`,
  'gi',
);
const INSERT = /^insert\s+into\s+\S+(?:\s+as\s+\w+)?\s*\(([^)]*)\)\s*(?:overriding \w+ value )?values\s*\(/i;

/** A name for each parameter, from the column it is compared with or written to; unique within the statement. */
export function parameterNames(shape: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const used = new Set<string>();
  const name = (parameter: number, wanted: string): void => {
    if (names.has(parameter)) return;
    let free = wanted;
    for (let n = 2; used.has(free); n++) free = `${wanted}_${n}`;
    used.add(free);
    names.set(parameter, free);
  };
  for (const [parameter, column] of insertedColumns(shape)) name(parameter, column);
  for (const [, quoted, bare, parameter] of shape.matchAll(BESIDE))
    name(Number(parameter), identifier(quoted ?? bare ?? ''));
  for (const [, word, parameter] of shape.matchAll(/\b(limit|offset)\s+\$(\d+)/gi))
    name(Number(parameter), (word ?? '').toLowerCase());
  for (const [, parameter] of shape.matchAll(/\$(\d+)/g)) name(Number(parameter), `value${parameter}`);
  return names;
}

function insertedColumns(shape: string): [number, string][] {
  const head = INSERT.exec(shape);
  if (head === null) return [];
  const columns = (head[1] ?? '').split(',').map((column) => identifier(column.trim().replaceAll('"', '')));
  const values = splitValues(shape.slice(head[0].length));
  return values.flatMap((value, i): [number, string][] => {
    const [, parameter] = /\$(\d+)/.exec(value) ?? [];
    const column = columns[i];
    return parameter === undefined || column === undefined ? [] : [[Number(parameter), column]];
  });
}

/** The expressions of VALUES up to the closing bracket. */
function splitValues(text: string): string[] {
  const values = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '(') depth++;
    if (character === ')' && depth-- === 0) break;
    if (character === ',' && depth === 0) values.push('');
    else values[values.length - 1] += character;
  }
  return values;
}

/** A column's name as a variable's: snake case, never a word of its own in Python or JavaScript. */
export function identifier(column: string): string {
  const last = column.split('.').at(-1) ?? '';
  const word = last
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/\W+/g, '_')
    .toLowerCase()
    .replace(/^(\d)/, '_$1');
  return word === '' || RESERVED.has(word) ? `${word}_` : word;
}

const RESERVED = new Set(
  (
    'and as assert async await break case catch class const continue debugger def default del delete do elif else enum ' +
    'except export extends false finally for from function global if import in instanceof interface is lambda let new none ' +
    'nonlocal not null or package pass private protected public raise return static super switch this throw true try ' +
    'typeof var void while with yield undefined arguments eval'
  ).split(' '),
);

/** The statement short enough for a sentence: its lists give way first. */
export function shortened(shape: string, most: number = LONGEST.sentence): string {
  const text = shape.trim();
  if (text.length <= most) return text;
  const folded = text
    .replace(/^(update\s+.*?\sset\s).*?(\swhere\s)/i, '$1…$2')
    .replace(/^(select\s).*?(\sfrom\s)/i, '$1…$2')
    .replace(/^(insert\s+into\s+\S+\s*)\([^)]*\)(\s*values\s*)\(.*?\)(?=\s|$)/i, '$1(…)$2(…)')
    .replace(/(\sreturning\s).*$/i, '$1…');
  return folded.length <= most ? folded : `${folded.slice(0, most - 1)}…`;
}

/** Whether the statement can stand in code as a whole. */
export function isShort({ shape }: Statement): boolean {
  return shape.trim().length <= LONGEST.code;
}

/** How a driver writes parameters. */
export type Marks = 'format' | 'numbered' | 'named' | 'question';

/** The statement with a driver's marks, and what stands for them: in the order of the marks, or for numbered and named ones
 * each once. Casts of parameters are dropped: drivers add them. */
export function withMarks(
  shape: string,
  marks: Marks,
): { readonly text: string; readonly names: readonly string[] } {
  const known = parameterNames(shape);
  const bare = shape.trim().replace(/(\$\d+)::"?\w+"?(?:\(\d+(?:, ?\d+)?\))?(?:\[\])?/g, '$1');
  const escaped = marks === 'format' ? bare.replaceAll('%', '%%') : bare;
  const order: number[] = [];
  const text = escaped.replace(/\$(\d+)/g, (mark, digits: string) => {
    const parameter = Number(digits);
    const repeats = marks === 'format' || marks === 'question';
    if (repeats || !order.includes(parameter)) order.push(parameter);
    if (marks === 'format') return '%s';
    if (marks === 'question') return '?';
    return marks === 'named' ? `:${known.get(parameter)}` : mark;
  });
  if (marks === 'numbered') order.sort((a, b) => a - b);
  return { text, names: order.map((parameter) => known.get(parameter) ?? `value${parameter}`) };
}
