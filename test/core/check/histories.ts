import fc from 'fast-check';
import type { HistoryRecord } from '../../../src/core/check/index.ts';

/** Short way to write a history: one operation a line, `session start-end w|r value`, `?` for an unknown outcome. */
export function history(text: string, key = 'k'): HistoryRecord[] {
  return text
    .trim()
    .split('\n')
    .map((line, i) => {
      const [session, interval, kind, value, status] = line.trim().split(/\s+/) as [
        string,
        string,
        string,
        string,
        string?,
      ];
      const [invoke, end] = interval.split('-') as [string, string];
      return {
        id: i + 1,
        session,
        kind: kind === 'w' ? 'write' : 'read',
        key,
        value: value === 'null' ? null : value,
        invoke: Number(invoke),
        return: end === '?' ? null : Number(end),
        status: end === '?' ? 'info' : status === 'fail' ? 'fail' : 'ok',
      };
    });
}

export interface Shape {
  readonly operations: number;
  readonly sessions: number;
  /** Latest stamp: the smaller, the more stamps are equal. */
  readonly times: number;
  /** Whether every value but null is written at most once. */
  readonly unique: boolean;
}

/** Random histories of one key, with deletes, failures and unknown outcomes. */
export function histories({ operations, sessions, times, unique }: Shape): fc.Arbitrary<HistoryRecord[]> {
  const operation = fc.record({
    session: fc.nat(sessions - 1),
    write: fc.boolean(),
    value: fc.nat(3),
    from: fc.nat(times),
    length: fc.nat(Math.ceil(times / 2)),
    outcome: fc.nat(9),
  });
  return fc.array(operation, { minLength: 1, maxLength: operations }).map((list) => {
    let written = 0;
    const count = list.filter((op) => op.write).length;
    return list.map(({ session, write, value, from, length, outcome }, i) => {
      const status = outcome === 0 ? 'fail' : outcome === 1 ? 'info' : 'ok';
      const name = write && unique ? ++written : value % (unique ? count + 1 : 3);
      return {
        id: i + 1,
        session: `s${session}`,
        kind: write ? ('write' as const) : ('read' as const),
        key: 'k',
        value: value === 0 ? null : `v${name}`,
        invoke: from,
        return: status === 'info' ? null : from + length,
        status,
      };
    });
  });
}
