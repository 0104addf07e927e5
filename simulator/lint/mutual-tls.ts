// SIM0606: what the client's proxy is told to speak and what the server's proxy takes contradict each other.

import type { Path } from '../diagnostics/types.ts'
import { type IstioEndpoint, resolveShortName, type Service, subsetOf } from '../registry/index.ts'
import type { ClientTLSSettings, DestinationRule, TrafficPolicy } from '../resources/networking/destination-rule.ts'
import type { PeerAuthentication } from '../resources/security/peer-authentication.ts'
import type { Resource } from '../resources/types.ts'
import { count, type LintedMesh, type Linter } from './types.ts'

/** What the pod's end of a connection takes: of a pod without a sidecar, what the application does. */
type Served = 'STRICT' | 'PERMISSIVE' | 'DISABLE' | 'NO SIDECAR'

function servedBy(mesh: LintedMesh, endpoint: IstioEndpoint): Served {
  if (endpoint.tlsMode !== 'istio') return 'NO SIDECAR'
  const { mode, ports } = mesh.snapshot.mutualTls(endpoint.namespace, endpoint.labels)
  return ports.get(endpoint.port) ?? mode
}

const SERVER: Record<Served, string> = {
  STRICT: 'accept mutual TLS only (PeerAuthentication STRICT)',
  PERMISSIVE: 'accept both',
  DISABLE: 'accept plain text only (PeerAuthentication DISABLE)',
  'NO SIDECAR': 'have no sidecar',
}

/** What happens to a request, or null when the two get along (or the application decides). */
function outcome(client: NonNullable<ClientTLSSettings['mode']>, server: Served): string | null {
  if (server === 'STRICT' && client === 'DISABLE') return 'their proxies close the connection (503 UC)'
  if (server === 'STRICT' && client !== 'ISTIO_MUTUAL') {
    return `the handshake fails, for mode ${client} shows no certificate of the mesh (503 UF)`
  }
  if (client === 'ISTIO_MUTUAL' && (server === 'DISABLE' || server === 'NO SIDECAR')) {
    return 'they get a TLS handshake where they expect plain text (503 UF)'
  }
  return null
}

interface Setting {
  path: Path
  tls: ClientTLSSettings
  port: number | null
  labels: Record<string, string>
}

function settingsOf(policy: TrafficPolicy | undefined, path: Path, labels: Record<string, string>): Setting[] {
  const found: Setting[] = []
  if (policy?.tls) found.push({ path: [...path, 'tls'], tls: policy.tls, port: null, labels })
  for (const [i, { tls, port }] of (policy?.portLevelSettings ?? []).entries()) {
    if (tls) found.push({ path: [...path, 'portLevelSettings', i, 'tls'], tls, port: port?.number ?? null, labels })
  }
  return found
}

/** Ports for which the rule's own, wider setting stands: none of the same policy narrows it. */
const heldBy = (setting: Setting, all: readonly Setting[], port: number): boolean =>
  setting.port === null
    ? !all.some(other => other.port === port && other.labels === setting.labels)
    : setting.port === port

function checkRule(mesh: LintedMesh, resource: Resource, spec: DestinationRule, service: Service): void {
  const groups = [
    settingsOf(spec.trafficPolicy, ['spec', 'trafficPolicy'], {}),
    ...(spec.subsets ?? []).map(({ trafficPolicy, labels }, i) =>
      settingsOf(trafficPolicy, ['spec', 'subsets', i, 'trafficPolicy'], labels ?? {}),
    ),
  ]
  for (const settings of groups) {
    for (const setting of settings) {
      const ports = service.ports.filter(({ port }) => heldBy(setting, settings, port))
      const endpoints = ports
        .flatMap(({ port }) => mesh.snapshot.endpoints(service, port))
        .filter(endpoint => subsetOf(setting.labels, endpoint.labels))
      reportContradictions(mesh, resource, setting, service, endpoints)
    }
  }
}

function reportContradictions(
  mesh: LintedMesh,
  resource: Resource,
  { path, tls }: Setting,
  service: Service,
  endpoints: readonly IstioEndpoint[],
): void {
  const client = tls.mode ?? 'DISABLE'
  const byServer = new Map<Served, Set<string>>()
  for (const endpoint of endpoints) {
    const server = servedBy(mesh, endpoint)
    byServer.set(server, (byServer.get(server) ?? new Set()).add(endpoint.address))
  }
  const all = new Set(endpoints.map(({ address }) => address)).size
  for (const [server, addresses] of byServer) {
    const what = outcome(client, server)
    if (what === null) continue
    const some = `${addresses.size} of its ${all} pods`
    mesh.report(resource, {
      path: [...path, 'mode'],
      level: 'warning',
      message: `clients speak ${client} to ${service.hostname}, but ${some} ${SERVER[server]}: ${what}`,
      hint: 'leave tls out, so that each client finds out what each pod takes (automatic mutual TLS), or change the PeerAuthentication',
    })
  }
}

