// The control plane under change: 1,000 services in 100 namespaces, 5,000 sidecars, each seeing its own namespace (as in
// Istio's published scale test), through a row of endpoint changes. Nothing is short-cut: snapshot, keys, queue, streams,
// Envoy's client and its acknowledgements.
import { type EventHandler, invariant } from '../engine/index.ts'
import { LatencyHistogram, type Observation, type Recorder } from '../observation/index.ts'
import { loadResources } from '../resources/index.ts'
import { World } from '../world/index.ts'
import type { Measure } from './index.ts'

export interface PushBenchRow {
  engine: string
  workload: 'push'
  services: number
  proxies: number
  changes: number
  /** Responses that reached a proxy. */
  pushes: number
  events: number
  /** Seconds for the changes alone, and for building the mesh before them. */
  wall: number
  cpu: number
  build: number
  /** From a change until a proxy holds it, virtual milliseconds. */
  convergence: { p50: number; p99: number; max: number }
}

const NAMESPACES = 100
const SERVICES = 10
const REPLICAS = 5
/** Virtual time between two changes: each is a push of its own. */
const GAP = 150_000

/** `changes`: pods that become not ready, and later ready again, one after the other. */
export function runPushBench(changes: number, seed: string, measure: Measure): PushBenchRow {
  const begin = measure()
  const loaded = loadResources([{ name: 'push.yaml', content: meshYaml() }])
  const wrong = loaded.diagnostics.find(diagnostic => diagnostic.level === 'error')
  invariant(wrong === undefined, 'the benchmark has a broken mesh', { diagnostic: wrong?.message })
  const recorder = new Convergence()
  const world = new World({ seed, resources: loaded.resources, recorder })
  recorder.histogram = new LatencyHistogram()
  recorder.pushes = 0
  const ids = [...world.pods.keys()]
  const source: EventHandler = {
    onEvent: (_kind, subject) => {
      const i = subject as number
      // A stride that is prime to the number of pods: neighbours in time are far apart in the mesh.
      const id = ids[(Math.floor(i / 2) * 1_237) % ids.length]!
      world.setWorkload({ id, ready: i % 2 === 1 })
    },
  }
  for (let i = 0; i < changes; i++) world.engine.schedule(GAP * (i + 1), source, 0, i)
  const before = measure()
  world.engine.runUntil(GAP * (changes + 1) + 10_000_000)
  const after = measure()
  const { histogram } = recorder
  return {
    engine: 'meshsim',
    workload: 'push',
    services: NAMESPACES * SERVICES,
    proxies: ids.length,
    changes,
    pushes: recorder.pushes,
    events: world.engine.eventsRun,
    wall: after.wall - before.wall,
    cpu: after.cpu - before.cpu,
    build: before.wall - begin.wall,
    convergence: {
      p50: histogram.percentile(50) / 1_000,
      p99: histogram.percentile(99) / 1_000,
      max: histogram.maxUs / 1_000,
    },
  }
}

class Convergence implements Recorder {
  histogram = new LatencyHistogram()
  pushes = 0

  wants(kind: Observation['kind']): boolean {
    return kind === 'push'
  }

  wantsTrail(): boolean {
    return false
  }

  record(observation: Observation): void {
    if (observation.kind !== 'push') return
    this.pushes++
    this.histogram.add(observation.convergence)
  }
}

function meshYaml(): string {
  const documents: object[] = []
  for (let n = 0; n < NAMESPACES; n++) {
    const namespace = `team-${n}`
    documents.push({
      apiVersion: 'networking.istio.io/v1',
      kind: 'Sidecar',
      metadata: { name: 'own', namespace },
      spec: { egress: [{ hosts: ['./*'] }] },
    })
    for (let s = 0; s < SERVICES; s++) {
      const name = `svc-${s}`
      const template = {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'app', ports: [{ containerPort: 8080 }] }] },
      }
      documents.push(
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name, namespace },
          spec: { selector: { app: name }, ports: [{ name: 'http', port: 8080 }] },
        },
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name, namespace },
          spec: { replicas: REPLICAS, selector: { matchLabels: { app: name } }, template },
        },
      )
    }
  }
  return documents.map(document => JSON.stringify(document)).join('\n---\n')
}
