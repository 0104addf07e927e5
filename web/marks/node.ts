// A node: its kind as a form, its health as a ring of shares, its rate inside, its name and one fact below.
import { arc, type Selection } from 'd3'
import type { NodeFigures, NodeFrame, Outcome, TopologyFrame } from '../../simulator/stream/frame.ts'
import type { Point } from '../layout/layered.ts'
import { duration, percent, shortRate } from '../store/figures.ts'
import { hasSiblings, judge, OUTCOMES, titleOf } from '../store/reading.ts'
import { type Language, say } from '../store/words.ts'
import { outline, radiusOf } from './shapes.ts'

export interface NodeScene {
  topology: TopologyFrame
  figures: ReadonlyMap<string, NodeFigures>
  places: ReadonlyMap<string, Point>
  radii: ReadonlyMap<string, number>
  chosen: string
  pushes: number
  language: Language
  choose: (id: string) => void
}

type Group = Selection<SVGGElement, NodeFrame, SVGGElement, unknown>

/** Thickness of the ring by outcome: what is wrong is thicker. */
const THICK: Record<Outcome, number> = { ok: 3, warn: 4.2, fail: 5.5, denied: 4.2 }
const LETTER = 'M-8,-5.5H8V5.5H-8ZM-8,-5.5L0,1.5L8,-5.5'
const PERSON = 'M0,-2.6m-3.2,0a3.2,3.2 0 1 0 6.4,0a3.2,3.2 0 1 0 -6.4,0M-6,8C-6,2.5 6,2.5 6,8'

export function drawNodes(layer: Selection<SVGGElement, unknown, null, undefined>, scene: NodeScene): void {
  const joined = layer
    .selectAll<SVGGElement, NodeFrame>('g.node')
    .data(scene.topology.nodes, node => node.id)
    .join(enter => born(enter.append('g'), scene))
  joined.attr('transform', node => {
    const place = scene.places.get(node.id) ?? { x: 0, y: 0 }
    return `translate(${place.x},${place.y})`
  })
  joined.each(function (node) {
    dress(this, node, scene)
  })
}

function born(group: Group, scene: NodeScene): Group {
  group
    .attr('data-node', node => node.id)
    .attr('tabindex', 0)
    .attr('role', 'button')
  group.append('circle').attr('class', 'halo')
  group.append('path').attr('class', 'focus')
  group.append('path').attr('class', 'body')
  group.append('g').attr('class', 'ring')
  group.append('path').attr('class', 'glyph')
  group.append('text').attr('class', 'figure')
  group.append('text').attr('class', 'name')
  group.append('text').attr('class', 'fact')
  const pip = group.append('g').attr('class', 'pip')
  pip.append('rect').attr('x', -6).attr('y', -6).attr('width', 12).attr('height', 12).attr('rx', 3)
  pip.append('path').attr('d', 'M-3,0L-1,2.4L3,-2.4')
  group.on('click', (event: Event, node) => {
    event.stopPropagation()
    scene.choose(node.id)
  })
  group.on('keydown', (event: KeyboardEvent, node) => {
    if (event.key === 'Enter') scene.choose(node.id)
  })
  return group
}

