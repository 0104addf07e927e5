// A linter, and where it reports.
import type { Diagnostic, Level, Path } from '../diagnostics/types.ts'
import {
  type Attachable,
  attaches,
  type MeshSnapshot,
  resolveShortName,
  type Service,
  type Workload,
} from '../registry/index.ts'
import { LabelIndex } from '../resources/label-index.ts'
import type { DestinationRule } from '../resources/networking/destination-rule.ts'
import { resourceName } from '../resources/resource-name.ts'
import type { RequestAuthentication } from '../resources/security/request-authentication.ts'
import { suppresses } from '../resources/suppression.ts'
import type { Resource } from '../resources/types.ts'

/** One workload sends requests to a host: while it serves a request, or by itself. */
export interface Call {
  /** `workload.namespace`. */
  caller: string
  /** The caller's pods, one at least; a gateway's when it forwards what comes from outside. */
  pods: readonly [Workload, ...Workload[]]
  /** Host as the caller says it, without port. */
  host: string
  port: number
  /** Path without query. */
  path: string
  /** Requests that one served request leads to at most, by the caller's own tries and copies; 1 or more. */
  times: number
}

export interface Linter {
  name: string
  code: string
  description: string
  lint(mesh: LintedMesh): void
}

export interface Remark {
  path: Path
  level: Level
  message: string
  hint: string
}

export interface Written<Spec> {
  resource: Resource
  spec: Spec
  namespace: string
}

/** A port of a pod, and the Service that leads to it. */
export interface ServedPort {
  service: Service
  /** Of the Service. */
  servicePort: number
  /** Of the pod. */
  port: number
  protocol: string
}

/** The snapshot, and the findings of the linter at work. */
export class LintedMesh {
  readonly snapshot: MeshSnapshot
  readonly calls: readonly Call[]
  readonly findings: Diagnostic[] = []
  private code = ''
  private readonly byKind = new Map<string, Written<unknown>[]>()
  private pods: LabelIndex<Workload> | null = null
  private served: ReadonlyMap<string, readonly ServedPort[]> | null = null
  private tokenReaders: Set<Workload> | null = null
  private rules: ReadonlyMap<string, readonly DestinationRule[]> | null = null

  constructor(snapshot: MeshSnapshot, calls: readonly Call[]) {
    this.snapshot = snapshot
    this.calls = calls
  }

  run(linter: Linter): void {
    this.code = linter.code
    linter.lint(this)
  }

  /** Objects of one of Istio's kinds as they are written, in order of arrival. */
  written<Spec>(kind: string): Written<Spec>[] {
    let found = this.byKind.get(kind)
    if (found === undefined) {
      found = this.snapshot.input.resources
        .filter(resource => resource.kind === kind && resource.apiVersion.split('/')[0]?.endsWith('.istio.io'))
        .map(resource => ({ resource, spec: resource.spec, namespace: resource.metadata.namespace }))
      this.byKind.set(kind, found)
    }
    // the loader has decoded each spec as its kind's message
    return found as Written<Spec>[]
  }

  /** Pods that a policy of the namespace selects; those of all namespaces where it is the root. */
  selected(namespace: string, labels: Record<string, string> | undefined): readonly Workload[] {
    this.pods ??= new LabelIndex(this.snapshot.input.workloads)
    return this.pods.select(namespace === this.snapshot.meshConfig.rootNamespace ? null : namespace, labels)
  }

  /** Pods of a namespace. */
  podsOf(namespace: string): readonly Workload[] {
    this.pods ??= new LabelIndex(this.snapshot.input.workloads)
    return this.pods.select(namespace, null)
  }

  /** Ports of the pod at this address that Services lead to. */
  servedAt(address: string): readonly ServedPort[] {
    this.served ??= servedPorts(this.snapshot)
    return this.served.get(address) ?? []
  }

  /** Does a RequestAuthentication with rules apply to the pod? */
  readsTokens(pod: Workload): boolean {
    if (this.tokenReaders === null) {
      this.tokenReaders = new Set()
      for (const { spec, namespace } of this.written<RequestAuthentication>('RequestAuthentication')) {
        if ((spec.jwtRules ?? []).length === 0) continue
        for (const concerned of concernedBy(this, spec, namespace)) this.tokenReaders.add(concerned)
      }
    }
    return this.tokenReaders.has(pod)
  }

  /** DestinationRules that are written for the host, in order of arrival. */
  destinationRules(hostname: string): readonly DestinationRule[] {
    if (this.rules === null) {
      const rules = new Map<string, DestinationRule[]>()
      for (const { spec, namespace } of this.written<DestinationRule>('DestinationRule')) {
        const host = resolveShortName(spec.host ?? '', namespace)
        rules.set(host, [...(rules.get(host) ?? []), spec])
      }
      this.rules = rules
    }
    return this.rules.get(hostname) ?? []
  }

  report(resource: Resource, { path, level, message, hint }: Remark): void {
    if (suppresses(resource, this.code)) return
    this.findings.push({
      code: this.code,
      level,
      message,
      resource: resourceName(resource),
      path,
      at: resource.locate(path),
      hint,
    })
  }
}

/** Pods that a policy attaches to. */
export function concernedBy(mesh: LintedMesh, spec: Attachable, namespace: string): readonly Workload[] {
  const byReference = spec.targetRef !== undefined || spec.targetRefs !== undefined
  return mesh
    .selected(namespace, byReference ? undefined : spec.selector?.matchLabels)
    .filter(({ namespace: own, labels }) => attaches(spec, namespace, own, labels))
}

function servedPorts(snapshot: MeshSnapshot): Map<string, ServedPort[]> {
  const found = new Map<string, ServedPort[]>()
  for (const service of snapshot.services) {
    for (const { port: servicePort, protocol } of service.ports) {
      for (const { address, port } of snapshot.endpoints(service, servicePort)) {
        const known = found.get(address)
        const one = { service, servicePort, port, protocol }
        if (known === undefined) found.set(address, [one])
        else known.push(one)
      }
    }
  }
  return found
}

/** `1 endpoint`, `2 endpoints`. */
export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

/** `a`, `a and b`, `a, b and 3 more`. */
export function listed(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most)
  const rest = names.length - shown.length
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown[shown.length - 1]}`
}
