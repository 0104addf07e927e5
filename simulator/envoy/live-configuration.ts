// The configuration that a proxy acts on, kept type by type as xDS delivers it (envoy: source/common/upstream/
// cluster_manager_impl.cc, source/common/listener_manager, source/common/rds).
//
//   cluster:  new or changed ──EDS──► warming ──endpoints arrive──► active (the old one of that name drains)
//   listener: new or changed ──names unknown routes──► warming ──routes arrive──► active
//
// What is warming serves nobody: the old form goes on until the new one is whole. What fails to compile keeps its old form.
import type { DeltaDiscoveryResponse, XdsResource } from '../xds/protocol.ts'
import type {
  Cluster,
  ClusterLoadAssignment,
  FilterChain,
  Listener,
  ProxyConfiguration,
  RouteConfiguration,
} from '../xds/types.ts'
import { object, text } from './json.ts'
import { type CompiledListener, compileListener } from './listener.ts'
import type { ProxyOptions } from './options.ts'
import { compileRouteTable, type RouteTable } from './route.ts'
import { UpstreamCluster } from './upstream/cluster.ts'

/** A resource as it was sent, and what it was made into. */
interface Entry<C, T> {
  config: C
  compiled: T
}

type Entries<C, T> = Map<string, Entry<C, T>>

/** One response applied: what was refused, and what waits for more. */
export interface Applied {
  errors: string[]
  /** Names that are warming now because of it. */
  warming: string[]
}

export class LiveConfiguration {
  readonly clusters: Entries<Cluster, UpstreamCluster> = new Map()
  readonly listeners: Entries<Listener, CompiledListener> = new Map()
  readonly routes: Entries<RouteConfiguration, RouteTable> = new Map()
  private readonly warmingClusters: Entries<Cluster, UpstreamCluster> = new Map()
  private readonly warmingListeners: Entries<Listener, CompiledListener> = new Map()
  private readonly assignments = new Map<string, ClusterLoadAssignment>()
  private readonly options: ProxyOptions

  constructor(options: ProxyOptions) {
    this.options = options
  }

  /** A whole configuration at once, as a proxy that has long been connected holds it. Returns what was refused. */
  replace(config: ProxyConfiguration): string[] {
    const gone = (known: ReadonlyMap<string, unknown>, now: readonly { name: string }[]): string[] => {
      const kept = new Set(now.map(resource => resource.name))
      return [...known.keys()].filter(name => !kept.has(name))
    }
    const endpoints = new Map(config.endpoints.map(e => [e.cluster_name, e]))
    const clusters = this.update('CDS', config.clusters, gone(this.clusters, config.clusters))
    // Also those that an EDS response leaves out: a cluster without endpoints is whole.
    const assigned = this.edsNames().map(name => endpoints.get(name) ?? { cluster_name: name })
    const eds = this.update('EDS', assigned, [])
    const routes = this.update('RDS', config.routes, gone(this.routes, config.routes))
    const listeners = this.update('LDS', config.listeners, gone(this.listeners, config.listeners))
    return [clusters, eds, routes, listeners].flatMap(applied => applied.errors)
  }

  /** One response of istiod. */
  apply(response: DeltaDiscoveryResponse): Applied {
    return this.update(response.type, response.resources, response.removed)
  }

  /** Names that the clusters ask EDS for, warming ones too. */
  edsNames(): string[] {
    const names = new Set<string>()
    for (const entries of [this.clusters, this.warmingClusters])
      for (const { config } of entries.values()) if (config.type === 'EDS') names.add(serviceName(config))
    return [...names]
  }

  /** Route configurations that the listeners name, warming ones too. */
  rdsNames(): string[] {
    const names = new Set<string>()
    for (const entries of [this.listeners, this.warmingListeners])
      for (const { config } of entries.values()) for (const name of routesOf(config)) names.add(name)
    return [...names]
  }

  /** Drops the routes that no listener names any more: when the last listener that did has drained. */
  forgetRoutes(): void {
    const named = new Set(this.rdsNames())
    for (const name of [...this.routes.keys()]) if (!named.has(name)) this.routes.delete(name)
  }

