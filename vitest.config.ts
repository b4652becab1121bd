import { defineConfig } from 'vitest/config';
import { answersReporter } from './test/support/answers-reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Needs Python: `npm run test:contract`.
    exclude: ['test/contract/**'],
    // They end what hangs; a busy machine may take ten times as long as an idle one.
    testTimeout: 120_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 25_000 } },
    pool: 'forks',
    // Much of the time is spent waiting for real clocks: more files at once than there are cores.
    maxWorkers: 4,
    reporters: ['default', answersReporter()],
    globalSetup: ['test/support/global-setup.ts'],
  },
});
