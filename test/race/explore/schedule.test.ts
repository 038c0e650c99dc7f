import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAULT_KINDS } from '../../../src/race/explore/contract.ts';
import { decodeSchedule, encodeSchedule, type Schedule } from '../../../src/race/explore/schedule.ts';

const schedule: Schedule = {
  scenario: { path: 'race/item.yaml', digest: 'sha256:00' },
  start: 'cold',
  fault: null,
  verdict: 'invalid',
  cause: 'WS104',
  steps: [
    {
      actor: 'reader',
      ordinal: 1,
      label: 'GET item:1',
      footprint: [{ resource: 'redis:0:item:1', mode: 'read' }],
      enabled: ['reader#1', 'writer#1'],
      result: 'miss',
    },
    { actor: 'writer', ordinal: 1, label: 'UPDATE items', footprint: [], fault: 'crash' },
  ],
};

const access = fc.record({ resource: fc.string(), mode: fc.constantFrom('read' as const, 'write' as const) });
const step = fc.record(
  {
    actor: fc.string(),
    ordinal: fc.nat(),
    label: fc.string(),
    footprint: fc.array(access),
    fault: fc.constantFrom(...FAULT_KINDS),
    enabled: fc.array(fc.string()),
    result: fc.string(),
  },
  { requiredKeys: ['actor', 'ordinal', 'label', 'footprint'] },
);
const schedules: fc.Arbitrary<Schedule> = fc.record({
  scenario: fc.record({ path: fc.string(), digest: fc.string() }, { requiredKeys: ['path'] }),
  start: fc.constantFrom('cold' as const, 'warm' as const),
  fault: fc.option(fc.constantFrom(...FAULT_KINDS)),
  verdict: fc.constantFrom('valid' as const, 'invalid' as const, 'unknown' as const),
  cause: fc.option(fc.string()),
  steps: fc.array(step),
});

describe('a schedule', () => {
  it('comes back as it was written, always as the same text', () => {
    fc.assert(
      fc.property(schedules, (one) => {
        const text = encodeSchedule(one);
        const decoded = decodeSchedule(text);
        expect(decoded).toEqual({ ok: true, schedule: one });
        if (decoded.ok) expect(encodeSchedule(decoded.schedule)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('is text with its format first, and does not depend on the order of keys', () => {
    const text = encodeSchedule(schedule);
    const turned = Object.fromEntries(Object.entries(schedule).reverse()) as unknown as Schedule;
    expect(text.startsWith('{\n  "format": "whystale-schedule/1",\n')).toBe(true);
    expect(text.endsWith('}\n')).toBe(true);
    expect(encodeSchedule(turned)).toBe(text);
  });

  it('ignores fields it does not know', () => {
    const document = { ...JSON.parse(encodeSchedule(schedule)), note: 'added later' };
    expect(decodeSchedule(JSON.stringify(document))).toEqual({ ok: true, schedule });
  });

  const document = JSON.parse(encodeSchedule(schedule));
  const [first, second] = document.steps;
  const changed = (change: object) => JSON.stringify({ ...document, ...change });

  it.each([
    ['no JSON', '{', 'json', ''],
    ['no object', '[]', 'shape', ''],
    ['null', 'null', 'shape', ''],
    ['another version', changed({ format: 'whystale-schedule/2' }), 'version', 'format'],
    ['another format', changed({ format: 'whystale-race/1' }), 'version', 'format'],
    ['no format', changed({ format: undefined }), 'version', 'format'],
    ['no scenario', changed({ scenario: undefined }), 'shape', 'scenario'],
    ['an unknown start', changed({ start: 'hot' }), 'shape', 'start'],
    ['an unknown fault', changed({ fault: 'flood' }), 'shape', 'fault'],
    ['no steps', changed({ steps: {} }), 'shape', 'steps'],
    [
      'a broken ordinal',
      changed({ steps: [first, { ...second, ordinal: 1.5 }] }),
      'shape',
      'steps.1.ordinal',
    ],
    ['a negative ordinal', changed({ steps: [{ ...first, ordinal: -1 }] }), 'shape', 'steps.0.ordinal'],
    ['no label', changed({ steps: [{ ...first, label: undefined }] }), 'shape', 'steps.0.label'],
    [
      'an unknown mode',
      changed({ steps: [{ ...first, footprint: [{ resource: 'x', mode: 'lock' }] }] }),
      'shape',
      'steps.0.footprint.0.mode',
    ],
  ])('refuses %s, and says where', (_, text, kind, at) => {
    expect(decodeSchedule(text)).toMatchObject({ ok: false, error: { kind, at } });
  });

  it('refuses anything else without an exception', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(decodeSchedule(text).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});
