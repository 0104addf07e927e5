// Deployments and StatefulSets in time.
import { describe, expect, test } from 'vitest'
import { MemoryRecorder } from '../../../simulator/observation/index.ts'
import { loadResources } from '../../../simulator/resources/index.ts'
import { World } from '../../../simulator/world/index.ts'

const SECOND = 1_000_000

const read = (content: string) => loadResources([{ name: 'mesh.yaml', content }]).resources

function workload(kind: string, replicas: number, version: string, more = '{}', strategy = '{}'): string {
  const template = {
    metadata: { labels: { app: 'web', version } },
    spec: { containers: [{ name: 'app', ...JSON.parse(more) }] },
  }
  const selector = { matchLabels: { app: 'web' } }
  const spec = { replicas, strategy: JSON.parse(strategy), selector, template }
  return JSON.stringify({ apiVersion: 'apps/v1', kind, metadata: { name: 'web', namespace: 'default' }, spec })
}

function start(text: string) {
  const world = new World({ seed: '1', resources: read(text), recorder: new MemoryRecorder({ kinds: [] }) })
  const pods = () => [...world.pods.values()].map(pod => pod.workload)
  return {
    world,
    pods,
    ready: () => pods().filter(pod => pod.ready).length,
    apply: (next: string) => world.apply({ upsert: read(next) }),
    /** Runs on in steps and gives the least and most that `figure` was. */
    watch(until: number, figure: () => number): { least: number; most: number } {
      let [least, most] = [figure(), figure()]
      while (world.engine.now < until) {
        world.engine.runUntil(world.engine.now + 50_000)
        least = Math.min(least, figure())
        most = Math.max(most, figure())
      }
      return { least, most }
    },
  }
}

describe('a Deployment', () => {
  test('is rolled within maxSurge and maxUnavailable', () => {
    const strategy = '{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0}}'
    const mesh = start(workload('Deployment', 3, 'v1', '{}', strategy))
    mesh.apply(workload('Deployment', 3, 'v2', '{}', strategy))
    expect(mesh.watch(60 * SECOND, mesh.ready)).toEqual({ least: 3, most: 4 })
    expect(mesh.pods().map(pod => pod.labels['version'])).toEqual(['v2', 'v2', 'v2'])
    expect(mesh.world.rolledOut('web', 'default')).toBe(true)
  })

  test('Recreate ends all before it begins any', () => {
    const strategy = '{"type":"Recreate"}'
    const mesh = start(workload('Deployment', 2, 'v1', '{}', strategy))
    mesh.apply(workload('Deployment', 2, 'v2', '{}', strategy))
    expect(mesh.watch(30 * SECOND, mesh.ready).least).toBe(0)
    expect(mesh.pods().map(pod => pod.labels['version'])).toEqual(['v2', 'v2'])
  })

  test('scales both ways, and replaces a pod that dies', () => {
    const mesh = start(workload('Deployment', 1, 'v1'))
    mesh.apply(workload('Deployment', 3, 'v1'))
    mesh.world.engine.runUntil(10 * SECOND)
    expect(mesh.ready()).toBe(3)
    mesh.world.setWorkload({ id: 'web-0.default', killed: true })
    mesh.world.engine.runUntil(20 * SECOND)
    expect(mesh.ready()).toBe(3)
    expect(mesh.world.pod('web-0.default')).toBeNull()
    mesh.apply(workload('Deployment', 1, 'v1'))
    mesh.world.engine.runUntil(30 * SECOND)
    expect(mesh.pods()).toHaveLength(1)
  })

  test('a pod that is deleted leaves the endpoints at once and lives through its preStop hook', () => {
    const hook = '{"lifecycle":{"preStop":{"exec":{"command":["/bin/sh","-c","sleep 5"]}}}}'
    const mesh = start(workload('Deployment', 1, 'v1', hook))
    mesh.apply(workload('Deployment', 0, 'v1', hook))
    mesh.world.engine.runUntil(4 * SECOND)
    expect(mesh.pods().map(pod => [pod.ready, pod.terminating])).toEqual([[false, true]])
    mesh.world.engine.runUntil(6 * SECOND)
    expect(mesh.pods()).toEqual([])
  })

  test('gets no pod while the injection webhook does not answer', () => {
    const mesh = start(workload('Deployment', 1, 'v1'))
    mesh.world.controlPlane.outage(true)
    mesh.apply(workload('Deployment', 2, 'v1'))
    mesh.world.engine.runUntil(20 * SECOND)
    expect(mesh.pods()).toHaveLength(1)
    mesh.world.controlPlane.outage(false)
    mesh.world.engine.runUntil(60 * SECOND)
    expect(mesh.ready()).toBe(2)
  })
})

describe('a StatefulSet', () => {
  test('is updated one at a time, from the last ordinal on, under the same names', () => {
    const mesh = start(workload('StatefulSet', 3, 'v1'))
    mesh.apply(workload('StatefulSet', 3, 'v2'))
    expect(mesh.watch(60 * SECOND, mesh.ready)).toEqual({ least: 2, most: 3 })
    expect(
      mesh
        .pods()
        .map(pod => `${pod.name} ${pod.labels['version']}`)
        .sort(),
    ).toEqual(['web-0 v2', 'web-1 v2', 'web-2 v2'])
  })
})

describe('a HorizontalPodAutoscaler', () => {
  const REQUEST = '{"resources":{"requests":{"cpu":"1"}}}'
  const scaler = JSON.stringify({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 1,
      maxReplicas: 6,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
    },
  })

  test('scales up by use, within its bounds, and down after its window', () => {
    const mesh = start(`${workload('Deployment', 1, 'v1', REQUEST)}\n---\n${scaler}`)
    let busy = 4
    // Work is shared by the pods that are ready.
    mesh.world.applications = {
      start: () => {},
      stop: () => {},
      load: () => ({ busy: busy / Math.max(1, mesh.ready()), waiting: 0 }),
    }
    mesh.world.engine.runUntil(60 * SECOND)
    expect(mesh.ready()).toBe(6)
    busy = 0
    mesh.world.engine.runUntil(200 * SECOND)
    expect(mesh.ready()).toBe(6)
    mesh.world.engine.runUntil(420 * SECOND)
    expect(mesh.ready()).toBe(1)
  })
})
