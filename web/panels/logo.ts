// Three nodes and two edges: the smallest mesh.
import { s } from '../dom.ts'

export function logo(): SVGSVGElement {
  const dot = (cx: number, cy: number, colour: string): SVGElement =>
    s('circle', { cx, cy, r: 3, fill: `var(--${colour})` })
  return s(
    'svg',
    { viewBox: '0 0 20 20', 'aria-hidden': 'true' },
    s('path', { d: 'M4,15L10,5L16,15', fill: 'none', stroke: 'var(--text3)', 'stroke-width': 1.6 }),
    dot(10, 5, 'ok'),
    dot(4, 15, 'moon'),
    dot(16, 15, 'accent'),
  )
}
