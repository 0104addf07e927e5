// An edge: a quiet ribbon in the hue of how its calls end, and one label beside it: share, rate, latency or worst fact.
import type { Selection } from 'd3'
import type { EdgeFigures, EdgeFrame } from '../../simulator/stream/frame.ts'
import type { Point } from '../layout/layered.ts'
import { directionAt, pathOf, type Way } from '../layout/way.ts'
import { duration, percent, rate } from '../store/figures.ts'
import { judge } from '../store/reading.ts'
import { type Language, say } from '../store/words.ts'
import { ribbonWidth } from './shapes.ts'

export interface EdgeScene {
  edges: readonly EdgeFrame[]
  figures: ReadonlyMap<string, EdgeFigures>
  ways: ReadonlyMap<string, Way>
  labels: ReadonlyMap<string, Point>
  chosen: string
  language: Language
  choose: (id: string) => void
}

type Layer = Selection<SVGGElement, unknown, null, undefined>

const LOCK = 'M-3.5,0V-2.5A3.5,3.5 0 0 1 3.5,-2.5V0M-5,0H5V6H-5Z'

export function drawEdges(ribbons: Layer, labels: Layer, scene: EdgeScene): void {
  ribbons
    .selectAll<SVGGElement, EdgeFrame>('g.edge')
    .data(scene.edges, edge => edge.id)
    .join(enter => {
      const group = enter.append('g').attr('data-edge', edge => edge.id)
      for (const name of ['ribbon', 'spine', 'arrow', 'grip']) group.append('path').attr('class', name)
      return group.on('click', (event: Event, edge) => {
        event.stopPropagation()
        scene.choose(edge.id)
      })
    })
    .each(function (edge) {
      dress(this, edge, scene)
    })
  labels
    .selectAll<SVGGElement, EdgeFrame>('g.edge-label')
    .data(scene.edges, edge => edge.id)
    .join(enter => {
      const group = enter
        .append('g')
        .attr('class', 'edge-label')
        .attr('data-label', edge => edge.id)
      const pill = group.append('g').attr('class', 'pill')
      pill.append('rect').attr('x', -22).attr('y', -9).attr('width', 44).attr('height', 18).attr('rx', 9)
      pill.append('text').attr('y', 4)
      group.append('path').attr('class', 'lock').attr('d', LOCK)
      group.append('text').attr('class', 'first')
      group.append('text').attr('class', 'second')
      return group
    })
    .each(function (edge) {
      label(this, edge, scene)
    })
}

function dress(group: SVGGElement, edge: EdgeFrame, scene: EdgeScene): void {
  const way = scene.ways.get(edge.id)
  if (way === undefined) return
  const figures = scene.figures.get(edge.id)
  const { hue } = judge(figures)
  const state = hue === 'idle' ? ' idle' : hue === 'ok' ? '' : hue === 'fail' ? ' bad failing' : ' bad'
  group.setAttribute('class', `edge hue-${hue}${state}${scene.chosen === edge.id ? ' chosen' : ''}`)
  const [ribbon, spine, arrow, grip] = [...group.children]
  const d = pathOf(way)
  for (const path of [ribbon, spine, grip]) path?.setAttribute('d', d)
  ribbon?.setAttribute('stroke-width', ribbonWidth(figures?.rate ?? 0).toFixed(1))
  const { x, y } = directionAt(way, 1)
  arrow?.setAttribute('d', 'M4,0L-5,-5L-5,5Z')
  arrow?.setAttribute('transform', `translate(${way.to.x},${way.to.y})rotate(${(Math.atan2(y, x) * 180) / Math.PI})`)
}

function label(group: SVGGElement, edge: EdgeFrame, scene: EdgeScene): void {
  const place = scene.labels.get(edge.id)
  const figures = scene.figures.get(edge.id)
  const judged = judge(figures)
  if (place === undefined || figures === undefined || judged.total === 0) {
    group.style.display = 'none'
    return
  }
  group.style.display = ''
  group.setAttribute('transform', `translate(${place.x},${place.y})`)
  const { language } = scene
  const flag = figures.flag === '' ? '' : ` ${figures.flag}`
  let second = duration(figures.p50)
  if (judged.hue === 'fail' || (judged.hue === 'warn' && judged.failed > 0)) {
    second = `${say(language, 'edgeLoses', { share: percent(judged.failed) })}${flag}`
  } else if (judged.hue === 'denied') second = say(language, 'refuses', { share: percent(judged.denied) })
  else if (judged.hue === 'warn') second = say(language, 'degraded', { share: percent(judged.degraded) })
  const hasPill = figures.share !== null
  const pill = group.querySelector<SVGGElement>('.pill')
  if (pill !== null) pill.style.display = hasPill ? '' : 'none'
  pill?.setAttribute('transform', 'translate(0,-14)')
  words(pill?.querySelector('text') ?? null, percent(figures.share ?? 0), 0, 4)
  const locked = figures.mtls > 0.5
  const lock = group.querySelector<SVGPathElement>('.lock')
  if (lock !== null) lock.style.display = locked ? '' : 'none'
  const y = hasPill ? 10 : -2
  const told = rate(figures.rate)
  lock?.setAttribute('transform', `translate(${-told.length * 3.1 - 6},${y - 6})`)
  words(group.querySelector('.first'), told, locked ? 4 : 0, y)
  words(group.querySelector('.second'), second, locked ? 4 : 0, y + 14)
  group.querySelector('.second')?.setAttribute('class', `second ${judged.hue}`)
}

function words(element: Element | null, text: string, x: number, y: number): void {
  if (element === null) return
  if (element.textContent !== text) element.textContent = text
  element.setAttribute('x', String(x))
  element.setAttribute('y', String(y))
  element.setAttribute('text-anchor', 'middle')
}
