// What a Telemetry changes on Istio's metrics: dropped ones, labels removed, set anew or added. Values are CEL expressions
// (istio/proxy: istio_stats.cc MetricOverrides; api: source/extensions/filters/http/istio_stats/config.proto).

import { type Attributes, compileExpression } from '../../../observation/index.ts'
import type { Labels } from '../../../observation/metrics.ts'
import type { JsonObject } from '../../../xds/types.ts'
import { list, object, text } from '../../json.ts'
import { STANDARD_LABELS } from './labels.ts'

export const METRICS = [
  'requests_total',
  'request_duration_milliseconds',
  'request_bytes',
  'response_bytes',
  'request_messages_total',
  'response_messages_total',
  'tcp_connections_opened_total',
  'tcp_connections_closed_total',
  'tcp_sent_bytes_total',
  'tcp_received_bytes_total',
] as const

export type MetricName = (typeof METRICS)[number]

const UNKNOWN = 'unknown'

/** Of one metric: by label the index of its expression, null = removed. */
type Changes = Map<string, number | null>

export class Overrides {
  /** Nothing is changed: labels stay as they are. */
  readonly none: boolean
  private readonly dropped = new Set<string>()
  private readonly changes = new Map<string, Changes>()
  private readonly expressions: ((attributes: Attributes) => string)[] = []
  private readonly indices = new Map<string, number>()

  constructor(config: JsonObject) {
    const metrics = list(config.metrics).map(object)
    this.none = metrics.length === 0
    for (const metric of metrics) {
      const name = text(metric.name)
      if (metric.drop === true) this.dropped.add(name)
      else for (const each of name === '' ? METRICS : [name]) this.change(each, metric)
    }
  }

  drops(metric: MetricName): boolean {
    return this.dropped.has(metric)
  }

  /** The values of all expressions for one request or connection, in order. */
  evaluate(attributes: () => Attributes): readonly string[] {
    if (this.expressions.length === 0) return []
    const subject = attributes()
    return this.expressions.map(expression => expression(subject))
  }

  labels(metric: MetricName, standard: Labels, values: readonly string[]): Labels {
    const changes = this.changes.get(metric)
    if (changes === undefined) return standard
    const out: [string, string][] = []
    for (const [name, value] of standard) {
      const change = changes.get(name)
      if (change !== null) out.push([name, change === undefined ? value : (values[change] ?? '')])
    }
    for (const [name, index] of changes)
      if (index !== null && !STANDARD_LABELS.has(name)) out.push([name, values[index] ?? ''])
    return out
  }

  private change(metric: string, config: JsonObject): void {
    const changes: Changes = this.changes.get(metric) ?? new Map()
    this.changes.set(metric, changes)
    for (const tag of list(config.tags_to_remove)) if (STANDARD_LABELS.has(text(tag))) changes.set(text(tag), null)
    const dimensions = Object.entries(object(config.dimensions)).sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [tag, expression] of dimensions) changes.set(tag, this.expression(text(expression)))
  }

  private expression(source: string): number {
    let index = this.indices.get(source)
    if (index === undefined) {
      index = this.expressions.push(textOf(source)) - 1
      this.indices.set(source, index)
    }
    return index
  }
}

/**
 * An expression ready to be asked for its text. An absent attribute, a value that is no scalar or a source that is no CEL
 * gives `unknown`: Envoy only logs the mistake.
 */
function textOf(source: string): (attributes: Attributes) => string {
  const compiled = compileExpression(source)
  if (!compiled.ok) return () => UNKNOWN
  return attributes => {
    const value = compiled.evaluate(attributes)
    if (typeof value === 'string') return value
    return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
      ? String(value)
      : UNKNOWN
  }
}
