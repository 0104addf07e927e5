// Hosts as the analyzers name them: scoped, fully qualified, and the index of what exists
// (istio: pkg/config/analysis/analyzers/util/{hosts,service_lookup,exportto}.go).
import type { K8sService } from '../resources/kubernetes/kinds.ts'
import type { Loose } from '../resources/loose.ts'
import type { ServiceEntry } from '../resources/networking/service-entry.ts'
import { type AnalysisContext, KIND } from './context.ts'

const CLUSTER_LOCAL = /^(.+)\.(.+)\.svc\.cluster\.local$/

/** A short name gets its namespace and the cluster's domain. */
export function fqdn(namespace: string, host: string): string {
  return host.startsWith('*') || host.includes('.') ? host : `${host}.${namespace}.svc.cluster.local`
}

/** `namespace/name` of a host: of a cluster-local name its own, of any other the default namespace. */
export function resourceNameOf(namespace: string, host: string): string {
  const match = CLUSTER_LOCAL.exec(host)
  return match === null ? `${namespace}/${host}` : `${match[2]}/${match[1]}`
}

/** `name` or `namespace/name`. */
export function shortOrFullName(namespace: string, name: string): { namespace: string; name: string } {
  const [first = '', second] = name.split('/')
  return second === undefined ? { namespace, name: first } : { namespace: first, name: second }
}

const exportsToAll = (exportTo: readonly string[] | undefined): boolean =>
  exportTo === undefined || exportTo.length === 0 || exportTo.includes('*')

/** Namespaces that see it; `*` for all. */
export function scopesOf(exportTo: readonly string[] | undefined, namespace: string): string[] {
  if (exportsToAll(exportTo)) return ['*']
  return [...new Set((exportTo ?? []).map(entry => (entry === '.' ? namespace : entry)))]
}

export interface KnownHost {
  ports: readonly number[]
  workloadLabels: Readonly<Record<string, string | undefined>>
}

/** What exists, by name and by wildcard. */
export interface HostIndex {
  /** `scope/fqdn` -> the ServiceEntry or Service of that name. */
  named: ReadonlyMap<string, KnownHost>
  /** Those whose fqdn begins with a star, in order of arrival. */
  wild: readonly { scope: string; suffix: string; known: KnownHost }[]
}

export function indexHosts(context: AnalysisContext): HostIndex {
  const index = new Map<string, KnownHost>()
  for (const entry of context.all(KIND.serviceEntry)) {
    const spec: Loose<ServiceEntry> = entry.spec<ServiceEntry>()
    const known = {
      ports: (spec.ports ?? []).map(port => port.number ?? 0),
      workloadLabels: spec.workloadSelector?.labels ?? {},
    }
    for (const host of spec.hosts ?? []) {
      for (const scope of scopesOf(spec.exportTo, entry.namespace)) {
        index.set(`${scope}/${fqdn(entry.namespace, host)}`, known)
      }
    }
  }
  for (const service of context.all(KIND.service)) {
    const spec = service.spec<K8sService>()
    const known = { ports: (spec.ports ?? []).map(port => port.port ?? 0), workloadLabels: {} }
    const annotation = service.annotations['networking.istio.io/exportTo'] ?? ''
    const scopes = annotation === '' ? ['*'] : annotation.split(',').map(item => item.trim())
    for (const scope of scopes) {
      const visible = scope === '.' ? service.namespace : scope
      index.set(`${visible}/${fqdn(service.namespace, service.name)}`, known)
    }
  }
  const wild = [...index].flatMap(([key, known]) => {
    const slash = key.indexOf('/')
    return key[slash + 1] === '*' ? [{ scope: key.slice(0, slash), suffix: key.slice(slash + 2), known }] : []
  })
  return { named: index, wild }
}

/** What a host means to a resource in `namespace`, or null. */
export function findHost(
  index: HostIndex,
  namespace: string,
  exportTo: readonly string[] | undefined,
  host: string,
): KnownHost | null {
  const name = fqdn(namespace, host)
  const scopes = exportTo === undefined || exportTo.length === 0 ? [namespace] : exportTo
  for (const scope of ['*', ...scopes.map(entry => (entry === '.' ? namespace : entry))]) {
    const found = index.named.get(`${scope}/${name}`)
    if (found !== undefined) return found
  }
  const text = host.replace(/^\*/, '')
  const covering = index.wild.find(
    ({ scope, suffix }) => (scope === '*' || scope === namespace) && text.endsWith(suffix),
  )
  return covering?.known ?? null
}
