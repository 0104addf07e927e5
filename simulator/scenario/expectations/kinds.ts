// Every kind of expectation, by its key.
import { configuration } from './configuration.ts'
import { count, golden } from './count.ts'
import { errorRate } from './error-rate.ts'
import { latency } from './latency.ts'
import { log } from './log.ts'
import { matrix } from './matrix.ts'
import { metric } from './metric.ts'
import { always, eventually, never } from './modal.ts'
import { pods } from './pods.ts'
import { share } from './share.ts'
import { thresholds } from './thresholds.ts'

export const EXPECTATION_KINDS = {
  share,
  errorRate,
  latency,
  count,
  golden,
  always,
  never,
  eventually,
  thresholds,
  matrix,
  log,
  configuration,
  pods,
  metric,
} as const
