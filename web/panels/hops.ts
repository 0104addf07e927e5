// A request's spans gathered into the rows that people read: one row per call, named by who was called, with the caller's
// proxy, the server's proxy and the application behind it.
import type { HopFrame, RequestDetailFrame, SpanFrame, TopologyFrame } from '../../simulator/stream/frame.ts'
import { nodeTitle } from '../store/reading.ts'

export interface HopRow {
  key: string
  depth: number
  title: string
  node: string
  hop: HopFrame
  /** Null where no proxy stands on that side. */
  caller: SpanFrame | null
  server: SpanFrame | null
  app: SpanFrame | null
}

export function hopRows(detail: RequestDetailFrame, topology: TopologyFrame): HopRow[] {
  const hops = detail.request?.hops ?? []
  const rows: HopRow[] = []
  const spans = new Set(hops.map(hop => hop.span))
  const add = (hop: HopFrame, depth: number): void => {
    const node = hop.edges.at(-1)?.split('>')[1] ?? ''
    const caller = detail.spans.find(span => span.kind === 'proxy' && span.span === hop.span) ?? null
    const under = detail.spans.filter(span => span.parent === hop.span && hop.span !== 0)
    const server = under.find(span => span.kind === 'proxy' && span.direction === 'inbound') ?? null
    const app =
      detail.spans.find(
        span => span.kind === 'app' && (span.parent === server?.span || (server === null && span.parent === hop.span)),
      ) ?? null
    rows.push({ key: String(hop.span), depth, title: nodeTitle(node, topology), node, hop, caller, server, app })
    for (const child of hops) if (child.parent === hop.span && child.span !== hop.span) add(child, depth + 1)
  }
  for (const hop of hops) if (!spans.has(hop.parent)) add(hop, 0)
  return rows
}

/** The row that both panels show: the reader's choice, else the deepest that went wrong, else the first behind the client. */
export function chosenRow(rows: readonly HopRow[], key: string): HopRow | null {
  const wrong = rows.filter(row => row.hop.outcome !== 'ok' || row.hop.fault !== '').sort((a, b) => b.depth - a.depth)
  return rows.find(row => row.key === key) ?? wrong[0] ?? rows[1] ?? rows[0] ?? null
}
