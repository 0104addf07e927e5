// Which pods get a sidecar: the decision of Istio's injection webhook (pkg/kube/inject/inject.go, injectRequired, and the
// namespace selectors of the webhook configuration).
import type { Resource } from '../resources/types.ts'

const NEVER = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage'])

/** What the Namespace documents say. */
export class InjectionPolicy {
  private readonly byNamespace = new Map<string, boolean>()
  private readonly otherwise: boolean

  constructor(resources: readonly Resource[], injectByDefault: boolean) {
    let said = false
    for (const resource of resources) {
      if (resource.kind !== 'Namespace') continue
      const { labels, name } = resource.metadata
      const word = labels['istio-injection']
      if (word !== undefined) {
        said = true
        this.byNamespace.set(name, word === 'enabled')
      } else if (labels['istio.io/rev'] !== undefined) {
        said = true
        this.byNamespace.set(name, true)
      }
    }
    this.otherwise = injectByDefault && !said
  }

  /** Does a pod of this namespace with these labels and annotations get a sidecar? */
  injects(
    namespace: string,
    labels: Readonly<Record<string, string>>,
    annotations: Readonly<Record<string, string>>,
    hostNetwork: boolean,
  ): boolean {
    if (hostNetwork || NEVER.has(namespace) || namespace === 'istio-system') return false
    const word = labels['sidecar.istio.io/inject'] ?? annotations['sidecar.istio.io/inject']
    const enabled = this.byNamespace.get(namespace)
    // A namespace that says "disabled" is not seen by the webhook at all.
    if (enabled === false) return false
    if (word !== undefined) return word === 'true' || word === 'yes' || word === 'on' || word === 'y'
    if (enabled !== undefined) return enabled || labels['istio.io/rev'] !== undefined
    return this.otherwise || labels['istio.io/rev'] !== undefined
  }
}
