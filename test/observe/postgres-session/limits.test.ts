import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/observe/postgres/session.ts';
import { TypeOid } from '../../../src/wire/postgres/types.ts';
import { B, c, F, opened, play, type Step, s } from './script.ts';

const text = { name: 'a', type: TypeOid.text };

describe('bounds of one connection', () => {
  test('rows, cells and whole results', () => {
    const rows = Array.from({ length: LIMITS.rows + 5 }, (_, i) => B.dataRow([String(i)]));
    const wide = Array.from({ length: 100 }, () =>
      B.dataRow(Array.from({ length: 100 }, () => 'x'.repeat(LIMITS.cell + 1))),
    );
    const { exchanges } = play([
      ...opened,
      c(F.query('select 1')),
      s(B.rowDescription([text]), ...rows, B.commandComplete(`SELECT ${rows.length}`), B.readyForQuery()),
      c(F.query('select 2')),
      s(B.rowDescription([text]), ...wide, B.commandComplete('SELECT 100'), B.readyForQuery()),
    ]);
    expect(exchanges[0]).toMatchObject({ truncated: true, tag: `SELECT ${rows.length}` });
    expect(exchanges[0]?.rows).toHaveLength(LIMITS.rows);
    expect(exchanges[1]?.truncated).toBe(true);
    expect(exchanges[1]?.rows.flat().every((cell) => cell?.length === LIMITS.cell)).toBe(true);
    expect(exchanges[1]?.rows).toHaveLength(LIMITS.result / LIMITS.cell / 100);
  });

  test('a cell is cut at characters, not in the middle of one', () => {
    const { exchanges } = play([
      ...opened,
      c(F.query('select 1')),
      s(B.rowDescription([text]), B.dataRow(['é'.repeat(LIMITS.cell * 3)]), B.commandComplete('SELECT 1')),
      s(B.readyForQuery()),
    ]);
    expect(exchanges[0]?.rows).toEqual([['é'.repeat(LIMITS.cell)]]);
  });

  test('statement texts', () => {
    const long = `select '${'x'.repeat(3 * LIMITS.message)}'; rollback`;
    const { exchanges, degraded } = play([
      ...opened,
      c(F.query(long)),
      s(B.commandComplete('SELECT 1'), B.commandComplete('ROLLBACK'), B.readyForQuery()),
      c(F.parse('', long, [23]), F.bind({ values: ['1'] }), F.execute(), F.sync()),
      s(B.parseComplete(), B.bindComplete(), B.commandComplete('SELECT 1'), B.readyForQuery()),
    ]);
    expect(exchanges.map(({ sql }) => sql)).toEqual([0, 0, 0].map(() => long.slice(0, LIMITS.sql)));
    expect(exchanges[2]?.params).toEqual(['1']);
    expect(degraded).toEqual([]);
  });

  test('parameters: what is too long is undefined, what is too many is left out', () => {
    const values = ['x'.repeat(LIMITS.parameter), 'x'.repeat(LIMITS.parameter + 1), null, 'last'];
    const many = Array.from({ length: LIMITS.parameters + 1 }, () => '1');
    const run = (list: (string | null)[]): Step[] => [
      c(F.parse('', 'select'), F.bind({ values: list }), F.execute(), F.sync()),
      s(B.parseComplete(), B.bindComplete(), B.commandComplete('SELECT 0'), B.readyForQuery()),
    ];
    const { exchanges } = play([...opened, ...run(values), ...run(many)]);
    expect(exchanges[0]?.params).toEqual([values[0], undefined, null, 'last']);
    expect(exchanges[1]?.params).toHaveLength(LIMITS.parameters);
  });

  test('prepared statements: the least recently used is forgotten', () => {
    const steps: Step[] = [...opened];
    const answers = s(B.parseComplete(), B.readyForQuery());
    for (let i = 0; i <= LIMITS.statements; i++) {
      steps.push(c(F.parse(`s${i}`, `select ${i}`), F.sync()), answers);
      if (i === 1)
        steps.push(c(F.bind({ statement: 's0' }), F.sync()), s(B.bindComplete(), B.readyForQuery()));
    }
    for (const name of ['s0', 's1', `s${LIMITS.statements}`]) {
      steps.push(c(F.bind({ statement: name }), F.execute(), F.sync()));
      steps.push(s(B.bindComplete(), B.commandComplete('SELECT 1'), B.readyForQuery()));
    }
    expect(play(steps).exchanges.map(({ sql }) => sql)).toEqual([
      'select 0',
      '',
      `select ${LIMITS.statements}`,
    ]);
  });

  test('a client too far ahead is no longer followed', () => {
    const ahead = Array.from({ length: LIMITS.pending + 1 }, () => F.sync());
    const { degraded, exchanges } = play([...opened, c(F.query('select 1')), c(...ahead)]);
    expect(degraded).toEqual(['pg-too-far-ahead']);
    expect(exchanges).toMatchObject([{ sql: 'select 1', return: null }]);
    const heavy = Array.from({ length: 40 }, () => F.query('x'.repeat(LIMITS.message)));
    expect(play([...opened, c(...heavy)]).degraded).toEqual(['pg-too-far-ahead']);
  });

  test('a fault of the one who takes exchanges does not leave the observer', () => {
    const thrown = play(
      [...opened, c(F.query('select 1')), s(B.commandComplete('SELECT 1'), B.readyForQuery())],
      {
        take: () => {
          throw new Error('full');
        },
      },
    );
    expect(thrown.degraded).toEqual(['pg-observer-failed']);
  });
});
