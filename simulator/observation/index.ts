// Door of the room: what may be known of a run, and the first ways to keep and count it.
export { accessLogLine } from './access-log.ts'
export { attributesOf } from './attributes.ts'
export { type Attributes, type CompiledExpression, compileExpression } from './expressions.ts'
export { LatencyHistogram } from './histogram.ts'
export { compileJsonFormat, compileTextFormat, type LogFormat } from './log-format.ts'
export type { Buckets, Family, Labels, Sample } from './metrics.ts'
export { HISTOGRAM_BOUNDS, Metrics } from './metrics.ts'
export { prometheusText, type Target } from './prometheus.ts'
export type { MemoryOptions } from './recorders.ts'
export { FanOut, MemoryRecorder } from './recorders.ts'
export { flagBits, longFlag } from './response-flags.ts'
export type { Directory, Edge, Party, SecondTally, Tally } from './statistics.ts'
export { isError, serviceOfCluster, TrafficStatistics } from './statistics.ts'
export { EPOCH_SECONDS, timestamp } from './timestamp.ts'
export type {
  CertificateRecord,
  ClientRecord,
  ConnectionRecord,
  EjectionRecord,
  HandshakeRecord,
  LoggedRecord,
  LogRecord,
  MarkRecord,
  Observation,
  PushRecord,
  Recorder,
  ServedRecord,
  StreamRecord,
  TrailStep,
  XdsRecord,
  XdsStreamRecord,
} from './types.ts'
export { type WireView, wireInto, wireOnwards } from './wire-view.ts'
