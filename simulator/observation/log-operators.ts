// The command operators of Envoy's substitution format that a record can answer
// (source/common/formatter/stream_info_formatter.cc, http_specific_formatter.cc). undefined = nothing there: `-` in a text
// line, null in a JSON one.
import { attributesOf } from './attributes.ts'
import { compileExpression } from './expressions.ts'
import { longFlag } from './response-flags.ts'
import { EPOCH_SECONDS, formatTime, timestamp } from './timestamp.ts'
import type { ConnectionRecord, LoggedRecord, StreamRecord } from './types.ts'

export type LogValue = string | number | undefined
export type Operator = (record: LoggedRecord) => LogValue

const some = (text: string): string | undefined => (text === '' ? undefined : text)

/** Reasons are one word in a log line (StringUtil::replaceAllEmptySpace). */
const oneWord = (text: string): string | undefined => some(text.replaceAll(' ', '_'))

const ms = (us: number): number => Math.floor(us / 1_000)

const http =
  (read: (record: StreamRecord) => LogValue, connection?: (record: ConnectionRecord) => LogValue): Operator =>
  record =>
    record.kind === 'stream' ? read(record) : connection?.(record)

const bareAddress = (address: string): string => address.slice(0, address.lastIndexOf(':'))
const portOf = (address: string): number | undefined =>
  address === '' ? undefined : Number(address.slice(address.lastIndexOf(':') + 1))

/** `NAME`, `NAME_WITHOUT_PORT` and `NAME`'s port under `portName`. */
function address(name: string, portName: string, read: (record: LoggedRecord) => string): [string, Operator][] {
  return [
    [name, record => some(read(record))],
    [`${name}_WITHOUT_PORT`, record => some(bareAddress(read(record)))],
    [portName, record => portOf(read(record))],
  ]
}

const PLAIN: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['PROTOCOL', http(record => some(record.protocol))],
  [
    'RESPONSE_CODE',
    http(
      record => record.status,
      () => 0,
    ),
  ],
  ['RESPONSE_CODE_DETAILS', http(record => oneWord(record.details))],
  [
    'CONNECTION_TERMINATION_DETAILS',
    http(
      () => undefined,
      record => oneWord(record.details),
    ),
  ],
  ['RESPONSE_FLAGS', record => (record.flags.length === 0 ? '-' : record.flags.join(','))],
  ['RESPONSE_FLAGS_LONG', record => (record.flags.length === 0 ? '-' : record.flags.map(longFlag).join(','))],
  ['BYTES_RECEIVED', record => record.bytesReceived],
  ['BYTES_SENT', record => record.bytesSent],
  ['DURATION', record => ms(record.end - record.start)],
  [
    'REQUEST_DURATION',
    http(record => (record.upstreamStart < 0 ? undefined : ms(record.upstreamStart - record.start))),
  ],
  ['RESPONSE_DURATION', http(record => (record.upstreamEnd < 0 ? undefined : ms(record.upstreamEnd - record.start)))],
  ['RESPONSE_TX_DURATION', http(record => (record.upstreamEnd < 0 ? undefined : ms(record.end - record.upstreamEnd)))],
  ['ROUTE_NAME', http(record => some(record.routeName))],
  ['UPSTREAM_CLUSTER', record => some(record.cluster)],
  ['UPSTREAM_CLUSTER_RAW', record => some(record.cluster)],
  ['UPSTREAM_PROTOCOL', http(record => some(record.upstreamProtocol))],
  ['UPSTREAM_REQUEST_ATTEMPT_COUNT', record => record.attempts],
  ['UPSTREAM_TRANSPORT_FAILURE_REASON', record => oneWord(record.upstreamTransportFailure)],
  [
    'DOWNSTREAM_TRANSPORT_FAILURE_REASON',
    http(
      () => undefined,
      record => oneWord(record.downstreamTransportFailure),
    ),
  ],
  ['DOWNSTREAM_PEER_URI_SAN', record => some(record.downstreamPeer)],
  ['REQUESTED_SERVER_NAME', record => some(record.sni)],
  ['HOSTNAME', record => some(record.pod)],
  ...address('UPSTREAM_HOST', 'UPSTREAM_HOST_PORT', record => record.upstreamHost),
  ...address('UPSTREAM_REMOTE_ADDRESS', 'UPSTREAM_REMOTE_PORT', record => record.upstreamHost),
  ...address('UPSTREAM_LOCAL_ADDRESS', 'UPSTREAM_LOCAL_PORT', record => record.upstreamLocal),
  ...address('DOWNSTREAM_LOCAL_ADDRESS', 'DOWNSTREAM_LOCAL_PORT', record => record.downstreamLocal),
  ...address('DOWNSTREAM_REMOTE_ADDRESS', 'DOWNSTREAM_REMOTE_PORT', record => record.downstreamRemote),
  ...address('DOWNSTREAM_DIRECT_REMOTE_ADDRESS', 'DOWNSTREAM_DIRECT_REMOTE_PORT', record => record.downstreamRemote),
])

/** A request header by its lower-case name. Without the headers, what the record itself keeps of them. */
function requestHeader(record: StreamRecord, name: string): string | undefined {
  switch (name) {
    case ':authority':
    case 'host':
      return some(record.authority)
    case ':path':
      return some(record.path)
    case ':method':
      return some(record.method)
    case 'user-agent':
      return some(record.userAgent)
    case 'x-request-id':
      return some(record.requestId)
  }
  return record.requestHeaders?.find(([key]) => key === name)?.[1]
}

function responseHeader(record: StreamRecord, name: string): string | undefined {
  if (record.responseHeaders === null && name === 'x-envoy-upstream-service-time') {
    const { upstreamStart, upstreamEnd } = record
    return upstreamStart < 0 || upstreamEnd < 0 ? undefined : String(ms(upstreamEnd - upstreamStart))
  }
  return record.responseHeaders?.find(([key]) => key === name)?.[1]
}

/** `X?Y`: Y where there is no X. */
function either(argument: string, read: (record: StreamRecord, name: string) => string | undefined): Operator {
  const names = argument.split('?').map(name => name.trim().toLowerCase())
  return http(record => {
    for (const name of names) {
      const value = read(record, name)
      if (value !== undefined) return value
    }
    return undefined
  })
}

/** A value of an expression as CelFormatter prints it. */
function expression(text: string): Operator | null {
  const compiled = compileExpression(text)
  if (!compiled.ok) return null
  return record => {
    const value = compiled.evaluate(attributesOf(record))
    if (typeof value === 'bigint' || typeof value === 'number') return Number(value)
    return value === undefined ? undefined : String(value)
  }
}

/** What `%NAME(ARGUMENT)%` reads, null where Envoy has no such operator or this model nothing to answer it with. */
export function operatorOf(name: string, argument: string, epochSeconds: number = EPOCH_SECONDS): Operator | null {
  switch (name) {
    case 'START_TIME':
      return argument === ''
        ? record => timestamp(record.start, epochSeconds)
        : record => formatTime(argument, record.start, epochSeconds)
    case 'REQ':
      return either(argument, requestHeader)
    case 'RESP':
      return either(argument, responseHeader)
    case 'CEL':
      return expression(argument)
    default:
      return PLAIN.get(name) ?? null
  }
}
