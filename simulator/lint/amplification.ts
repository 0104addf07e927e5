// SIM0604: retries of one hop multiply with those of the next. When the last service fails, each hop above it tries again.
import { CallGraph, type Hop } from './call-graph.ts'
import { type Call, count, type LintedMesh, type Linter } from './types.ts'

/** The way to a service on which one request becomes most requests. */
interface Chain {
  factor: number
  hops: readonly Hop[]
}

const NONE: Chain = { factor: 1, hops: [] }

const factorOf = ({ call, tries }: Hop): number => call.times * tries

class Worst {
  private readonly graph: CallGraph
  /** Undefined: not known yet; null: being looked for, so that a cycle of calls ends here. */
  private readonly known = new Map<string, Chain | null>()

  constructor(graph: CallGraph) {
    this.graph = graph
  }

  through(hop: Hop): Chain {
    const before = this.to(hop.call)
    return { factor: before.factor * factorOf(hop), hops: [...before.hops, hop] }
  }

  private to(call: Call): Chain {
    const found = this.known.get(call.caller)
    if (found !== undefined) return found ?? NONE
    this.known.set(call.caller, null)
    const chains = this.graph.into(call).map(hop => this.through(hop))
    const worst = chains.reduce((most, chain) => (chain.factor > most.factor ? chain : most), NONE)
    this.known.set(call.caller, worst)
    return worst
  }
}

/** Every hop of `part` stands at the beginning of `whole`, which goes on. */
const isBeginning = (part: Chain, whole: Chain): boolean =>
  part.hops.length < whole.hops.length && part.hops.every((hop, i) => hop.service === whole.hops[i]?.service)

const said = ({ rule, call }: Hop): boolean => rule?.route.retries !== undefined || call.times > 1

function describe({ factor, hops }: Chain): string {
  const steps = hops.map(hop => {
    const own = hop.call.times === 1 ? '' : `${hop.call.times} by the caller × `
    return `${hop.call.caller} → ${hop.service.hostname}: ${own}${count(hop.tries, 'try', 'tries')}`
  })
  const last = hops[hops.length - 1]?.service.hostname ?? ''
  return `while ${last} fails in a way that every hop tries again, one request may become ${factor} requests to it: ${steps.join('; ')}`
}

function report(mesh: LintedMesh, chain: Chain): void {
  const last = chain.hops[chain.hops.length - 1]
  if (last === undefined) return
  const { rule, service } = last
  mesh.report(rule?.config.resource ?? service.resource, {
    path: rule === null ? [] : ['spec', 'http', rule.index, ...(rule.route.retries === undefined ? [] : ['retries'])],
    level: chain.hops.some(said) ? 'warning' : 'info',
    message: describe(chain),
    hint: 'try again at one hop only (retries.attempts: 0 at the others), or bound retries by connectionPool.http.maxRetries or retryBudget',
  })
}

export const amplification: Linter = {
  name: 'lint.RetryAmplification',
  code: 'SIM0604',
  description: 'Computes the worst case of retries that multiply down a chain of calls.',
  lint(mesh) {
    const graph = new CallGraph(mesh)
    const worst = new Worst(graph)
    const byService = new Map<string, Chain>()
    for (const hop of graph.hops) {
      const chain = worst.through(hop)
      const known = byService.get(hop.service.hostname)
      if (known === undefined || chain.factor > known.factor) byService.set(hop.service.hostname, chain)
    }
    const multiplied = [...byService.values()].filter(({ hops }) => hops.filter(hop => factorOf(hop) > 1).length > 1)
    for (const chain of multiplied) {
      if (!multiplied.some(other => isBeginning(chain, other))) report(mesh, chain)
    }
  },
}
