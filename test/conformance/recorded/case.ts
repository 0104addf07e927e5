// A recorded case as its file has it, and the world that it describes.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Recorder } from '../../../simulator/observation/types.ts'
import type { Workload } from '../../../simulator/registry/types.ts'
import { loadResources, mergeMeshConfig } from '../../../simulator/resources/index.ts'
import { World } from '../../../simulator/world/index.ts'

export interface Behaviour {
  delay_ms?: number
  status?: number
  fail_first?: number
  fail_every?: number
  fail_prob?: number
  fail_status?: number
  reset?: boolean
  reset_first?: number
  grpc_status?: number
  headers?: Record<string, string>
  body?: string
  calls?: string[]
  call_timeout_ms?: number
  call_attempts?: number
  call_error_status?: number
  forward?: string[]
}

export interface CaseWorkload {
  name: string
  namespace?: string
  ip: string
  serviceAccount?: string
  labels?: Record<string, string>
  locality?: string | { region?: string; zone?: string; subzone?: string }
  ports?: { port: number; protocol?: string; name?: string; hosts?: string[] }[]
  sidecar?: boolean
  gateway?: boolean
  external?: boolean
  notReady?: boolean
  vm?: boolean
  hosts?: string[]
  behaviour?: Behaviour
}

export interface Traffic {
  from: string
  method?: string
  url: string
  headers?: Record<string, string>
  host?: string
  body?: string
  requests?: number
  concurrency?: number
  interval_ms?: number
  new_conn?: boolean
  http2?: boolean
  timeout_ms?: number
  each?: { header?: string; query?: string; path?: boolean; method?: boolean; host?: boolean; values: unknown[] }
  via?: string
  resolve?: Record<string, string>
  tls?: { sni?: string; cert?: string; key?: string; alpn?: string[] }
  grpc?: boolean
  websocket?: boolean
  send?: string
  recv_only?: boolean
  linger_ms?: number
}

export type Observed = { [key: string]: unknown }

export interface Step {
  note?: string
  wait_ms?: number
  after_ms?: number
  behaviour?: Record<string, Behaviour>
  traffic?: Traffic
  observed?: Observed
  compare?: string
  varies?: string[]
  detail?: string[]
}

export interface Case {
  name: string
  mesh?: Record<string, unknown>
  resources: string
  addresses?: Record<string, string>
  dns?: Record<string, string>
  workloads: CaseWorkload[]
  steps: Step[]
}

/** The moment at which the recordings' objects were created: any fixed one will do, order is what counts. */
const CREATED = 1_795_392_000

/** Istio's objects were created one second apart; those of Kubernetes carry no creation time, so they are older. */
const createdAt = (apiVersion: string, index: number): number =>
  apiVersion.includes('istio.io/') ? CREATED + index : 0

/** Reads a case's file. */
export function readCase(file: string): Case {
  const found = parse(readFileSync(file, 'utf8'), { maxAliasCount: -1 }) as Case
  return { ...found, workloads: found.workloads ?? [], steps: found.steps ?? [] }
}

/** The case's mesh, at its start. */
export function buildWorld(c: Case, seed: string, recorder: Recorder): World {
  // the recorded meshes were given to istiod as files
  const { resources } = loadResources([{ name: 'resources', content: c.resources ?? '' }], { reader: 'istiod' })
  const created = resources.map((r, i) => ({
    ...r,
    metadata: { ...r.metadata, creationTimestamp: r.metadata.creationTimestamp ?? createdAt(r.apiVersion, i) },
    locate: r.locate,
  }))
  const inside = c.workloads.filter(w => w.external !== true)
  const outside = c.workloads.filter(w => w.external === true)
  return new World({
    seed,
    resources: created,
    meshConfig: mergeMeshConfig(c.mesh ?? {}),
    workloads: inside.map(workloadOf),
    clusterIps: new Map(Object.entries(c.addresses ?? {})),
    dns: new Map(Object.entries(c.dns ?? {})),
    externalHosts: outside.map(w => ({ name: w.name, ip: w.ip, hosts: w.hosts ?? [] })),
    // The recordings' network answers for addresses that nobody has (no route to host).
    network: { unreachableAfter: 1_000 },
    epochSeconds: CREATED,
    recorder,
  })
}

/** Id of a workload's pod in the world. */
export function podId(w: CaseWorkload): string {
  return w.external === true ? w.name : `${w.name}.${w.namespace ?? 'default'}`
}

function workloadOf(w: CaseWorkload): Workload {
  const labels = w.labels ?? { app: w.name }
  return {
    name: w.name,
    namespace: w.namespace ?? 'default',
    ip: w.ip,
    labels,
    serviceAccount: w.serviceAccount ?? labels.app ?? w.name,
    containerPorts: (w.ports ?? []).map(p => ({ name: p.name ?? '', port: p.port, protocol: 'TCP' })),
    locality: localityOf(w.locality),
    ready: w.notReady !== true,
    terminating: false,
    sidecar: w.sidecar === true,
    gateway: w.gateway === true,
    node: '',
  }
}

function localityOf(locality: CaseWorkload['locality']): Workload['locality'] {
  if (typeof locality === 'object' && locality !== null) {
    return { region: locality.region ?? '', zone: locality.zone ?? '', subzone: locality.subzone ?? '' }
  }
  const [region = '', zone = '', subzone = ''] = (locality ?? '').split('/')
  return { region, zone, subzone }
}
