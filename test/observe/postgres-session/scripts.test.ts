import { describe, expect, test } from 'vitest';
import { like, play } from './script.ts';
import { SCRIPTS } from './scripts.ts';

for (const [subject, scripts] of Object.entries(SCRIPTS)) {
  describe(subject, () => {
    test.each(scripts)('$name', ({ steps, expected, degraded }) => {
      const seen = play(steps);
      expect(like(seen.exchanges, expected)).toEqual(expected);
      expect(seen.degraded).toEqual(degraded ?? []);
    });
  });
}
