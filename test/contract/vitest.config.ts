import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** The longer suite: the contract of every method on every structure, of which `npm test` takes some. */
export default defineConfig({
  test: {
    include: ['test/contract/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: availableParallelism(),
    testTimeout: 60_000,
    env: { BWC_CONTRACT: 'whole' },
  },
});
