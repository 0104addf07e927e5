import { describe, expect, it } from 'vitest'
import { loadResources } from '../../../simulator/resources/index.ts'

const load = (content: string) => loadResources([{ name: 'a.yaml', content }])

const head = 'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n  hosts: [a]\n'

describe('loading resources', () => {
  it('brings snake_case fields and enum numbers to the canonical form but not the keys of maps', () => {
    const { resources, diagnostics } = load(
      'apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\nspec:\n  host: a\n  traffic_policy: {load_balancer: {simple: 4}}\n  subsets: [{name: v1, labels: {my_label: x}}]\n',
    )
    expect(diagnostics).toEqual([])
    expect(resources[0]?.metadata.namespace).toBe('default')
    expect(resources[0]?.spec).toEqual({
      host: 'a',
      trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } },
      subsets: [{ name: 'v1', labels: { my_label: 'x' } }],
    })
  })

  it('names the field that a misspelt one stands for, where it stands', () => {
    const { resources, diagnostics } = load(`${head}  http: [{route: [{destination: {hosts: a}}]}]\n`)
    expect(resources).toEqual([])
    const unknown = diagnostics.find(found => found.code === 'SIM0202')
    expect(unknown?.hint).toBe('did you mean "host"?')
    expect(unknown?.at?.line).toBe(6)
  })

  it('tells the first of very many unknown fields and counts the rest', () => {
    const fields = Array.from({ length: 20_000 }, (_, i) => `f${i}: 1`).join(', ')
    const { diagnostics } = load(
      `apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: a}\nspec: {${fields}}\n`,
    )
    expect(diagnostics).toHaveLength(101)
    expect(diagnostics.at(-1)?.message).toBe('19900 more mistakes of this kind in the same resource are not shown')
  })

  it('survives hostile text', () => {
    const bomb = `a: &a [x]\nb: [${Array.from({ length: 200 }, () => '*a').join(', ')}]\n`
    for (const text of ['['.repeat(5000), bomb, '__proto__: {x: 1}', '\u0000', 'a: 1\na: 2', ': : :\n- {']) {
      expect(load(text).diagnostics.length).toBeGreaterThan(0)
    }
  })
})
