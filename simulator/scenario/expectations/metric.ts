// `metric`: what Prometheus finds at the end of the window, summed over all series that match.
import { z } from 'zod'
import type { Family, Labels } from '../../observation/index.ts'
import type { World } from '../../world/index.ts'
import { workloadOf } from '../directory.ts'
import { boundFields, boundsInWords, within } from './bounds.ts'
import { MeshMeter } from './mesh-meter.ts'
import { expectationKind, type Judgement } from './types.ts'

const Metric = z.strictObject({
  name: z.string().describe('istio_requests_total; of a histogram with _count, _sum or _bucket.'),
  proxy: z.string().optional().describe('Workload whose proxy is asked; all when absent.'),
  labels: z
    .record(z.string(), z.string().nullable())
    .optional()
    .describe('Labels with their values; null = the series must not have the label.'),
  ...boundFields,
})
type MetricSpec = z.output<typeof Metric>

export const metric = expectationKind({
  schema: Metric,
  meter: spec => new MetricMeter(spec),
})

const SUFFIX = /_(count|sum|bucket)$/

class MetricMeter extends MeshMeter {
  private readonly spec: MetricSpec
  private total = 0
  private series = 0
  private example = ''

  constructor(spec: MetricSpec) {
    super()
    this.spec = spec
  }

  inspect(world: World): void {
    for (const { proxy, workload } of world.pods.values()) {
      if (this.spec.proxy !== undefined && workloadOf(workload.name) !== this.spec.proxy) continue
      for (const family of proxy?.metrics() ?? []) this.look(family)
    }
  }

  private look(family: Family): void {
    const { name } = this.spec
    if (family.type !== 'histogram') {
      if (family.name === name) for (const { labels, value } of family.series) this.add(labels, value)
      return
    }
    const part = SUFFIX.exec(name)?.[1]
    if (part === undefined || family.name !== name.replace(SUFFIX, '')) return
    for (const { labels, bounds, counts, sum, count } of family.series) {
      if (part !== 'bucket') this.add(labels, part === 'sum' ? sum : count)
      else {
        let below = 0
        for (const [i, here] of counts.entries()) {
          below += here
          this.add([...labels, ['le', bounds[i] === undefined ? '+Inf' : String(bounds[i])]], below)
        }
      }
    }
  }

  private add(labels: Labels, value: number): void {
    const own = new Map(labels)
    const shown = labels.map(([label, text]) => `${label}="${text}"`).join(',')
    if (this.series === 0) this.example = shown
    for (const [label, wanted] of Object.entries(this.spec.labels ?? {}))
      if ((own.get(label) ?? null) !== wanted) return
    if (this.series++ === 0) this.example = shown
    this.total += value
  }

  judge(): Judgement {
    const { spec, total, series } = this
    const wanted = Object.entries(spec.labels ?? {}).map(([label, text]) =>
      text === null ? `no ${label}` : `${label}="${text}"`,
    )
    return {
      ok: within(total, spec),
      expected: `${spec.name}{${wanted.join(',')}}${spec.proxy === undefined ? '' : ` of ${spec.proxy}`} ${boundsInWords(spec)}`,
      seen: `${total} in ${series} series${this.example === '' ? '' : `, first: {${this.example}}`}`,
    }
  }
}
