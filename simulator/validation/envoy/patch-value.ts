// The value of an EnvoyFilter's patch held against the message that it patches (istio: pkg/config/xds/xds.go,
// pkg/config/validation/envoyfilter).
import { type Fields, isObject } from '../../resources/fields.ts'
import { decode } from './decode.ts'
import { envoyMessages, type MessageTable } from './table.ts'

const MESSAGES: Readonly<Record<string, string>> = {
  CLUSTER: 'envoy.config.cluster.v3.Cluster',
  LISTENER: 'envoy.config.listener.v3.Listener',
  ROUTE_CONFIGURATION: 'envoy.config.route.v3.RouteConfiguration',
  FILTER_CHAIN: 'envoy.config.listener.v3.FilterChain',
  HTTP_FILTER: 'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter',
  NETWORK_FILTER: 'envoy.config.listener.v3.Filter',
  VIRTUAL_HOST: 'envoy.config.route.v3.VirtualHost',
  HTTP_ROUTE: 'envoy.config.route.v3.Route',
  EXTENSION_CONFIG: 'envoy.config.core.v3.TypedExtensionConfig',
  BOOTSTRAP: 'envoy.config.bootstrap.v3.Bootstrap',
  LISTENER_FILTER: 'envoy.config.listener.v3.ListenerFilter',
}

export interface PatchRemarks {
  error: string | null
  warnings: string[]
}

const NOTHING: PatchRemarks = { error: null, warnings: [] }

export function checkPatchValue(applyTo: string, value: Readonly<Fields> | undefined): PatchRemarks {
  const table = envoyMessages()
  const message = MESSAGES[applyTo]
  if (table === null || value === undefined || message === undefined) return NOTHING
  const { error, unknown } = decode(table, message, value)
  if (error !== null) return { error: explained(error), warnings: [] }
  // what istiod cannot decode strictly it does not look into any further
  if (unknown !== null) return { error: null, warnings: [`Envoy filter: ${unknown}`] }
  const names = withoutTypedConfig(table, message, value)
  const missing = `using deprecated types by name without typed_config; ${names.join(', ')}`
  return { error: null, warnings: names.length === 0 ? [] : [missing] }
}

function explained(error: string): string {
  if (!error.startsWith('could not resolve Any message type')) return `Envoy filter: ${error}`
  const hint = error.includes('.v2.') ? ' (hint: try using the v3 XDS API)' : ''
  return `referenced type unknown${hint}: Envoy filter: ${error}`
}

/** Names of filters in single (not listed) messages that have a typed_config and leave it out. */
function withoutTypedConfig(table: MessageTable, message: string, value: Readonly<Fields>): string[] {
  const fields = table.fields(message)
  const found: string[] = []
  let given = false
  for (const [key, item] of Object.entries(value)) {
    const field = fields.get(key)
    if (field === undefined || item === null) continue
    given ||= field.name === 'typed_config' || field.name === 'config_discovery'
    if (field.shape === 'one' && isObject(item) && table.has(field.type)) {
      found.push(...withoutTypedConfig(table, field.type, item))
    }
  }
  return fields.has('typed_config') && !given ? [...found, String(value['name'] ?? '')] : found
}
