// What concerns a pod or a service, as `istioctl x describe` tells it (istioctl/pkg/describe/describe.go): ports, subsets,
// routes, policies, mutual TLS. Beside each object stands where it is written.
import type { Config, MeshSnapshot, ServiceTarget } from '../../registry/mesh-snapshot.ts'
import { subsetOf } from '../../registry/names.ts'
import type { Service } from '../../registry/types.ts'
import type { AuthorizationPolicy } from '../../resources/index.ts'
import type { Pod, World } from '../../world/index.ts'
import { destinationRuleLines, subsetsOf, virtualServiceLines } from './describe-rules.ts'
import { shortName, written } from './named.ts'

const LINE = '--------------------'

/** The text of `describe pod`, a line break after each line. */
export function describePod(world: World, pod: Pod): string {
  const lines = [...podLines(pod), LINE, ...serviceBlocks(world, pod), ...peerAuthenticationLines(world.snapshot, pod)]
  return lines.map(line => `${line}\n`).join('')
}

/** The text of `describe service`: by way of its first pod in the mesh. */
export function describeService(world: World, service: Service): string {
  const pods = [...world.pods.values()].filter(
    ({ workload }) => workload.namespace === service.namespace && selects(service, workload.labels),
  )
  const meshed = pods.find(({ node }) => node !== null)
  if (pods.length === 0) return `Service "${shortName(service)}" has no pods.\n`
  if (meshed === undefined)
    return `Service "${shortName(service)}" has no Istio pods.  (${pods.length} pods in service).\n`
  const lines = [...serviceLines(world, meshed, service), ...peerAuthenticationLines(world.snapshot, meshed)]
  return lines.map(line => `${line}\n`).join('')
}

const selects = ({ selector }: Service, labels: Readonly<Record<string, string>>): boolean =>
  selector !== null && subsetOf(selector, labels)

function podLines({ workload, node, annotations }: Pod): string[] {
  const ports = workload.containerPorts.map(
    ({ port, protocol }) => `${port}${protocol === 'TCP' || protocol === '' ? '' : `/${protocol}`}`,
  )
  const lines = [
    `Pod: ${shortName(workload)}`,
    `   Pod Revision: ${annotations['istio.io/rev'] ?? 'default'}`,
    ports.length === 0 ? '   Pod does not expose ports' : `   Pod Ports: ${ports.join(', ')}`,
  ]
  if (!workload.ready) lines.push(`WARNING: Pod ${shortName(workload)} NOT READY`)
  if (node === null) return [...lines, `WARNING: ${shortName(workload)} is not part of mesh; no Istio sidecar`]
  const has = (...names: string[]): boolean => names.some(name => workload.labels[name] !== undefined)
  const advice = (label: string): string => `Suggestion: add required service ${label} label for Istio telemetry.`
  if (!has('service.istio.io/canonical-name', 'app.kubernetes.io/name', 'app')) lines.push(advice('name'))
  if (!has('service.istio.io/canonical-revision', 'app.kubernetes.io/version', 'version'))
    lines.push(advice('revision'))
  return lines
}

function serviceBlocks(world: World, pod: Pod): string[] {
  const services = world.snapshot.services.filter(
    service => service.namespace === pod.workload.namespace && selects(service, pod.workload.labels),
  )
  if (services.length === 0) return ['No services select this pod.']
  return services.flatMap((service, i) => [...(i === 0 ? [] : [LINE]), ...serviceLines(world, pod, service)])
}

function serviceLines({ snapshot }: World, pod: Pod, service: Service): string[] {
  const lines = [`Service: ${shortName(service)}${written(service.resource)}`]
  const { node } = pod
  if (node === null) return lines
  const targets = snapshot.serviceTargets(node).filter(target => target.service.hostname === service.hostname)
  for (const { port, targetPort } of targets)
    lines.push(`   Port: ${port.name} ${port.port}/${protocolName(port)} targets pod port ${targetPort}`)
  const rule = snapshot.destinationRuleFor(node, service)
  const { labels } = pod.workload
  if (rule !== null) lines.push(...destinationRuleLines(rule, labels))
  const subsets = subsetsOf(rule, labels)
  for (const config of snapshot.virtualServicesFor(service.namespace, 'mesh'))
    if (config.spec.hosts.includes(service.hostname)) lines.push(...virtualServiceLines(config, service, subsets, rule))
  lines.push(...policyLines(snapshot, pod), ...exposedLines(snapshot, service, subsets, rule))
  return lines
}

const protocolName = ({ name, protocol }: ServiceTarget['port']): string =>
  name === '' && protocol === 'Unsupported'
    ? 'auto-detect'
    : protocol === 'Unsupported'
      ? 'UnsupportedProtocol'
      : protocol

/** Policies of the workload, in the order in which they are asked. */
function policyLines(snapshot: MeshSnapshot, { node }: Pod): string[] {
  if (node === null) return []
  const { custom, deny, allow, audit } = snapshot.authorizationPolicies(node)
  const named = (configs: readonly Config<AuthorizationPolicy>[], action: string): string[] =>
    configs.map(config => `   ${action}: ns[${config.namespace}]-policy[${config.name}]${written(config.resource)}`)
  const lines = [...named(custom, 'CUSTOM'), ...named(deny, 'DENY'), ...named(allow, 'ALLOW'), ...named(audit, 'AUDIT')]
  return lines.length === 0 ? [] : ['RBAC policies:', ...lines]
}

/** VirtualServices of gateways that lead to the service. */
function exposedLines(
  snapshot: MeshSnapshot,
  service: Service,
  subsets: ReturnType<typeof subsetsOf>,
  rule: Parameters<typeof virtualServiceLines>[3],
): string[] {
  const lines: string[] = []
  for (const config of snapshot.virtualServices) {
    const gateways = config.spec.gateways.filter(gateway => gateway !== 'mesh')
    const leads = config.spec.http.some(route =>
      (route.route ?? []).some(({ destination }) => destination?.host === service.hostname),
    )
    if (gateways.length === 0 || !leads) continue
    lines.push(`Exposed on Gateway ${gateways.join(', ')} for ${config.spec.hosts.join(', ')}`)
    lines.push(...virtualServiceLines(config, service, subsets, rule))
  }
  return lines
}

function peerAuthenticationLines(snapshot: MeshSnapshot, { workload }: Pod): string[] {
  const { mode, ports } = snapshot.mutualTls(workload.namespace, workload.labels)
  const applied = snapshot.peerAuthentications(workload.namespace, workload.labels)
  return [
    'Effective PeerAuthentication:',
    `   Workload mTLS mode: ${mode}`,
    ...(ports.size === 0 ? [] : ['   Port Level mTLS mode:']),
    ...[...ports].map(([port, own]) => `      ${port}: ${own}`),
    ...(applied.length === 0 ? [] : ['Applied PeerAuthentication:']),
    ...applied.map(({ name, namespace, resource }) => `   ${name}.${namespace}${written(resource)}`),
  ]
}