function dress(element: SVGGElement, node: NodeFrame, scene: NodeScene): void {
  const figures = scene.figures.get(node.id)
  const health = judge(figures)
  const rate = figures?.rate ?? 0
  const r = scene.radii.get(node.id) ?? radiusOf(node.kind, rate)
  const find = (name: string): Element | null => element.querySelector(`.${name}`)
  const hue = node.kind === 'service' || node.kind === 'client' ? 'tcp' : health.hue
  const naked = node.kind === 'workload' && !node.proxied ? ' naked' : ''
  element.setAttribute('class', `node ${node.kind} hue-${hue}${naked}${scene.chosen === node.id ? ' chosen' : ''}`)
  find('body')?.setAttribute('d', outline(node.kind, r))
  find('focus')?.setAttribute('d', outline(node.kind, r + 8))
  const glyph = node.kind === 'istiod' ? LETTER : node.kind === 'client' ? PERSON : ''
  find('glyph')?.setAttribute('d', glyph)
  const failing = health.hue === 'fail' && node.kind !== 'service'
  find('halo')?.setAttribute('r', failing ? String(r * 2.1) : '0')
  ring(find('ring'), node.kind === 'workload' ? r : 0, figures)
  text(find('figure'), glyph === '' && health.total > 0 ? shortRate(rate) : '', node.kind === 'service' ? 5 : 0)
  const beside = node.kind === 'istiod'
  const title = titleOf(node, scene.topology)
  const label = text(find('name'), title, beside ? -5 : r + 19)
  const fact = factOf(node, scene)
  const second = text(find('fact'), fact.words, beside ? 11 : r + 34)
  second?.setAttribute('class', `fact ${fact.hue}`)
  for (const line of [label, second]) {
    line?.setAttribute('x', beside ? String(r + 12) : '0')
    if (line !== null) line.style.textAnchor = beside ? 'start' : 'middle'
  }
  const pip = element.querySelector<SVGGElement>('.pip')
  pip?.setAttribute('transform', `translate(${r * 0.72},${-r * 0.72})`)
  if (pip !== null) pip.style.display = node.proxied ? '' : 'none'
  element.setAttribute(
    'aria-label',
    `${title}: ${say(scene.language, 'nodeSay', { rate: shortRate(rate), name: title, share: percent(health.failed) })}`,
  )
}

/** Shares of the window clockwise from twelve; a sliver is never thinner than two degrees. */
function ring(group: Element | null, r: number, figures: NodeFigures | undefined): void {
  if (group === null) return
  const { total } = judge(figures)
  if (r === 0 || total === 0 || figures === undefined) {
    group.replaceChildren()
    return
  }
  const parts = OUTCOMES.map(outcome => ({ outcome, angle: (figures.outcomes[outcome] / total) * Math.PI * 2 })).filter(
    p => p.angle > 0,
  )
  for (const part of parts) part.angle = Math.max(part.angle, Math.PI / 90)
  const sum = parts.reduce((all, part) => all + part.angle, 0)
  let at = 0
  const paths = parts.map(({ outcome, angle }) => {
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
    const end = at + (angle / sum) * Math.PI * 2
    const shape = { innerRadius: r - 1, outerRadius: r - 1 + THICK[outcome], startAngle: at, endAngle: end }
    path.setAttribute('d', arc()(shape) ?? '')
    path.setAttribute('class', `ring-${outcome}`)
    at = end
    return path
  })
  group.replaceChildren(...paths)
}

function factOf(node: NodeFrame, scene: NodeScene): { words: string; hue: string } {
  const { language, topology } = scene
  const figures = scene.figures.get(node.id)
  const health = judge(figures)
  if (node.kind === 'istiod') return { words: say(language, 'istiodSays', { n: scene.pushes }), hue: 'plane' }
  if (node.kind === 'client') return { words: say(language, 'client'), hue: '' }
  if (node.kind === 'external') return { words: say(language, 'outside'), hue: '' }
  if (node.kind === 'service') return { words: say(language, 'service'), hue: '' }
  if (health.hue === 'fail') return { words: say(language, 'loses', { share: percent(health.failed) }), hue: 'fail' }
  if (health.hue === 'denied')
    return { words: say(language, 'refuses', { share: percent(health.denied) }), hue: 'denied' }
  if (node.kind === 'gateway') return { words: node.namespace, hue: '' }
  const version = hasSiblings(node, topology) || node.version === '' ? podsOf(node, language) : node.version
  const slow = figures !== undefined && figures.p99 > 1_000_000 ? ` · p99 ${duration(figures.p99)}` : ''
  return { words: `${version}${slow}`, hue: slow === '' ? '' : 'warn' }
}

function podsOf(node: NodeFrame, language: Language): string {
  return node.pods.length === 1 ? say(language, 'pod1') : say(language, 'podN', { n: node.pods.length })
}

function text(element: Element | null, words: string, y: number): SVGTextElement | null {
  if (!(element instanceof SVGTextElement)) return null
  if (element.textContent !== words) element.textContent = words
  element.setAttribute('y', String(y))
  return element
}
