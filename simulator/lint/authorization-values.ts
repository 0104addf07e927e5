// Why a value of an authorization rule can match no request: facts about requests and about the mesh, each proved or not said.
import type { Workload } from '../registry/index.ts'
import { list } from '../resources/fields.ts'
import type { AuthorizationPolicy } from '../resources/security/authorization-policy.ts'
import { concernedBy, type LintedMesh } from './types.ts'

/** Null: it may match. */
export type Reason = string | null

/** Stands for the mesh's own trust domain, whatever its name (istio: pilot/pkg/security/trustdomain). */
const LOCAL_DOMAIN = 'cluster.local'

const PRINCIPAL = /^([^/*]+)\/ns\/([^/*]+)\/sa\/([^/*]+)$/

/** The pods that a policy concerns, and what is known of them. */
export class Concerned {
  readonly workloads: readonly Workload[]
  private readonly mesh: LintedMesh
  private readonly namespace: string
  private ports: ReadonlyMap<string, ReadonlySet<string>> | null = null

  constructor(mesh: LintedMesh, spec: AuthorizationPolicy, namespace: string) {
    this.mesh = mesh
    this.namespace = namespace
    this.workloads = concernedBy(mesh, spec, namespace).filter(w => w.sidecar || w.gateway)
  }

  /** Callers are known by a certificate of the mesh, which plain text lacks. */
  nobodyIsKnown(): Reason {
    const plain = this.workloads.every(({ namespace, labels, gateway }) => {
      const { mode, ports } = this.mesh.snapshot.mutualTls(namespace, labels)
      return !gateway && mode === 'DISABLE' && [...ports.values()].every(own => own === 'DISABLE')
    })
    return plain
      ? 'mutual TLS is disabled at its pods (PeerAuthentication DISABLE), so that no caller has an identity'
      : null
  }

  /** Claims come from a JWT that a RequestAuthentication has accepted. */
  noTokenIsRead(): Reason {
    const read = this.workloads.some(w => this.mesh.readsTokens(w))
    return read ? null : 'no RequestAuthentication with jwtRules applies to its pods, so that no token is read'
  }

  principal(value: string): Reason {
    const [, domain, namespace, account] = PRINCIPAL.exec(value) ?? []
    if (value.startsWith('spiffe://')) return 'principals are written without spiffe://'
    if (domain === undefined || namespace === undefined || account === undefined) return null
    const { trustDomain, trustDomainAliases = [], caCertificates } = this.mesh.snapshot.meshConfig
    const known = [trustDomain, ...trustDomainAliases]
    if (!known.includes(domain) && domain !== LOCAL_DOMAIN) {
      // another mesh's callers need its root certificate
      return list(caCertificates).length > 0
        ? null
        : `the trust domain of the mesh is ${known.join(' or ')}, not ${domain}`
    }
    return this.account(`${namespace}/${account}`)
  }

  /** `namespace/account` or `account`. */
  account(value: string): Reason {
    const slash = value.indexOf('/')
    const namespace = slash < 0 ? this.namespace : value.slice(0, slash)
    const account = value.slice(slash + 1)
    const pods = this.mesh.podsOf(namespace)
    if (pods.length === 0 || value.includes('*')) return null
    if (pods.some(({ serviceAccount }) => serviceAccount === account)) return null
    const known = [...new Set(pods.map(({ serviceAccount }) => serviceAccount))]
    return `no pod of namespace ${namespace} runs under the service account ${account} (there are ${known.join(', ')})`
  }

  /** Ports of an operation are those of the pods, not of Services. */
  port(value: string): Reason {
    const ports = this.servedPorts()
    if (ports.size === 0 || ports.has(value)) return null
    const service = this.workloads
      .flatMap(({ ip }) => this.mesh.servedAt(ip))
      .find(({ servicePort }) => String(servicePort) === value)?.service
    const why =
      service === undefined
        ? ''
        : `; ${value} is a port of the Service ${service.name}, ports here are those of the pods`
    return `its pods serve no port ${value}${why} (they serve ${[...ports.keys()].join(', ')})`
  }

  /** Is the port known to carry no HTTP? */
  isTcp(value: string): boolean {
    const protocols = this.servedPorts().get(value)
    return protocols !== undefined && protocols.size > 0 && [...protocols].every(p => p === 'TCP' || p === 'TLS')
  }

  /** Port -> protocols that Services give it; empty when some pod does not tell its ports. */
  private servedPorts(): ReadonlyMap<string, ReadonlySet<string>> {
    this.ports ??= this.findPorts()
    return this.ports
  }

  private findPorts(): ReadonlyMap<string, ReadonlySet<string>> {
    const ports = new Map<string, Set<string>>()
    let silent = false
    for (const { containerPorts, ip } of this.workloads) {
      const served = this.mesh.servedAt(ip)
      silent ||= containerPorts.length === 0 && served.length === 0
      for (const { port } of containerPorts) if (!ports.has(String(port))) ports.set(String(port), new Set())
      for (const { port, protocol } of served) {
        const key = String(port)
        ports.set(key, (ports.get(key) ?? new Set()).add(protocol))
      }
    }
    return silent || this.workloads.some(({ gateway }) => gateway) ? new Map() : ports
  }
}

export function method(value: string): Reason {
  return /[a-z]/.test(value) ? `methods are told apart by case and requests carry ${value.toUpperCase()}` : null
}

export function path(value: string): Reason {
  if (value.includes('?')) return 'the query is no part of the path that is compared'
  return /^[/*{]/.test(value) ? null : `paths begin with a slash: write /${value}`
}

/** Is all that `narrow` matches matched by `wide`? Both are exact, `prefix*`, `*suffix` or `*`. */
export function patternCovers(wide: string, narrow: string): boolean {
  if (wide === narrow || wide === '*') return true
  if (wide.endsWith('*')) return !narrow.startsWith('*') && narrow.startsWith(wide.slice(0, -1))
  return wide.startsWith('*') && !narrow.endsWith('*') && narrow.endsWith(wide.slice(1))
}
