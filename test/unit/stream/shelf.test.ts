import { expect, test } from 'vitest'
import { ownShelf } from '../../../simulator/cli/files.ts'
import type { Frame } from '../../../simulator/stream/frame.ts'
import { createFrameSource, type ShelfEntry } from '../../../simulator/stream/index.ts'
import { cardOf } from '../../../simulator/stream/shelf.ts'

const SCENARIO = (title: string, load: string): string => `apiVersion: meshsim.io/v1alpha1
kind: Scenario
metadata: { name: echo }
spec:
  title: ${title}
  duration: 10s
  loads:
    - { name: ${load}, source: curl.default, pattern: { constant: 10 }, requests: [{ url: 'http://echo:80/' }] }
`

const POD = (name: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: default, labels: { app: ${name} } }
spec: { containers: [{ name: main, image: ${name} }] }
`

const MESH = `${POD('curl')}---
${POD('echo')}---
apiVersion: v1
kind: Service
metadata: { name: echo, namespace: default }
spec: { selector: { app: echo }, ports: [{ name: http, port: 80 }] }
`

const ECHO: ShelfEntry = {
  name: 'echo',
  readme: '# An echo\nIt answers\nat once.\n\n**Try**: `curl`.\n\n## 中文\n回声\n它立刻回答。\n',
  file: { name: 'echo/scenario.yaml', content: SCENARIO('Echo', 'calls') },
  beside: [],
  mesh: [{ name: 'echo/mesh/echo.yaml', content: MESH }],
}

const source = () =>
  createFrameSource({ scenario: { name: 'empty', title: 'Empty', duration: '1s' }, files: [] }, [ECHO])

const types = (frames: readonly Frame[]): string[] => frames.map(frame => frame.type)

test('a README becomes a title and paragraphs in both languages', () => {
  expect(cardOf(ECHO)).toEqual({
    name: 'echo',
    en: { title: 'An echo', paragraphs: ['It answers at once.', '**Try**: `curl`.'] },
    zh: { title: '回声', paragraphs: ['它立刻回答。'] },
  })
  const sentence = { ...ECHO, readme: '# An echo\nWords.\n## 中文\n它立刻回答。\n' }
  expect(cardOf(sentence).zh).toEqual({ title: 'An echo', paragraphs: ['它立刻回答。'] })
})

test('every scenario that comes along has a title and words in both languages', () => {
  for (const { en, zh } of ownShelf().map(cardOf)) {
    for (const { title, paragraphs } of [en, zh]) {
      expect(title.length).toBeGreaterThan(1)
      expect(paragraphs.length).toBeGreaterThan(0)
    }
  }
})

test('goes over to a scenario of the shelf, with the seed that was wished', () => {
  const mesh = source()
  const { all } = mesh.command({ do: 'open', scenario: 'echo', seed: '7' })
  expect(types(all)).toEqual(['hello', 'snapshot', 'files'])
  expect(mesh.hello().scenario).toMatchObject({ name: 'echo', title: 'Echo', seed: '7' })
  mesh.runUntil(2_000_000)
  expect(mesh.snapshot().requests.length).toBeGreaterThan(5)
})

test('what is not on the shelf, or cannot be run, leaves the mesh that runs', () => {
  const mesh = source()
  expect(mesh.command({ do: 'open', scenario: 'nothing' })).toEqual({
    all: [],
    asker: [{ type: 'refusal', reason: 'there is no scenario named nothing' }],
  })
  const { all, asker } = mesh.command({
    do: 'begin',
    files: [{ name: 'mine.yaml', content: SCENARIO('Mine', 'calls').replace('10s', 'soon') }],
  })
  expect(all).toEqual([])
  expect(asker).toMatchObject([{ type: 'diagnostics', applied: false, diagnostics: [{ at: { file: 'mine.yaml' } }] }])
  expect(mesh.hello().scenario.name).toBe('empty')
})

test("files of one's own begin a mesh, led by the Scenario among them", () => {
  const mesh = source()
  mesh.command({ do: 'begin', files: ECHO.mesh.slice() })
  expect(mesh.hello().scenario.name).toBe('documents')
  expect(mesh.snapshot().topology.nodes.some(node => node.name === 'echo')).toBe(true)
  mesh.command({ do: 'begin', files: [{ name: 's.yaml', content: SCENARIO('Mine', 'mine') }, ...ECHO.mesh] })
  expect(mesh.hello().scenario.title).toBe('Mine')
  mesh.runUntil(1_000_000)
  expect(mesh.snapshot().requests[0]?.load).toBe('mine')
})
