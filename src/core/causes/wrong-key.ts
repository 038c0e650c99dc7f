/**
 * WS102: the same write removed a key that nothing ever filled, in place of this one.
 *
 * A write that changes several tables removes keys of each, and those that nobody asked for while watching were never
 * filled. So the removed key must be able to stand for this one: it names the row where this one does, and not another
 * table that the write changed.
 */
import { lookOf } from '../keys.ts';
import { saysLittle } from '../operation.ts';
import { foldName } from '../payload.ts';
import { keyOf } from '../source.ts';
import type { KeyState, Removal } from '../versions.ts';
import { type Cause, keyName, type StaleCase, type Words } from './cause.ts';

function wrongRemoval(stale: StaleCase): Removal | undefined {
  return stale.elsewhere.find(
    ({ kind, key }) =>
      kind === 'removal' && stale.neverFilled(key) && namesRowToo(key, stale) && !namesOtherTable(key, stale),
  );
}

function namesRowToo({ parts, texts }: KeyState, { window, version, write }: StaleCase): boolean {
  const rows = window.effects.flatMap(({ rowId, change }) =>
    rowId === null ? [...(change.rows ?? [])] : [rowId],
  );
  const named = rows.flatMap(keyOf).filter((value) => version.key.parts.has(value));
  if (named.length === 0 || named.some((value) => parts.has(value))) return true;
  // What the write speaks of besides is what the removed key is about: the user of an order, not its item.
  if (namesItOtherwise(parts, window)) return true;
  const hasValue = [...parts].some((part) => lookOf(texts.get(part) ?? '') !== 'word');
  return hasValue && ![...write.commit.tokens].some((token) => parts.has(token));
}

/** By another of the row's values: its code or slug in place of its id. */
function namesItOtherwise(parts: KeyState['parts'], { effects }: StaleCase['window']): boolean {
  return effects.some(({ rowId, change, row }) => {
    if (rowId === null) return false;
    if (change.where.equal.some(({ values }) => values.some((value) => parts.has(value)))) return true;
    const cells = [change.before.get(rowId), change.full?.get(rowId), change.after.get(rowId), row?.cells];
    return cells.some((known) =>
      [...(known?.values() ?? [])].some((value) => !saysLittle(value) && parts.has(value)),
    );
  });
}

function namesOtherTable({ names }: KeyState, { window, version, write }: StaleCase): boolean {
  const feeding = new Set(window.effects.map(({ change }) => change.table));
  return write.commit.changes
    .filter(({ table }) => !feeding.has(table))
    .flatMap(({ table }) => wordsFor(table))
    .some((word) => names.has(word) && !version.key.names.has(word));
}

/** Words by which keys name a table: `orders` and `order`. */
function wordsFor(table: string): readonly string[] {
  const name = foldName(table.slice(table.lastIndexOf('.') + 1));
  return [name, name.replace(/s$/, ''), name.replace(/es$/, ''), name.replace(/ies$/, 'y')];
}

/** The template of the other key; where only the database differs, that. */
function wrongName(wrong: Removal | undefined, { version }: StaleCase, words: Words): string {
  if (wrong === undefined) return 'the other key';
  return wrong.key.db === version.key.db
    ? words.templateOf(wrong.key)
    : `${wrong.key.name} in database ${wrong.key.db}`;
}

export const wrongKey: Cause = {
  code: 'WS102',
  matches: (stale) => wrongRemoval(stale) !== undefined,
  explain: (stale, words) => {
    const wrong = wrongRemoval(stale);
    const name = wrong === undefined ? 'another key' : keyName(wrong.key);
    return `${words.writer} removes ${name}, which nothing ever fills; the value is cached under ${keyName(stale.version.key)}.`;
  },
  remedy: (stale, words) => {
    const wrong = wrongRemoval(stale);
    return {
      title: 'name the key in one place',
      steps: [
        `In ${words.writer}, remove ${words.template} in place of ${wrongName(wrong, stale, words)}, after ${words.commit}.`,
        'Build keys with one function that readers and writers share, database number included.',
      ],
      recipe: 'docs/recipes/key-function.md',
    };
  },
};
