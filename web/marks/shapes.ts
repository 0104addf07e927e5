// Outlines of the node kinds, as paths around the origin; Kiali's forms, so that nobody learns anew.
import type { NodeKind } from '../../simulator/stream/frame.ts'

/** Radius by rate: 18 + 8.1 log10(1 + rps), within 18..42. */
export function radiusOf(kind: NodeKind, rate: number): number {
  if (kind === 'client') return 16
  if (kind === 'istiod') return 18
  return Math.round(Math.min(42, Math.max(20, 18 + 8.1 * Math.log10(1 + rate))))
}

export function ribbonWidth(rate: number): number {
  return Math.min(14, 2 + 3.8 * Math.log10(1 + rate))
}

export function outline(kind: NodeKind, r: number): string {
  switch (kind) {
    case 'gateway':
      return polygon(6, r, -90)
    case 'service':
      return `M0,${-r}L${r * 1.02},${r * 0.8}L${-r * 1.02},${r * 0.8}Z`
    case 'external':
      return `M${-r * 0.7},${-r * 0.7}H${r * 0.7}L${r},${r * 0.7}H${-r}Z`
    case 'istiod':
      return roundedBox(r * 1.1, r * 0.9, 7)
    default:
      return `M0,${-r}A${r},${r} 0 1 1 0,${r}A${r},${r} 0 1 1 0,${-r}Z`
  }
}

/** How far from the centre edges end. */
export function doorOf(kind: NodeKind, r: number): number {
  return (kind === 'service' ? r * 0.62 : kind === 'gateway' ? r * 0.87 : r) + 7
}

function polygon(corners: number, r: number, start: number): string {
  const points = Array.from({ length: corners }, (_, i) => {
    const angle = ((start + (i * 360) / corners) * Math.PI) / 180
    return `${(r * Math.cos(angle)).toFixed(2)},${(r * Math.sin(angle)).toFixed(2)}`
  })
  return `M${points.join('L')}Z`
}

function roundedBox(w: number, h: number, c: number): string {
  return `M${-w + c},${-h}H${w - c}Q${w},${-h} ${w},${-h + c}V${h - c}Q${w},${h} ${w - c},${h}H${-w + c}Q${-w},${h} ${-w},${h - c}V${-h + c}Q${-w},${-h} ${-w + c},${-h}Z`
}