/** Plain clients of pods that take mutual TLS only: callers without a sidecar. */
function checkCallers(mesh: LintedMesh): void {
  for (const { pods, host, port, caller } of mesh.calls) {
    const [pod] = pods
    if (pod.sidecar || pod.gateway) continue
    const service = mesh.snapshot.serviceDefinitions(resolveShortName(host, pod.namespace))[0]
    if (service === undefined) continue
    const strict = mesh.snapshot.endpoints(service, port).filter(endpoint => servedBy(mesh, endpoint) === 'STRICT')
    const [first] = strict
    if (first === undefined) continue
    const [policy] = mesh.snapshot
      .peerAuthentications(first.namespace, first.labels)
      .filter(({ spec }) => spec.mtls?.mode === 'STRICT' || Object.keys(spec.portLevelMtls ?? {}).length > 0)
      .slice(-1)
    if (policy === undefined) continue
    mesh.report(policy.resource, {
      path: ['spec', 'mtls', 'mode'],
      level: 'warning',
      message: `${caller} has no sidecar and calls ${service.hostname}:${port}, whose pods accept mutual TLS only: its connections are closed`,
      hint: `inject a sidecar into ${caller}, or let the port be PERMISSIVE`,
    })
  }
}

/** A policy for pods none of which has a proxy that could obey it. */
function checkPolicies(mesh: LintedMesh): void {
  for (const { resource, spec, namespace } of mesh.written<PeerAuthentication>('PeerAuthentication')) {
    if (spec.mtls?.mode !== 'STRICT') continue
    const selected = mesh.selected(namespace, spec.selector?.matchLabels)
    if (selected.length === 0 || selected.some(({ sidecar, gateway }) => sidecar || gateway)) continue
    mesh.report(resource, {
      path: ['spec', 'mtls', 'mode'],
      level: 'warning',
      message: `STRICT has no effect: none of the ${count(selected.length, 'pod')} that it concerns has a sidecar, so that plain text is accepted as before`,
      hint: 'label the namespace istio-injection=enabled, or the pods sidecar.istio.io/inject=true, and start the pods anew',
    })
  }
}

/** Nobody offers mutual TLS by itself, yet pods accept nothing else. */
function checkAutomatic(mesh: LintedMesh): void {
  if (mesh.snapshot.meshConfig.enableAutoMtls !== false) return
  const ruled = new Set(
    mesh
      .written<DestinationRule>('DestinationRule')
      .filter(({ spec }) => spec.trafficPolicy?.tls?.mode !== undefined)
      .map(({ spec, namespace }) => resolveShortName(spec.host, namespace)),
  )
  for (const service of mesh.snapshot.services) {
    if (ruled.has(service.hostname)) continue
    const strict = service.ports.some(({ port }) =>
      mesh.snapshot.endpoints(service, port).some(endpoint => servedBy(mesh, endpoint) === 'STRICT'),
    )
    if (!strict) continue
    mesh.report(service.resource, {
      path: [],
      level: 'warning',
      message: `automatic mutual TLS is off (enableAutoMtls: false) and no DestinationRule for ${service.hostname} asks for ISTIO_MUTUAL, but its pods accept mutual TLS only: clients speak plain text and are refused`,
      hint: 'add a DestinationRule with trafficPolicy.tls.mode ISTIO_MUTUAL, or turn enableAutoMtls on',
    })
  }
}

export const mutualTls: Linter = {
  name: 'lint.MutualTLS',
  code: 'SIM0606',
  description: 'Checks for TLS settings of clients and servers that contradict each other.',
  lint(mesh) {
    for (const { resource, spec, namespace } of mesh.written<DestinationRule>('DestinationRule')) {
      const service = mesh.snapshot.serviceDefinitions(resolveShortName(spec.host ?? '', namespace))[0]
      if (service !== undefined) checkRule(mesh, resource, spec, service)
    }
    checkCallers(mesh)
    checkPolicies(mesh)
    checkAutomatic(mesh)
  },
}
