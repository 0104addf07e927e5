// Reads the cast from a simulation. The calls come from the documents (a gateway's routes) and from the scenario
// (behaviours, loads), so that the picture has its shape before the first request.
import { partyOf, type Simulation } from '../scenario/index.ts'
import { type Cast, type CastCall, type CastPod, type CastService, hostOfUrl, selects } from './cast.ts'

interface CallSpec {
  url: string
}

interface WorkSpec {
  calls?: readonly CallSpec[] | undefined
}

/** Reads a simulation; changes nothing. */
export function castOf(simulation: Simulation): Cast {
  const { world, scenario } = simulation
  const pods: CastPod[] = []
  for (const pod of world.pods.values()) {
    pods.push({
      id: pod.id,
      ip: pod.ip,
      ...partyOf(pod),
      labels: pod.workload.labels,
      gateway: pod.workload.gateway,
      proxied: pod.proxy !== null,
    })
  }
  const services: CastService[] = []
  const calls: CastCall[] = []
  const gateways = new Map<string, Record<string, string>>()
  for (const { kind, metadata, spec } of world.currentResources()) {
    if (kind === 'Service') {
      services.push({ name: metadata.name, namespace: metadata.namespace, selector: strings(record(spec)['selector']) })
    } else if (kind === 'Gateway') {
      gateways.set(`${metadata.namespace}/${metadata.name}`, strings(record(spec)['selector']))
    }
  }
  for (const { kind, metadata, spec } of world.currentResources()) {
    if (kind !== 'VirtualService') continue
    const selectors = list(record(spec)['gateways'])
      .filter(name => typeof name === 'string' && name !== 'mesh')
      .map(name => gateways.get(String(name).includes('/') ? String(name) : `${metadata.namespace}/${String(name)}`))
    const hosts = destinations(record(spec), metadata.namespace)
    for (const pod of pods) {
      if (!pod.gateway || !selectors.some(selector => selector !== undefined && selects(selector, pod.labels))) continue
      for (const host of hosts) calls.push({ from: pod.id, host })
    }
  }
  for (const behaviour of scenario.workloads ?? []) {
    const hosts = callsOf(behaviour.behaviour)
    for (const pod of pods) {
      const meant =
        (behaviour.name === undefined || behaviour.name === pod.workload) &&
        (behaviour.namespace === undefined || behaviour.namespace === pod.namespace) &&
        selects(behaviour.labels ?? {}, pod.labels)
      if (meant) for (const host of hosts) calls.push({ from: pod.id, host })
    }
  }
  const loads = (scenario.loads ?? []).map(load => ({
    name: load.name,
    source: load.source,
    target: load.via ?? hostOfUrl(load.requests[0]?.url ?? ''),
  }))
  return { pods, services, loads, calls }
}

function callsOf(behaviour: WorkSpec & { routes?: readonly WorkSpec[] | undefined }): string[] {
  const works: WorkSpec[] = [behaviour, ...(behaviour.routes ?? [])]
  return works.flatMap(work => (work.calls ?? []).map(call => hostOfUrl(call.url)))
}

/** Hosts that a VirtualService sends to, short names completed with its own namespace. */
function destinations(spec: Record<string, unknown>, namespace: string): string[] {
  const hosts: string[] = []
  for (const protocol of ['http', 'tcp', 'tls']) {
    for (const rule of list(spec[protocol])) {
      for (const route of list(record(rule)['route'])) {
        const host = record(record(route)['destination'])['host']
        if (typeof host === 'string') hosts.push(host.includes('.') ? host : `${host}.${namespace}`)
      }
    }
  }
  return hosts
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function strings(value: unknown): Record<string, string> {
  const entries = Object.entries(record(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.fromEntries(entries)
}
