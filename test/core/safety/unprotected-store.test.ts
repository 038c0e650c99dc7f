import { describe, expect, it } from 'vitest';
import { analyse } from '../../../src/core/analyse.ts';
import { type StoreProtection, storeFindings } from '../../../src/core/safety/unprotected-store.ts';

const SAFE: StoreProtection = {
  kind: 'redis',
  address: 'rediss://cache.internal:6379',
  loopback: false,
  tls: true,
  open: false,
  protectedMode: true,
  dangerous: [],
};

const told = (facts: Partial<StoreProtection>, anywhere = false) =>
  storeFindings([{ ...SAFE, ...facts }], anywhere).map(({ code, confidence }) => `${code} ${confidence}`);

describe('unprotected stores', () => {
  it.each([
    ['nothing lacks', {}, []],
    ['nothing is known', { open: null, protectedMode: null, dangerous: null }, []],
    ['protected mode is off behind a password', { protectedMode: false }, []],
    ['on loopback all is well', { loopback: true, tls: false, open: true, dangerous: ['CONFIG'] }, []],
    ['open', { open: true }, ['WS302 proved']],
    ['open, and in the clear', { open: true, tls: false, protectedMode: false }, ['WS302 proved']],
    ['in the clear', { tls: false }, ['WS302 possible']],
    ['rights it does not need', { dangerous: ['CONFIG', 'FLUSHALL'] }, ['WS302 possible']],
    ['an open PostgreSQL', { kind: 'postgres', open: true } as const, ['WS302 proved']],
    ['a superuser', { kind: 'postgres', dangerous: ['superuser'] } as const, ['WS302 possible']],
  ])('%s', (_, facts, expected) => {
    expect(told(facts)).toEqual(expected);
  });

  it('speaks of loopback when asked to', () => {
    expect(told({ loopback: true, tls: false, open: true }, true)).toEqual(['WS302 proved']);
    expect(told({ loopback: true, tls: false }, true)).toEqual([]);
  });

  it('stands among the findings of a history, which need not have operations', () => {
    const { findings } = analyse([], { stores: [{ ...SAFE, open: true, tls: false, protectedMode: false }] });
    expect(findings).toMatchObject([
      { id: 'F1', code: 'WS302', cause: 'unprotected-store', template: SAFE.address, confidence: 'proved' },
    ]);
    expect(findings[0]?.explanation).toContain('protected mode is off');
    expect(findings[0]?.remedy.steps).toHaveLength(2);
  });
});
