import { defineConfig } from 'vitest/config';

/** The longer suite: real sizes, one model at a time. */
export default defineConfig({
  test: {
    include: ['test/scale/**/*.scale.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 600_000,
  },
});
