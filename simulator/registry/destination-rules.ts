// DestinationRules: merged per host, found from the client's namespace, then the service's, then the root's
// (pilot/pkg/model/destination_rule.go, push_context.go setDestinationRules and destinationRule).
import type { DestinationRule, PortTrafficPolicy, TrafficPolicy } from '../resources/index.ts'
import type { Config, MergedDestinationRule } from './mesh-snapshot.ts'
import { compareAge, mostSpecificHost, resolveShortName } from './names.ts'
import type { Service } from './types.ts'

type ByHost = Map<string, MergedDestinationRule[]>

const sameSet = (a: readonly string[], b: readonly string[]): boolean => {
  const [left, right] = [new Set(a), new Set(b)]
  return left.size === right.size && [...left].every(item => right.has(item))
}

const selectorText = (rule: DestinationRule): string | null => {
  if (!rule.workloadSelector) return null
  const labels = Object.entries(rule.workloadSelector.matchLabels ?? {})
  return JSON.stringify(labels.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** Adds subsets to, and lends a missing traffic policy to, what is already known of the host. */
function merge(target: ByHost, config: Config<DestinationRule>, exportTo: string[], enhanced: boolean): void {
  const { host } = config.spec
  const known = target.get(host)
  if (!known) {
    target.set(host, [alone(config, exportTo)])
    return
  }
  let separately = true
  for (const [index, existing] of known.entries()) {
    if (enhanced) {
      if (sameSet(exportTo, existing.exportTo)) separately = false
      else {
        separately = true
        const wider = existing.exportTo.length > 0 && existing.exportTo.every(e => exportTo.includes(e))
        if (!wider) continue
      }
    }
    const [mine, theirs] = [selectorText(config.spec), selectorText(existing.spec)]
    if (mine !== null && theirs !== null && mine !== theirs) {
      separately = true
      continue
    }
    if (mine === theirs) separately = false
    const subsets = [...(existing.spec.subsets ?? [])]
    const names = new Set(subsets.map(s => s.name))
    for (const subset of config.spec.subsets ?? []) if (!names.has(subset.name)) subsets.push(subset)
    const trafficPolicy = joinedPolicies(existing, config)
    known[index] = {
      ...existing,
      names: [...existing.names, `${config.namespace}/${config.name}`],
      spec: {
        ...existing.spec,
        ...(subsets.length > 0 ? { subsets } : {}),
        ...(trafficPolicy ? { trafficPolicy } : {}),
      },
    }
  }
  if (separately) known.push(alone(config, exportTo))
}

/** Made of BackendTLSPolicies and their like, not written by a user. */
const isBackendPolicy = ({ annotations }: Config<DestinationRule>): boolean =>
  'internal.istio.io/parents' in annotations

/** Of rules of one origin the first that has a policy counts; a user's fields stand over those of a backend policy. */
function joinedPolicies(
  existing: Config<DestinationRule>,
  incoming: Config<DestinationRule>,
): TrafficPolicy | undefined {
  const [first, second] = [existing.spec.trafficPolicy, incoming.spec.trafficPolicy]
  if (isBackendPolicy(existing) === isBackendPolicy(incoming)) return first ?? second
  const [user, backend] = isBackendPolicy(incoming) ? [first, second] : [second, first]
  if (!user || !backend) return user ?? backend
  const { portLevelSettings: _backend, ...below } = backend
  const { portLevelSettings: _user, ...above } = user
  const ports = joinedPorts(user.portLevelSettings ?? [], backend.portLevelSettings ?? [])
  return { ...below, ...above, ...(ports.length === 0 ? {} : { portLevelSettings: ports }) }
}

function joinedPorts(user: readonly PortTrafficPolicy[], backend: readonly PortTrafficPolicy[]): PortTrafficPolicy[] {
  const same = (a: PortTrafficPolicy, b: PortTrafficPolicy): boolean => a.port?.number === b.port?.number
  return [
    ...user.map(own => ({ ...backend.find(other => same(own, other)), ...own })),
    ...backend.filter(other => !user.some(own => same(own, other))),
  ]
}

const alone = (config: Config<DestinationRule>, exportTo: string[]): MergedDestinationRule => ({
  ...config,
  exportTo,
  names: [`${config.namespace}/${config.name}`],
})

const hostsOf = (index: Map<string, ByHost>, namespace: string): ByHost => {
  const known = index.get(namespace)
  if (known) return known
  const fresh: ByHost = new Map()
  index.set(namespace, fresh)
  return fresh
}

export class DestinationRuleIndex {
  private readonly local = new Map<string, ByHost>()
  private readonly exported = new Map<string, ByHost>()
  private readonly rootPrivate: ByHost = new Map()
  private readonly rootNamespace: string

  constructor(
    configs: readonly Config<DestinationRule>[],
    rootNamespace: string,
    defaults: readonly string[],
    enhanced: boolean,
    domain: string,
  ) {
    this.rootNamespace = rootNamespace
    const selectors = (config: Config<DestinationRule>): number => (config.spec.workloadSelector ? 0 : 1)
    const sorted = [...configs].sort((a, b) => selectors(a) - selectors(b) || compareAge(a, b))
    for (const written of sorted) {
      const { namespace } = written
      const config = {
        ...written,
        spec: { ...written.spec, host: resolveShortName(written.spec.host, namespace, domain) },
      }
      // a rule for chosen workloads never leaves its namespace
      const exportTo = config.spec.workloadSelector ? ['.'] : [...new Set(config.spec.exportTo ?? [])]
      const visibleHere = ['*', '.', namespace].some(e => exportTo.includes(e))
      if (exportTo.length === 0 || visibleHere) merge(hostsOf(this.local, namespace), config, exportTo, enhanced)
      const [only] = exportTo
      const hidden =
        exportTo.length === 0 ? defaults.includes('.') : exportTo.length === 1 && (only === '.' || only === namespace)
      if (!hidden) merge(hostsOf(this.exported, namespace), config, exportTo, enhanced)
      else if (namespace === rootNamespace) merge(this.rootPrivate, config, exportTo, enhanced)
    }
  }

  /** The list for traffic from a namespace to a service: the first level with any match of the host decides. */
  lookup(clientNamespace: string, service: Service): readonly MergedDestinationRule[] {
    const near = clientNamespace === this.rootNamespace ? this.rootPrivate : this.local.get(clientNamespace)
    const own = near ? mostSpecificHost(service.hostname, near) : null
    if (own) return own
    for (const namespace of [service.namespace, this.rootNamespace]) {
      const hosts = this.exported.get(namespace)
      const found = hosts ? mostSpecificHost(service.hostname, hosts) : null
      const visible = (found ?? []).filter(
        rule => rule.exportTo.length === 0 || rule.exportTo.includes('*') || rule.exportTo.includes(clientNamespace),
      )
      if (visible.length > 0) return visible
    }
    return []
  }
}
