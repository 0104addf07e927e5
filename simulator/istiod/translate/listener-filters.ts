// Filters that look at a connection before a filter chain is chosen (pilot/pkg/xds/filters/filters.go,
// pilot/pkg/networking/core/listener_inbound.go populateListenerFilters).
import type { FilterChain, JsonObject, NamedFilter } from '../../xds/types.ts'

const extension = (name: string): string => `type.googleapis.com/envoy.extensions.filters.listener.${name}`

export const originalDestination = (): NamedFilter => ({
  name: 'envoy.filters.listener.original_dst',
  typed_config: { '@type': extension('original_dst.v3.OriginalDst') },
})

export const originalSource = (): NamedFilter => ({
  name: 'envoy.filters.listener.original_src',
  typed_config: { '@type': extension('original_src.v3.OriginalSrc'), mark: 1337 },
})

export const tlsInspector = (): NamedFilter => ({
  name: 'envoy.filters.listener.tls_inspector',
  typed_config: { '@type': extension('tls_inspector.v3.TlsInspector'), initial_read_buffer_size: 512 },
})

export const httpInspector = (): NamedFilter => ({
  name: 'envoy.filters.listener.http_inspector',
  typed_config: { '@type': extension('http_inspector.v3.HttpInspector') },
})

export const proxyProtocol = (): NamedFilter => ({
  name: 'envoy.filters.listener.proxy_protocol',
  typed_config: { '@type': extension('proxy_protocol.v3.ProxyProtocol') },
})

function onPorts(ports: readonly number[]): JsonObject {
  const ranges = ports.map(port => ({ destination_port_range: { start: port, end: port + 1 } }))
  return ranges.length === 1 ? (ranges[0] ?? {}) : { or_match: { rules: ranges } }
}

interface Needs {
  tls: boolean
  http: boolean
}

/** Port 0 stands for all that have no chain of their own. */
function needsByPort(chains: readonly FilterChain[]): Map<number, Needs> {
  const needs = new Map<number, Needs>()
  for (const chain of chains) {
    const match = chain.filter_chain_match ?? {}
    const port = match.destination_port ?? 0
    const known = needs.get(port) ?? { tls: false, http: false }
    known.tls ||= match.transport_protocol === 'tls'
    known.http ||= (match.application_protocols ?? []).some(name => name === 'http/1.1' || name === 'h2c')
    needs.set(port, known)
  }
  return needs
}

const disabledOn = (ports: number[]): JsonObject =>
  ports.length === 0 ? {} : { filter_disabled: onPorts(ports.sort((a, b) => a - b)) }

function inboundTlsInspector(needs: ReadonlyMap<number, Needs>): NamedFilter {
  const others = [...needs].filter(([port]) => port !== 0)
  if (needs.get(0)?.tls) {
    return { ...tlsInspector(), ...disabledOn(others.filter(([, need]) => !need.tls).map(([port]) => port)) }
  }
  const only = others.filter(([, need]) => need.tls).map(([port]) => port)
  if (only.length === 0) return tlsInspector()
  return { ...tlsInspector(), filter_disabled: { not_match: onPorts(only.sort((a, b) => a - b)) } }
}

/** Filters of an inbound listener: each inspector only on ports whose chains ask for it. */
export function inboundListenerFilters(
  chains: readonly FilterChain[],
  captured: boolean,
  transparent: boolean,
): NamedFilter[] {
  const filters: NamedFilter[] = []
  if (captured) filters.push(originalDestination())
  if (captured && transparent) filters.push(originalSource())
  const needs = needsByPort(chains)
  const all = [...needs.values()]
  if (all.some(need => need.tls)) filters.push(inboundTlsInspector(needs))
  if (all.some(need => need.http)) {
    const without = [...needs].filter(([, need]) => !need.http).map(([port]) => port)
    filters.push({ ...httpInspector(), ...disabledOn(without) })
  }
  return filters
}
