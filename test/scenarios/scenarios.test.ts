// Every scenario that we ship holds what it promises, and its report is the same text each time.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createSimulation, loadScenario, MemoryRecorderOf, reportOf, runScenario } from './support.ts'

const ROOT = fileURLToPath(new URL('../../scenarios', import.meta.url))

function read(name: string) {
  const dir = join(ROOT, name)
  const mesh = join(dir, 'mesh')
  const text = (path: string) => readFileSync(path, 'utf8')
  // What the timeline applies lies beside the scenario.
  const beside = readdirSync(dir)
    .filter(file => file.endsWith('.yaml') && file !== 'scenario.yaml')
    .map(file => ({ name: file, content: text(join(dir, file)) }))
  const own = { name: 'scenario.yaml', content: text(join(dir, 'scenario.yaml')) }
  const { scenario, diagnostics } = loadScenario(own, beside)
  expect(diagnostics).toEqual([])
  const files = readdirSync(mesh)
    .sort((a, b) => (a < b ? -1 : 1))
    .map(file => ({ name: file, content: text(join(mesh, file)) }))
  return { scenario: scenario!, files }
}

describe('our scenarios', () => {
  test.each(readdirSync(ROOT).filter(name => existsSync(join(ROOT, name, 'scenario.yaml'))))('%s holds', name => {
    const { report, diagnostics } = runScenario(read(name))
    expect(diagnostics.filter(d => d.level === 'error')).toEqual([])
    expect(report?.expectations.filter(verdict => !verdict.ok)).toEqual([])
    expect(existsSync(join(ROOT, name, 'README.md'))).toBe(true)
  })
})

describe('a run of bookinfo', () => {
  const SECONDS = 6
  const END = SECONDS * 1_000_000

  function fingerprint(seed: string, parts: number, watched: boolean): string {
    const recorder = watched ? { recorder: MemoryRecorderOf() } : {}
    const { simulation } = createSimulation({ ...read('bookinfo'), seed, ...recorder })
    for (let part = 1; part <= parts; part++) simulation!.runUntil(Math.floor((END * part) / parts))
    return `${simulation!.fingerprint()} ${JSON.stringify(reportOf(simulation!, []))}`
  }

  test('is the same in one piece, in 60, and with a viewer attached', () => {
    const whole = fingerprint('1', 1, false)
    expect(fingerprint('1', 60, false)).toBe(whole)
    expect(fingerprint('1', 1, true)).toBe(whole)
  })

  test('is another with another seed', () => {
    expect(fingerprint('2', 1, false)).not.toBe(fingerprint('1', 1, false))
  })

  test('goes on with the last good mesh when an apply has an error', () => {
    const { simulation } = createSimulation(read('bookinfo'))
    simulation!.runUntil(1_000_000)
    const before = simulation!.world.snapshot
    const bad = { name: 'bad.yaml', content: 'apiVersion: networking.istio.io/v1\nkind: VirtualService\nspec: 3\n' }
    expect(simulation!.applyFiles([bad]).some(d => d.level === 'error')).toBe(true)
    simulation!.runUntil(2_000_000)
    expect(simulation!.world.snapshot).toBe(before)
    expect(simulation!.marks).toEqual([])
  })
})
