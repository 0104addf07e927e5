// VirtualServices: destinations that exist, subsets that are defined, gateways that carry the hosts
// (istio: pkg/config/analysis/analyzers/virtualservice).
import type { Path } from '../../diagnostics/types.ts'
import type { Destination } from '../../resources/common.ts'
import type { GatewayApiGateway } from '../../resources/gateway-api/kinds.ts'
import { hostMatches } from '../../resources/host-names.ts'
import type { Loose } from '../../resources/loose.ts'
import type { DestinationRule } from '../../resources/networking/destination-rule.ts'
import type { Gateway } from '../../resources/networking/gateway.ts'
import type { VirtualService } from '../../resources/networking/virtual-service.ts'
import type { RequestAuthentication } from '../../resources/security/request-authentication.ts'
import { isClaim } from '../../validation/http-headers.ts'
import { type AnalysisContext, type Analyzer, type Instance, KIND } from '../context.ts'
import { findHost, fqdn, type HostIndex, indexHosts, resourceNameOf, scopesOf, shortOrFullName } from '../hosts.ts'
import { selects } from '../selectors.ts'

interface Use {
  destination: Loose<Destination>
  mirror: boolean
  /** Where istioctl looks for the line. */
  path: Path
}

const NOWHERE: Loose<Destination> = {}

function routeUses(spec: Loose<VirtualService>): Use[] {
  const uses: Use[] = []
  for (const kind of ['tcp', 'tls', 'http'] as const) {
    for (const [i, rule] of (spec[kind] ?? []).entries()) {
      for (const [j, route] of (rule.route ?? []).entries()) {
        const path = ['spec', kind, i, 'route', j, 'destination', 'host']
        uses.push({ destination: route.destination ?? NOWHERE, mirror: false, path })
      }
    }
  }
  return uses
}

function mirrorUses(spec: Loose<VirtualService>): Use[] {
  const uses: Use[] = []
  for (const [i, rule] of (spec.http ?? []).entries()) {
    if (rule.mirror !== undefined) {
      uses.push({ destination: rule.mirror, mirror: true, path: ['spec', 'http', i, 'mirror', 'host'] })
    }
    for (const [j, mirror] of (rule.mirrors ?? []).entries()) {
      const path = ['spec', 'http', i, 'mirrors', j, 'host']
      uses.push({ destination: mirror.destination ?? NOWHERE, mirror: true, path })
    }
  }
  return uses
}

function checkDestinationHosts(context: AnalysisContext, index: HostIndex, instance: Instance): void {
  const spec = instance.spec<VirtualService>()
  for (const { destination, mirror, path } of [...routeUses(spec), ...mirrorUses(spec)]) {
    const host = destination.host ?? ''
    const known = findHost(index, instance.namespace, spec.exportTo, host)
    if (known === null) {
      context.report(instance, 'IST0101', path, mirror ? 'mirror host' : 'host', host)
      continue
    }
    if (destination.port === undefined) {
      if (known.ports.length > 1) context.report(instance, 'IST0112', path, host, known.ports)
      continue
    }
    const number = destination.port.number ?? 0
    if (!known.ports.includes(number)) context.report(instance, 'IST0101', path, 'host:port', `${host}:${number}`)
  }
}

/** Host -> VirtualServices of that host that send to a subset of it. */
function subsetChoosers(context: AnalysisContext): Map<string, Set<Instance>> {
  const choosers = new Map<string, Set<Instance>>()
  for (const instance of context.all(KIND.virtualService)) {
    const { http = [], hosts = [] } = instance.spec<VirtualService>()
    for (const { destination } of http.flatMap(rule => rule.route ?? [])) {
      const host = destination?.host ?? ''
      if ((destination?.subset ?? '') === '' || !hosts.includes(host)) continue
      choosers.set(host, (choosers.get(host) ?? new Set()).add(instance))
    }
  }
  return choosers
}

