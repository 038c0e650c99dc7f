import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat } from '../../../src/wire/postgres/encode.ts';
import { B, c, F, opened, play, type Step, s } from './script.ts';
import { SCRIPTS } from './scripts.ts';

const all = Object.values(SCRIPTS).flat();

/** Cuts every step at places drawn from `seed`. */
const cutBy =
  (places: readonly number[]) =>
  (bytes: Uint8Array, step: number): Uint8Array[] => {
    const cuts = places
      .map((place, i) => (place * (i + 1) + step * 7) % (bytes.length + 1))
      .sort((a, b) => a - b);
    return [0, ...cuts].map((from, i) => bytes.subarray(from, cuts[i] ?? bytes.length));
  };

test('any split of the streams gives the same exchanges', () => {
  fc.assert(
    fc.property(fc.constantFrom(...all), fc.array(fc.nat(500), { maxLength: 8 }), (script, places) => {
      expect(play(script.steps, { cut: cutBy(places) })).toEqual(play(script.steps));
    }),
    { numRuns: 300 },
  );
});

test('byte by byte gives the same exchanges', () => {
  for (const { steps } of all) {
    const cut = (bytes: Uint8Array) => [...bytes].map((byte) => Uint8Array.of(byte));
    expect(play(steps, { cut })).toEqual(play(steps));
  }
});

const clientMessage = fc.constantFrom(
  F.query('begin; select 1'),
  F.parse('', 'select $1'),
  F.parse('a', 'rollback'),
  F.bind({ values: ['1'] }),
  F.bind({ statement: 'a', portal: 'p', formats: [1], values: [Uint8Array.of(1)] }),
  F.describe('statement', 'a'),
  F.describe('portal'),
  F.execute(),
  F.execute('p', 1),
  F.close('statement', 'a'),
  F.sync(),
  F.flush(),
  F.functionCall(1),
  F.copyData(Uint8Array.of(1)),
  F.copyDone(),
  F.copyFail('no'),
  F.terminate(),
);
const serverMessage = fc.constantFrom(
  B.parseComplete(),
  B.bindComplete(),
  B.closeComplete(),
  B.noData(),
  B.parameterDescription([23]),
  B.rowDescription([{ name: 'a', type: 23 }]),
  B.dataRow(['1']),
  B.dataRow([null, '2']),
  B.commandComplete('SELECT 1'),
  B.commandComplete('BEGIN'),
  B.commandComplete('COMMIT'),
  B.commandComplete('ROLLBACK'),
  B.emptyQueryResponse(),
  B.portalSuspended(),
  B.errorResponse('42601'),
  B.errorResponse('08006', 'gone', 'FATAL'),
  B.readyForQuery('I'),
  B.readyForQuery('T'),
  B.readyForQuery('E'),
  B.copyInResponse(),
  B.copyOutResponse(),
  B.noticeResponse('00000'),
  B.notification(1, 'a', 'b'),
);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  clientMessage.map((message) => c(message)),
  serverMessage.map((message) => s(message)),
);

test('messages in any order never throw, and every execution is told once', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const { exchanges, degraded } = play([...opened, ...steps]);
      expect(degraded.filter((code) => code !== 'pg-out-of-step')).toEqual([]);
      expect(degraded.length).toBeLessThanOrEqual(1);
      for (const exchange of exchanges) {
        expect(exchange.return === null || exchange.return >= exchange.invoke).toBe(true);
        expect(exchange.tag === null || exchange.sqlstate === null).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

test('damage anywhere never throws', () => {
  const damaged = fc.tuple(
    fc.constantFrom(...all),
    fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }),
  );
  fc.assert(
    fc.property(damaged, ([script, faults]) => {
      const steps = script.steps.map(({ from, bytes }) => ({ from, bytes: bytes.slice() }));
      for (const [step, place, byte] of faults) {
        const { bytes } = steps[step % steps.length] as Step;
        if (bytes.length > 0) bytes[place % bytes.length] = byte;
      }
      expect(play(steps).degraded).not.toContain('pg-observer-failed');
    }),
    { numRuns: 500 },
  );
});

/** A well-behaved server's answers to random pipelines: each statement's fate is known beforehand. */
test('random pipelines: who ran, who failed, who never ran', () => {
  const group = fc.array(fc.constantFrom('ok', 'bad-parse', 'bad-execute'), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(group, { minLength: 1, maxLength: 5 }), fc.boolean(), (groups, ahead) => {
      const fates: { sql: string; tag: string | null; implicit: boolean }[] = [];
      const asked: Step[] = [];
      const answered: Step[] = [];
      groups.forEach((fate, g) => {
        const failure = fate.findIndex((kind) => kind !== 'ok');
        const ran = failure < 0 ? fate.length : failure + 1;
        const requests: Uint8Array[] = [];
        const replies: Uint8Array[] = [];
        fate.forEach((kind, i) => {
          const sql = `insert into t values (${g}, ${i})`;
          requests.push(F.parse('', sql), F.bind({}), F.execute());
          if (i >= ran) return;
          fates.push({ sql, tag: kind === 'ok' ? 'INSERT 0 1' : null, implicit: ran > 1 });
          if (kind === 'bad-parse') replies.push(B.errorResponse('42601'));
          else {
            const end = kind === 'ok' ? B.commandComplete('INSERT 0 1') : B.errorResponse('23505');
            replies.push(B.parseComplete(), B.bindComplete(), end);
          }
        });
        asked.push(c(concat(requests), F.sync()));
        answered.push(s(concat(replies), B.readyForQuery('I')));
      });
      const order = ahead ? [...asked, ...answered] : asked.flatMap((ask, i) => [ask, answered[i] as Step]);
      const { exchanges, degraded } = play([...opened, ...order]);
      expect(degraded).toEqual([]);
      expect(exchanges.map(({ sql, tag, implicit }) => ({ sql, tag, implicit }))).toEqual(fates);
    }),
  );
});
