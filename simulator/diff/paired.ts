// What pairs of runs can tell: two requests that met the same dice differ by the change alone, so their difference says
// far more than two means would.
/** Below this chance that nothing is behind it a difference is believed. */
export const SIGNIFICANT = 0.05

/** Beyond so many discordant pairs the binomial is as good as normal. */
const EXACT_UP_TO = 1_000

/**
 * McNemar's exact test: the chance (0..1) that of the pairs that differ at least so uneven a part would go one way if
 * either way were as likely. 1 without any such pair.
 */
export function signTest(worse: number, better: number): number {
  const n = worse + better
  if (n === 0) return 1
  if (n > EXACT_UP_TO) return normalTail((Math.abs(worse - better) - 1) / Math.sqrt(n))
  const few = Math.min(worse, better)
  let term = 1
  for (let i = 0; i < n; i++) term /= 2
  let tail = term
  for (let k = 1; k <= few; k++) {
    term = (term * (n - k + 1)) / k
    tail += term
  }
  return Math.min(1, 2 * tail)
}

/** Two-sided quantiles of the normal distribution: enough steps to say how sure one is. */
const NORMAL: readonly [z: number, p: number][] = [
  [3.891, 0.0001],
  [3.291, 0.001],
  [2.576, 0.01],
  [1.96, 0.05],
  [1.645, 0.1],
]

const normalTail = (z: number): number => NORMAL.find(([least]) => z >= least)?.[1] ?? 1