/** Subsets that other VirtualServices choose for a host that this one sends to without a subset, through a gateway. */
function checkIngressSubsets(
  context: AnalysisContext,
  choosers: ReadonlyMap<string, ReadonlySet<Instance>>,
  instance: Instance,
): void {
  const spec = instance.spec<VirtualService>()
  if ((spec.gateways ?? []).length === 0) return
  const plain = (spec.http ?? [])
    .flatMap(rule => rule.route ?? [])
    .filter(({ destination }) => (destination?.subset ?? '') === '')
  for (const host of new Set(plain.map(({ destination }) => destination?.host ?? ''))) {
    for (const other of choosers.get(host) ?? []) {
      context.report(instance, 'IST0140', null, other.fullName, instance.fullName)
    }
  }
}

const destinationHosts: Analyzer = {
  name: 'virtualservice.DestinationHostAnalyzer',
  description: 'Checks the destination hosts associated with each virtual service',
  needsCluster: true,
  analyze(context) {
    const index = indexHosts(context)
    const choosers = subsetChoosers(context)
    for (const instance of context.all(KIND.virtualService)) {
      checkDestinationHosts(context, index, instance)
      checkIngressSubsets(context, choosers, instance)
    }
  },
}

const destinationRules: Analyzer = {
  name: 'virtualservice.DestinationRuleAnalyzer',
  description: 'Checks the destination rules associated with each virtual service',
  needsCluster: false,
  analyze(context) {
    const defined = new Set<string>()
    for (const rule of context.all(KIND.destinationRule)) {
      const spec = rule.spec<DestinationRule>()
      const host = resourceNameOf(rule.namespace, spec.host ?? '')
      for (const subset of spec.subsets ?? []) defined.add(`${host}+${subset.name ?? ''}`)
    }
    for (const instance of context.all(KIND.virtualService)) {
      const spec = instance.spec<VirtualService>()
      for (const { destination, mirror, path } of [...routeUses(spec), ...mirrorUses(spec)]) {
        const { host = '', subset = '' } = destination
        if (subset === '' || defined.has(`${resourceNameOf(instance.namespace, host)}+${subset}`)) continue
        const what = mirror ? 'mirror+subset in destinationrule' : 'host+subset in destinationrule'
        context.report(instance, 'IST0101', path, what, `${host}+${subset}`)
      }
    }
  },
}

/** Hosts of a Gateway's servers as VirtualServices of `namespace` may bind to them. */
function gatewayHosts(gateway: Instance, namespace: string): string[] {
  const hosts: string[] = []
  for (const server of gateway.spec<Gateway>().servers ?? []) {
    const entries = server.hosts ?? []
    if (entries.includes('*/*')) {
      hosts.push('*')
      continue
    }
    for (const entry of entries) {
      const slash = entry.indexOf('/')
      const scope = slash < 0 ? '*' : entry.slice(0, slash)
      const visible = scope === '.' ? gateway.namespace : scope
      if (visible === '*' || visible === namespace) hosts.push(entry.slice(slash + 1))
    }
  }
  return hosts
}

function kubernetesGatewayHosts(gateway: Instance): string[] {
  return (gateway.spec<GatewayApiGateway>().listeners ?? []).map(listener => listener.hostname || '*')
}

const gateways: Analyzer = {
  name: 'virtualservice.GatewayAnalyzer',
  description: 'Checks the gateways associated with each virtual service',
  needsCluster: false,
  analyze(context) {
    for (const instance of context.all(KIND.virtualService)) {
      const spec = instance.spec<VirtualService>()
      const hosts = spec.hosts ?? []
      for (const [i, reference] of (spec.gateways ?? []).entries()) {
        const path: Path = ['spec', 'gateways', i]
        if (reference === 'mesh') continue
        if (reference.includes('~istio-autogenerated-k8s-gateway~')) {
          context.report(instance, 'IST0165', path, instance.fullName, reference)
          continue
        }
        const { namespace, name } = shortOrFullName(instance.namespace, reference)
        const own = context.find(KIND.gateway, namespace, name)
        const other = own === undefined ? context.find(KIND.kubernetesGateway, namespace, name) : undefined
        if (own === undefined && other === undefined) {
          context.report(instance, 'IST0101', path, 'gateway', reference)
        }
        const offered =
          own !== undefined
            ? gatewayHosts(own, instance.namespace)
            : other !== undefined
              ? kubernetesGatewayHosts(other)
              : []
        const every = other !== undefined && offered.includes('*')
        if (every || offered.some(host => hosts.some(wanted => hostMatches(host, wanted)))) continue
        const full = namespace === '' ? name : `${namespace}/${name}`
        context.report(instance, 'IST0132', path, hosts, instance.fullName, full)
      }
    }
  },
}