  /** Before the proxy ends: answers to those who come in close their connections (drain_listeners?inboundonly&graceful). */
  drainInbound(): void {
    for (const { compiled } of this.listeners.values())
      if (compiled.direction !== 'outbound') for (const chain of chainsOf(compiled)) chain.draining = true
  }

  /** Names of one type that are held, for a proxy that connects again. */
  heldNames(type: 'CDS' | 'LDS'): string[] {
    const [active, warming] =
      type === 'CDS' ? [this.clusters, this.warmingClusters] : [this.listeners, this.warmingListeners]
    return [...new Set([...active.keys(), ...warming.keys()])]
  }

  /** Does any cluster still wait for its first endpoints? Listeners are asked for when none does. */
  get clustersWarming(): boolean {
    return this.warmingClusters.size > 0
  }

  /** Has it what a proxy needs to say that it is ready: clusters and listeners, each once? */
  get ready(): boolean {
    return this.clusters.size > 0 && this.listeners.size > 0
  }

  /** What the proxy acts on, each list sorted by name. */
  snapshot(): ProxyConfiguration {
    const sorted = <C>(entries: ReadonlyMap<string, { config: C }>): C[] =>
      [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, entry]) => entry.config)
    const named = new Set(this.rdsNames())
    const asked = new Set(
      [...this.clusters.values()]
        .filter(({ config }) => config.type === 'EDS')
        .map(({ config }) => serviceName(config)),
    )
    const endpoints = [...this.assignments].filter(([name]) => asked.has(name))
    return {
      clusters: sorted(this.clusters),
      listeners: sorted(this.listeners),
      routes: sorted(this.routes).filter(({ name }) => named.has(name)),
      endpoints: sorted(new Map(endpoints.map(([name, config]) => [name, { config }]))),
    }
  }

  private update(
    type: DeltaDiscoveryResponse['type'],
    resources: readonly XdsResource[],
    removed: readonly string[],
  ): Applied {
    const applied: Applied = { errors: [], warming: [] }
    switch (type) {
      case 'CDS':
        for (const name of removed) this.removeCluster(name)
        for (const config of resources as readonly Cluster[])
          attempt(config.name, () => this.cluster(config, applied), applied)
        break
      case 'EDS':
        for (const config of resources as readonly ClusterLoadAssignment[])
          attempt(config.cluster_name, () => this.assign(config), applied)
        break
      case 'RDS':
        for (const name of removed) this.routes.delete(name)
        for (const config of resources as readonly RouteConfiguration[])
          attempt(config.name, () => this.routeTable(config), applied)
        this.promoteListeners()
        break
      case 'LDS':
        for (const name of removed) this.removeListener(name)
        for (const config of resources as readonly Listener[])
          attempt(config.name, () => this.listener(config, applied), applied)
        break
    }
    return applied
  }

  private cluster(config: Cluster, applied: Applied): void {
    const { name } = config
    if (same(this.warmingClusters.get(name)?.config, config)) return
    const active = this.clusters.get(name)
    if (active !== undefined && same(active.config, config)) {
      this.dropWarming(name)
      return
    }
    const compiled = new UpstreamCluster(config, this.options)
    this.dropWarming(name)
    if (compiled.type === 'EDS') {
      this.warmingClusters.set(name, { config, compiled })
      applied.warming.push(name)
      return
    }
    if (compiled.type !== 'ORIGINAL_DST') compiled.assign(null)
    this.activate(name, { config, compiled })
  }

  private activate(name: string, entry: Entry<Cluster, UpstreamCluster>): void {
    this.clusters.get(name)?.compiled.drain()
    this.clusters.set(name, entry)
  }

  private dropWarming(name: string): void {
    this.warmingClusters.get(name)?.compiled.drain()
    this.warmingClusters.delete(name)
  }

  private removeCluster(name: string): void {
    this.dropWarming(name)
    const entry = this.clusters.get(name)
    if (entry === undefined) return
    entry.compiled.drain()
    this.clusters.delete(name)
    this.assignments.delete(serviceName(entry.config))
  }

  private assign(config: ClusterLoadAssignment): void {
    const service = config.cluster_name
    const before = this.assignments.get(service)
    this.assignments.set(service, config)
    // Clusters are named like the service they ask for, unless an EnvoyFilter says otherwise.
    const warming = this.warmingClusters.get(service) ?? byService(this.warmingClusters, service)
    if (warming !== undefined) {
      const { name } = warming.config
      warming.compiled.assign(config)
      this.warmingClusters.delete(name)
      this.activate(name, warming)
      return
    }
    const active = this.clusters.get(service) ?? byService(this.clusters, service)
    if (active !== undefined && !same(before, config)) active.compiled.assign(config)
  }

  private routeTable(config: RouteConfiguration): void {
    if (same(this.routes.get(config.name)?.config, config)) return
    this.routes.set(config.name, { config, compiled: compileRouteTable(config) })
  }

  private listener(config: Listener, applied: Applied): void {
    const { name } = config
    if (same(this.warmingListeners.get(name)?.config, config)) return
    this.warmingListeners.delete(name)
    if (same(this.listeners.get(name)?.config, config)) return
    const entry = { config, compiled: compileListener(config, this.options.type === 'router') }
    if (routesOf(config).every(route => this.routes.has(route))) {
      this.activateListener(name, entry)
      return
    }
    this.warmingListeners.set(name, entry)
    applied.warming.push(name)
  }

  private promoteListeners(): void {
    for (const [name, entry] of [...this.warmingListeners]) {
      if (!routesOf(entry.config).every(route => this.routes.has(route))) continue
      this.warmingListeners.delete(name)
      this.activateListener(name, entry)
    }
  }

  /** Only connections of filter chains that changed or went drain (in-place update); of the whole listener otherwise. */
  private activateListener(name: string, entry: Entry<Listener, CompiledListener>): void {
    const old = this.listeners.get(name)
    this.listeners.set(name, entry)
    if (old === undefined) return
    const kept = new Set(
      onlyChainsDiffer(old.config, entry.config) ? entry.compiled.chains.map(c => chainText(c.config)) : [],
    )
    for (const chain of chainsOf(old.compiled)) if (!kept.has(chainText(chain.config))) chain.draining = true
  }

  private removeListener(name: string): void {
    this.warmingListeners.delete(name)
    const old = this.listeners.get(name)
    if (old === undefined) return
    for (const chain of chainsOf(old.compiled)) chain.draining = true
    this.listeners.delete(name)
  }
}

