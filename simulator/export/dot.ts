// Graphviz: the graph of traffic (graphviz.org/doc/info/lang.html).
import type { Edge } from '../observation/index.ts'
import { edgeLabel } from './traffic-label.ts'

const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

/** `seconds`: length of the run, for rates. */
export function trafficDot(edges: readonly Edge[], seconds: number): string {
  const lines = edges.map(edge => {
    const colour = edge.errors > 0 ? ', color="#c0392b"' : ''
    return `  ${quoted(edge.source)} -> ${quoted(edge.destination)} [label=${quoted(edgeLabel(edge, seconds))}${colour}]`
  })
  return ['digraph traffic {', '  rankdir=LR', '  node [shape=box, style=rounded]', ...lines, '}', ''].join('\n')
}
