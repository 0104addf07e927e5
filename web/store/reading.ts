// How figures are judged and nodes are named: one place, so that graph, table and sentence agree.
import type {
  EdgeFigures,
  NodeFigures,
  NodeFrame,
  Outcome,
  Outcomes,
  TopologyFrame,
} from '../../simulator/stream/frame.ts'

export type Hue = 'ok' | 'warn' | 'fail' | 'denied' | 'idle'

export interface Judgement {
  hue: Hue
  total: number
  /** Shares of the window. */
  failed: number
  denied: number
  degraded: number
}

/** Kiali's thresholds for HTTP: any 5xx degrades, a tenth fails. */
const FAILING = 0.1

export function judge(figures: { outcomes: Outcomes } | undefined): Judgement {
  const outcomes = figures?.outcomes ?? { ok: 0, warn: 0, fail: 0, denied: 0 }
  const total = outcomes.ok + outcomes.warn + outcomes.fail + outcomes.denied
  const share = (n: number): number => (total === 0 ? 0 : n / total)
  const [failed, denied, degraded] = [share(outcomes.fail), share(outcomes.denied), share(outcomes.warn)]
  let hue: Hue = 'ok'
  if (total === 0) hue = 'idle'
  else if (failed >= FAILING) hue = 'fail'
  else if (denied >= FAILING && denied > failed) hue = 'denied'
  else if (failed > 0 || degraded >= FAILING) hue = 'warn'
  return { hue, total, failed, denied, degraded }
}

export const OUTCOMES: readonly Outcome[] = ['ok', 'warn', 'denied', 'fail']

/** Does the picture show several versions of this node's application? */
export function hasSiblings(node: NodeFrame, topology: TopologyFrame): boolean {
  return topology.nodes.some(
    other => other !== node && other.kind === node.kind && other.app === node.app && other.namespace === node.namespace,
  )
}

/** `reviews v2`, `productpage`, `ingressgateway`. */
export function titleOf(node: NodeFrame, topology: TopologyFrame): string {
  if (node.kind === 'gateway') return node.name.replace(/^istio-/, '')
  if (node.kind !== 'workload') return node.name
  const named = node.name === `${node.app}-${node.version}` || node.version === ''
  if (!named) return node.name
  if (node.version === '') return node.name
  return hasSiblings(node, topology) ? `${node.app} ${node.version}` : node.app
}

export function nodeTitle(id: string, topology: TopologyFrame): string {
  const node = topology.nodes.find(n => n.id === id)
  return node === undefined ? id : titleOf(node, topology)
}

/** The edge that hurts most: failing before refused before degraded, then by share. */
export function worstEdge(edges: Iterable<EdgeFigures>): { edge: EdgeFigures; judgement: Judgement } | null {
  const rank: Record<Hue, number> = { fail: 3, denied: 2, warn: 1, ok: 0, idle: 0 }
  let worst: { edge: EdgeFigures; judgement: Judgement } | null = null
  for (const edge of edges) {
    const judgement = judge(edge)
    if (rank[judgement.hue] === 0) continue
    const before = worst === null ? -1 : rank[worst.judgement.hue]
    const nearer =
      worst !== null && judgement.failed + judgement.degraded > worst.judgement.failed + worst.judgement.degraded
    if (rank[judgement.hue] > before || (rank[judgement.hue] === before && nearer)) worst = { edge, judgement }
  }
  return worst
}

export function hueOfOutcome(outcome: Outcome): Hue {
  return outcome
}

export function isGood(figures: NodeFigures | undefined): boolean {
  const { hue } = judge(figures)
  return hue === 'ok' || hue === 'idle'
}
