// One push to one proxy: which responses, in which order, with which names (pilot/pkg/xds/delta.go, cds.go, eds.go).
// istiod computes no content difference: whatever a changed configuration may touch is sent whole.
import type { ProxyConfiguration } from '../../xds/types.ts'
import { concerns, isDelta, regenerates } from './selection.ts'
import type { ConfigKey, DiscoveryResponse, ProxyView, Subscriptions, XdsType } from './types.ts'

const ascending = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const sorted = (names: Iterable<string>): string[] => [...names].sort(ascending)

/** The service of an outbound cluster's name, '' for all other clusters. */
function hostOf(cluster: string): string {
  const parts = cluster.split('|')
  return parts[0] === 'outbound' ? (parts[3] ?? '') : ''
}

/** Route configurations that the listeners name. */
export function routeNames(configuration: ProxyConfiguration): string[] {
  const names = new Set<string>()
  for (const listener of configuration.listeners) {
    const chains = [
      ...(listener.filter_chains ?? []),
      ...(listener.default_filter_chain ? [listener.default_filter_chain] : []),
    ]
    for (const filter of chains.flatMap(chain => chain.filters ?? [])) {
      const rds = filter.typed_config?.['rds'] as { route_config_name?: string } | undefined
      if (rds?.route_config_name !== undefined) names.add(rds.route_config_name)
    }
  }
  return sorted(names)
}

/** Clusters whose endpoints come by EDS. */
export function edsNames(configuration: ProxyConfiguration): string[] {
  return sorted(configuration.clusters.filter(cluster => cluster.type === 'EDS').map(cluster => cluster.name))
}

/** Services that a change touches, in a proxy's scope before or after it. */
function touchedHosts(key: ConfigKey, before: ProxyView, after: ProxyView): string[] {
  const all = [...before.hosts, ...after.hosts]
  const id = `${key.namespace}/${key.name}`
  switch (key.kind) {
    case 'ServiceEntry':
    case 'Endpoints':
      return [key.name]
    case 'DestinationRule':
      return [...before.destinationRules, ...after.destinationRules]
        .filter(([, ids]) => ids.includes(id))
        .map(([host]) => host)
    case 'PeerAuthentication':
      return all.filter(([, namespace]) => namespace === key.namespace).map(([host]) => host)
    case 'Sidecar':
    case 'VirtualService':
      return [...after.hosts.keys()].filter(host => !before.hosts.has(host))
    default:
      return all.map(([host]) => host)
  }
}

function cdsResponse(
  keys: readonly ConfigKey[],
  before: ProxyView,
  after: ProxyView,
  sent: Set<string>,
  rootNamespace: string,
): DiscoveryResponse {
  const names = after.configuration.clusters.map(cluster => cluster.name)
  const delta = keys.every(key => isDelta(key, rootNamespace))
  const touched = new Set(keys.flatMap(key => touchedHosts(key, before, after)))
  const updated = delta ? names.filter(name => hostOf(name) === '' || touched.has(hostOf(name))) : names
  const present = new Set(names)
  const removed = [...sent].filter(name => !present.has(name))
  return { type: 'CDS', updated: sorted(updated), removed: sorted(removed) }
}

function edsResponse(
  keys: readonly ConfigKey[],
  before: ProxyView,
  after: ProxyView,
  watched: Set<string>,
): DiscoveryResponse {
  const touched = new Set(keys.flatMap(key => touchedHosts(key, before, after)))
  return { type: 'EDS', updated: sorted([...watched].filter(name => touched.has(hostOf(name)))), removed: [] }
}

function ldsResponse(after: ProxyView, sent: Set<string>): DiscoveryResponse {
  const names = after.configuration.listeners.map(listener => listener.name)
  return { type: 'LDS', updated: sorted(names), removed: sorted([...sent].filter(name => !names.includes(name))) }
}

/** The proxy's subscription moves on with what it was sent; names new to it are answered after the push. */
function subscribe(
  subscriptions: Subscriptions,
  configuration: ProxyConfiguration,
  types: ReadonlySet<XdsType>,
): DiscoveryResponse[] {
  const answers: DiscoveryResponse[] = []
  if (types.has('CDS')) {
    const names = new Set(configuration.clusters.map(cluster => cluster.name))
    subscriptions.CDS = names
    for (const name of [...subscriptions.EDS]) if (!names.has(name)) subscriptions.EDS.delete(name)
    const added = edsNames(configuration).filter(name => !subscriptions.EDS.has(name))
    for (const name of added) subscriptions.EDS.add(name)
    if (added.length > 0) answers.push({ type: 'EDS', updated: added, removed: [] })
  }
  if (types.has('LDS')) {
    subscriptions.LDS = new Set(configuration.listeners.map(listener => listener.name))
    const added = routeNames(configuration).filter(name => !subscriptions.RDS.has(name))
    for (const name of added) subscriptions.RDS.add(name)
    if (added.length > 0) answers.push({ type: 'RDS', updated: added, removed: [] })
  }
  return answers
}

/** The exchange of a proxy that connects: wildcard CDS, its EDS, LDS, its RDS. */
export function planConnect(view: ProxyView): { responses: DiscoveryResponse[]; subscriptions: Subscriptions } {
  const { configuration } = view
  const names = {
    CDS: sorted(configuration.clusters.map(cluster => cluster.name)),
    EDS: edsNames(configuration),
    LDS: sorted(configuration.listeners.map(listener => listener.name)),
    RDS: routeNames(configuration),
  }
  const types: XdsType[] = ['CDS', 'EDS', 'LDS', 'RDS']
  return {
    responses: types
      .filter(type => type === 'CDS' || type === 'LDS' || names[type].length > 0)
      .map(type => ({ type, updated: names[type], removed: [] })),
    subscriptions: {
      CDS: new Set(names.CDS),
      EDS: new Set(names.EDS),
      LDS: new Set(names.LDS),
      RDS: new Set(names.RDS),
    },
  }
}

/**
 * Responses of one push in order; answers to the subscriptions that it causes stand last. `subscriptions` is updated
 * in place. An empty list: the change does not concern this proxy.
 */
export function planPush(
  keys: readonly ConfigKey[],
  before: ProxyView,
  after: ProxyView,
  subscriptions: Subscriptions,
  rootNamespace: string,
): DiscoveryResponse[] {
  const own = keys.filter(key => concerns(key, [before, after], rootNamespace))
  const responses: DiscoveryResponse[] = []
  const types = new Set<XdsType>()
  const keysOf = (type: XdsType): ConfigKey[] => own.filter(key => regenerates(key, type, after, rootNamespace))
  const add = (type: XdsType, build: (keys: ConfigKey[]) => DiscoveryResponse): void => {
    const relevant = keysOf(type)
    if (relevant.length === 0) return
    const response = build(relevant)
    types.add(type)
    if (response.updated.length + response.removed.length > 0) responses.push(response)
  }
  add('CDS', relevant => cdsResponse(relevant, before, after, subscriptions.CDS, rootNamespace))
  add('EDS', relevant => edsResponse(relevant, before, after, subscriptions.EDS))
  add('LDS', () => ldsResponse(after, subscriptions.LDS))
  add('RDS', () => ({ type: 'RDS', updated: sorted(subscriptions.RDS), removed: [] }))
  return [...responses, ...subscribe(subscriptions, after.configuration, types)]
}
