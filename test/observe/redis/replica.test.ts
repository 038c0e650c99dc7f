import { expect, it } from 'vitest';
import { brief, bulk, error, nil, play, type Step, words } from './support.ts';

const steps: readonly Step[] = [
  { c: words('GET a') },
  { s: bulk('x') },
  { c: words('GET b') },
  { s: nil },
  { c: ['EVAL', "return redis.call('get', KEYS[1])", '1', 'a'] },
  { s: bulk('x') },
  { c: words('DEL a') },
  { s: error("READONLY You can't write against a read only replica.") },
];

it('says of reads that a replica answered them; its scripts can only read, its writes fail', () => {
  const kinds = (replica: boolean) =>
    brief(play(steps, { replica }).operations).map(({ kind, status, replica: told }) => [kind, status, told]);
  expect(kinds(true).filter(([kind]) => kind !== 'key')).toEqual([
    ['read', 'ok', true],
    ['read', 'ok', true],
    ['delete', 'fail', undefined],
  ]);
  expect(kinds(false).filter(([kind]) => kind !== 'key')).toEqual([
    ['read', 'ok', undefined],
    ['read', 'ok', undefined],
    ['script', 'ok', undefined],
    ['delete', 'fail', undefined],
  ]);
});
