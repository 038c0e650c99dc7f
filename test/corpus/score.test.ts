/** How findings are held against expectations. */
import { describe, expect, test } from 'vitest';
import { type Expected, type Found, score, scoreCase } from './score.ts';

const CASE: Expected = {
  name: 'shop',
  expect: [{ code: 'WS101', template: 'item:{id}', confidence: 'proved' }, { code: 'WS110' }],
  allow: ['WS203'],
};
const found = (code: Found['code'], template: string, confidence: Found['confidence']): Found => ({
  code,
  template,
  confidence,
});

describe('a case', () => {
  test('all found, under whatever name the placeholder has', () => {
    const one = scoreCase(CASE, [found('WS101', 'item:{hash}', 'proved'), found('WS110', 'list', 'likely')]);
    expect(one).toMatchObject({ missed: [], extra: [] });
  });

  test('less sure than asked for is missed, and yet not extra', () => {
    const one = scoreCase(CASE, [found('WS101', 'item:{id}', 'likely'), found('WS110', 'list', 'likely')]);
    expect(one.missed).toEqual([CASE.expect[0]]);
    expect(one.extra).toEqual([]);
  });

  test('another template is extra; what is allowed or only possible is not', () => {
    const other = found('WS101', 'user:{id}', 'likely');
    const one = scoreCase(CASE, [other, found('WS203', 'a', 'proved'), found('WS112', 'b', 'possible')]);
    expect(one.extra).toEqual([other]);
    expect(one.missed).toEqual(CASE.expect);
  });
});

test('one untrue proof misses the goal; a case that is known to be wrong does not count', () => {
  const twin = { name: 'twin', expect: [], allow: [] };
  const untrue = [found('WS104', 'item:{id}', 'proved')];
  expect(score([scoreCase(twin, untrue)])).toMatchObject({ good: false, proved: { precision: 0 } });
  expect(score([scoreCase({ ...twin, known: 'why' }, untrue)])).toMatchObject({ good: true });
});
