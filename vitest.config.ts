import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Browser tests share the machine: what they wait for may take its time.
    expect: { poll: { timeout: 10_000 } },
    maxWorkers: 2,
  },
})
