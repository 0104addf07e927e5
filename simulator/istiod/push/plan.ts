// One push to one proxy: which responses, in which order, with which names (pilot/pkg/xds/delta.go, cds.go, eds.go).
// istiod computes no content difference: whatever a changed configuration may touch is sent whole.
import { concerns, isDelta, regenerates } from './selection.ts'
import type { ConfigKey, ResponsePlan, Subscriptions, XdsType } from './types.ts'
import type { ProxyView } from './view.ts'

const ascending = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const sorted = (names: Iterable<string>): string[] => [...names].sort(ascending)

/** The service of an outbound cluster's name, '' for all other clusters. */
function hostOf(cluster: string): string {
  const parts = cluster.split('|')
  return parts[0] === 'outbound' ? (parts[3] ?? '') : ''
}

/** Services that a change touches, in a proxy's scope before or after it. */
function touchedHosts(key: ConfigKey, before: ProxyView, after: ProxyView): string[] {
  const views = [before, after]
  switch (key.kind) {
    case 'ServiceEntry':
    case 'Endpoints':
      return [key.name]
    case 'DestinationRule':
      return views.flatMap(view => view.hostsOfRule(`${key.namespace}/${key.name}`))
    case 'PeerAuthentication':
      return views.flatMap(view =>
        [...view.hosts].filter(([, service]) => service.namespace === key.namespace).map(([host]) => host),
      )
    case 'Sidecar':
    case 'VirtualService':
      return [...after.hosts.keys()].filter(host => !before.hosts.has(host))
    default:
      return views.flatMap(view => [...view.hosts.keys()])
  }
}

function cdsResponse(
  keys: readonly ConfigKey[],
  before: ProxyView,
  after: ProxyView,
  sent: Set<string>,
  rootNamespace: string,
): ResponsePlan {
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
): ResponsePlan {
  const touched = new Set(keys.flatMap(key => touchedHosts(key, before, after)))
  return { type: 'EDS', updated: sorted([...watched].filter(name => touched.has(hostOf(name)))), removed: [] }
}

function ldsResponse(after: ProxyView, sent: Set<string>): ResponsePlan {
  const names = after.configuration.listeners.map(listener => listener.name)
  return { type: 'LDS', updated: sorted(names), removed: sorted([...sent].filter(name => !names.includes(name))) }
}

/**
 * Responses of one push in order; what CDS and LDS send is noted in `subscriptions`. An empty list: the change does not
 * concern this proxy.
 */
export function planPush(
  keys: readonly ConfigKey[],
  before: ProxyView,
  after: ProxyView,
  subscriptions: Subscriptions,
  rootNamespace: string,
): ResponsePlan[] {
  const own = keys.filter(key => concerns(key, [before, after], rootNamespace))
  const responses: ResponsePlan[] = []
  const keysOf = (type: XdsType): ConfigKey[] => own.filter(key => regenerates(key, type, after, rootNamespace))
  const add = (type: XdsType, build: (keys: ConfigKey[]) => ResponsePlan): void => {
    const relevant = keysOf(type)
    if (relevant.length === 0) return
    const response = build(relevant)
    if (response.updated.length + response.removed.length > 0) responses.push(response)
  }
  add('CDS', relevant => cdsResponse(relevant, before, after, subscriptions.CDS, rootNamespace))
  add('EDS', relevant => edsResponse(relevant, before, after, subscriptions.EDS))
  add('LDS', () => ldsResponse(after, subscriptions.LDS))
  add('RDS', () => ({ type: 'RDS', updated: sorted(subscriptions.RDS), removed: [] }))
  return responses
}
