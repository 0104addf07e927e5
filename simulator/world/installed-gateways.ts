// The gateways that an installation of Istio brings along: by the profile and the components of an IstioOperator; without
// one, the ingress gateway of the default profile as soon as a Gateway selects it, because most samples lean on it.
// Source: istio manifests/profiles and operator/pkg/render (components merge by name over the profile's).
import type { Resource } from '../resources/types.ts'
import { type Fields, fields, list, text, texts } from './fields.ts'

export interface InstalledGateway {
  name: string
  namespace: string
  labels: Record<string, string>
}

type Kind = 'ingress' | 'egress'

interface Component {
  kind: Kind
  name: string
  namespace: string
  enabled: boolean
  label: Record<string, string>
}

const ROOT = 'istio-system'

const NONE: readonly Kind[] = []
const PROFILE_GATEWAYS: Readonly<Record<string, readonly Kind[]>> = {
  default: ['ingress'],
  demo: ['ingress', 'egress'],
  openshift: ['ingress'],
  preview: ['ingress'],
  stable: ['ingress'],
}

const standard = (kind: Kind): Component => ({
  kind,
  name: `istio-${kind}gateway`,
  namespace: ROOT,
  enabled: true,
  label: {},
})

function written(kind: Kind, spec: Fields): Component[] {
  return list(fields(spec.components)[`${kind}Gateways`])
    .map(fields)
    .map(c => ({
      kind,
      name: text(c.name) || `istio-${kind}gateway`,
      namespace: text(c.namespace) || ROOT,
      enabled: c.enabled !== false,
      label: texts(c.label),
    }))
}

/** The gateways that one IstioOperator installs. */
function componentsOf(operator: Resource): Component[] {
  const spec = fields(operator.spec)
  const kinds = PROFILE_GATEWAYS[text(spec.profile) || 'default'] ?? NONE
  const byName = new Map<string, Component>()
  const all = [...kinds.map(standard), ...written('ingress', spec), ...written('egress', spec)]
  for (const component of all) byName.set(`${component.name}.${component.namespace}`, component)
  return [...byName.values()].filter(component => component.enabled)
}

/** A Gateway of Istio's API selects the default installation's ingress gateway. */
const asked = (resources: readonly Resource[]): boolean =>
  resources.some(
    r =>
      r.kind === 'Gateway' &&
      r.apiVersion.startsWith('networking.istio.io/') &&
      texts(fields(r.spec).selector).istio === 'ingressgateway',
  )

/** What is installed, in the order of the documents; see the file's head for meshes without an IstioOperator. */
export function installedGateways(resources: readonly Resource[]): InstalledGateway[] {
  const operators = resources.filter(r => r.kind === 'IstioOperator')
  const components =
    operators.length > 0 ? operators.flatMap(componentsOf) : asked(resources) ? [standard('ingress')] : []
  return components.map(({ kind, name, namespace, label }) => ({
    name,
    namespace,
    labels: { app: `istio-${kind}gateway`, istio: `${kind}gateway`, ...label },
  }))
}
