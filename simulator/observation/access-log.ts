// A record as the line that an Envoy sidecar writes with Istio's default text format.
import { TEXT_FORMAT } from '../xds/access-log-format.ts'
import { compileTextFormat } from './log-format.ts'
import type { LoggedRecord } from './types.ts'

const defaultLine = compileTextFormat(TEXT_FORMAT.trimEnd())

/** Istio's default line of an HTTP stream or of a connection proxied at layer 4; what a record does not hold is `-`. */
export const accessLogLine = (record: LoggedRecord): string => defaultLine(record)
