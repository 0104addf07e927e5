// What Prometheus finds at one proxy: Istio's metrics, and Envoy's own statistics under the names and labels that Istio's
// bootstrap makes of them (istio: tools/packaging/common/envoy_bootstrap.json, stats_tags and stats_matcher).
import type { Family, Labels } from '../observation/metrics.ts'
import { Metrics } from '../observation/metrics.ts'
import type { Proxy as Envoy } from './proxy.ts'

/** Parts of a statistic's name that become labels, in the order of the bootstrap. */
const TAGS: readonly { label: string; pattern: RegExp; value: (found: RegExpExecArray) => string }[] = [
  { label: 'response_code', pattern: /_rq(_(\d{3}))$/, value: found => found[2]! },
  { label: 'response_code_class', pattern: /_rq(_(\dxx))$/, value: found => found[2]! },
  { label: 'authz_enforce_result', pattern: /rbac(\.(allowed|denied))/, value: found => found[2]! },
  { label: 'authz_dry_run_action', pattern: /(\.istio_dry_run_(allow|deny)_)/, value: found => found[2]! },
  { label: 'authz_dry_run_result', pattern: /(\.shadow_(allowed|denied))/, value: found => found[2]! },
]

/** Statistics that Istio exposes unless told more: all others are left out of the proxy altogether. */
const EXPOSED = /rbac\.allowed$|rbac\.denied$|shadow_allowed$|shadow_denied$/

/** `http.inbound_0.0.0.0_8080;.rbac.allowed` -> `envoy_http_inbound_0_0_0_0_8080__rbac` and its labels. */
function prometheusName(name: string, labels: Labels): { name: string; labels: Labels } {
  let rest = name
  const found: [string, string][] = []
  for (const { label, pattern, value } of TAGS) {
    const match = pattern.exec(rest)
    if (match === null) continue
    found.push([label, value(match)])
    rest = rest.replace(match[1]!, '')
  }
  return { name: `envoy_${rest.replace(/[^a-zA-Z0-9_]/g, '_')}`, labels: [...found, ...labels] }
}

/**
 * `all`: also the statistics that Istio exposes only where proxyStatsMatcher or the annotations statsInclusion... ask for
 * them: those of clusters. [] when the proxy counts no metrics.
 */
export function proxyMetrics(proxy: Envoy, all: boolean): Family[] {
  const { metrics } = proxy.options
  if (metrics === undefined) return []
  for (const report of proxy.reports) report.catchUp()
  const own = new Metrics()
  const add = (gauge: boolean, full: string, tags: Labels, value: number): void => {
    const { name, labels } = prometheusName(full, tags)
    const sample = gauge ? own.gauge(name, labels) : own.counter(name, labels)
    sample.value += value
  }
  for (const [name, value] of proxy.stats.all()) if (all || EXPOSED.test(name)) add(false, name, [], value)
  if (all)
    for (const [cluster, { compiled }] of proxy.live.clusters)
      for (const { name, gauge, value } of compiled.allStats())
        add(gauge, `cluster.${name}`, [['cluster_name', cluster]], value)
  return [...own.families(), ...metrics.store.families()]
}
