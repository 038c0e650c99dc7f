import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          testTimeout: 60_000,
          // Each file anew would import the parsers and drivers again, a quarter of all processor time.
          isolate: false,
          // The default leaves one of two cores idle; many tests wait for a store or a timer.
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          // Real races under real traffic: a stalled machine may keep one from happening in time.
          retry: 1,
        },
      },
    ],
  },
});
