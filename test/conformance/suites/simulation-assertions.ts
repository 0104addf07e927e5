// Facts about the generated resources that Istio's tests assert beyond calls.
import { applyLbSetting, type LocalityGroup } from '../../../simulator/istiod/translate/load-balancer.ts'
import { compareText, type MeshSnapshot, type ProxyNode, parseLocality } from '../../../simulator/registry/index.ts'
import type { JsonObject, ProxyConfiguration } from '../../../simulator/xds/types.ts'
import { inlinedEndpoints } from './simulation-summary.ts'

/** What was generated, and out of what. */
export interface Generated {
  configuration: ProxyConfiguration
  snapshot: MeshSnapshot
  proxy: ProxyNode
}

export interface Assertion {
  kind: string
  [key: string]: unknown
}

interface Failure {
  expected: string
  got: string
}

const same = (wanted: unknown, got: unknown): Failure | null => {
  const [expected, actual] = [JSON.stringify(wanted) ?? '', JSON.stringify(got) ?? '']
  return expected === actual ? null : { expected, got: actual }
}

const byKey = (value: Record<string, unknown>): [string, unknown][] =>
  Object.entries(value).sort(([a], [b]) => compareText(a, b))

/** Names of services in a cluster's metadata. */
function telemetryServices(cluster: JsonObject): string[] {
  const metadata = cluster['metadata'] as
    | { filter_metadata?: { istio?: { services?: { host?: string }[] } } }
    | undefined
  return (metadata?.filter_metadata?.istio?.services ?? []).map(service => service.host ?? '')
}

function inboundClusters(assertion: Assertion, configuration: ProxyConfiguration): Failure | null {
  const inbound = configuration.clusters.filter(cluster => cluster.name.startsWith('inbound'))
  const got = Object.fromEntries(
    inbound.map(cluster => {
      const endpoints = inlinedEndpoints(cluster)
      return [cluster.name, endpoints.length > 0 ? endpoints : null]
    }),
  )
  const wanted = assertion['clusters'] as Record<string, unknown>
  const services = (assertion['telemetryServices'] ?? {}) as Record<string, string[]>
  const named = Object.fromEntries(
    inbound.filter(cluster => cluster.name in services).map(cluster => [cluster.name, telemetryServices(cluster)]),
  )
  return same(byKey(wanted), byKey(got)) ?? same(byKey(services), byKey(named))
}

function virtualHostRoutes(assertion: Assertion, configuration: ProxyConfiguration): Failure | null {
  const routes = configuration.routes.find(candidate => candidate.name === assertion['routeConfig'])
  const expected = assertion['expected'] as Record<string, string[] | null> | null
  if (expected === null) return routes ? same('no route configuration', routes.name) : null
  for (const [domain, clusters] of Object.entries(expected)) {
    const host = routes?.virtual_hosts?.find(candidate => candidate.domains.includes(domain))
    const got = host ? (host.routes ?? []).map(route => route.route?.['cluster'] ?? null) : null
    const failure = same({ [domain]: clusters }, { [domain]: got })
    if (failure) return failure
  }
  return null
}

function headlessListener(assertion: Assertion, configuration: ProxyConfiguration): Failure | null {
  const atPort = configuration.listeners.filter(listener => listener.address.socket_address?.port_value === 8080)
  const listener = atPort.find(candidate => candidate.name === assertion['listener'])
  const ranged = (listener?.filter_chains ?? []).filter(
    chain => (chain.filter_chain_match?.prefix_ranges ?? []).length > 0,
  )
  const lengths = new Set(
    ranged.flatMap(chain => (chain.filter_chain_match?.prefix_ranges ?? []).map(r => r.prefix_len)),
  )
  return (
    same(assertion['listenersOnPort8080'], atPort.length) ??
    same(assertion['filterChainsWithPrefixRange'], ranged.length) ??
    (ranged.length > 0 ? same([assertion['prefixLen']], [...lengths]) : null) ??
    same(assertion['hasDefaultFilterChain'], listener?.default_filter_chain !== undefined)
  )
}

function externalSds(assertion: Assertion, configuration: ProxyConfiguration): Failure | null {
  const listener = configuration.listeners.find(candidate => candidate.name === assertion['listener'])
  const socket = listener?.filter_chains?.[0]?.transport_socket
  const context = socket?.typed_config?.['common_tls_context'] as JsonObject | undefined
  const [secret] = (context?.['tls_certificate_sds_secret_configs'] ?? []) as JsonObject[]
  const source = JSON.stringify(secret ?? {})
  const cluster = /"cluster_name":"([^"]*)"/.exec(source)?.[1]
  return (
    same(assertion['firstFilterChainHasTls'], socket !== undefined) ??
    same(assertion['firstSdsSecretName'], secret?.['name']) ??
    same(assertion['sdsCluster'], cluster)
  )
}

interface PriorityInputs {
  failoverPriority: string[]
  proxyLabels: Record<string, string>
  proxyLocality: string
}

/** The endpoints of the cluster are one place; labels alone split them by priority. */
function failoverPriority(assertion: Assertion, { configuration, snapshot, proxy }: Generated): Failure | null {
  const cluster = configuration.clusters.find(candidate => candidate.name === assertion['cluster'])
  const failure =
    same(assertion['type'], cluster?.type) ??
    same(assertion['endpoints'], cluster ? inlinedEndpoints(cluster).length : 0)
  if (failure) return failure
  const [, port = '', , host = ''] = String(assertion['cluster']).split('|')
  const [service] = snapshot.serviceDefinitions(host)
  const endpoints = service ? snapshot.endpoints(service, Number(port)) : []
  const inputs = assertion['apply'] as PriorityInputs
  const group: LocalityGroup = {
    locality: parseLocality(''),
    priority: 0,
    weight: endpoints.length,
    members: endpoints.map(endpoint => ({ endpoint, lb: {}, weight: 1 })),
  }
  const groups = applyLbSetting(
    [group],
    { kind: 'locality', setting: { failoverPriority: inputs.failoverPriority }, force: true },
    { ...proxy, labels: inputs.proxyLabels, locality: parseLocality(inputs.proxyLocality) },
    false,
  )
  const got = groups.flatMap(({ priority, members }) =>
    members.map(({ endpoint }): [string, unknown] => [endpoint.address, priority]),
  )
  return same(byKey(assertion['expectPriorities'] as Record<string, number>), byKey(Object.fromEntries(got)))
}

/** A failure, null when it holds, or `nothing to check` for a remark. */
export function checkAssertion(assertion: Assertion, generated: Generated): Failure | null | 'nothing to check' {
  const { configuration } = generated
  switch (assertion.kind) {
    case 'inboundClusters':
      return inboundClusters(assertion, configuration)
    case 'virtualHostRoutes':
      return virtualHostRoutes(assertion, configuration)
    case 'headlessListener':
      return headlessListener(assertion, configuration)
    case 'externalSds':
      return externalSds(assertion, configuration)
    case 'failoverPriority':
      return failoverPriority(assertion, generated)
    case 'skipXdsValidation':
      return 'nothing to check'
    default:
      return { expected: assertion.kind, got: 'unknown kind of assertion' }
  }
}
