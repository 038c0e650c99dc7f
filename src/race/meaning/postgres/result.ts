/** What a person reads of PostgreSQL's answer: `name old, price 10`, `0 rows`, `1 updated`. */
import type { PostgresAnswer } from '../../gate/contract.ts';
import { shownText } from '../cells.ts';
import { MAX_RESULT, shortened } from '../mask.ts';

/** Cells shown of a row. */
const MAX_CELLS = 3;
/** Characters shown of one cell. */
const MAX_CELL = 24;

const DONE: Readonly<Record<string, string>> = {
  INSERT: 'inserted',
  UPDATE: 'updated',
  DELETE: 'deleted',
  MERGE: 'merged',
  COPY: 'copied',
};

/** Columns that say nothing of what changed. */
const BOOKKEEPING = /^(?:created|updated|modified|inserted|deleted)_?(?:at|on|date|time)?$/i;

/** The last tag that counts rows. */
function counted(tags: readonly string[]): { readonly verb: string; readonly count: number } | null {
  for (const tag of tags.toReversed()) {
    const match = /^(INSERT|UPDATE|DELETE|MERGE|COPY|SELECT|FETCH)\b.*?(\d+)$/.exec(tag);
    if (match !== null) return { verb: match[1]!, count: Number(match[2]) };
  }
  return null;
}

function cellsOf({ columns, rows }: PostgresAnswer, label: string): string | null {
  const row = rows[0];
  if (row === undefined || columns.length === 0) return null;
  const named = columns.map((name, i) => ({ name: plainName(name), value: row[i] ?? null }));
  // What the label says already, and dates of bookkeeping, only when there is nothing else.
  const telling = named.filter(({ name }) => !label.includes(` ${name}=`) && !BOOKKEEPING.test(name));
  const shown = (telling.length > 0 ? telling : named).slice(0, MAX_CELLS);
  return shown
    .map(({ name, value }) => `${name} ${value === null ? 'null' : shownText(value, name, MAX_CELL)}`)
    .join(', ');
}

/** `items_name` and the like, as some mappers name columns, stay; a name that is none is left out. */
function plainName(name: string): string {
  return name === '?column?' ? 'value' : name;
}

/** The answer in a few words; null when there is nothing to say. */
export function answerText(answer: PostgresAnswer, label: string): string | null {
  const { error, tags } = answer;
  if (error !== null) return shortened(`error ${error.code} ${error.message}`, MAX_RESULT);
  const cells = cellsOf(answer, label);
  const last = counted(tags);
  if (last !== null && DONE[last.verb] !== undefined) {
    const text = `${last.count} ${DONE[last.verb]}`;
    return shortened(cells !== null && last.count === 1 ? `${text}, ${cells}` : text, MAX_RESULT);
  }
  if (last !== null && last.count !== 1) return `${last.count} rows`;
  if (cells !== null) return shortened(cells, MAX_RESULT);
  if (last !== null) return '1 row';
  return tags.at(-1) === 'ROLLBACK' && /\bCOMMIT\b/.test(label) ? 'rolled back' : null;
}
