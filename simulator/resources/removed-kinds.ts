// Kinds of old releases that istiod no longer reads, and what took their place (Istio's release notes 1.0, 1.6 and 1.8).

const MIXER =
  'Mixer is gone since Istio 1.8: Telemetry (telemetry.istio.io/v1) takes the place of metrics and logs, AuthorizationPolicy with action CUSTOM that of checks, EnvoyFilter that of rate limits'
const ROUTING = 'VirtualService and DestinationRule (networking.istio.io/v1) took its place'
const ACCESS = 'AuthorizationPolicy (security.istio.io/v1) took its place'
const AUTHENTICATION = 'PeerAuthentication and RequestAuthentication (security.istio.io/v1) took its place'

const GROUPS: Readonly<Record<string, string>> = {
  'config.istio.io': MIXER,
  'rbac.istio.io': ACCESS,
  'authentication.istio.io': AUTHENTICATION,
  'networking.x-k8s.io': 'Gateway API is gateway.networking.k8s.io/v1 now',
}

const KINDS: Readonly<Record<string, string>> = {
  'config.istio.io/RouteRule': ROUTING,
  'config.istio.io/DestinationPolicy': ROUTING,
  'config.istio.io/EgressRule': 'ServiceEntry (networking.istio.io/v1) took its place',
  'security.istio.io/MeshPolicy': AUTHENTICATION,
  'install.istio.io/IstioControlPlane': 'IstioOperator (install.istio.io/v1alpha1) took its place',
  'extensions/Ingress': 'write networking.k8s.io/v1',
  'extensions/Deployment': 'write apps/v1',
  'extensions/DaemonSet': 'write apps/v1',
  'extensions/ReplicaSet': 'write apps/v1',
}

/** What to use instead of the kind, or null when it was never there. */
export const replacementOf = (group: string, kind: string): string | null =>
  KINDS[`${group}/${kind}`] ?? GROUPS[group] ?? null
