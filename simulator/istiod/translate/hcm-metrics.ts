// Statistics filters: which metrics a Telemetry leaves, renames or drops (pilot/pkg/model/telemetry.go mergeMetrics).
import { compareText } from '../../registry/names.ts'
import type { Metrics, MetricsOverrides } from '../../resources/index.ts'
import type { JsonObject, NamedFilter } from '../../xds/types.ts'
import { protoDuration } from './cluster-duration.ts'
import { extensionProvider } from './provider-cluster.ts'
import type { ListenerClass, TranslationContext } from './translation-context.ts'

const PROMETHEUS_NAMES: ReadonlyMap<string, string> = new Map([
  ['GRPC_REQUEST_MESSAGES', 'request_messages_total'],
  ['GRPC_RESPONSE_MESSAGES', 'response_messages_total'],
  ['REQUEST_COUNT', 'requests_total'],
  ['REQUEST_DURATION', 'request_duration_milliseconds'],
  ['REQUEST_SIZE', 'request_bytes'],
  ['RESPONSE_SIZE', 'response_bytes'],
  ['TCP_CLOSED_CONNECTIONS', 'tcp_connections_closed_total'],
  ['TCP_OPENED_CONNECTIONS', 'tcp_connections_opened_total'],
  ['TCP_RECEIVED_BYTES', 'tcp_received_bytes_total'],
  ['TCP_SENT_BYTES', 'tcp_sent_bytes_total'],
])

type Mode = 'CLIENT' | 'SERVER'

interface Override {
  disabled: boolean
  tags: Map<string, { remove: boolean; value: string }>
}

class ProviderMetrics {
  interval = ''
  private readonly silent = new Set<Mode>()
  private readonly overrides: Record<Mode, Map<string, Override>> = { CLIENT: new Map(), SERVER: new Map() }

  apply(override: MetricsOverrides): void {
    const { match } = override
    const modes: Mode[] = match?.mode === 'CLIENT' || match?.mode === 'SERVER' ? [match.mode] : ['CLIENT', 'SERVER']
    const all = match?.customMetric === undefined && (match?.metric ?? 'ALL_METRICS') === 'ALL_METRICS'
    if (all && override.disabled) {
      for (const mode of modes) this.silent.add(mode)
      return
    }
    const names = all ? [...PROMETHEUS_NAMES.keys()] : [match?.customMetric ?? match?.metric ?? '']
    for (const mode of modes) {
      this.silent.delete(mode)
      for (const name of names) {
        const known = this.overrides[mode].get(name) ?? { disabled: false, tags: new Map() }
        if (override.disabled !== undefined) known.disabled = override.disabled
        for (const [tag, change] of Object.entries(override.tagOverrides ?? {})) {
          known.tags.set(tag, { remove: change.operation === 'REMOVE', value: change.value ?? '' })
        }
        this.overrides[mode].set(name, known)
      }
    }
  }

  /** Config of the filter, or null when nothing is measured. */
  config(where: ListenerClass): JsonObject | null {
    const mode: Mode = where === 'inbound' ? 'SERVER' : 'CLIENT'
    if (this.silent.has(mode)) return null
    const metrics = [...this.overrides[mode]]
      .sort(([a], [b]) => compareText(a, b))
      .map(([name, override]) => {
        const tags = [...override.tags].sort(([a], [b]) => compareText(a, b))
        const kept = tags.filter(([, tag]) => !tag.remove)
        const removed = tags.filter(([, tag]) => tag.remove)
        return {
          name: PROMETHEUS_NAMES.get(name) ?? name,
          ...(kept.length > 0 ? { dimensions: Object.fromEntries(kept.map(([tag, { value }]) => [tag, value])) } : {}),
          ...(removed.length > 0 ? { tags_to_remove: removed.map(([tag]) => tag) } : {}),
          ...(override.disabled ? { drop: true } : {}),
        }
      })
    return {
      ...(where === 'outbound' ? {} : { disable_host_header_fallback: true }),
      ...(this.interval === '' ? {} : { tcp_reporting_duration: protoDuration(this.interval) }),
      ...(metrics.length > 0 ? { metrics } : {}),
    }
  }
}

const providerNames = (metrics: Metrics): string[] => (metrics.providers ?? []).map(provider => provider.name)

function merged(context: TranslationContext): Map<string, ProviderMetrics> {
  const { snapshot, proxy, mesh } = context
  const list = snapshot.telemetries(proxy).flatMap(telemetry => telemetry.spec.metrics ?? [])
  const defaults = mesh.defaultProviders.metrics ?? []
  const found = new Map<string, ProviderMetrics>()
  if (list.length === 0) for (const name of defaults) found.set(name, new ProviderMetrics())
  let inScope = defaults
  for (const metrics of list) if (providerNames(metrics).length > 0) inScope = providerNames(metrics)
  let parent = defaults
  for (const metrics of list) {
    const own = providerNames(metrics)
    if (own.length > 0) parent = own
    for (const name of parent) {
      if (!inScope.includes(name)) continue
      const provider = found.get(name) ?? new ProviderMetrics()
      found.set(name, provider)
      if (metrics.reportingInterval !== undefined) provider.interval = metrics.reportingInterval
      for (const override of metrics.overrides ?? []) provider.apply(override)
    }
  }
  return found
}

/** One filter for each Prometheus provider in force, HTTP and TCP alike. */
export function statsFilters(context: TranslationContext, where: ListenerClass): NamedFilter[] {
  const filters: NamedFilter[] = []
  for (const [name, metrics] of [...merged(context)].sort(([a], [b]) => compareText(a, b))) {
    const provider = extensionProvider(context.mesh, name)
    if (!provider || !('prometheus' in provider)) continue
    const config = metrics.config(where)
    if (!config) continue
    filters.push({
      name: 'istio.stats',
      typed_config: { '@type': 'type.googleapis.com/stats.PluginConfig', ...config },
    })
  }
  return filters
}
