// Mermaid: the graph of traffic as a flowchart, one request as a sequence diagram (mermaid.js.org/syntax).
import { formatDuration } from '../engine/index.ts'
import type { Edge } from '../observation/index.ts'
import { actorsOf, type Interaction } from './interactions.ts'
import { edgeLabel } from './traffic-label.ts'

/** Quotes and what would end a label. */
const text = (words: string): string => words.replaceAll('"', '#quot;').replaceAll(';', '#59;').replaceAll('\n', ' ')

/** `seconds`: length of the run, for rates. */
export function trafficMermaid(edges: readonly Edge[], seconds: number): string {
  const names = [...new Set(edges.flatMap(({ source, destination }) => [source, destination]))]
  const id = (name: string): string => `n${names.indexOf(name)}`
  return [
    'flowchart LR',
    ...names.map(name => `  ${id(name)}["${text(name)}"]`),
    ...edges.map(edge => `  ${id(edge.source)} -->|"${text(edgeLabel(edge, seconds))}"| ${id(edge.destination)}`),
    ...edges.flatMap((edge, i) => (edge.errors > 0 ? [`  linkStyle ${i} stroke:#c0392b`] : [])),
    '',
  ].join('\n')
}

export function sequenceMermaid(interactions: readonly Interaction[]): string {
  const actors = actorsOf(interactions)
  const id = (name: string): string => `p${actors.indexOf(name)}`
  const moments = interactions
    .flatMap(({ from, to, start, end, call, reply, failed }) => [
      { at: start, last: 0, line: `  ${id(from)}->>+${id(to)}: ${text(call)}` },
      {
        at: end,
        last: 1,
        line: `  ${id(to)}${failed ? '--x' : '-->>'}-${id(from)}: ${text(reply)} (${formatDuration(end - start)})`,
      },
    ])
    .sort((a, b) => a.at - b.at || b.last - a.last)
  return [
    'sequenceDiagram',
    ...actors.map(name => `  participant ${id(name)} as ${text(name)}`),
    ...moments.map(({ line }) => line),
    '',
  ].join('\n')
}
