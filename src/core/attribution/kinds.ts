/** What marks say of themselves beside their time: kind of operation, values, and which belong together. */
import { MAX_TOKENS, type Marks } from './marks.ts';

/** What is known of names when attribution is asked for. */
export interface KeyNames {
  readonly templateOf: (key: string, db: number) => string;
  /** Values in the key's name, as numbers. */
  readonly valuesOf: (key: string, db: number) => readonly number[];
}

/** Kind of each mark: a statement's shape, or a command on a key template. */
export function kindsOf(marks: Marks, names: KeyNames): Int32Array {
  const kinds = new Int32Array(marks.count);
  const byKey = new Map<string, Map<number, number>>();
  const byTemplate = new Map<string, number>();
  let next = marks.names.texts.length;
  for (let i = 0; i < marks.count; i++) {
    const key = marks.key[i] ?? null;
    const what = marks.what[i]!;
    if (key === null) {
      kinds[i] = what;
      continue;
    }
    let commands = byKey.get(key);
    if (commands === undefined) {
      commands = new Map();
      byKey.set(key, commands);
    }
    let kind = commands.get(what);
    if (kind === undefined) {
      const name = `${what} ${names.templateOf(key, marks.db[i]!)}`;
      kind = byTemplate.get(name) ?? next++;
      byTemplate.set(name, kind);
      commands.set(what, kind);
    }
    kinds[i] = kind;
  }
  return kinds;
}

/** Values of an operation: of its key's name, or of its statement. */
export function valuesOf(marks: Marks, mark: number, names: KeyNames): readonly number[] {
  const key = marks.key[mark] ?? null;
  if (key !== null) return names.valuesOf(key, marks.db[mark]!);
  const values: number[] = [];
  for (let i = mark * MAX_TOKENS; i < (mark + 1) * MAX_TOKENS; i++) {
    const value = marks.tokens[i]!;
    if (value === 0) break;
    values.push(value);
  }
  return values;
}

/** Marks that belong together: of one transaction or MULTI. Linked lists, in order of the marks. */
export class Groups {
  /** First mark of the group of each mark. */
  readonly head: Int32Array;
  readonly next: Int32Array;
  readonly last: Int32Array;

  constructor(marks: Marks) {
    const { count } = marks;
    this.head = new Int32Array(count);
    this.next = new Int32Array(count).fill(-1);
    this.last = Int32Array.from({ length: count }, (_, i) => i);
    const open = new Map<number, { readonly group: number; readonly head: number }>();
    for (let i = 0; i < count; i++) {
      const group = marks.group[i]!;
      const session = marks.session[i]!;
      let head = i;
      if (group !== 0 && session !== 0) {
        const known = open.get(session);
        if (known?.group === group) head = known.head;
        else open.set(session, { group, head });
      }
      this.head[i] = head;
      if (i === head) continue;
      this.next[this.last[head]!] = i;
      this.last[head] = i;
    }
  }
}
