// The benchmark: a workload through the whole simulated data path (client's sidecar, server's sidecar, routes,
// balancers, timeouts, retries), nothing short-cut. The core has no clock, so wall and CPU time are measured by
// whoever calls. The row has the fields that the floors and peers print beside it.
import { invariant } from '../engine/index.ts'
import type { Observation, Recorder } from '../observation/types.ts'
import { loadResources } from '../resources/index.ts'
import { Application } from '../world/apps/index.ts'
import { type Pod, World } from '../world/index.ts'
import { LoadGenerator } from '../world/load/index.ts'
import { AllocationMeter, heapPerRequest } from './memory.ts'
import { behaviourOf, meshYaml, PORT, WORKLOADS, type WorkloadName } from './workloads.ts'

export { configDocuments } from './config.ts'
export { runFloor } from './floor.ts'
export { type PushBenchRow, runPushBench } from './push.ts'
export { runTranslateBench, type TranslateBenchRow } from './translate.ts'
export type { WorkloadName } from './workloads.ts'

/** One line of the benchmark. Times in seconds; `retries` and `failed` per request. */
export interface BenchRow {
  engine: string
  workload: WorkloadName
  requests: number
  /** Requests served by services. */
  hops: number
  events: number
  wall: number
  cpu: number
  /** Mean wait for a worker, and what theory says. */
  wait: number
  theory: number | undefined
  latency: number
  retries: number
  failed: number
  /** Bytes that serving one hop allocates, and live bytes that one request under way holds; the floor is not asked. */
  bytesPerHop?: number
  heapPerRequest?: number
}

/** Time spent so far, in seconds, and bytes of heap in use; with `collect` garbage is collected before. */
export type Measure = (collect?: boolean) => { wall: number; cpu: number; heap: number }

/** When the mesh has its configuration and the load begins. */
const LOAD_START_SECONDS = 10

export function isWorkload(name: string): name is WorkloadName {
  return name === 'chain' || name === 'mesh'
}

/** Runs until `requests` requests have ended. Only the event loop is measured, not the building of the mesh. */
export function runBench(name: WorkloadName, requests: number, seed: string, measure: Measure): BenchRow {
  const workload = WORKLOADS[name]
  const loaded = loadResources([{ name: `${name}.yaml`, content: meshYaml(workload) }])
  const wrong = loaded.diagnostics.find(diagnostic => diagnostic.level === 'error')
  invariant(wrong === undefined, 'the benchmark has a broken mesh', { diagnostic: wrong?.message })
  const tally = new Tally()
  const world = new World({
    seed,
    resources: loaded.resources,
    recorder: tally,
    network: { betweenPods: '0s', toSidecar: '0s' },
    proxyDelay: '0s',
  })
  const { engine: scheduler, tree } = world
  const apps: Application[] = []
  const resolve = (host: string) => world.resolve(host, 'default')
  for (const service of workload.services) {
    for (let replica = 0; replica < service.replicas; replica++) {
      const pod = podOf(world, `${service.name}-${replica}.default`)
      const app = new Application({
        scheduler,
        tree,
        recorder: tally,
        network: pod.network,
        resolve,
        name: service.name,
        pod: pod.id,
        behaviour: behaviourOf(service),
      })
      pod.listen(PORT, app)
      apps.push(app)
    }
  }
  const client = podOf(world, 'client-0.default')
  let traceId = 0
  let ended = 0
  let failed = 0
  let latencyUs = 0
  const allocation = new AllocationMeter(measure)
  const load = new LoadGenerator({
    scheduler,
    tree,
    network: client.network,
    resolve,
    recorder: tally,
    spec: {
      name: 'bench',
      source: client.id,
      requests: [{ url: `http://${workload.root}:${PORT}/` }],
      pattern: { poisson: workload.rate },
      start: `${LOAD_START_SECONDS}s`,
      timeout: 'none',
    },
    nextTraceId: () => ++traceId,
    onFinished: (status, start) => {
      latencyUs += scheduler.now - start
      if (status !== 200) failed++
      allocation.look(tally.begun)
      if (++ended === requests) world.engine.stop()
    },
  })
  load.start()
  const before = measure()
  world.engine.runUntil(Number.MAX_SAFE_INTEGER)
  const after = measure()
  // Every attempt arrives somewhere; what arrives more often than it was called for was sent again by a proxy.
  const arrived = apps.reduce((sum, app) => sum + app.arrived, 0)
  const called = apps.reduce((sum, app) => sum + app.called, load.sent)
  const row: BenchRow = {
    engine: 'meshsim',
    workload: name,
    requests: ended,
    hops: tally.begun,
    events: world.engine.eventsRun,
    wall: after.wall - before.wall,
    cpu: after.cpu - before.cpu,
    wait: tally.waitUs / tally.begun / 1e6,
    theory: workload.theory,
    latency: latencyUs / ended / 1e6,
    retries: (arrived - called) / ended,
    failed: failed / ended,
    bytesPerHop: allocation.bytesPerHop,
  }
  return { ...row, heapPerRequest: heapPerRequest(world.engine, load, measure) }
}

function podOf(world: World, id: string): Pod {
  const pod = world.pod(id)
  invariant(pod !== null, 'the benchmark misses a pod', { id })
  return pod
}

/** Counts what was served and keeps nothing. */
class Tally implements Recorder {
  begun = 0
  waitUs = 0

  wants(kind: Observation['kind']): boolean {
    return kind === 'served'
  }

  wantsTrail(): boolean {
    return false
  }

  record(observation: Observation): void {
    if (observation.kind !== 'served') return
    this.begun++
    this.waitUs += observation.begun - observation.start
  }
}
