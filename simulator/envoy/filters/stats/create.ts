// The istio.stats filters among the filters of a chain or connection manager.
import type { JsonObject } from '../../../xds/types.ts'
import { object } from '../../json.ts'
import type { MetricsOptions } from '../../options.ts'
import { unwrap } from '../http/registry.ts'
import { IstioStats } from './istio-stats.ts'

const TYPE = 'stats.PluginConfig'

/** null: nobody asks for metrics, or no filter counts any. */
export function createStats(filters: readonly JsonObject[], metrics: MetricsOptions | undefined): IstioStats[] | null {
  if (metrics === undefined) return null
  const found = filters
    .map(filter => unwrap(object(filter.typed_config)))
    .filter(({ type }) => type === TYPE)
    .map(({ value }) => new IstioStats(value, metrics))
  return found.length === 0 ? null : found
}
