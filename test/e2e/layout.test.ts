// Where things stand is a pure function of the graph: it can be held without a browser.
import { describe, expect, test } from 'vitest'
import type { NodeFrame, TopologyFrame } from '../../simulator/stream/frame.ts'
import { placeLabels } from '../../web/layout/labels.ts'
import { layered } from '../../web/layout/layered.ts'
import { wayBetween } from '../../web/layout/way.ts'
import { planFlight } from '../../web/marks/flight.ts'
import { handmadeSource } from '../unit/stream/handmade-mesh.ts'

const { topology } = handmadeSource().snapshot()
const id = (workload: string): string => `workload/default/${workload}`

function chain(length: number): TopologyFrame {
  const nodes = Array.from({ length }, (_, i): NodeFrame => {
    const name = `n${i}`
    return { id: name, kind: 'workload', name, namespace: 'x', app: name, version: '', pods: [], proxied: true }
  })
  const edges = nodes.flatMap((node, i) =>
    [i * 2 + 1, i * 2 + 2]
      .filter(child => child < length)
      .map(child => ({ id: `${node.id}>n${child}`, source: node.id, target: `n${child}` })),
  )
  return { nodes, edges }
}

describe('the layout', () => {
  test('goes from callers to the called, with the main way on one line', () => {
    const { places } = layered(topology, new Map())
    const x = (name: string): number => places.get(name)?.x ?? -1
    const way = [
      'client/internet',
      'workload/istio-system/istio-ingressgateway',
      id('productpage-v1'),
      'service/default/reviews',
      id('reviews-v2'),
    ]
    for (const [i, name] of way.entries()) if (i > 0) expect(x(name)).toBeGreaterThan(x(way[i - 1] ?? ''))
    expect(new Set(way.map(name => places.get(name)?.y)).size).toBe(1)
    expect(x(id('ratings-v1'))).toBeGreaterThan(x(id('reviews-v2')))
  })

  test('is the same for the same graph and keeps known places when somebody comes', () => {
    const first = layered(topology, new Map())
    expect([...layered(topology, new Map()).places]).toEqual([...first.places])
    const node: NodeFrame = {
      ...(topology.nodes[2] as NodeFrame),
      id: 'workload/default/new-v1',
      name: 'new-v1',
      app: 'new',
    }
    const more = layered({ nodes: [...topology.nodes, node], edges: topology.edges }, first.places)
    for (const [name, place] of first.places) expect(more.places.get(name)).toEqual(place)
  })

  test('puts no node on another, for five and for three hundred', () => {
    for (const graph of [topology, chain(40), chain(300)]) {
      const places = [...layered(graph, new Map()).places.values()]
      const taken = new Set(places.map(({ x, y }) => `${Math.round(x / 40)} ${Math.round(y / 40)}`))
      expect(taken.size).toBe(places.length)
    }
  })

  test('survives circles', () => {
    const graph = chain(6)
    graph.edges.push({ id: 'n5>n0', source: 'n5', target: 'n0' }, { id: 'n3>n3', source: 'n3', target: 'n3' })
    expect(layered(graph, new Map()).places.size).toBe(6)
  })

  test('places labels that do not touch each other', () => {
    const { places } = layered(topology, new Map())
    const ways = topology.edges.map(edge => {
      const [from, to] = [places.get(edge.source), places.get(edge.target)]
      if (from === undefined || to === undefined) throw new Error(edge.id)
      return [edge.id, wayBetween(from, to, 24, 34)] as const
    })
    const nodes = [...places.values()].map(({ x, y }) => ({ x: x - 30, y: y - 30, width: 60, height: 95 }))
    const labels = [...placeLabels(ways, nodes).values()]
    expect(labels).toHaveLength(topology.edges.length)
    for (const [i, a] of labels.entries()) {
      for (const b of labels.slice(i + 1)) expect(Math.abs(a.x - b.x) > 60 || Math.abs(a.y - b.y) > 36).toBe(true)
    }
  })
})

describe('the flight of a request', () => {
  test('tells its hops in their order, each out and back', () => {
    const source = handmadeSource()
    source.runUntil(1_000_000)
    const request = source.snapshot().requests.find(r => r.traceId === 6)
    if (request === undefined) throw new Error('no request 6')
    const { legs, length } = planFlight(request, 1000)
    const moving = legs.filter(leg => leg.kind !== 'wait')
    const out = moving.filter(leg => leg.kind === 'out').map(leg => leg.edge)
    expect(out[0]).toMatch(/^client\/internet>/)
    expect(out.indexOf(`${id('productpage-v1')}>${id('details-v1')}`)).toBeLessThan(
      out.indexOf(`service/default/reviews>${id('reviews-v3')}`),
    )
    expect(
      moving
        .filter(leg => leg.kind === 'back')
        .map(leg => leg.edge)
        .sort(),
    ).toEqual([...out].sort())
    expect(Math.max(...legs.map(leg => leg.to))).toBe(length)
    expect(legs.every(leg => leg.to >= leg.from)).toBe(true)
  })
  test('takes in slow motion as long as it truly took, each leg at its recorded time', () => {
    const source = handmadeSource()
    source.runUntil(1_000_000)
    const [request] = source.snapshot().requests
    if (request === undefined) throw new Error('no request')
    const { legs, length } = planFlight(request, 1)
    expect(length).toBe(request.end - request.start)
    expect(Math.min(...legs.map(leg => leg.from))).toBe((request.hops[0]?.start ?? 0) - request.start)
    expect(legs.every(leg => leg.to >= leg.from && leg.to <= length)).toBe(true)
  })
})
