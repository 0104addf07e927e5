// Door of the room: what may be known of a run, and the first ways to keep and count it.
export { accessLogLine, connectionLogLine, EPOCH_SECONDS, timestamp } from './access-log.ts'
export { LatencyHistogram } from './histogram.ts'
export type { MemoryOptions } from './recorders.ts'
export { FanOut, MemoryRecorder } from './recorders.ts'
export type { Directory, Edge, Party, SecondTally, Tally } from './statistics.ts'
export { isError, serviceOfCluster, TrafficStatistics } from './statistics.ts'
export type {
  ClientRecord,
  ConnectionRecord,
  EjectionRecord,
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
