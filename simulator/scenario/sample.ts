// One request as expectations and conditions look at it, whoever saw it: the client or the caller's proxy.
import { formatDuration, parseDuration } from '../engine/index.ts'
import type { ClientRecord, Observation, StreamRecord, TrafficStatistics } from '../observation/index.ts'
import type { ConditionSpec, SelectorSpec } from './schema-requests.ts'

export interface Sample {
  /** µs */
  start: number
  latencyUs: number
  status: number
  flags: readonly string[]
  details: string
  version: string
  body: string
}

const us = (text: string): number => parseDuration(text) ?? 0

/** The sample of an observation that `of` selects; null for any other. */
export function sampleOf(observation: Observation, of: SelectorSpec, statistics: TrafficStatistics): Sample | null {
  const { load, source, destination, version, path } = of
  if (observation.kind === 'client') {
    if (load === undefined || observation.source !== load) return null
    if (path !== undefined && !pathMatches(observation.url, path)) return null
    return clientSample(observation)
  }
  if (observation.kind !== 'stream' || load !== undefined) return null
  const edge = statistics.edgeOf(observation)
  if (edge === null) return null
  if (source !== undefined && edge.source !== source) return null
  if (destination !== undefined && edge.destination !== destination) return null
  if (version !== undefined && edge.version !== version) return null
  if (path !== undefined && !pathMatches(observation.path, path)) return null
  return streamSample(observation, edge.version)
}

/** Query aside; a whole URL's path too. */
function pathMatches(text: string, path: string): boolean {
  const bare = text.split('?')[0] ?? ''
  const scheme = bare.indexOf('://')
  return (scheme < 0 ? bare : bare.slice(Math.max(bare.indexOf('/', scheme + 3), 0))) === path
}

function clientSample(record: ClientRecord): Sample {
  return {
    start: record.start,
    latencyUs: record.end - record.start,
    status: record.status,
    flags: record.failure === '' ? [] : [record.failure],
    details: '',
    version: '',
    body: record.body,
  }
}

function streamSample(record: StreamRecord, version: string): Sample {
  const { start, end, status, flags, details } = record
  return { start, latencyUs: end - start, status, flags, details, version, body: '' }
}

export function satisfies(sample: Sample, is: ConditionSpec): boolean {
  if (is.status !== undefined && sample.status !== is.status) return false
  if (is.flag === '-' && sample.flags.length > 0) return false
  if (is.flag !== undefined && is.flag !== '-' && !sample.flags.includes(is.flag)) return false
  if (is.version !== undefined && sample.version !== is.version) return false
  if (is.details !== undefined && sample.details !== is.details) return false
  if (is.bodyContains !== undefined && !sample.body.includes(is.bodyContains)) return false
  if (is.bodyLacks !== undefined && sample.body.includes(is.bodyLacks)) return false
  if (is.latency === undefined) return true
  return sample.latencyUs >= us(is.latency[0]) && sample.latencyUs <= us(is.latency[1])
}

export function conditionInWords(is: ConditionSpec): string {
  const words = [
    is.status === undefined ? '' : `status ${is.status}`,
    is.flag === undefined ? '' : is.flag === '-' ? 'no flag' : `flag ${is.flag}`,
    is.version === undefined ? '' : `version ${is.version}`,
    is.details === undefined ? '' : `details ${is.details}`,
    is.bodyContains === undefined ? '' : `body with "${is.bodyContains}"`,
    is.bodyLacks === undefined ? '' : `body without "${is.bodyLacks}"`,
    is.latency === undefined ? '' : `latency ${is.latency[0]}..${is.latency[1]}`,
  ].filter(word => word !== '')
  return words.length === 0 ? 'requests' : words.join(', ')
}

/** `readers`, `productpage -> reviews`. */
export function selectorInWords(of: SelectorSpec): string {
  const version = of.version === undefined ? '' : ` ${of.version}`
  const path = of.path === undefined ? '' : ` ${of.path}`
  if (of.load !== undefined) return `${of.load}${path}`
  return `${of.source ?? 'anybody'} -> ${of.destination ?? 'anybody'}${version}${path}`
}

export function sampleInWords(sample: Sample): string {
  const flags = sample.flags.length === 0 ? '' : ` ${sample.flags.join(',')}`
  const body = sample.body === '' ? '' : ` "${sample.body.slice(0, 60).replaceAll('\n', ' | ')}"`
  return `at ${formatDuration(sample.start)}: ${sample.status}${flags} after ${formatDuration(sample.latencyUs)}${body}`
}
