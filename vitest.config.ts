import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Nothing else runs beside the tests, so that no core need be left for it.
    maxWorkers: availableParallelism(),
    testTimeout: 60_000,
  },
});
