// Probes, restarts and the crash loop of a pod's application.
import { describe, expect, test } from 'vitest'
import { MemoryRecorder } from '../../../simulator/observation/index.ts'
import { loadResources } from '../../../simulator/resources/index.ts'
import { type Pod, World } from '../../../simulator/world/index.ts'

const SECOND = 1_000_000

function start(probes: object, replicas = 1) {
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', ...probes }] } }
  const spec = { replicas, selector: { matchLabels: { app: 'web' } }, template }
  const content = JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec,
  })
  const { resources } = loadResources([{ name: 'mesh.yaml', content }])
  const world = new World({ seed: '1', resources, recorder: new MemoryRecorder({ kinds: [] }) })
  const starts: number[] = []
  const notes: string[] = []
  const healthy = new Map<string, boolean>()
  world.note = what => notes.push(what)
  world.applications = {
    start: () => starts.push(world.engine.now),
    stop: () => {},
    load: () => ({ busy: 0, waiting: 0 }),
    probe: (_pod: Pod, path, answer) => {
      const good = healthy.get(path) ?? true
      if (good) answer(true)
    },
  }
  return { world, starts, notes, healthy, ready: () => world.pod('web-0.default')?.workload.ready }
}

const http = (path: string, more: object = {}) => ({ httpGet: { path, port: 8080 }, ...more })

describe('a readiness probe', () => {
  test('takes the pod out after failureThreshold failures, each a time-out late, and brings it back after one success', () => {
    const mesh = start({ readinessProbe: http('/ready', { periodSeconds: 5 }) })
    mesh.world.engine.runUntil(7 * SECOND)
    mesh.healthy.set('/ready', false)
    // Asked at 10, 15 and 20 s; nobody answers within a second.
    mesh.world.engine.runUntil(20.9 * SECOND)
    expect(mesh.ready()).toBe(true)
    mesh.world.engine.runUntil(21.1 * SECOND)
    expect(mesh.ready()).toBe(false)
    expect(mesh.starts).toEqual([])
    mesh.healthy.set('/ready', true)
    mesh.world.engine.runUntil(25.1 * SECOND)
    expect(mesh.ready()).toBe(true)
  })
})

describe('a liveness probe', () => {
  test('restarts the container, at once the first time and after 10 s and 20 s later', () => {
    const mesh = start({ livenessProbe: http('/live', { periodSeconds: 1, failureThreshold: 1 }) })
    mesh.healthy.set('/live', false)
    mesh.world.engine.runUntil(60 * SECOND)
    // Start takes 0.5 s; the first question comes with it, and its time-out a second later.
    expect(mesh.starts.map(at => at / SECOND)).toEqual([2.5, 14, 35.5])
    expect(mesh.notes.filter(note => note.includes('liveness'))).toHaveLength(4)
  })
})

describe('a startup probe', () => {
  test('holds the others back until it succeeds', () => {
    const mesh = start({
      startupProbe: http('/started', { periodSeconds: 2, failureThreshold: 30 }),
      livenessProbe: http('/live', { periodSeconds: 1, failureThreshold: 1 }),
    })
    mesh.world.crash('web-0.default', 'out of memory')
    mesh.healthy.set('/started', false)
    mesh.healthy.set('/live', false)
    mesh.world.engine.runUntil(20 * SECOND)
    expect(mesh.ready()).toBe(false)
    expect(mesh.starts).toEqual([0.5 * SECOND])
    mesh.healthy.set('/started', true)
    mesh.healthy.set('/live', true)
    mesh.world.engine.runUntil(23 * SECOND)
    expect(mesh.ready()).toBe(true)
  })

  test('restarts a container that never gets up', () => {
    const mesh = start({ startupProbe: http('/started', { periodSeconds: 1, failureThreshold: 2 }) })
    mesh.healthy.set('/started', false)
    mesh.world.crash('web-0.default', 'out of memory')
    mesh.world.engine.runUntil(16 * SECOND)
    expect(mesh.starts.map(at => at / SECOND)).toEqual([0.5, 13])
  })
})

describe('a crash loop', () => {
  test('waits 10 s, 20 s, 40 s, at most 5 min, and is forgiven after 10 min', () => {
    const mesh = start({})
    const waits: number[] = []
    const crash = (): void => {
      const before = mesh.world.engine.now
      const count = mesh.starts.length
      mesh.world.crash('web-0.default', 'panic')
      while (mesh.starts.length === count) mesh.world.engine.runUntil(mesh.world.engine.now + SECOND / 2)
      waits.push((mesh.world.engine.now - before) / SECOND - 0.5)
    }
    for (let i = 0; i < 8; i++) crash()
    expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300])
    mesh.world.engine.runUntil(mesh.world.engine.now + 700 * SECOND)
    crash()
    expect(waits.at(-1)).toBe(0)
    expect(mesh.notes[1]).toBe('web-0.default: panic, CrashLoopBackOff, restarted in 10 s')
  })
})
