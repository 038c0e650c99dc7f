/**
 * Values whose fill was not seen: cached before watching began, or by somebody outside. The same value before and after a
 * commit proves staleness when it is known what feeds it; here the key's name must hold the changed row's primary key, and
 * the payload must hold the changed column under its own name with another value. Whether the template really is fed that
 * way is learned from other keys, and weighed when findings are made.
 */
import type { ChangedColumn, Effect } from './effects.ts';
import { foldName, indexPayload } from './payload.ts';
import { type Change, keyOf } from './source.ts';
import type { Version } from './versions.ts';
import type { WriteRecord } from './writes.ts';

/** Effects of a commit on a value whose fill was not seen. */
export function effectsOnUnseen(version: Version, write: WriteRecord): readonly Effect[] {
  const { payload } = version;
  // Only a hit that was over before the commit began shows that the value is from before.
  if (payload === null || version.since.return >= write.commit.interval.invoke) return [];
  const leaves = indexPayload(payload).leaves;
  const effects: Effect[] = [];
  for (const change of write.commit.changes) {
    if (change.action !== 'update' || change.rows?.size !== 1) continue;
    const [id] = change.rows;
    if (id === undefined || !namesRow(version, id)) continue;
    const columns = leaves.flatMap((leaf) => changedLeaf(change, leaf.name, leaf.place, leaf.value));
    if (columns.length === 0) continue;
    effects.push({
      kind: 'changed',
      change,
      source: null,
      row: null,
      rowId: id,
      columns,
      decidedBy: 'order',
      touched: true,
      sure: true,
    });
  }
  return effects;
}

function namesRow(version: Version, id: string): boolean {
  return keyOf(id).every((value) => version.key.parts.has(value));
}

function changedLeaf(change: Change, name: string, place: string, value: string): ChangedColumn[] {
  if (name === '') return [];
  for (const [column, now] of change.set) {
    if (foldName(column) !== name || now === '?' || now === value) continue;
    return [{ table: change.table, column, place, old: value, now, strong: true }];
  }
  return [];
}
