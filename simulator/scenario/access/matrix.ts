// Who may call whom, over what, and which line decides: each workload asks each port of each service once, in a quiet mesh
// whose applications answer 200. A cell is what happened, not a reading of policies.
import type { Diagnostic } from '../../diagnostics/types.ts'
import { formatDuration, SECOND } from '../../engine/index.ts'
import { type LoggedRecord, MemoryRecorder, type Observation } from '../../observation/index.ts'
import { subsetOf } from '../../registry/names.ts'
import type { ServicePort } from '../../registry/types.ts'
import type { Resource, SourceFile } from '../../resources/types.ts'
import type { LoadSpec } from '../../world/load/index.ts'
import { workloadOf } from '../directory.ts'
import { bareScenario } from '../load-scenario.ts'
import { placeOf, policyPlace } from '../place.ts'
import type { WorkloadBehaviourSpec } from '../schema.ts'
import { createSimulation, type Simulation } from '../simulation.ts'

export interface AccessCell {
  /** `workload.namespace` of the caller. */
  source: string
  /** `service.namespace:port`. */
  destination: string
  protocol: 'http' | 'tcp'
  /** denied: by an authorization policy; failed: by anything else. */
  outcome: 'allowed' | 'denied' | 'failed'
  /** HTTP status, 0 without an answer. */
  status: number
  /** What the last connection of the way carries. */
  over: 'mutual TLS' | 'plain text' | ''
  /** The policy and rule (`ns[..]-policy[..]-rule[..]`) that decided, or Envoy's words; '' = nothing forbids it. */
  decidedBy: string
  /** `file:line:column` of what decided, or ''. */
  place: string
}

export interface AccessMatrix {
  apiVersion: 'meshsim.io/v1alpha1'
  kind: 'AccessMatrix'
  path: string
  method: string
  cells: AccessCell[]
}

export interface AccessOptions {
  files: readonly SourceFile[]
  /** Path and method of HTTP requests. Default: GET /. */
  path?: string
  method?: string
}

interface Probe {
  source: string
  destination: string
  protocol: 'http' | 'tcp'
  url: string
  /** Workload of the pods behind the service, as labels say. */
  selector: Readonly<Record<string, string>>
  namespace: string
  port: number
  at: number
}

/** When all first configuration has long arrived, and how long a probe has for itself, µs. */
const QUIET_AT = SECOND
const SLOT = SECOND / 5

const HTTP = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-Web', 'Unsupported', ''])

/** Null matrix: the mesh has errors, told in the diagnostics. */
export function accessMatrix(options: AccessOptions): { matrix: AccessMatrix | null; diagnostics: Diagnostic[] } {
  const { files, path = '/', method = 'GET' } = options
  const quiet = createSimulation({ scenario: bareScenario('matrix'), files })
  if (quiet.simulation === null) return { matrix: null, diagnostics: quiet.diagnostics }
  const probes = probesOf(quiet.simulation, path)
  const end = QUIET_AT + (probes.length + 1) * SLOT
  const scenario = {
    ...bareScenario('matrix', formatDuration(end)),
    workloads: everybody(quiet.simulation),
    loads: probes.map((probe, i) => loadOf(probe, i, method)),
  }
  const recorder = new MemoryRecorder({
    kinds: ['client', 'stream', 'connection', 'policy'],
    capacity: probes.length * 16,
  })
  const { simulation, diagnostics } = createSimulation({ scenario, files, recorder })
  if (simulation === null) return { matrix: null, diagnostics }
  simulation.runUntil(end)
  const observations = (['client', 'stream', 'connection', 'policy'] as const).flatMap<Observation>(kind =>
    recorder.of(kind),
  )
  const slots: Observation[][] = probes.map(() => [])
  for (const seen of observations) slots[Math.floor((timeOf(seen) - QUIET_AT) / SLOT)]?.push(seen)
  const resources = simulation.world.currentResources()
  const cells = probes.map((probe, i) => cellOf(probe, slots[i] ?? [], simulation, resources))
  return { matrix: { apiVersion: 'meshsim.io/v1alpha1', kind: 'AccessMatrix', path, method, cells }, diagnostics }
}

const timeOf = (seen: Observation): number => ('start' in seen ? seen.start : 'at' in seen ? seen.at : 0)

/** Every workload answers lines of bare TCP as well as HTTP. */
function everybody({ world }: Simulation): WorkloadBehaviourSpec[] {
  const names = new Map<string, WorkloadBehaviourSpec>()
  for (const { workload } of world.pods.values()) {
    if (workload.gateway) continue
    const [name, { namespace }] = [workloadOf(workload.name), workload]
    names.set(`${name}.${namespace}`, { name, namespace, behaviour: { tcp: { prefix: 'heard' } } })
  }
  return [...names.values()]
}

