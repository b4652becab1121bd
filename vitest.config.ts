import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Much of the time is spent waiting for real clocks: more files at once than there are cores.
    maxWorkers: 3,
    globalSetup: ['test/support/global-setup.ts'],
  },
});
