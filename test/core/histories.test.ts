import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/core/analyse.ts';
import { type Expectation, parseHistory } from '../support/history.ts';

const FOLDER = join(import.meta.dirname, '..', 'histories');

/** Every file in test/histories is a case: what happened, and which findings it must give, no more and no less. */
describe('histories', () => {
  for (const file of readdirSync(FOLDER)
    .filter((name) => name.endsWith('.history'))
    .sort()) {
    const history = parseHistory(readFileSync(join(FOLDER, file), 'utf8'));
    it(`${file}: ${history.title}`, () => {
      const { findings } = analyse(history.operations, { reveal: history.reveal });
      const found = findings.map((f) => `${f.code} ${f.template}`).sort();
      expect(found).toEqual(history.expectations.map((e) => `${e.code} ${e.template}`).sort());
      for (const expected of history.expectations) {
        const finding = findings.find((f) => f.code === expected.code && f.template === expected.template);
        expect(finding).toMatchObject(facts(expected));
      }
    });
  }
});

function facts(expected: Expectation): object {
  const numbers = ['hits', 'keys', 'staleForMs', 'db'];
  const rest = Object.entries(expected.rest).map(([name, value]) => [
    name,
    numbers.includes(name) ? Number(value) : value.replaceAll('_', ' '),
  ]);
  return {
    ...Object.fromEntries(rest),
    ...(expected.confidence === null ? {} : { confidence: expected.confidence }),
  };
}
