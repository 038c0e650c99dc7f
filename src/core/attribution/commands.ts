/** The commands and statements that were on the wire, by what a span would say of them. */

import { innerSegments, outerSegments } from '../keys.ts';
import { append } from '../multimap.ts';
import { MARK, type Marks } from './marks.ts';
import { type Statements, verbOf } from './statements.ts';

/** Commands that may have several keys: one command is several operations. */
const MANY_KEYS =
  /^(?:MGET|MSET|MSETNX|DEL|UNLINK|EXISTS|TOUCH|RENAME|RENAMENX|COPY|JSON\.MGET|[SZ](?:INTER|UNION|DIFF)(?:STORE)?|PFCOUNT|PFMERGE|SMOVE|LMOVE|BITOP)$/;

/** Before templates are learned: what looks like an identifier varies. */
export function roughTemplate(key: string): string {
  return outerSegments(key)
    .flatMap((segment) => innerSegments(segment))
    .map(({ look, text }) => (look === 'word' || look === 'separator' ? text : '{id}'))
    .join('');
}

/**
 * Commands on the wire: runs of marks. Where several commands of one name came in one batch their borders are not seen: a
 * run whose kinds of keys repeat (`item:1 gen:item:1 item:2 gen:item:2`) is cut where they begin again, and one that is all
 * of one kind where `apart` says that it is several.
 */
export class Commands {
  readonly first: number[] = [];
  readonly last: number[] = [];
  /** Commands by statement, in order of invocation. */
  readonly byClass = new Map<string, number[]>();
  readonly byVerb = new Map<string, number[]>();
  readonly marks: Marks;
  readonly #notations = new Map<number, string>();

  constructor(marks: Marks, statements: Statements, apart: ReadonlySet<number> = new Set()) {
    this.marks = marks;
    for (let i = 0; i < marks.count; ) {
      let end = i + 1;
      while (end < marks.count && isAlike(marks, end)) end++;
      const step = end - i === 1 ? 1 : apart.has(i) ? 1 : periodOf(marks, i, end);
      for (let first = i; first < end; first += step) this.#add(first, first + step - 1, statements);
      i = end;
    }
    for (const list of [...this.byClass.values(), ...this.byVerb.values()])
      list.sort((a, b) => this.invoke(a) - this.invoke(b) || a - b);
  }

  #add(first: number, last: number, statements: Statements): void {
    const { marks } = this;
    const command = this.first.length;
    this.first.push(first);
    this.last.push(last);
    const isSource = marks.kind[first] === MARK.source || marks.kind[first] === MARK.border;
    const text = marks.names.texts[marks.what[first]!]!;
    let notation = this.#notations.get(marks.what[first]!);
    if (notation === undefined) {
      notation = isSource ? `source ${statements.of(text)}` : `cache ${text}`;
      this.#notations.set(marks.what[first]!, notation);
    }
    append(this.byClass, notation, command);
    if (isSource) append(this.byVerb, `source ${verbOf(text)}`, command);
  }

  get count(): number {
    return this.first.length;
  }

  /** What a span would say of a command. */
  classOf(command: number): string {
    return this.#notations.get(this.marks.what[this.first[command]!]!)!;
  }

  sessionOf(command: number): number {
    return this.marks.session[this.first[command]!]!;
  }

  invoke(command: number): number {
    return this.marks.invoke[this.first[command]!]!;
  }

  return(command: number): number {
    return this.marks.return[this.first[command]!]!;
  }
}

/** Whether a mark may be of the same command as the mark before. */
function isAlike(marks: Marks, i: number): boolean {
  if (marks.kind[i] === MARK.source || marks.kind[i] === MARK.border) return false;
  if (marks.session[i] !== marks.session[i - 1] || marks.what[i] !== marks.what[i - 1]) return false;
  if (marks.invoke[i] !== marks.invoke[i - 1] || marks.return[i] !== marks.return[i - 1]) return false;
  if (MANY_KEYS.test(marks.names.texts[marks.what[i]!]!)) return true;
  return marks.key[i] === marks.key[i - 1] && marks.kind[i] !== marks.kind[i - 1];
}

/** How many marks of a run make a command: as many as there are until the kinds of keys repeat. */
function periodOf(marks: Marks, from: number, to: number): number {
  const kinds: string[] = [];
  for (let i = from; i < to; i++) kinds.push(roughTemplate(marks.key[i] ?? ''));
  for (let step = 2; step < kinds.length; step++) {
    if (kinds.length % step !== 0) continue;
    if (kinds.every((kind, i) => kind === kinds[i % step]) && new Set(kinds).size > 1) return step;
  }
  return kinds.length;
}