const chainsOf = (listener: CompiledListener) =>
  listener.fallback === null ? listener.chains : [...listener.chains, listener.fallback]

const chainText = (chain: FilterChain): string => JSON.stringify(chain)

const withoutChains = (listener: Listener): Listener => {
  const { filter_chains: _chains, default_filter_chain: _fallback, ...rest } = listener
  return rest as Listener
}

const onlyChainsDiffer = (a: Listener, b: Listener): boolean => same(withoutChains(a), withoutChains(b))

/** Deep equality of plain JSON; one object is equal to itself at once. */
function same(a: unknown, b: unknown): boolean {
  return a === b || (a !== undefined && JSON.stringify(a) === JSON.stringify(b))
}

/** The name under which a cluster's endpoints are asked for. */
function serviceName(cluster: Cluster): string {
  return text(object(cluster['eds_cluster_config']).service_name) || cluster.name
}

function byService(
  entries: Entries<Cluster, UpstreamCluster>,
  service: string,
): Entry<Cluster, UpstreamCluster> | undefined {
  for (const entry of entries.values())
    if (entry.config.type === 'EDS' && serviceName(entry.config) === service) return entry
  return undefined
}

const routeNames = new WeakMap<Listener, readonly string[]>()

/** Route configurations that a listener names; read once per listener. */
function routesOf(listener: Listener): readonly string[] {
  let names = routeNames.get(listener)
  if (names === undefined) {
    const chains = [...(listener.filter_chains ?? []), listener.default_filter_chain]
    names = chains
      .flatMap(chain => chain?.filters ?? [])
      .map(filter => text(object(object(filter.typed_config).rds).route_config_name))
      .filter(name => name !== '')
    routeNames.set(listener, names)
  }
  return names
}

function attempt(name: string, apply: () => void, applied: Applied): void {
  try {
    apply()
  } catch (error) {
    applied.errors.push(`${name}: ${error instanceof Error ? error.message : 'rejected'}`)
  }
}
