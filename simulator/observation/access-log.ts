// One stream record as the line that an Envoy sidecar writes with Istio's default text format
// (pilot/pkg/model/telemetry_logging.go, EnvoyTextLogFormat). What a record does not hold is `-`.
import type { ConnectionRecord, StreamRecord } from './types.ts'

const DASH = '-'

/** Milliseconds, cut off as Envoy cuts them. */
const ms = (us: number): string => String(Math.floor(us / 1_000))

const quoted = (text: string): string => `"${text === '' ? DASH : text}"`

const plain = (text: string): string => (text === '' ? DASH : text)

const two = (n: number): string => String(n).padStart(2, '0')

/** Civil date of a day counted from 1970-01-01. */
function civil(day: number): string {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const month = Math.floor((5 * dayOfYear + 2) / 153)
  const date = dayOfYear - Math.floor((153 * month + 2) / 5) + 1
  const civilMonth = month < 10 ? month + 3 : month - 9
  return `${yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)}-${two(civilMonth)}-${two(date)}`
}

/** `2026-01-01T00:00:01.250Z`; virtual time counts from `epochSeconds`. */
export function timestamp(us: number, epochSeconds: number): string {
  const total = epochSeconds + Math.floor(us / 1_000_000)
  const day = Math.floor(total / 86_400)
  const rest = total - day * 86_400
  const clock = `${two(Math.floor(rest / 3_600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`
  return `${civil(day)}T${clock}.${String(Math.floor(us / 1_000) % 1_000).padStart(3, '0')}Z`
}

/** 2026-01-01T00:00:00Z: where virtual time begins in printed lines. */
export const EPOCH_SECONDS = 1_767_225_600

/** The line of an HTTP stream. */
export function accessLogLine(record: StreamRecord, epochSeconds: number = EPOCH_SECONDS): string {
  const header = (name: string) => record.requestHeaders?.find(([key]) => key === name)?.[1] ?? ''
  const service = record.upstreamEnd >= 0 && record.upstreamStart >= 0 ? record.upstreamEnd - record.upstreamStart : -1
  return [
    `[${timestamp(record.start, epochSeconds)}]`,
    `"${record.method} ${record.path} ${record.protocol}"`,
    String(record.status),
    plain(record.flags.join(',')),
    plain(record.details.replaceAll(' ', '_')),
    DASH,
    quoted(record.upstreamTransportFailure.replaceAll(' ', '_')),
    String(record.bytesReceived),
    String(record.bytesSent),
    ms(record.end - record.start),
    service < 0 ? DASH : ms(service),
    quoted(header('x-forwarded-for')),
    quoted(record.userAgent),
    quoted(record.requestId),
    quoted(record.authority),
    quoted(record.upstreamHost),
    plain(record.cluster),
    DASH,
    DASH,
    DASH,
    DASH,
    plain(record.routeName),
  ].join(' ')
}

/** The line of a connection proxied at layer 4: no method, no status. */
export function connectionLogLine(record: ConnectionRecord, epochSeconds: number = EPOCH_SECONDS): string {
  return [
    `[${timestamp(record.start, epochSeconds)}]`,
    '"- - -"',
    '0',
    plain(record.flags.join(',')),
    DASH,
    plain(record.details.replaceAll(' ', '_')),
    quoted(record.upstreamTransportFailure.replaceAll(' ', '_')),
    String(record.bytesReceived),
    String(record.bytesSent),
    ms(record.end - record.start),
    DASH,
    quoted(''),
    quoted(''),
    quoted(''),
    quoted(''),
    quoted(record.upstreamHost),
    plain(record.cluster),
    DASH,
    DASH,
    DASH,
    plain(record.sni),
    DASH,
  ].join(' ')
}
