// What is written at an edge of the traffic graph: rate, errors, p95, as Kiali's edge labels have it.
import type { Edge } from '../observation/index.ts'

export function edgeLabel({ requests, errors, latency }: Edge, seconds: number): string {
  const rate = seconds <= 0 ? requests : requests / seconds
  const failed = errors === 0 ? '' : `, ${((errors / requests) * 100).toFixed(1)}% errors`
  const p95 = latency.percentile(95) / 1_000
  return `${Number(rate.toFixed(2))} rps${failed}, p95 ${p95 < 1_000 ? `${Number(p95.toFixed(1))} ms` : `${(p95 / 1_000).toFixed(2)} s`}`
}