function probesOf({ world }: Simulation, path: string): Probe[] {
  const callers = new Map<string, string>()
  for (const { workload } of world.pods.values())
    if (!workload.gateway)
      callers.set(`${workloadOf(workload.name)}.${workload.namespace}`, `${workload.name}.${workload.namespace}`)
  const targets = world.snapshot.services.flatMap(service =>
    service.source === 'Kubernetes' &&
    service.selector !== null &&
    !behindGateway(world, service.selector, service.namespace)
      ? service.ports
          .filter(port => port.protocol !== 'UDP')
          .map(port => ({ service, port, selector: service.selector! }))
      : [],
  )
  const probes: Probe[] = []
  for (const source of [...callers.keys()].sort((a, b) => (a < b ? -1 : 1)))
    for (const { service, port, selector } of targets) {
      const host = `${service.name}.${service.namespace}`
      const protocol = isHttp(port) ? 'http' : 'tcp'
      probes.push({
        source,
        destination: `${host}:${port.port}`,
        protocol,
        url: `${protocol}://${host}:${port.port}${protocol === 'http' ? path : ''}`,
        selector,
        namespace: service.namespace,
        port: port.port,
        at: QUIET_AT + probes.length * SLOT,
      })
    }
  return probes
}

const isHttp = (port: ServicePort): boolean => HTTP.has(port.protocol)

function behindGateway(
  world: Simulation['world'],
  selector: Readonly<Record<string, string>>,
  namespace: string,
): boolean {
  return [...world.pods.values()].some(
    ({ workload }) => workload.gateway && workload.namespace === namespace && subsetOf(selector, workload.labels),
  )
}

const loadOf = ({ source, protocol, url, at }: Probe, index: number, method: string): LoadSpec => ({
  name: `probe-${index}`,
  source,
  requests: [protocol === 'http' ? { url, method } : { url, send: 'hello' }],
  pattern: { recorded: [{ at: '0s', request: 0 }] },
  start: formatDuration(at),
  timeout: formatDuration(SLOT / 2),
})

function cellOf(
  probe: Probe,
  seen: readonly Observation[],
  simulation: Simulation,
  resources: readonly Resource[],
): AccessCell {
  const { source, destination, protocol } = probe
  const client = seen.find(one => one.kind === 'client')
  const records = seen.filter(one => one.kind === 'stream' || one.kind === 'connection')
  const served = records.find(record => record.direction === 'inbound')
  const policy = seen.filter(one => one.kind === 'policy' && one.mode === 'enforced').at(-1)
  const status = client?.status ?? 0
  const named = policy?.kind === 'policy' && policy.policy !== 'none' ? policy.policy : ''
  const base = { source, destination, protocol, status, over: overOf(served, status) }
  if (policy?.kind === 'policy' && !policy.allowed) {
    const decidedBy = named === '' ? 'no ALLOW policy matches' : named
    return { ...base, outcome: 'denied', decidedBy, place: policyPlace(named, resources) }
  }
  if (status >= 200 && status < 400)
    return { ...base, outcome: 'allowed', decidedBy: named, place: policyPlace(named, resources) }
  return {
    ...base,
    outcome: 'failed',
    ...failure(probe, records, client?.kind === 'client' ? client.failure : '', simulation, resources),
  }
}

const overOf = (served: LoggedRecord | undefined, status: number): AccessCell['over'] =>
  served === undefined ? (status === 0 ? '' : 'plain text') : served.mtls ? 'mutual TLS' : 'plain text'

/** What went wrong, in the words of the proxy that saw it; a server that takes no plain text names its PeerAuthentication. */
function failure(
  probe: Probe,
  records: readonly LoggedRecord[],
  fallback: string,
  { world }: Simulation,
  resources: readonly Resource[],
): Pick<AccessCell, 'decidedBy' | 'place'> {
  if (records.some(({ direction, details }) => direction === 'inbound' && details === 'filter_chain_not_found')) {
    const target = [...world.pods.values()].find(
      ({ workload }) => workload.namespace === probe.namespace && subsetOf(probe.selector, workload.labels),
    )
    const [config] = world.snapshot.peerAuthentications(probe.namespace, target?.workload.labels ?? {}).slice(-1)
    const name = config === undefined ? '' : `${config.namespace}/${config.name}`
    const path =
      config === undefined
        ? ''
        : `/apis/security.istio.io/v1/namespaces/${config.namespace}/peer-authentication/${config.name}`
    return { decidedBy: `plain text is refused: PeerAuthentication ${name}`, place: placeOf(path, resources) }
  }
  const last = records.find(({ flags }) => flags.length > 0)
  const words =
    last === undefined ? fallback : `${last.flags.join(',')} ${last.upstreamTransportFailure || last.details}`
  return { decidedBy: words.trim(), place: '' }
}
