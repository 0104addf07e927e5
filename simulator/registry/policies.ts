// Which policies concern a workload, and the mTLS mode that follows from PeerAuthentications
// (pilot/pkg/model/authentication.go, authorization.go, policyattachment.go; security/authn/policy_applier.go).
import type { AuthorizationPolicy, PeerAuthentication, PolicyTargetReference } from '../resources/index.ts'
import { SelectorIndex } from '../resources/label-index.ts'
import type { AuthorizationPolicies, Config, EffectiveMutualTls, MutualTlsMode } from './mesh-snapshot.ts'
import { compareAge, subsetOf } from './names.ts'

type Labels = Readonly<Record<string, string>>

/** A policy by what says whom it concerns. */
export interface Attachable {
  selector?: { matchLabels?: Record<string, string> | undefined } | undefined
  targetRef?: PolicyTargetReference | undefined
  targetRefs?: PolicyTargetReference[] | undefined
}

const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name'

/** Does a policy of `namespace` attach to the workload, by targetRefs (Gateway API gateways) or selector? */
export function attaches(spec: Attachable, namespace: string, workloadNamespace: string, labels: Labels): boolean {
  const references = spec.targetRefs ?? (spec.targetRef ? [spec.targetRef] : [])
  if (references.length === 0) return subsetOf(spec.selector?.matchLabels, labels)
  const gateway = labels[GATEWAY_NAME]
  if (gateway === undefined || namespace !== workloadNamespace) return false
  return references.some(ref => ref.kind === 'Gateway' && ref.name === gateway)
}

/** Policies of the two namespaces in the given order that attach to the workload, each oldest first. */
export function policiesFor<S extends Attachable>(
  configs: readonly Config<S>[],
  namespaces: readonly string[],
  workloadNamespace: string,
  labels: Labels,
): Config<S>[] {
  const found: Config<S>[] = []
  for (const namespace of new Set(namespaces)) {
    for (const config of configs) {
      if (config.namespace === namespace && attaches(config.spec, namespace, workloadNamespace, labels)) {
        found.push(config)
      }
    }
  }
  return found
}

/** By action; the root namespace's before the workload's own. */
export function authorizationFor(
  configs: readonly Config<AuthorizationPolicy>[],
  rootNamespace: string,
  namespace: string,
  labels: Labels,
): AuthorizationPolicies {
  const result: AuthorizationPolicies = { custom: [], deny: [], allow: [], audit: [] }
  for (const policy of policiesFor(configs, [rootNamespace, namespace], namespace, labels)) {
    const action = policy.spec.action ?? 'ALLOW'
    if (action === 'CUSTOM') result.custom.push(policy)
    else if (action === 'DENY') result.deny.push(policy)
    else if (action === 'AUDIT') result.audit.push(policy)
    else result.allow.push(policy)
  }
  return result
}

const hasSelector = (spec: PeerAuthentication): boolean => Object.keys(spec.selector?.matchLabels ?? {}).length > 0

const modeOf = (spec: PeerAuthentication): MutualTlsMode | null => {
  const mode = spec.mtls?.mode ?? 'UNSET'
  return mode === 'UNSET' ? null : mode
}

export class PeerAuthenticationIndex {
  private readonly rootNamespace: string
  /** Oldest selector-less policy of a namespace. */
  private readonly whole = new Map<string, Config<PeerAuthentication>>()
  private readonly selecting: SelectorIndex<Config<PeerAuthentication>>

  constructor(configs: readonly Config<PeerAuthentication>[], rootNamespace: string) {
    this.rootNamespace = rootNamespace
    const byAge = [...configs].sort(compareAge)
    for (const config of byAge) {
      if (!hasSelector(config.spec) && !this.whole.has(config.namespace)) this.whole.set(config.namespace, config)
    }
    this.selecting = new SelectorIndex(byAge, ({ namespace, spec }) => ({
      namespace,
      selector: spec.selector?.matchLabels,
    }))
  }

  private meshMode(): MutualTlsMode {
    const mesh = this.whole.get(this.rootNamespace)
    return (mesh && modeOf(mesh.spec)) ?? 'PERMISSIVE'
  }

  /** Mode that namespace and mesh policies alone give. */
  namespaceMode(namespace: string): MutualTlsMode {
    const config = this.whole.get(namespace)
    return (config && modeOf(config.spec)) ?? this.meshMode()
  }

  /** Mesh, namespace and workload policy that concern the workload; selectors of the root namespace select nobody. */
  applicable(namespace: string, labels: Labels): Config<PeerAuthentication>[] {
    const [workload] = namespace === this.rootNamespace ? [] : this.selecting.choosing(namespace, labels)
    const levels = [
      this.whole.get(this.rootNamespace),
      namespace === this.rootNamespace ? undefined : this.whole.get(namespace),
      workload,
    ]
    return levels.filter(config => config !== undefined)
  }

  effective(namespace: string, labels: Labels): EffectiveMutualTls {
    let mode: MutualTlsMode = 'PERMISSIVE'
    const levels = this.applicable(namespace, labels)
    for (const config of levels) mode = modeOf(config.spec) ?? mode
    const ports = new Map<number, MutualTlsMode>()
    const last = levels[levels.length - 1]
    if (last && hasSelector(last.spec)) {
      for (const [port, mtls] of Object.entries(last.spec.portLevelMtls ?? {})) {
        const given = mtls.mode ?? 'UNSET'
        ports.set(Number(port), given === 'UNSET' ? mode : given)
      }
    }
    return { mode, ports }
  }
}