const conflictingHosts: Analyzer = {
  name: 'virtualservice.ConflictingMeshGatewayHostsAnalyzer',
  description: 'Checks if multiple virtual services associated with the mesh gateway have conflicting hosts',
  needsCluster: false,
  analyze(context) {
    const byHost = new Map<string, Instance[]>()
    for (const instance of context.all(KIND.virtualService)) {
      const spec = instance.spec<VirtualService>()
      const bound = spec.gateways ?? []
      if (bound.length > 0 && !bound.includes('mesh')) continue
      for (const scope of scopesOf(spec.exportTo, instance.namespace)) {
        for (const host of spec.hosts ?? []) {
          const key = `${scope}/${fqdn(instance.namespace, host)}`
          byHost.set(key, [...(byHost.get(key) ?? []), instance])
        }
      }
    }
    const everywhere = [...byHost].filter(([key]) => key.startsWith('*/'))
    const reported = new Set<Instance>()
    for (const [key, own] of byHost) {
      const slash = key.indexOf('/')
      const [scope, host] = [key.slice(0, slash), key.slice(slash + 1)]
      let rivals = own
      if (scope !== '*') {
        for (const [otherKey, others] of everywhere) {
          if (hostMatches(host, otherKey.slice(2))) rivals = [...rivals, ...others]
        }
      }
      if (rivals.length < 2) continue
      const names = rivals.map(rival => rival.fullName).sort((left, right) => (left < right ? -1 : 1))
      for (const rival of rivals) {
        if (reported.has(rival)) continue
        reported.add(rival)
        context.report(rival, 'IST0109', ['metadata', 'name'], names.join(','), key)
      }
    }
  },
}

/** A header match on `@request.auth.claims`, or null. */
function claimKey(spec: Loose<VirtualService>): string | null {
  for (const match of (spec.http ?? []).flatMap(rule => rule.match ?? [])) {
    const keys = [...Object.keys(match.headers ?? {}), ...Object.keys(match.withoutHeaders ?? {})]
    const found = keys.find(isClaim)
    if (found !== undefined) return found
  }
  return null
}

const claimRoutes: Analyzer = {
  name: 'virtualservice.JWTClaimRouteAnalyzer',
  description: 'Checks the VirtualService using JWT claim based routing has corresponding RequestAuthentication',
  needsCluster: true,
  analyze(context) {
    const policies = context.all(KIND.requestAuthentication)
    const covered = (pod: Instance): boolean =>
      policies
        .filter(policy => policy.namespace === 'istio-system' || policy.namespace === pod.namespace)
        .some(policy => selects(policy.spec<RequestAuthentication>().selector?.matchLabels, pod.labels))
    for (const instance of context.all(KIND.virtualService)) {
      const spec = instance.spec<VirtualService>()
      const key = claimKey(spec)
      if (key === null) continue
      for (const reference of (spec.gateways ?? []).filter(item => item !== 'mesh')) {
        const { namespace, name } = shortOrFullName(instance.namespace, reference)
        const gateway = context.find(KIND.gateway, namespace, name)
        if (gateway === undefined) continue
        for (const pod of context.pods(null, gateway.spec<Gateway>().selector)) {
          if (covered(pod)) continue
          context.report(instance, 'IST0149', null, key, gateway.fullName, pod.name)
        }
      }
    }
  },
}

export const virtualServiceAnalyzers = [conflictingHosts, destinationHosts, destinationRules, gateways, claimRoutes]
