// Which filters of a configuration the model acts on, for whoever has to tell the user what has no effect.
import type { JsonObject } from '../../xds/types.ts'
import { object } from '../json.ts'
import { hasNetworkFilter } from '../network-filters.ts'
import { hasHttpFilter, unwrap } from './http/registry.ts'

/** Type of a filter (`envoy.extensions...`) that has no effect in this model, '' when it acts or shows nothing. */
export function filterWithoutEffect(kind: 'http' | 'network', filter: JsonObject): string {
  const { type } = unwrap(object(filter.typed_config))
  const known = kind === 'http' ? hasHttpFilter(type) : hasNetworkFilter(type)
  return known ? '' : type
}
