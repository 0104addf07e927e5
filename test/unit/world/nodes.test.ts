// Nodes: scheduling, cordon and drain, budgets, loss with Kubernetes' own delays, DaemonSets.
import { describe, expect, test } from 'vitest'
import { MemoryRecorder } from '../../../simulator/observation/index.ts'
import { loadResources } from '../../../simulator/resources/index.ts'
import { World } from '../../../simulator/world/index.ts'

const SECOND = 1_000_000

const node = (name: string, zone: string, room: object = {}, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'topology.kubernetes.io/zone': zone, 'topology.kubernetes.io/region': 'north' } },
  spec,
  status: { allocatable: room },
})

const workload = (kind: string, name: string, replicas: number, spec: object = {}, version = 'v1') => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace: 'default' },
  spec: {
    ...(kind === 'DaemonSet' ? {} : { replicas }),
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name, version } }, spec: { containers: [{ name: 'app' }], ...spec } },
  },
})

const budget = (spec: object) => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
})

const read = (documents: readonly object[]) =>
  loadResources([{ name: 'mesh.yaml', content: documents.map(d => JSON.stringify(d)).join('\n---\n') }]).resources

function start(...documents: object[]) {
  const world = new World({ seed: '1', resources: read(documents), recorder: new MemoryRecorder({ kinds: [] }) })
  const notes: string[] = []
  world.note = what => notes.push(what)
  const pods = () => [...world.pods.values()].map(pod => pod.workload)
  return {
    world,
    notes,
    /** `pod on node`, by name. */
    places: () =>
      pods()
        .filter(pod => !pod.terminating)
        .map(pod => `${pod.name} ${pod.node}`)
        .sort(),
    ready: () => pods().filter(pod => pod.ready).length,
    run: (seconds: number) => world.engine.runUntil(seconds * SECOND),
  }
}

describe('the scheduler', () => {
  test('spreads pods over zones and nodes, and gives them the place of their node', () => {
    const mesh = start(node('a1', 'a'), node('a2', 'a'), node('b1', 'b'), workload('Deployment', 'web', 4))
    expect(mesh.places()).toEqual(['web-0 a1', 'web-1 b1', 'web-2 a2', 'web-3 b1'])
    expect(mesh.world.pod('web-1.default')?.workload.locality).toEqual({ region: 'north', zone: 'b', subzone: '' })
  })

  test('heeds selectors, taints, cordons and room; a pod without a node waits and the reason is told', () => {
    const wanted = {
      nodeSelector: { 'topology.kubernetes.io/zone': 'b' },
      containers: [{ name: 'app', resources: { requests: { cpu: '600m' } } }],
    }
    const taint = { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] }
    const mesh = start(
      node('a1', 'a'),
      node('b1', 'b', { cpu: '1' }),
      node('b2', 'b', {}, taint),
      node('b3', 'b', {}, { unschedulable: true }),
      workload('Deployment', 'web', 2, wanted),
    )
    mesh.run(5)
    expect(mesh.places()).toEqual(['web-0 b1'])
    expect(mesh.notes).toEqual([
      "web-1.default: FailedScheduling: 0/4 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 Insufficient cpu, 1 node(s) had untolerated taint {gpu: yes}, 1 node(s) were unschedulable",
    ])
    mesh.world.nodeEvents.cordon('b3', false)
    mesh.run(10)
    expect(mesh.places()).toEqual(['web-0 b1', 'web-1 b3'])
    expect(mesh.ready()).toBe(2)
  })
})

describe('a drain', () => {
  test('evicts one by one as the budget allows, and leaves DaemonSets alone', () => {
    const mesh = start(
      node('a1', 'a'),
      workload('Deployment', 'web', 3),
      workload('DaemonSet', 'agent', 0),
      budget({ minAvailable: 2 }),
    )
    mesh.world.apply({ upsert: read([node('b1', 'b')]) })
    mesh.run(5)
    mesh.world.nodeEvents.drain('a1', { force: false, disableEviction: false })
    let least = 4
    while (mesh.world.engine.now < 60 * SECOND) {
      mesh.world.engine.runUntil(mesh.world.engine.now + SECOND / 10)
      least = Math.min(least, mesh.ready() - 2)
    }
    expect(least).toBe(2)
    expect(mesh.places()).toEqual(['agent-0 a1', 'agent-1 b1', 'web-3 b1', 'web-4 b1', 'web-5 b1'])
    expect(mesh.notes[0]).toMatch(
      /^drain a1: web-1.default: Cannot evict pod .* budget web: needs 2 healthy pods and has 2/,
    )
    expect(mesh.notes.at(-1)).toBe('node a1 drained')
  })

  test('never ends when the budget allows nothing, unless eviction is disabled', () => {
    const mesh = start(
      node('a1', 'a'),
      node('b1', 'b'),
      workload('Deployment', 'web', 1),
      budget({ maxUnavailable: 0 }),
    )
    mesh.world.nodeEvents.drain('a1', { force: false, disableEviction: false })
    mesh.run(300)
    expect(mesh.places()).toEqual(['web-0 a1'])
    mesh.world.nodeEvents.drain('a1', { force: false, disableEviction: true })
    mesh.run(340)
    expect(mesh.places()).toEqual(['web-1 b1'])
  })
})

describe('a node that loses its power', () => {
  const tolerant = {
    tolerations: [
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 },
    ],
  }

  test('is found out after 50 s, and its pods are replaced when they tolerate it no longer', () => {
    const mesh = start(
      node('a1', 'a'),
      node('b1', 'b'),
      workload('Deployment', 'web', 2),
      workload('Deployment', 'quick', 2, tolerant),
      workload('StatefulSet', 'store', 2, tolerant),
    )
    mesh.world.nodeEvents.lose('a1')
    mesh.run(49)
    expect(mesh.ready()).toBe(6)
    mesh.run(51)
    expect(mesh.ready()).toBe(3)
    mesh.run(79)
    expect(mesh.places()).toHaveLength(6)
    mesh.run(90)
    // A StatefulSet waits until somebody says that its pod has really gone.
    expect(mesh.places().filter(place => place.endsWith('b1'))).toEqual([
      'quick-1 b1',
      'quick-2 b1',
      'store-1 b1',
      'web-1 b1',
    ])
    expect(mesh.ready()).toBe(4)
    mesh.run(360)
    expect(mesh.places().filter(place => place.endsWith('b1'))).toContain('web-2 b1')
  })
})

describe('a DaemonSet', () => {
  test('has a pod on each node that admits it, and is rolled one node at a time', () => {
    const tainted = { taints: [{ key: 'gpu', value: '', effect: 'NoSchedule' }] }
    const mesh = start(
      node('a1', 'a'),
      node('b1', 'b'),
      node('c1', 'c', {}, tainted),
      workload('DaemonSet', 'agent', 0),
    )
    expect(mesh.places()).toEqual(['agent-0 a1', 'agent-1 b1'])
    mesh.world.apply({ upsert: read([workload('DaemonSet', 'agent', 0, {}, 'v2')]) })
    let least = 2
    while (mesh.world.engine.now < 30 * SECOND) {
      mesh.world.engine.runUntil(mesh.world.engine.now + SECOND / 10)
      least = Math.min(least, mesh.ready())
    }
    expect(least).toBe(1)
    expect(mesh.places()).toEqual(['agent-2 a1', 'agent-3 b1'])
    expect(mesh.world.rolledOut('agent', 'default')).toBe(true)
  })
})
