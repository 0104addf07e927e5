// istiod and its proxies in time: what reaches whom when, and what the proxies do meanwhile.
import { describe, expect, test } from 'vitest'
import { MemoryRecorder } from '../../../simulator/observation/index.ts'
import { loadResources } from '../../../simulator/resources/index.ts'
import { World } from '../../../simulator/world/index.ts'
import type { PushSpec } from '../../../simulator/world/types.ts'

const MS = 1_000
const SECOND = 1_000_000

const MESH = `
apiVersion: v1
kind: Service
metadata: { name: reviews, namespace: default }
spec: { selector: { app: reviews }, ports: [{ name: http, port: 9080 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: reviews, namespace: default, labels: { app: reviews, version: v1 } }
spec: { containers: [{ name: app, ports: [{ containerPort: 9080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: client, namespace: default, labels: { app: client } }
spec: { containers: [{ name: app }] }
`
const RULE = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews, namespace: default }
spec: { host: reviews, subsets: [{ name: v1, labels: { version: v1 } }] }
`

const read = (content: string) => loadResources([{ name: 'mesh.yaml', content }]).resources

function start(push: PushSpec = {}, seed = '1') {
  const recorder = new MemoryRecorder()
  const world = new World({ seed, resources: read(MESH), recorder, push })
  recorder.clear()
  return { world, recorder, apply: (text: string) => world.apply({ upsert: read(text) }) }
}

const clusterNames = (world: World, pod: string) => world.configuration(pod)!.clusters.map(c => c.name)

describe('the control plane', () => {
  test('pushes after the quiet period; the proxy acts on the old configuration until then', () => {
    const { world, recorder, apply } = start()
    apply(RULE)
    world.engine.runUntil(100 * MS)
    expect(clusterNames(world, 'client.default')).not.toContain('outbound|9080|v1|reviews.default.svc.cluster.local')
    world.engine.runUntil(110 * MS)
    expect(clusterNames(world, 'client.default')).toContain('outbound|9080|v1|reviews.default.svc.cluster.local')
    const push = recorder.of('push').find(p => p.proxy === 'client.default')
    expect(push?.types).toEqual(['CDS', 'EDS', 'LDS', 'RDS'])
    expect(push!.convergence).toBeGreaterThan(100 * MS)
    expect(push!.convergence).toBeLessThan(110 * MS)
  })

  test('a new cluster warms until its endpoints arrive', () => {
    const { world, recorder, apply } = start()
    apply(RULE)
    world.engine.runUntil(SECOND)
    const acks = recorder.of('xds').filter(r => r.proxy === 'client.default' && r.step === 'acked')
    expect(acks[0]?.type).toBe('CDS')
    expect(acks[0]?.warming).toContain('outbound|9080|v1|reviews.default.svc.cluster.local')
    expect(acks[1]?.type).toBe('EDS')
  })

  test('an update that says nothing new starts nothing', () => {
    const { world, recorder, apply } = start()
    apply(RULE)
    world.engine.runUntil(SECOND)
    recorder.clear()
    apply(RULE)
    world.engine.runUntil(2 * SECOND)
    expect(recorder.observations).toEqual([])
  })

  test('a refused resource keeps its old form, the rest goes on, and proxy-status says ERROR', () => {
    const { world, recorder, apply } = start()
    apply(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: default }
spec:
  hosts: [reviews]
  http: [{ match: [{ uri: { regex: "(" } }], route: [{ destination: { host: reviews } }] }]
`)
    world.engine.runUntil(SECOND)
    const nack = recorder.of('xds').find(r => r.proxy === 'client.default' && r.step === 'nacked')
    expect(nack?.type).toBe('RDS')
    expect(nack?.error).toContain('9080')
    const status = world.controlPlane.status().find(s => s.name === 'client.default')
    expect(status?.types.RDS.status).toBe('ERROR')
    expect(status?.types.CDS.status).toBe('SYNCED')
    expect(world.configuration('client.default')!.routes.some(r => r.name === '9080')).toBe(true)
  })

  test('without istiod proxies keep what they have, and catch up when it is back', () => {
    const { world, apply } = start()
    world.controlPlane.outage(true)
    apply(RULE)
    world.engine.runUntil(60 * SECOND)
    expect(clusterNames(world, 'client.default')).not.toContain('outbound|9080|v1|reviews.default.svc.cluster.local')
    expect(world.controlPlane.status()[0]?.istiod).toBe('')
    world.controlPlane.outage(false)
    world.engine.runUntil(120 * SECOND)
    expect(clusterNames(world, 'client.default')).toContain('outbound|9080|v1|reviews.default.svc.cluster.local')
    expect(world.controlPlane.status().every(s => s.istiod === 'istiod-0')).toBe(true)
  })

  test('a slow istiod takes longer to reach everybody', () => {
    const reach = (factor: number) => {
      const { world, recorder, apply } = start()
      world.controlPlane.slow(factor)
      apply(RULE)
      world.engine.runUntil(60 * SECOND)
      return Math.max(...recorder.of('push').map(p => p.convergence))
    }
    expect(reach(1_000)).toBeGreaterThan(reach(1) + 100 * MS)
  })

  test('a partition holds a push back and heals', () => {
    const { world, apply } = start()
    world.controlPlane.partition(new Set(['client.default']), true)
    apply(RULE)
    world.engine.runUntil(10 * SECOND)
    expect(world.controlPlane.status().find(s => s.name === 'client.default')?.types.CDS.status).toBe('STALE')
    expect(clusterNames(world, 'client.default')).not.toContain('outbound|9080|v1|reviews.default.svc.cluster.local')
    world.controlPlane.partition(new Set(['client.default']), false)
    world.engine.runUntil(11 * SECOND)
    expect(clusterNames(world, 'client.default')).toContain('outbound|9080|v1|reviews.default.svc.cluster.local')
  })

  test('several replicas share the proxies; those of a dead one go to the others', () => {
    const { world } = start({ replicas: 2 })
    expect(new Set(world.controlPlane.status().map(s => s.istiod))).toEqual(new Set(['istiod-0', 'istiod-1']))
    world.controlPlane.scale(1)
    world.engine.runUntil(30 * SECOND)
    expect(new Set(world.controlPlane.status().map(s => s.istiod))).toEqual(new Set(['istiod-0']))
  })
})
